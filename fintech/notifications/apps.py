"""Notifications as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    """The room for telling people and machines."""

    name = "fintech.notifications"
    verbose_name = "Notifications"
