"""Wallets as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    """The room for money that customers keep, and limits."""

    name = "fintech.wallets"
    verbose_name = "Wallets"
