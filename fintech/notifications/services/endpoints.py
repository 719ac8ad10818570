"""Endpoints: who listens, to what, and with which secret."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django_subatomic import db

from fintech.kernel import event_log, idempotency, ids
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.kernel.idempotency import Done, Key
from fintech.notifications import data, errors
from fintech.notifications import events as facts
from fintech.notifications.channels import sealing, targets
from fintech.notifications.models import Delivery, Endpoint
from fintech.notifications.services.schedule import TRIES
from fintech.wire import merchant_events
from fintech.wire.events import API_VERSION

OVERLAP = timedelta(hours=24)
MOST = 20  # Endpoints of one merchant: every event is rendered for each.
_MOST_PATTERNS = 100
_LONGEST_DESCRIPTION = 500
_SECRET_BYTES = 32
_BY_MERCHANT = "by_merchant"
_TOLERATED = 10  # Failures in a row before an endpoint is left alone.
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_PATIENCE = timedelta(days=5)


def create_endpoint(
    *,
    merchant_id: UUID,
    url: str,
    events: Sequence[str],
    description: str = "",
    metadata: Mapping[str, str] | None = None,
    is_ordered: bool = False,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Endpoint]:
    """
    Let a merchant's program listen. The value carries the secret, this once.

    Raises:
        UrlInvalid, EventsMissing, EventTypeUnknown, DescriptionTooLong.
        TooManyEndpoints: the merchant has as many as there can be.
    """

    def work() -> data.Endpoint:
        if Endpoint.objects.filter(merchant_id=merchant_id, deleted_at=None).count() >= MOST:
            raise errors.TooManyEndpoints(MOST)
        endpoint_id, secret = ids.new(), _new_secret()
        endpoint = Endpoint.objects.create(
            id=endpoint_id,
            merchant_id=merchant_id,
            url=_proper_url(url),
            description=_proper_description(description),
            enabled_events=_proper_patterns(events),
            metadata=dict(metadata or {}),
            is_ordered=is_ordered,
            secret=sealing.seal(secret, of=endpoint_id),
            api_version=API_VERSION,
            created_at=at,
        )
        event_log.append([_created(endpoint, at)], by=by)
        return endpoint.as_data(secret=secret)

    return idempotency.once(key, work, at=at)


def update_endpoint(
    *,
    endpoint_id: UUID,
    merchant_id: UUID,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
    metadata: Mapping[str, str] | None = None,
    is_enabled: bool | None = None,
    is_ordered: bool | None = None,
    key: Key | None = None,
    by: Actor,
    at: datetime,
) -> Done[data.Endpoint]:
    """
    Change what is given; the rest stays. Events that happen while it is off are not sent.

    Raises:
        EndpointNotFound, UrlInvalid, EventsMissing, EventTypeUnknown, DescriptionTooLong.
    """

    def work() -> data.Endpoint:
        endpoint = locked(endpoint_id, merchant_id)
        if url is not None:
            endpoint.url = _proper_url(url)
        if events is not None:
            endpoint.enabled_events = _proper_patterns(events)
        if description is not None:
            endpoint.description = _proper_description(description)
        if metadata is not None:
            endpoint.metadata = dict(metadata)
        if is_ordered is not None:
            endpoint.is_ordered = is_ordered
        if is_enabled is not None and is_enabled != endpoint.is_enabled:
            endpoint.is_enabled = is_enabled
            endpoint.disabled_reason = "" if is_enabled else _BY_MERCHANT
            endpoint.recover()
        endpoint.version += 1
        endpoint.save()
        event_log.append([_updated(endpoint, at)], by=by)
        return endpoint.as_data()

    return idempotency.once(key, work, at=at)


def roll_secret(
    *,
    endpoint_id: UUID,
    merchant_id: UUID,
    overlap: timedelta = OVERLAP,
    by: Actor,
    at: datetime,
) -> data.Endpoint:
    """
    Give an endpoint a new secret, which the value carries; both sign during the overlap.

    Raises:
        EndpointNotFound: this merchant has no such endpoint.
    """
    with db.transaction_if_not_already():
        endpoint = locked(endpoint_id, merchant_id)
        endpoint.former_secret, endpoint.former_secret_until = endpoint.secret, at + overlap
        secret = _new_secret()
        endpoint.secret = sealing.seal(secret, of=endpoint.id)
        endpoint.version += 1
        endpoint.save()
        event_log.append([_rolled(endpoint, at + overlap, at)], by=by)
        return endpoint.as_data(secret=secret)


def delete_endpoint(*, endpoint_id: UUID, merchant_id: UUID, by: Actor, at: datetime) -> None:
    """
    Let an endpoint listen no more. What was on its way to it is given up.

    Raises:
        EndpointNotFound: this merchant has no such endpoint.
    """
    with db.transaction_if_not_already():
        endpoint = locked(endpoint_id, merchant_id)
        endpoint.is_enabled, endpoint.disabled_reason = False, "deleted"
        endpoint.deleted_at = at
        endpoint.version += 1
        endpoint.save()
        event_log.append([_deleted(endpoint, at), *give_up_all(endpoint, at)], by=by)


def note_failure(endpoint: Endpoint, *, cause: Delivery, by: Actor, at: datetime) -> None:
    """
    Count a failure; leave an endpoint alone that keeps failing, and tell its owners once.

    Needs an open transaction that holds the endpoint's row. After five days without a
    single success it is switched off.
    """
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or at
    if at - endpoint.failing_since >= _PATIENCE:
        endpoint.save(update_fields=["failures", "failing_since"])
        disable(endpoint, reason="failing", by=by, at=at)
        tell_owners(cause, endpoint, data.Template.ENDPOINT_DISABLED, at)
        return
    if endpoint.failures >= _TOLERATED and (
        endpoint.paused_until is None or at >= endpoint.paused_until
    ):
        pause = min(_FIRST_PAUSE * 2**endpoint.pauses, _LONGEST_PAUSE)
        if endpoint.pauses == 0:
            tell_owners(cause, endpoint, data.Template.ENDPOINT_PAUSED, at)
        endpoint.pauses, endpoint.paused_until = endpoint.pauses + 1, at + pause
        endpoint.version += 1
        event_log.append([_paused(endpoint, at)], by=by)
    endpoint.save(update_fields=["failures", "failing_since", "pauses", "paused_until", "version"])


def note_success(endpoint: Endpoint, *, by: Actor, at: datetime) -> None:
    """Let an endpoint be well again. Needs an open transaction that holds its row."""
    was_paused = endpoint.paused_until is not None
    endpoint.recover()
    endpoint.version += was_paused
    endpoint.save(update_fields=["failures", "failing_since", "pauses", "paused_until", "version"])
    if was_paused:
        event_log.append([_recovered(endpoint, at)], by=by)


def tell_owners(cause: Delivery, endpoint: Endpoint, template: data.Template, at: datetime) -> None:
    """Have a mail about an endpoint sent to the merchant's owners, once per cause."""
    Delivery.objects.bulk_create(
        [
            Delivery(
                event_id=cause.event_id,
                merchant_id=endpoint.merchant_id,
                channel=data.Channel.MAIL.value,
                endpoint=endpoint,
                template=template.value,
                tries_left=TRIES,
                created_at=at,
                next_attempt_at=at,
            )
        ],
        ignore_conflicts=True,  # This event has led to such a mail before.
    )


def disable(endpoint: Endpoint, *, reason: str, by: Actor, at: datetime) -> None:
    """Stop telling an endpoint. Needs an open transaction that holds its row."""
    endpoint.is_enabled, endpoint.disabled_reason = False, reason
    endpoint.version += 1
    endpoint.save(update_fields=["is_enabled", "disabled_reason", "version"])
    fact = facts.EndpointDisabled(
        endpoint_id=endpoint.id,
        merchant_id=endpoint.merchant_id,
        reason=Code(reason),
        version=endpoint.version,
        at=at,
    )
    event_log.append([fact, *give_up_all(endpoint, at)], by=by)


def give_up_all(endpoint: Endpoint, at: datetime) -> list[facts.DeliveryGivenUp]:
    """Turn what is on its way to an endpoint into dead letters and return the facts."""
    waiting = list(
        Delivery.objects.select_for_update()
        .filter(
            endpoint=endpoint,
            channel=data.Channel.WEBHOOK.value,
            state=data.DeliveryState.PENDING.value,
        )
        .order_by("id")
    )
    for delivery in waiting:
        delivery.state = data.DeliveryState.ABANDONED.value
        delivery.next_attempt_at, delivery.last_error = None, "endpoint_disabled"
        delivery.failure = data.Failure.PERMANENT.value
        delivery.version += 1
        delivery.save(
            update_fields=["state", "next_attempt_at", "last_error", "failure", "version"]
        )
    return [given_up(delivery, at) for delivery in waiting]


def given_up(delivery: Delivery, at: datetime) -> facts.DeliveryGivenUp:
    """Return the fact that a delivery has become a dead letter."""
    return facts.DeliveryGivenUp(
        delivery_id=delivery.id,
        merchant_event_id=delivery.event_id,
        endpoint_id=delivery.endpoint_id,
        merchant_id=delivery.merchant_id,
        channel=Code(delivery.channel),
        cause=Code(delivery.last_error),
        attempts=delivery.attempts,
        template=Code(delivery.template) if delivery.template else None,
        version=delivery.version,
        at=at,
    )


def _created(endpoint: Endpoint, at: datetime) -> facts.EndpointCreated:
    return facts.EndpointCreated(
        endpoint_id=endpoint.id,
        merchant_id=endpoint.merchant_id,
        version=endpoint.version,
        at=at,
    )


def _updated(endpoint: Endpoint, at: datetime) -> facts.EndpointUpdated:
    return facts.EndpointUpdated(
        endpoint_id=endpoint.id,
        merchant_id=endpoint.merchant_id,
        is_enabled=endpoint.is_enabled,
        version=endpoint.version,
        at=at,
    )


def _paused(endpoint: Endpoint, at: datetime) -> facts.EndpointPaused:
    return facts.EndpointPaused(
        endpoint_id=endpoint.id,
        merchant_id=endpoint.merchant_id,
        failures=endpoint.failures,
        paused_until=endpoint.paused_until or at,
        version=endpoint.version,
        at=at,
    )


def _recovered(endpoint: Endpoint, at: datetime) -> facts.EndpointRecovered:
    return facts.EndpointRecovered(
        endpoint_id=endpoint.id,
        merchant_id=endpoint.merchant_id,
        version=endpoint.version,
        at=at,
    )


def _rolled(endpoint: Endpoint, until: datetime, at: datetime) -> facts.EndpointSecretRolled:
    return facts.EndpointSecretRolled(
        endpoint_id=endpoint.id,
        merchant_id=endpoint.merchant_id,
        overlap_until=until,
        version=endpoint.version,
        at=at,
    )


def _deleted(endpoint: Endpoint, at: datetime) -> facts.EndpointDeleted:
    return facts.EndpointDeleted(
        endpoint_id=endpoint.id,
        merchant_id=endpoint.merchant_id,
        version=endpoint.version,
        at=at,
    )


def locked(endpoint_id: UUID, merchant_id: UUID) -> Endpoint:
    """
    Return a merchant's endpoint and hold its row. Needs an open transaction.

    Raises:
        EndpointNotFound: this merchant has no such endpoint.
    """
    endpoint = (
        Endpoint.objects.select_for_update()
        .filter(id=endpoint_id, merchant_id=merchant_id, deleted_at=None)
        .first()
    )
    if endpoint is None:
        raise errors.EndpointNotFound(endpoint_id)
    return endpoint


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def _proper_url(url: str) -> str:
    try:
        targets.parse(url, loopback_allowed=settings.WEBHOOK_ALLOW_LOOPBACK)
    except targets.TargetRefused as refused:
        raise errors.UrlInvalid(str(refused)) from refused
    return url


def _proper_patterns(patterns: Sequence[str]) -> list[str]:
    if not 1 <= len(patterns) <= _MOST_PATTERNS:
        raise errors.EventsMissing
    known = merchant_events.types()
    for pattern in patterns:
        is_group = pattern.endswith(".*")
        if pattern not in {"*", *known} and not (
            is_group and any(name.startswith(pattern[:-1]) for name in known)
        ):
            raise errors.EventTypeUnknown(pattern)
    return list(dict.fromkeys(patterns))


def _proper_description(description: str) -> str:
    if len(description) > _LONGEST_DESCRIPTION:
        raise errors.DescriptionTooLong
    return description
