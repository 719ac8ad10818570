"""Questions about what was told, to whom, and what came of it. They change nothing."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, Min, Model, OuterRef, Prefetch, Q, QuerySet

from fintech.kernel import ids
from fintech.kernel.invariants import Invariant
from fintech.notifications import data, errors
from fintech.notifications.channels import recipients
from fintech.notifications.channels.texts import SMS, TEXTS
from fintech.notifications.models import (
    Attempt,
    Delivery,
    Endpoint,
    MerchantEvent,
    Preference,
    Wording,
)
from fintech.payments import queries as payments

_WORRYING_ATTEMPTS = 3

_TALLIES = """
SELECT d.channel, CASE WHEN d.channel = 'webhook' THEN d.endpoint_id END AS endpoint,
  coalesce(max(e.url) FILTER (WHERE d.channel = 'webhook'), ''), d.template, d.provider,
  count(*) AS total,
  count(*) FILTER (WHERE d.state = 'delivered'), count(*) FILTER (WHERE d.state = 'pending'),
  count(*) FILTER (WHERE d.state = 'failed'), count(*) FILTER (WHERE d.state = 'abandoned'),
  sum(d.attempts), count(d.opened_at),
  (percentile_disc(0.5) WITHIN GROUP (ORDER BY d.delivered_at - d.created_at))::interval,
  (percentile_disc(0.95) WITHIN GROUP (ORDER BY d.delivered_at - d.created_at))::interval
FROM notifications_delivery d LEFT JOIN notifications_endpoint e ON e.id = d.endpoint_id
WHERE (%(merchant_id)s::uuid IS NULL OR d.merchant_id = %(merchant_id)s)
  AND (%(first_id)s::uuid IS NULL OR d.id >= %(first_id)s)
  AND (%(since)s::timestamptz IS NULL OR d.created_at >= %(since)s)
  AND (%(until)s::timestamptz IS NULL OR d.created_at < %(until)s)
GROUP BY d.channel, endpoint, d.template, d.provider
ORDER BY total DESC, d.channel, endpoint, d.template, d.provider
"""

_BACKLOG = """
SELECT count(*) FILTER (WHERE state = 'pending' AND next_attempt_at <= %(at)s),
  coalesce(extract(epoch FROM %(at)s - min(next_attempt_at)
    FILTER (WHERE state = 'pending' AND next_attempt_at <= %(at)s))::bigint, 0),
  count(*) FILTER (WHERE state = 'pending' AND attempts > 0),
  count(*) FILTER (WHERE state IN ('failed', 'abandoned')),
  (SELECT count(*) FROM notifications_endpoint WHERE paused_until > %(at)s AND is_enabled)
FROM notifications_delivery WHERE state <> 'delivered'
"""

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        id="I-11",
        rule="Each merchant event has one delivery per endpoint that listened",
        sql="SELECT e.id FROM notifications_merchantevent e LEFT JOIN notifications_delivery d "
        "ON d.event_id = e.id AND d.channel = 'webhook' "
        "GROUP BY e.id, e.addressees HAVING count(d.id) <> e.addressees",
    ),
    Invariant(
        id="I-11",
        rule="Every subscription has passed every fact older than 60 seconds",
        sql="SELECT c.subscription || ' misses ' || e.position FROM kernel_cursor c "
        "JOIN LATERAL (SELECT position FROM kernel_event WHERE recorded_at < "
        "clock_timestamp() - interval '60 seconds' AND xid >= c.low::text::xid8 "
        "AND (c.high IS NULL OR xid >= c.high::text::xid8 OR position > c.position) "
        "ORDER BY position LIMIT 1) e ON true "
        "WHERE c.source = 'events' AND c.epoch = "
        "(SELECT system_identifier::text FROM pg_control_system())",
    ),
    Invariant(
        id="I-13",
        rule="A delivery has arrived, or will be tried again, or is a dead letter with its cause",
        sql="SELECT d.id FROM notifications_delivery d WHERE NOT ("
        "(d.state IN ('delivered', 'sent') AND EXISTS (SELECT FROM notifications_attempt a "
        "WHERE a.delivery_id = d.id AND a.outcome IN ('delivered', 'sent', 'in_digest'))) "
        "OR (d.state = 'pending' AND d.next_attempt_at IS NOT NULL AND d.tries_left > 0) "
        "OR (d.state IN ('failed', 'abandoned') AND d.last_error <> '' AND EXISTS "
        "(SELECT FROM kernel_event k WHERE k.stream = 'notifications.delivery:' || d.id "
        "AND k.version = d.version AND k.name = 'notifications.delivery_given_up.v1')))",
    ),
    Invariant(
        id="I-13",
        rule="Every try of a delivery is on record",
        sql="SELECT d.id FROM notifications_delivery d WHERE d.attempts <> "
        "(SELECT count(*) FROM notifications_attempt a WHERE a.delivery_id = d.id)",
    ),
)


def event(event_id: UUID, merchant_id: UUID) -> data.Event:
    """
    Return something a merchant was told.

    Raises:
        EventNotFound: this merchant was told no such thing.
    """
    found = MerchantEvent.objects.filter(id=event_id, merchant_id=merchant_id).first()
    if found is None:
        raise errors.EventNotFound(event_id)
    return found.as_data()


def events(
    merchant_id: UUID,
    *,
    limit: int = 10,
    after: UUID | None = None,
    before: UUID | None = None,
    types: Collection[str] = (),
    subject_id: UUID | None = None,
    created: Mapping[str, int] | None = None,
    following: UUID | None = None,
) -> data.Page[data.Event]:
    """
    Return what a merchant was told, newest first; from `following` on, oldest first.

    Args:
        after: an event; what follows it in the list, that is, older ones.
        before: an event; what stands before it in the list.
        types: names, `prefix.*` or `*`; none means all.
        created: bounds in whole unix seconds, by `gt`, `gte`, `lt` and `lte`.
        following: an event; what was told after it, in the order in which it was told.
    """
    found = MerchantEvent.objects.filter(merchant_id=merchant_id, **_within(created))
    if subject_id is not None:
        found = found.filter(subject_id=subject_id)
    if types and "*" not in types:
        wanted = Q(type__in=[name for name in types if not name.endswith(".*")])
        for name in types:
            if name.endswith(".*"):
                wanted |= Q(type__startswith=name[:-1])
        found = found.filter(wanted)
    if following is not None:
        told = list(found.filter(id__gt=following).order_by("id")[: limit + 1])
        return data.Page(tuple(row.as_data() for row in told[:limit]), len(told) > limit)
    rows, has_more = _stretch(found, limit=limit, after=after, before=before)
    return data.Page(tuple(row.as_data() for row in rows), has_more)


def endpoint(endpoint_id: UUID, merchant_id: UUID) -> data.Endpoint:
    """
    Return one of a merchant's endpoints, without its secret.

    Raises:
        EndpointNotFound: this merchant has no such endpoint, or has deleted it.
    """
    found = Endpoint.objects.filter(
        id=endpoint_id, merchant_id=merchant_id, deleted_at=None
    ).first()
    if found is None:
        raise errors.EndpointNotFound(endpoint_id)
    return found.as_data()


def endpoints(
    merchant_id: UUID,
    *,
    limit: int = 100,
    after: UUID | None = None,
    before: UUID | None = None,
) -> data.Page[data.Endpoint]:
    """Return a merchant's endpoints, newest first, without their secrets."""
    found = Endpoint.objects.filter(merchant_id=merchant_id, deleted_at=None)
    rows, has_more = _stretch(found, limit=limit, after=after, before=before)
    return data.Page(tuple(row.as_data() for row in rows), has_more)


def failing_endpoints(merchant_id: UUID) -> list[data.Endpoint]:
    """Return endpoints that need somebody's attention: what we send keeps failing."""
    stuck = Delivery.objects.filter(
        endpoint_id=OuterRef("id"),
        state=data.DeliveryState.PENDING.value,
        attempts__gte=_WORRYING_ATTEMPTS,
    )
    found = Endpoint.objects.filter(merchant_id=merchant_id, deleted_at=None).filter(
        Q(is_enabled=True) & Exists(stuck) | Q(is_enabled=False) & ~Q(disabled_reason="by_merchant")
    )
    return [endpoint.as_data() for endpoint in found.order_by("id")]


def next_try(endpoint_id: UUID, merchant_id: UUID) -> tuple[int, datetime | None]:
    """Return how many messages wait for an endpoint, and when the first of them is tried."""
    told = Delivery.objects.filter(
        endpoint_id=endpoint_id,
        merchant_id=merchant_id,
        channel=data.Channel.WEBHOOK.value,
        state=data.DeliveryState.PENDING.value,
    ).aggregate(waiting=Count("id"), first=Min("next_attempt_at"))
    return told["waiting"], told["first"]


def delivery(delivery_id: UUID, merchant_id: UUID) -> data.Delivery:
    """
    Return one of a merchant's deliveries, with its attempts.

    Raises:
        DeliveryNotFound: there is none, or it is another merchant's.
    """
    found = _with_attempts(Delivery.objects.filter(id=delivery_id, merchant_id=merchant_id))
    if not found:
        raise errors.DeliveryNotFound(delivery_id)
    return found[0]


def deliveries(
    merchant_id: UUID,
    *,
    event_id: UUID | None = None,
    endpoint_id: UUID | None = None,
    subject_id: UUID | None = None,
    states: Collection[str] = (),
    limit: int = 50,
    after: UUID | None = None,
    before: UUID | None = None,
) -> data.Page[data.Delivery]:
    """Return a merchant's deliveries, newest first, with their attempts; two queries."""
    found = Delivery.objects.filter(merchant_id=merchant_id)
    if event_id is not None:
        found = found.filter(event_id=event_id)
    if endpoint_id is not None:
        # Mails about an endpoint are not sent to it.
        found = found.filter(endpoint_id=endpoint_id, channel=data.Channel.WEBHOOK.value)
    if subject_id is not None:
        found = found.filter(event__subject_id=subject_id)
    if states:
        found = found.filter(state__in=states)
    rows, has_more = _stretch(_joined(found), limit=limit, after=after, before=before)
    return data.Page(tuple(row.as_data(list(row.tried.all())) for row in rows), has_more)


def deliveries_of(subject_id: UUID, merchant_id: UUID) -> list[data.Delivery]:
    """Return all that was sent about a payment (or another subject), in order of events."""
    return _with_attempts(
        Delivery.objects.filter(event__subject_id=subject_id, merchant_id=merchant_id)
    )


def texts(kind: data.Template, channel: data.Channel = data.Channel.MAIL) -> dict[str, data.Text]:
    """Return what a kind says, by language: the current wordings over our own texts."""
    own = SMS if channel == data.Channel.SMS else TEXTS
    ours = {language: text for (known, language), text in own.items() if known == kind}
    current = Wording.objects.filter(kind=kind.value, channel=channel.value, is_current=True)
    return ours | {row.language: row.as_data().text for row in current}


def wordings(kind: data.Template | None = None) -> list[data.Wording]:
    """Return all versions, by kind and language, newest first."""
    found = Wording.objects.all() if kind is None else Wording.objects.filter(kind=kind.value)
    return [row.as_data() for row in found]


def wording(wording_id: UUID) -> data.Wording:
    """
    Return one version of a wording.

    Raises:
        WordingNotFound: there is none with this id.
    """
    found = Wording.objects.filter(id=wording_id).first()
    if found is None:
        raise errors.WordingNotFound(wording_id)
    return found.as_data()


def wish(
    channel: data.Channel, recipient: str, kind: str, merchant_id: UUID | None
) -> tuple[bool, str]:
    """
    Return whether a recipient wants messages of a kind, and who said so.

    Args:
        channel: by which way.
        recipient: the digest of an address.
        kind: of what.
        merchant_id: of whom; None asks for the recipient's own word alone.
    """
    said = {
        whose: (is_wanted, source)
        for whose, is_wanted, source in Preference.objects.filter(
            Q(merchant_id=None) | Q(merchant_id=merchant_id),
            recipient=recipient,
            channel=channel.value,
            kind=kind,
        ).values_list("merchant_id", "is_wanted", "source")
    }
    own = said.get(None)
    if own and not own[0]:
        return own  # A refusal goes before whatever anybody else says.
    theirs = said.get(merchant_id) if merchant_id else None
    return theirs or own or (channel == data.Channel.MAIL, "default")


def may_count_opens(recipient: str) -> bool:
    """Whether a reader has agreed that we see when a mail is opened; nobody has by default."""
    return Preference.objects.filter(
        recipient=recipient, channel=data.Channel.MAIL.value, kind=data.OPENS, is_wanted=True
    ).exists()


def preference(
    channel: data.Channel, address: str, kind: data.Template, merchant_id: UUID
) -> data.Preference:
    """Return whether somebody gets a merchant's messages of a kind."""
    wanted, source = wish(channel, recipients.digest(channel, address), kind.value, merchant_id)
    return data.Preference(channel=channel, kind=kind, is_wanted=wanted, source=source)


def preferences_of_customer(customer_id: UUID, merchant_id: UUID) -> list[data.Preference]:
    """
    Return what a merchant's customer gets, by each way by which they can be written to.

    Raises:
        CustomerNotFound: this merchant has no such customer.
    """
    return [
        preference(channel, address, kind, merchant_id)
        for channel, address in addresses_of_customer(customer_id, merchant_id).items()
        for kind in sorted(data.TO_PAYERS)
    ]


def addresses_of_customer(customer_id: UUID, merchant_id: UUID) -> dict[data.Channel, str]:
    """
    Return where a customer can be written to.

    Raises:
        CustomerNotFound: this merchant has no such customer.
    """
    customer = payments.customer(customer_id, merchant_id)
    known = {data.Channel.MAIL: customer.email, data.Channel.SMS: customer.phone}
    return {channel: address for channel, address in known.items() if address}


def samples(kind: data.Template, *, limit: int = 25) -> list[data.Sample]:
    """Return what was told lately by messages of a kind, newest first: one per event."""
    told_as = data.TOLD_ONE_BY_ONE.get(kind, kind)
    found = Delivery.objects.filter(template=told_as.value).select_related("event").order_by("-id")
    events = {row.event_id: row.event for row in found[: 2 * limit]}
    return [
        data.Sample(
            event_id=event.id,
            merchant_id=event.merchant_id,
            object_id=event.object_id,
            subject_id=event.subject_id,
            created_at=event.created_at,
        )
        for event in list(events.values())[:limit]
    ]


def tallies(
    merchant_id: UUID | None = None, *, since: datetime, until: datetime | None = None
) -> list[data.Tally]:
    """Return how telling went by endpoint and by kind of mail, busiest first; one query."""
    return _tallies(merchant_id=merchant_id, since=since, until=until, first_id=None)


def tallies_lately() -> list[data.Tally]:
    """Return how telling went of the messages that the last hour of real time has made."""
    first_id = ids.at_time(datetime.now(UTC) - timedelta(hours=1))
    return _tallies(merchant_id=None, since=None, until=None, first_id=first_id)


def _tallies(**bounds: UUID | datetime | None) -> list[data.Tally]:
    with connection.cursor() as cursor:
        cursor.execute(_TALLIES, bounds)
        return [
            data.Tally(
                channel=data.Channel(channel),
                endpoint_id=endpoint_id,
                url=url,
                template=template,
                provider=provider,
                total=total,
                delivered=delivered,
                pending=pending,
                failed=failed,
                abandoned=abandoned,
                attempts=attempts,
                opened=opened,
                median_ms=_milliseconds(median),
                p95_ms=_milliseconds(p95),
            )
            for (
                channel,
                endpoint_id,
                url,
                template,
                provider,
                total,
                delivered,
                pending,
                failed,
                abandoned,
                attempts,
                opened,
                median,
                p95,
            ) in cursor.fetchall()
        ]


def backlog(*, at: datetime) -> data.Backlog:
    """Return what waits at a moment; one query over partial indexes."""
    with connection.cursor() as cursor:
        cursor.execute(_BACKLOG, {"at": at})
        due, oldest_due_s, retrying, dead, paused = cursor.fetchone()
    return data.Backlog(
        due=due, oldest_due_s=oldest_due_s, retrying=retrying, dead=dead, paused_endpoints=paused
    )


def pending_webhooks(event_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many webhooks of each event are still on their way."""
    return dict(
        Delivery.objects.filter(
            event_id__in=event_ids,
            channel=data.Channel.WEBHOOK.value,
            state=data.DeliveryState.PENDING.value,
        )
        .values_list("event_id")
        .annotate(waiting=Count("id"))
    )


def _milliseconds(took: timedelta | None) -> int | None:
    return None if took is None else took // timedelta(milliseconds=1)


def _within(created: Mapping[str, int] | None) -> dict[str, datetime]:
    """Return the bounds of whole seconds as bounds of moments."""
    bounds = {}
    for name, second in (created or {}).items():
        # The outside sees a moment without its fraction, so a second is a whole second.
        edge = second + 1 if name in {"gt", "lte"} else second
        side = "gte" if name in {"gt", "gte"} else "lt"
        bounds[f"created_at__{side}"] = datetime.fromtimestamp(edge, UTC)
    return bounds


def _stretch[M: Model](
    found: QuerySet[M], *, limit: int, after: UUID | None, before: UUID | None
) -> tuple[list[M], bool]:
    if before is not None:
        rows = list(found.filter(id__gt=before).order_by("id")[: limit + 1])
        return rows[:limit][::-1], len(rows) > limit
    if after is not None:
        found = found.filter(id__lt=after)
    rows = list(found.order_by("-id")[: limit + 1])
    return rows[:limit], len(rows) > limit


def _joined(found: QuerySet[Delivery]) -> QuerySet[Delivery]:
    attempts = Prefetch("tried", queryset=Attempt.objects.order_by("number"))
    return found.select_related("event", "endpoint").prefetch_related(attempts)


def _with_attempts(found: QuerySet[Delivery]) -> list[data.Delivery]:
    rows = _joined(found).order_by("event_id", "id")
    return [row.as_data(list(row.tried.all())) for row in rows]
