"""
Audit tells no facts of its own.

A fact about a seal would have to be sealed, and so on. What was sealed is in the seals.
"""
