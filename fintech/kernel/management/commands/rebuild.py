"""Rebuild a room's read models from the logs."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.module_loading import import_string


class Command(BaseCommand):
    help = "Empty a room's read models and make them anew from the logs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("room", choices=sorted(settings.REBUILDS))

    def handle(self, *args: Any, **options: Any) -> None:
        made = import_string(settings.REBUILDS[options["room"]])()
        self.stdout.write(f"{options['room']}: rebuilt ({made})")
