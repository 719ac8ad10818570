"""Audit as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    """The room for remembering who did what."""

    name = "fintech.audit"
    verbose_name = "Audit"
