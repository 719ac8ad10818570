"""What merchants want of fraud."""

from uuid import UUID

from fintech.fraud import data
from fintech.fraud.models import Posture

OURS = data.Posture(
    merchant_id=None,
    mode=data.Mode.ENFORCE,
    fails=data.Fails.OPEN,
    ceiling_minor=0,
    challenge_at=60,
    review_at=75,
    block_at=95,
    explore=0,
    version=0,
)


def posture(merchant_id: UUID | None = None) -> data.Posture:
    """Return what holds for a merchant: his own, else everybody's, else ours."""
    rows = Posture.objects.filter(merchant_id=merchant_id)
    own = rows.first() or Posture.objects.filter(merchant_id=None).first()
    return own.as_data() if own is not None else OURS


def postures() -> list[data.Posture]:
    """Return what is written down."""
    return [row.as_data() for row in Posture.objects.order_by("id")]
