"""Fraud as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    """The room for how risky a payment is."""

    name = "fintech.fraud"
    verbose_name = "Fraud"
