"""The platform, with an acquirer inside its own process that answers at once."""

from datetime import datetime

from config import asgi
from fintech.kernel.money import Money
from fintech.payments.data import Answer, AnswerStatus
from fintech.payments.providers import registry
from fintech.payments.providers.simulator import Simulator


class Instant(Simulator):
    """Says yes, in no time: what is measured with it is the platform alone."""

    def authorize(
        self,
        *,
        reference: str,
        amount: Money,
        card: str,  # noqa: ARG002 - the protocol's signature.
        capture: bool,
        authenticated: bool = False,  # noqa: ARG002
        at: datetime,  # noqa: ARG002
    ) -> Answer:
        """Reserve the money, or take it."""
        status = AnswerStatus.SUCCEEDED if capture else AnswerStatus.APPROVED
        return Answer(status=status, amount=amount, provider_reference=f"i_{reference}")


def stand_in() -> None:
    """Put it where the simulated acquirer is asked for."""
    registry._made["simulator"] = Instant(url="http://127.0.0.1:9", secret="benchmark")


stand_in()
application = asgi.application
