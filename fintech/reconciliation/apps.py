"""Reconciliation as a Django app."""

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from fintech.reconciliation.data import SOURCES, declared


class Config(AppConfig):
    """The room for whether the world agrees with the books."""

    name = "fintech.reconciliation"
    verbose_name = "Reconciliation"

    def ready(self) -> None:
        """Know the processors that this instance declares."""
        try:
            SOURCES.update(declared(settings.RECONCILIATION_SOURCES))
        except ValueError as wrong:
            message = f"RECONCILIATION_SOURCES: {wrong}"
            raise ImproperlyConfigured(message) from wrong
