"""How often is too often, what fraud does for a merchant, and which models decide."""

from fintech.api import pagination
from fintech.api.codec import fields
from fintech.api.operations import Answer, Call, operation
from fintech.fraud import data, queries
from fintech.fraud import services as fraud
from fintech.wire import deleted
from fintech.wire import fraud_limits as wire

_READ, _WRITE = "fraud:read", "fraud:write"
_MONTH_SECONDS = 31 * 86_400
_NEVER = 101


@operation(
    "POST",
    "/v1/fraud/velocity_limits",
    scope=_WRITE,
    returns="fraud.velocity_limit",
    parameters={
        "name": fields.Text(
            longest=60, required=True, example="cards_per_hour", about="A word; reasons show it."
        ),
        "of": fields.OneOf(
            words=tuple(str(each) for each in data.Counted),
            required=True,
            about="Whose attempts are counted.",
        ),
        "seconds": fields.Integer(
            least=1,
            most=_MONTH_SECONDS,
            required=True,
            example=3600,
            about="The window; it begins at multiples of its length.",
        ),
        "maximum": fields.Integer(
            least=0, most=1_000_000, required=True, example=5, about="So many attempts pass."
        ),
        "decision": fields.OneOf(
            words=("challenge", "review", "block"),
            about="What is decided of those that come on top; `block` unless told.",
        ),
    },
)
def create_velocity_limit(call: Call) -> Answer:
    """Let so many attempts pass within a time; it holds from now on."""
    done = call.once(
        lambda: fraud.create_velocity_limit(
            merchant_id=call.merchant_id,
            name=call.values["name"],
            of=call.values["of"],
            seconds=call.values["seconds"],
            maximum=call.values["maximum"],
            decision=call.get("decision", "block"),
            by=call.by,
            at=call.at,
        )
    )
    return Answer(body=wire.render(done.value), replayed=done.replayed)


@operation(
    "GET",
    "/v1/fraud/velocity_limits/{id}",
    scope=_READ,
    returns="fraud.velocity_limit",
    noun="velocity limit",
)
def retrieve_velocity_limit(call: Call) -> Answer:
    """Retrieve a velocity limit, also one that has been removed."""
    found = queries.velocity_limit(call.this("fvl"), merchant_id=call.merchant_id)
    return Answer(body=wire.render(found))


@operation(
    "GET", "/v1/fraud/velocity_limits", scope=_READ, returns="list", of="fraud.velocity_limit"
)
def list_velocity_limits(call: Call) -> Answer:
    """List the velocity limits that you have set and not removed, newest first."""
    found = queries.velocity_limits(call.merchant_id)
    return pagination.answer(call, found, wire.render, has_more=False)


@operation(
    "DELETE",
    "/v1/fraud/velocity_limits/{id}",
    scope=_WRITE,
    returns="fraud.velocity_limit",
    noun="velocity limit",
    expands=False,
)
def remove_velocity_limit(call: Call) -> Answer:
    """Count attempts no longer."""
    limit = queries.velocity_limit(call.this("fvl"), merchant_id=call.merchant_id)
    fraud.remove_velocity_limit(limit_id=limit.id, by=call.by, at=call.at)
    return Answer(body=deleted.render("fraud.velocity_limit", call.path["id"]))


@operation("GET", "/v1/fraud/posture", scope=_READ, returns="fraud.posture")
def retrieve_posture(call: Call) -> Answer:
    """Retrieve what fraud does for you: your own choice, or what holds for all who chose none."""
    return Answer(body=wire.render_posture(queries.posture(call.merchant_id)))


@operation(
    "POST",
    "/v1/fraud/posture",
    scope=_WRITE,
    returns="fraud.posture",
    parameters={
        "mode": fields.OneOf(
            words=("advisory", "enforce"),
            about="`advisory` tells and stops nothing. Only the platform's staff turn fraud off.",
        ),
        "fails": fields.OneOf(
            words=tuple(str(each) for each in data.Fails),
            about="When not all was known in time: go on, ask a person, or stop.",
        ),
        "ceiling": fields.Integer(
            least=0,
            most=999_999_999_999,
            about="In minor units: above it, failing open asks a person. 0: no ceiling.",
        ),
        "bands": fields.Group(
            fields={
                name: fields.Integer(least=1, most=_NEVER)
                for name in ("challenge", "review", "block")
            },
            about="From which score on; they rise, and 101 is never.",
        ),
        "explore": fields.Integer(
            least=0,
            most=10_000,
            about="Of 10,000 would-be blocks so many go to a person, to learn from.",
        ),
    },
)
def set_posture(call: Call) -> Answer:
    """Say what fraud does for you from now on; what is not given stays as it is."""
    now = queries.posture(call.merchant_id)
    bands = call.get("bands", {})

    def at(name: str, before: int) -> int:
        given = bands.get(name)
        return before if given is None else int(given)

    done = call.once(
        lambda: fraud.set_posture(
            merchant_id=call.merchant_id,
            mode=call.get("mode", str(now.mode)),
            fails=call.get("fails", str(now.fails)),
            ceiling_minor=call.get("ceiling", now.ceiling_minor),
            bands=(
                at("challenge", now.challenge_at),
                at("review", now.review_at),
                at("block", now.block_at),
            ),
            explore=call.get("explore", now.explore),
            by=call.by,
            at=call.at,
        )
    )
    return Answer(body=wire.render_posture(done.value), replayed=done.replayed)


@operation("GET", "/v1/fraud/models/{id}", scope=_READ, returns="fraud.model", noun="model")
def retrieve_model(call: Call) -> Answer:
    """Retrieve a model with what it is worth and its card; they are the platform's."""
    return Answer(body=wire.render_model(queries.model(call.this("fmo"))))


@operation(
    "GET",
    "/v1/fraud/models",
    scope=_READ,
    returns="list",
    of="fraud.model",
    parameters={
        "stage": fields.OneOf(
            words=tuple(str(each) for each in data.ModelStage),
            about="The champion decides, the shadow is only watched.",
        )
    },
)
def list_models(call: Call) -> Answer:
    """List models, newest first, at most 50. People choose them, in the back office."""
    found = queries.models(stage=call.get("stage"))
    return pagination.answer(call, found, wire.render_model, has_more=False)
