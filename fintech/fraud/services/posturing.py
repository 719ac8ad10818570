"""What merchants want of fraud."""

from datetime import datetime
from math import log
from uuid import UUID

from django_subatomic import db

from fintech.fraud import data, errors, events, serving
from fintech.fraud.models import Posture
from fintech.fraud.services import checking, rulesets
from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code

_WHOLE = 10_000


def set_posture(
    *,
    merchant_id: UUID | None,
    mode: str = "enforce",
    fails: str = "open",
    ceiling_minor: int = 0,
    bands: tuple[int, int, int] = (60, 75, 95),
    explore: int = 0,
    by: Actor,
    at: datetime,
) -> data.Posture:
    """
    Say what fraud does for a merchant, or for all who say nothing themselves.

    Args:
        merchant_id: whose payments; None: everybody's who has none of his own.
        mode: off, advisory or enforce.
        fails: open, review or closed, when not all was known in time.
        ceiling_minor: above it, failing open asks a person; 0: no ceiling.
        bands: from which score on: challenge, review, block; 101 is never.
        explore: how many of 10,000 would-be blocks go to a person, to learn from.
        by: who wants it.
        at: when.

    Raises:
        ParameterInvalid: a value is not one that is accepted.
    """
    challenge, review, block = bands
    if not 1 <= challenge <= review <= block <= 101:  # noqa: PLR2004
        raise errors.ParameterInvalid("bands", "Bands rise from 1 to 101.")
    if not 0 <= explore <= _WHOLE:
        raise errors.ParameterInvalid("explore", "This is between 0 and 10000.")
    if ceiling_minor < 0:
        raise errors.ParameterInvalid("ceiling", "This is not negative.")
    chosen = {
        "mode": checking.word(data.Mode, mode, "mode"),
        "fails": checking.word(data.Fails, fails, "fails"),
        "ceiling_minor": ceiling_minor,
        "challenge_at": challenge,
        "review_at": review,
        "block_at": block,
        "explore": explore,
    }
    with db.transaction_if_not_already():
        rulesets.lock()
        row = Posture.objects.filter(merchant_id=merchant_id).first()
        if row is None:
            row = Posture(merchant_id=merchant_id, version=0, **chosen)
        for name, value in chosen.items():
            setattr(row, name, value)
        row.version += 1
        row.save()
        event_log.append(
            [
                events.PostureSet(
                    posture_id=row.id,
                    merchant_id=merchant_id,
                    mode=Code(str(chosen["mode"])),
                    fails=Code(str(chosen["fails"])),
                    version=row.version,
                    at=at,
                )
            ],
            by=by,
        )
    return row.as_data()


def cost_based_bands(
    *, margin_bps: int, loss_bps: int, review_minor: int, typical_minor: int
) -> tuple[int, int, int]:
    """
    Return the bands at which stopping costs less than going on.

    A good payment that is blocked costs its margin, a fraud that passes its loss: blocking
    pays from the probability margin / (margin + loss) on. A person looks where what a look
    costs is less than what it saves.

    Args:
        margin_bps: what a good payment earns, of 10,000 of its amount.
        loss_bps: what a fraud costs, of 10,000 of its amount (goods, fee of the dispute).
        review_minor: what a look costs.
        typical_minor: a typical amount.

    Raises:
        ParameterInvalid: a figure is not above zero.
    """
    for name, value in (
        ("margin_bps", margin_bps),
        ("loss_bps", loss_bps),
        ("typical_minor", typical_minor),
    ):
        if value < 1:
            raise errors.ParameterInvalid(name, "This is above zero.")
    if review_minor < 0:
        raise errors.ParameterInvalid("review_minor", "This is not negative.")
    look = min(0.99, max(0.001, review_minor * _WHOLE / (loss_bps * typical_minor)))
    # From here on blocking is worth more than a look: margin · (1 - p) < the look.
    sure = max(margin_bps / (margin_bps + loss_bps), look)
    certain = 1 - min(0.5, review_minor * _WHOLE / (margin_bps * typical_minor))
    block = max(sure, min(0.995, certain))
    review = min(look, block)
    at = [max(1, min(100, serving.points(log(p / (1 - p))))) for p in (review, block)]
    return min(at), min(at), max(at)
