"""
Everything that can be refused, in one catalogue, and the envelope in which it is told.

The catalogue is also what the documentation's page of errors is made of.
"""

from fintech.wire.errors.catalogue import CATALOGUE, Rule, rule
from fintech.wire.errors.envelope import Fault, render, status

__all__ = ["CATALOGUE", "Fault", "Rule", "render", "rule", "status"]
