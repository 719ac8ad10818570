"""Models: those that are there, and those that answer in this process."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

import structlog

from fintech.fraud import data, errors, serving
from fintech.fraud.models import Ruleset, TrainedModel
from fintech.fraud.serving import Served

_RETRY_SECONDS = 30.0  # A model that could not be read is tried again, not at every payment.
_log = structlog.get_logger(__name__)


def model(model_id: UUID) -> data.TrainedModel:
    """
    Return a model.

    Raises:
        ModelNotFound: there is no such model.
    """
    found = TrainedModel.objects.filter(id=model_id).first()
    if found is None:
        raise errors.ModelNotFound(model_id)
    return found.as_data()


def models(*, stage: str | None = None, limit: int = 50) -> list[data.TrainedModel]:
    """Return models, newest first."""
    rows = TrainedModel.objects.order_by("-number")
    if stage is not None:
        rows = rows.filter(stage=stage)
    return [row.as_data() for row in rows[:limit]]


@dataclass(frozen=True, slots=True)
class Live:
    """The models of a rule set, in memory; one that should be there and is not is `broken`."""

    champion: Served | None = None
    challenger: Served | None = None
    broken: bool = False


_NOBODY = Live()
_remembered: dict[str, tuple[float, Live]] = {}
_guard = Lock()


def live(ruleset: str) -> Live:
    """
    Return the models that a rule set names. They never change, so they are read once.

    A file that is missing or corrupt is no error here: the payment is decided without
    the model and says so.
    """
    if not ruleset:
        return _NOBODY
    known = _remembered.get(ruleset)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    with _guard:
        known = _remembered.get(ruleset)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        found = _read(ruleset)
        until = time.monotonic() + (_RETRY_SECONDS if found.broken else float("inf"))
        if len(_remembered) > 16:  # noqa: PLR2004
            _remembered.clear()
        _remembered[ruleset] = (until, found)
    return found


def forget_models() -> None:
    """Read every model again when it is next asked for."""
    _remembered.clear()


def _read(ruleset: str) -> Live:
    named = Ruleset.objects.filter(id=UUID(ruleset)).values_list("champion", "challenger").first()
    if named is None or named == (None, None):
        return _NOBODY
    found_: list[Served | None] = []
    broken = False
    for place, model_id in enumerate(named):
        found_.append(None)
        if model_id is None:
            continue
        try:
            found_[place] = served(model_id)
        except serving.ModelUnusable as unusable:
            _log.error("fraud_model_unusable", model_id=str(model_id), why=str(unusable))
            broken = broken or place == 0
    return Live(found_[0], found_[1], broken)


def served(model_id: UUID) -> Served:
    """
    Return a model of any stage, ready to be asked.

    Raises:
        ModelNotFound: there is no such model.
        ModelUnusable: a file is missing or is not what it was.
    """
    kept = model(model_id)
    return serving.load(
        kept.id,
        kept.number,
        kept.schema,
        serving.Files(
            trees=kept.files["trees"],
            paths=kept.files["paths"],
            slope=kept.slope,
            offset=kept.offset,
            strange=kept.files["strange"],
            strange_from=kept.metrics["strange_from"],
        ),
    )


def said(known: Sequence[data.Features]) -> list[tuple[list[data.Reason], list[data.Reason]]]:
    """Return, for each snapshot, the champion's lines and what the challenger would say."""
    return [_said(each) for each in known]


def _said(known: data.Features) -> tuple[list[data.Reason], list[data.Reason]]:
    if known.mode == data.Mode.OFF or "model" in known.degraded:
        return [], []
    here = live(known.ruleset)
    reasons: list[data.Reason] = []
    shadow: list[data.Reason] = []
    if here.champion is not None:
        reasons = here.champion.lines(known)
    if here.challenger is not None:
        (share,) = here.challenger.shares([known])
        shadow = [
            data.Reason(
                "challenger",
                here.challenger.points(share),
                (("model", here.challenger.number),),
            )
        ]
    return reasons, shadow
