"""Web as a Django app."""

from django.apps import AppConfig


class Config(AppConfig):
    """The room for the doors for people."""

    name = "fintech.web"
    verbose_name = "Web"
