from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The API has no tables; it has commands for developers."""

    name = "fintech.api"
