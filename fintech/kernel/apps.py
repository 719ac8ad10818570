"""Kernel as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    """The room for what every room needs inside a transaction."""

    name = "fintech.kernel"
    verbose_name = "Kernel"
