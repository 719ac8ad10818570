"""Payments as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    """The room where a payment's story is told."""

    name = "fintech.payments"
    verbose_name = "Payments"
