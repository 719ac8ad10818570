"""Draw the machines of payments from their declarations."""

from typing import Any

from django.core.management.base import BaseCommand

from fintech.payments.models import Attempt, Capture, CheckoutSession, Payment, Refund
from fintech.payments.models.transitions import mermaid


class Command(BaseCommand):
    help = "Print the state machines of payments as Mermaid, as the README shows them."

    def handle(self, *args: Any, **options: Any) -> None:
        for model in (Payment, Attempt, Capture, Refund, CheckoutSession):
            self.stdout.write(f"### {model._meta.verbose_name}\n\n```mermaid")
            self.stdout.write(mermaid(model).rstrip())
            self.stdout.write("```\n")
