"""Reconciliation as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    """The room for whether the world agrees with the books."""

    name = "fintech.reconciliation"
    verbose_name = "Reconciliation"
