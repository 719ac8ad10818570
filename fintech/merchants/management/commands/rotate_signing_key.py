"""Publish a new key for access tokens; it signs in an hour, and the former ends after that."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from fintech.merchants import services


class Command(BaseCommand):
    help = "Rotate the key that signs access tokens"

    def handle(self, *args: Any, **options: Any) -> None:
        services.rotate_signing_key(at=timezone.now())
        for key in services.signing_keys(at=timezone.now()):
            ends = key.expires_at.isoformat() if key.expires_at else "until it is rotated"
            self.stdout.write(f"{key.kid} signs from {key.not_before.isoformat()}, {ends}")
