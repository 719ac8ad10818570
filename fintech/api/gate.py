"""
One request from its bytes to its answer, without a framework.

Every door does these steps in this order: who asks (`authentication.identify`), may they
(`authentication.require`), not too often (`throttling.admit`), then `serve`: read the
parameters, check them, take the idempotency key, run the operation, render.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from fintech.api import errors
from fintech.api.authentication import Caller
from fintech.api.codec import brackets, strict_json
from fintech.api.codec.fields import CardCode, WalletCode, read_fields
from fintech.api.codec.sensitive import holds_card_number
from fintech.api.codec.tree import Malformed, Node
from fintech.api.expansion import expand
from fintech.api.operations import Answer, Call, Operation
from fintech.kernel import clock, waiting
from fintech.kernel.errors import NotFound
from fintech.kernel.idempotency import Done
from fintech.kernel.keys import Key, fingerprint
from fintech.payments import services as payments
from fintech.wire import dry_runs, versions
from fintech.wire.errors import Fault
from fintech.wire.events import API_VERSION

LONGEST_URL = 8 * 1024  # Bytes.
LARGEST_HEADERS = 32 * 1024  # Bytes, all together.
_KEY = re.compile(r"[\x20-\x7e]{1,255}")
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_UTF8 = frozenset({"", "utf-8", "utf8"})
# A fact that names a missing thing, and the parameter that may have named it.
_PARAM_OF_FACT = {
    "customer_id": ("customer",),
    "payment_method_id": ("payment_method",),
    "payment_id": ("payment_intent",),
    "attempt_id": ("charge",),
    "wallet_id": ("wallet", "source", "destination"),
    "hold_id": ("hold",),
    "quote_id": ("quote",),
    "product_id": ("product",),
    "price_id": ("price",),
}


def serve(
    operation: Operation,
    *,
    caller: Caller,
    path: Mapping[str, str],
    query: str,
    headers: Mapping[str, str],
    content: bytes,
    url_path: str,
    request_id: str,
    trace: Any = None,
) -> Answer:
    """
    Answer one request of a known caller.

    Raises:
        Refusal: anything that is refused, here or in a room.
    """
    version = version_of(headers, caller)
    if trace is not None:
        trace.version = version
    rehearsed = is_dry_run(operation, headers)
    values = parameters(
        operation, query=query, headers=headers, content=content, version=version, trace=trace
    )
    if trace is not None:
        trace.values = values
    key = idempotency_key(operation, values, headers, caller=caller, path=url_path, content=content)
    call = Call(
        operation=operation,
        caller=caller,
        values=values,
        path=path,
        at=clock.now(),
        request_id=request_id,
        key=None if rehearsed else key,
        content=content if operation.takes_content else b"",
        headers=headers,
    )
    combined = operation.is_combined
    is_combined = combined is not None and combined(values) and not rehearsed
    if is_combined and not values.get("expand"):
        answer = _answered(call, rehearsed=False)
    else:
        answer = waiting.aside(lambda: _answered(call, rehearsed=rehearsed))
    if version == versions.newest():
        return answer
    return replace(answer, body=versions.older_answer(answer.body, version=version))


def _answered(call: Call, *, rehearsed: bool) -> Answer:
    try:
        answer = _rehearse(call) if rehearsed else call.operation.run(call)
    except NotFound as missing:
        raise _placed(missing, call) from missing
    wanted = call.values.get("expand")
    if wanted:
        expand(answer.body, wanted, merchant_id=call.merchant_id)
    return answer


def version_of(headers: Mapping[str, str], caller: Caller) -> str:
    """Return the version that a caller counts on: this request's, its account's, or the newest."""
    asked = headers.get("API-Version") or caller.version or versions.newest()
    if not versions.is_known(asked):
        message = f"There is no version {asked[:20]}; there is {', '.join(versions.VERSIONS)}."
        raise errors.ParametersWrong([Fault("API-Version", "parameter_invalid", message)])
    return asked


def is_dry_run(operation: Operation, headers: Mapping[str, str]) -> bool:
    """Return whether a call is only to be tried; never take one that is not for one that is."""
    asked = headers.get("Dry-Run")
    if asked is None:
        return False
    if asked not in {"true", "false"}:
        raise errors.ParametersWrong(
            [Fault("Dry-Run", "parameter_invalid", "Dry-Run is true or false.")]
        )
    if asked == "true" and not operation.rehearses:
        raise errors.ParametersWrong(
            [Fault("Dry-Run", "parameter_unknown", "This method has no dry run.")]
        )
    return asked == "true"


def _rehearse(call: Call) -> Answer:
    answers: list[Answer] = []

    def act() -> Done[Any]:
        answers.append(call.operation.run(call))
        return Done(value=answers[-1].value)

    told = payments.dry_run(act)
    made = answers[-1].body if answers else None
    return Answer(body=dry_runs.render(told, made, call.request_id))


def parameters(
    operation: Operation,
    *,
    query: str,
    headers: Mapping[str, str],
    content: bytes,
    version: str = API_VERSION,
    trace: Any = None,
) -> dict[str, Any]:
    """Return the checked parameters of a request, from its query or its body."""
    faults: list[Fault] = []
    if operation.takes_content or not operation.is_write:
        if content and not operation.takes_content:
            raise errors.MalformedBody("This method takes its parameters in the query, not a body.")
        nodes = _query(query)
    else:
        nodes = _body(content, headers)
        if query:
            message = "This method takes its parameters in the body, not in the query."
            faults.extend(Fault(name, "parameter_unknown", message) for name in _query(query))
    if version != versions.newest():
        nodes = versions.newer_request(operation.name, nodes, version=version)
    values = read_fields(operation.parameters, nodes, faults)
    for one, other in operation.exclusive:
        if values.get(one) is not None and values.get(other) is not None:
            message = f"Give {one} or {other}, not both."
            faults.append(Fault(other, "parameters_exclusive", message))
    if faults:
        if trace is not None:
            trace.values = nodes  # What was wrong is what its sender looks for in the log.
        raise errors.ParametersWrong(faults)
    return values


def _query(query: str) -> dict[str, Node]:
    try:
        return brackets.read(query)
    except Malformed as broken:
        raise errors.ParametersWrong(
            [Fault(broken.param or "", "parameter_invalid", broken.message)]
        ) from None


def _body(content: bytes, headers: Mapping[str, str]) -> dict[str, Node]:
    if not content:
        return {}
    media_type, _, rest = headers.get("Content-Type", "").partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]*)", rest, re.IGNORECASE)
    is_plain = headers.get("Content-Encoding", "identity").lower() in {"", "identity"}
    is_utf8 = (charset[1].lower() if charset else "") in _UTF8
    media_type = media_type.strip().lower()
    if not (is_plain and is_utf8 and media_type in {_FORM, _JSON}):
        raise errors.UnsupportedMediaType
    try:
        if media_type == _JSON:
            return strict_json.read(content)
        return brackets.read(content.decode())
    except UnicodeDecodeError:
        raise errors.MalformedBody("The body is not UTF-8.") from None
    except Malformed as broken:
        raise errors.MalformedBody(broken.message) from None


def idempotency_key(
    operation: Operation,
    values: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    caller: Caller,
    path: str,
    content: bytes,
) -> Key | None:
    """
    Return the caller's idempotency key, bound to what is asked.

    The fingerprint covers method, path and the canonical parameters, so JSON and form
    are equal; `expand` changes only what is shown.

    Raises:
        IdempotencyKeyInvalid: empty, longer than 255, or not printable ASCII.
    """
    given = headers.get("Idempotency-Key")
    if given is None or not operation.is_write:
        return None
    if not _KEY.fullmatch(given) or not given.strip():
        raise errors.IdempotencyKeyInvalid(
            "An idempotency key is 1 to 255 printable ASCII characters."
        )
    if holds_card_number(given):
        message = "A card number has no place here."
        raise errors.ParametersWrong([Fault("Idempotency-Key", "sensitive_data_rejected", message)])
    parts = {"path": path.encode()}
    if operation.takes_content:
        parts["body"] = content
    else:
        parts |= {name: canonical(value) for name, value in values.items() if name != "expand"}
    return Key(
        scope=caller.merchant_id,
        key=given,
        fingerprint=fingerprint(parts),
        command=operation.name,
    )


def canonical(value: Any) -> bytes:
    """Return a parameter as the one text that stands for it, in whichever form it came."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_SORT_KEYS)


def _plain(value: Any) -> Any:
    if isinstance(value, CardCode):
        return {"card": value.code}
    if isinstance(value, WalletCode):
        return {"wallet": str(value.id)}
    raise TypeError(type(value).__name__)


def _placed(missing: NotFound, call: Call) -> Exception:
    """
    Say where the thing that is missing was named: in a parameter, or in the path.

    What the path leads to is named by the operation alone, so an unknown id, another
    merchant's and one of another form sound alike.
    """
    if missing.param is not None or missing.code != "resource_missing":
        return missing
    for fact, params in _PARAM_OF_FACT.items():
        for param in params:
            named = call.values.get(param)
            if named is not None and str(named) == str(missing.facts.get(fact)):
                return errors.ParametersWrong(
                    [
                        Fault(
                            param,
                            "resource_missing",
                            f"There is no such {param.replace('_', ' ')}.",
                        )
                    ]
                )
    return errors.ResourceMissing(call.operation.noun)
