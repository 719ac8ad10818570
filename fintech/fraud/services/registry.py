"""
The registry of models: candidate → shadow → champion → retired.

A model is signed when it is registered. It watches before it decides, and decides only
when its gates are passed and a second person approves; going back to the one before is
one step. Every change of what is live is a new rule set, so that a decision names its
model.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import django_fsm as fsm
import orjson
from django.conf import settings
from django.db.models import Max
from django_subatomic import db

from fintech.fraud import data, errors, events, serving
from fintech.fraud.models import Ruleset, TrainedModel
from fintech.fraud.services import rulesets
from fintech.kernel import approvals, event_log, ids, objects, proof
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code

APPROVAL = "fraud.install_model"


def register(
    *,
    schema: str,
    source: str,
    files: Mapping[str, bytes],
    slope: float,
    offset: float,
    metrics: Mapping[str, Any],
    gates: Mapping[str, bool],
    card: str,
    data_hash: str,
    by: Actor,
    at: datetime,
) -> data.TrainedModel:
    """Keep a trained model as a candidate, signed; it does nothing yet."""
    kept = {name: objects.put(content) for name, content in sorted(files.items())}
    with db.transaction_if_not_already():
        rulesets.lock()
        newest = TrainedModel.objects.aggregate(newest=Max("number"))["newest"] or 0
        model = TrainedModel(
            id=ids.new(),
            number=newest + 1,
            schema=schema,
            source=source,
            metrics=dict(metrics),
            gates=dict(gates),
            card=card,
            data_hash=data_hash,
            files=kept,
            slope=slope,
            offset=offset,
            trained_by=by.id,
            created_at=at,
        )
        signed = proof.sign(statement(model.as_data()), settings.SIGNING_KEY)
        model.signed_by, model.signature = signed.key_id, signed.value.hex()
        model.save(force_insert=True)
        event_log.append(
            [
                events.ModelTrained(
                    model_id=model.id,
                    number=model.number,
                    schema=Code(schema),
                    data_hash=Code(data_hash),
                    card_hash=Code(objects.put(card.encode())),
                    version=model.version,
                    at=at,
                )
            ],
            by=by,
        )
    return model.as_data()


def statement(model: data.TrainedModel) -> bytes:
    """Return what the signature of a model is over: everything but its stage."""
    return b"fintech fraud model 1\n" + orjson.dumps(
        {
            "id": str(model.id),
            "number": model.number,
            "schema": model.schema,
            "source": model.source,
            "data": model.data_hash,
            "files": dict(model.files),
            "slope": model.slope,
            "offset": model.offset,
            "metrics": model.metrics,
            "gates": model.gates,
        },
        option=orjson.OPT_SORT_KEYS,
    )


def is_signed(model: data.TrainedModel) -> bool:
    """Whether a model is what our key has signed."""
    public = proof.public_key(settings.SIGNING_KEY)
    return proof.key_id(public) == model.signed_by and proof.verified(
        public, bytes.fromhex(model.signature), statement(model)
    )


def watch_model(*, model_id: UUID, by: Actor, at: datetime) -> data.TrainedModel:
    """
    Let a candidate give points that decide nothing; who watched before is retired.

    Raises:
        ModelNotFound: there is no such model.
        ModelUnexpectedState: it is no candidate.
        ModelUnfit: it cannot see payments, or is not what was signed.
    """
    with db.transaction_if_not_already():
        model = _locked(model_id)
        _can(model, model.watch, "watched")
        _fit(model)
        for before in TrainedModel.objects.filter(stage=data.ModelStage.SHADOW):
            _retire(before, by=by, at=at)
        model.watch()
        return _moved(model, events.ModelShadowed, by=by, at=at)


def propose_champion(*, model_id: UUID, by: Actor, at: datetime) -> UUID:
    """
    Propose that the model which watches decides; another person approves it.

    Raises:
        ModelNotFound: there is no such model.
        ModelUnexpectedState: it does not watch.
        ModelUnfit: a gate is not passed.
    """
    model = TrainedModel.objects.filter(id=model_id).first()
    if model is None:
        raise errors.ModelNotFound(model_id)
    if model.stage != data.ModelStage.SHADOW:
        raise errors.ModelUnexpectedState(
            model_id=model_id, stage=str(model.stage), action="proposed"
        )
    _passed(model)
    return approvals.propose(
        kind=APPROVAL,
        payload={"model_id": str(model_id)},
        version_seen=model.version,
        by=by,
        at=at,
    )


def install_model(
    payload: Mapping[str, Any], *, version_seen: int, by: Actor, at: datetime
) -> data.TrainedModel:
    """
    Let a model decide that two people want; what `kernel.approvals` runs.

    Raises:
        ModelUnexpectedState: it has moved since it was proposed.
        ModelUnfit: a gate is not passed, or it is not what was signed.
    """
    with db.transaction_required():
        model = _locked(UUID(payload["model_id"]))
        if model.version != version_seen:
            raise errors.ModelUnexpectedState(
                model_id=model.id, stage=str(model.stage), action="installed as proposed"
            )
        _can(model, model.install, "installed")
        _passed(model)
        _fit(model)
        return _crown(model, by=by, at=at)


def roll_back_model(*, by: Actor, at: datetime) -> data.TrainedModel | None:
    """
    Let the champion before decide again; None if there was none, and rules decide alone.

    One person is enough: it has decided before.
    """
    with db.transaction_if_not_already():
        rulesets.lock()
        now = TrainedModel.objects.filter(stage=data.ModelStage.CHAMPION).first()
        was = _champion_before(now)
        if was is not None:
            return _crown(was, by=by, at=at)
        if now is not None:
            _retire(now, by=by, at=at)
        return None


def retire_model(*, model_id: UUID, by: Actor, at: datetime) -> data.TrainedModel:
    """
    Let a model do nothing any more.

    Raises:
        ModelNotFound: there is no such model.
        ModelUnexpectedState: it is retired already.
    """
    with db.transaction_if_not_already():
        model = _locked(model_id)
        _can(model, model.retire, "retired")
        _retire(model, by=by, at=at)
    return model.as_data()


def _champion_before(now: TrainedModel | None) -> TrainedModel | None:
    """Return who decided before, by the log of rule sets."""
    rows = Ruleset.objects.exclude(champion=None).order_by("-id")
    if now is not None:
        # Not simply the one before: two who were rolled back do not change places forever.
        began = Ruleset.objects.filter(champion=now.id).order_by("id").values("id")[:1]
        rows = rows.filter(id__lt=began)
    found = rows.values_list("champion", flat=True).first()
    if found is None:
        return None
    return TrainedModel.objects.filter(id=found, stage=data.ModelStage.RETIRED).first()


def _crown(model: TrainedModel, *, by: Actor, at: datetime) -> data.TrainedModel:
    for before in TrainedModel.objects.filter(stage=data.ModelStage.CHAMPION):
        _retire(before, by=by, at=at)
    model.install()
    return _moved(model, events.ModelInstalled, by=by, at=at)


def _retire(model: TrainedModel, *, by: Actor, at: datetime) -> None:
    model.retire()
    _moved(model, events.ModelRetired, by=by, at=at)


def _moved(
    model: TrainedModel,
    fact: type[events.ModelShadowed | events.ModelInstalled | events.ModelRetired],
    *,
    by: Actor,
    at: datetime,
) -> data.TrainedModel:
    model.version += 1
    model.save()
    event_log.append(
        [
            fact(
                model_id=model.id,
                number=model.number,
                ruleset_id=rulesets.write(at),
                version=model.version,
                at=at,
            )
        ],
        by=by,
    )
    return model.as_data()


def _locked(model_id: UUID) -> TrainedModel:
    rulesets.lock()
    model = TrainedModel.objects.select_for_update(no_key=True).filter(id=model_id).first()
    if model is None:
        raise errors.ModelNotFound(model_id)
    return model


def _can(model: TrainedModel, move: object, action: str) -> None:
    if not fsm.can_proceed(move):
        raise errors.ModelUnexpectedState(model_id=model.id, stage=str(model.stage), action=action)


def _passed(model: TrainedModel) -> None:
    failed = sorted(name for name, passed in model.gates.items() if not passed)
    if failed:
        raise errors.ModelUnfit(model.id, f"it has not passed {', '.join(failed)}")


def _fit(model: TrainedModel) -> None:
    if model.schema not in serving.NAMES:  # An older one of ours is still read as it was.
        raise errors.ModelUnfit(model.id, f"it sees {model.schema}, payments are {serving.SCHEMA}")
    if not is_signed(model.as_data()):
        raise errors.ModelUnfit(model.id, "it is not what was signed")
