"""
How a model is made: features from a history, a forest, its measures.

Heavy packages (numpy, pandas, scikit-learn) are imported by whoever asks for this
package: commands and workers, never the start of a web process.
"""
