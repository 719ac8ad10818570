"""Merchants as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    """The room for who: merchants, their people and their keys."""

    name = "fintech.merchants"
    verbose_name = "Merchants"
