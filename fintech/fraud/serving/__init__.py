"""
A trained model in the payment path: a snapshot in, points and their reasons out.

Trees are asked by treelite (no compiler, no scikit-learn); why they say so is read along
their paths. Files are objects by hash, so what is corrupt is noticed. Both packages are
imported with the first model, never at start-up.
"""

from fintech.fraud.serving.drift import DRIFTED, psi, spread
from fintech.fraud.serving.files import Files, ModelUnusable
from fintech.fraud.serving.served import Served, load, points
from fintech.fraud.serving.vectors import NAMES, SCHEMA, vector

__all__ = [
    "DRIFTED",
    "NAMES",
    "SCHEMA",
    "Files",
    "ModelUnusable",
    "Served",
    "load",
    "points",
    "psi",
    "spread",
    "vector",
]
