"""Ledger as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    """The room for the books."""

    name = "fintech.ledger"
    verbose_name = "Ledger"
