"""
What recipients want: consent and refusal by kind, and hours at which they are left in peace.

A recipient is a keyed digest of an address, so that no copy of it is kept here. Mails are
wanted unless refused; texts are not unless consented to. A merchant may say what its customer
has agreed to, for its own messages; a recipient's own refusal goes before that. Security
notices are always sent.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global
from django.core import signing
from django_subatomic import db

from fintech.notifications import data, errors, queries
from fintech.notifications.channels import recipients
from fintech.notifications.data import ALWAYS, TO_PAYERS, Channel, Template
from fintech.notifications.models import Preference, QuietHours

_NIGHT = (time(21), time(8))  # Of texts, where nothing else is said.
_UNSUBSCRIBE = "notifications.unsubscribe"
_CHOICES = "notifications.choices"


def prefer(
    *,
    channel: Channel,
    address: str,
    kind: Template,
    is_wanted: bool,
    source: str,
    merchant_id: UUID | None = None,
    at: datetime,
) -> None:
    """
    Keep what a recipient wants: consent to texts, refusal of mails.

    Args:
        channel: by which way.
        address: whose; it is not kept.
        kind: of what.
        is_wanted: whether they want it.
        source: who said so.
        merchant_id: for this merchant's messages only; for everybody's if the recipient said so.
        at: when.

    Raises:
        AlwaysSent: it is a security notice.
    """
    whose = recipients.digest(channel, address)
    _kept(
        whose,
        channel,
        kind.value,
        is_wanted=is_wanted,
        source=source,
        at=at,
        merchant_id=merchant_id,
    )


def prefer_of_customer(
    *,
    customer_id: UUID,
    merchant_id: UUID,
    channel: Channel,
    kind: Template,
    is_wanted: bool,
    at: datetime,
) -> data.Preference:
    """
    Keep what a merchant's customer has agreed to, for this merchant's messages.

    Raises:
        CustomerNotFound: this merchant has no such customer.
        AddressMissing: the customer has none for this channel.
        AlwaysSent: it is no message to payers.
    """
    if kind not in TO_PAYERS:
        raise errors.AlwaysSent(kind)
    known = queries.addresses_of_customer(customer_id, merchant_id)
    if channel not in known:
        raise errors.AddressMissing(channel)
    prefer(
        channel=channel,
        address=known[channel],
        kind=kind,
        is_wanted=is_wanted,
        source="merchant",
        merchant_id=merchant_id,
        at=at,
    )
    return queries.preference(channel, known[channel], kind, merchant_id)


def unsubscribe(*, token: str, at: datetime) -> Template:
    """
    Refuse a kind of message from now on, by the token of one; return the kind.

    Raises:
        TokenInvalid: we have not made it.
        AlwaysSent: it is of a security notice.
    """
    whose, channel, kind = _read(token)
    _kept(whose, channel, kind.value, is_wanted=False, source="unsubscribed", at=at)
    return kind


def kind_of(token: str) -> Template:
    """
    Return which kind of message a token would end.

    Raises:
        TokenInvalid: we have not made it.
    """
    return _read(token)[2]


def keep_quiet(*, channel: Channel, address: str, time_zone: str, begins: time, ends: time) -> None:
    """
    Leave a recipient in peace at some hours of their own clock; security notices still come.

    Raises:
        TimeZoneUnknown: there is no such zone.
        QuietHoursEmpty: they end when they begin.
    """
    quiet = data.Quiet(time_zone=time_zone, begins=begins, ends=ends)
    _check_hours(quiet)
    with db.transaction_if_not_already():
        _keep_quiet(recipients.digest(channel, address), quiet)


def is_wanted(channel: Channel, address: str, kind: Template, *, merchant_id: UUID) -> bool:
    """Whether a recipient wants a merchant's messages of a kind."""
    if kind in ALWAYS:
        return True
    return queries.wish(channel, recipients.digest(channel, address), kind.value, merchant_id)[0]


def token(channel: Channel, address: str, kind: Template) -> str:
    """Return what a link in a message carries, by which its reader ends such messages."""
    if kind in ALWAYS:
        return ""
    named = [recipients.digest(channel, address), channel.value, kind.value]
    return signing.dumps(named, salt=_UNSUBSCRIBE)


def choices_token(addresses: Mapping[Channel, str], *, is_payer: bool) -> str:
    """Return what the link to somebody's choices carries; the same each time."""
    whose = {channel.value: recipients.digest(channel, one) for channel, one in addresses.items()}
    return signing.Signer(salt=_CHOICES).sign_object({"of": whose, "payer": is_payer})


def choices_token_of(token: str) -> str:
    """
    Return the token of somebody's choices, by one of an unsubscribing link.

    Raises:
        TokenInvalid: we have not made it.
    """
    whose, channel, kind = _read(token)
    named = {"of": {channel.value: whose}, "payer": kind in TO_PAYERS}
    return signing.Signer(salt=_CHOICES).sign_object(named)


def choices(token: str) -> data.Choices:
    """
    Return what somebody has chosen, and can.

    Raises:
        TokenInvalid: we have not made it.
    """
    whose, kinds = _choosing(token)
    hours = QuietHours.objects.filter(recipient__in=whose.values()).order_by("recipient").first()
    return data.Choices(
        choices=tuple(
            data.Choice(
                channel=channel,
                kind=kind,
                is_wanted=queries.wish(channel, digest, kind.value, None)[0],
            )
            for channel, digest in whose.items()
            for kind in kinds
        ),
        quiet=data.Quiet(time_zone=hours.time_zone, begins=hours.begins, ends=hours.ends)
        if hours
        else None,
        may_count_opens=any(
            queries.may_count_opens(digest)
            for channel, digest in whose.items()
            if channel == Channel.MAIL
        ),
    )


def choose(
    token: str,
    *,
    wanted: Collection[tuple[Channel, Template]],
    quiet: data.Quiet | None,
    may_count_opens: bool,
    at: datetime,
) -> None:
    """
    Keep what somebody chooses: all of it at once, for everybody's messages.

    Raises:
        TokenInvalid: we have not made it.
        TimeZoneUnknown, QuietHoursEmpty: they are no hours.
    """
    whose, kinds = _choosing(token)
    if quiet is not None:
        _check_hours(quiet)
    with db.transaction_if_not_already():
        for channel, digest in whose.items():
            for kind in kinds:
                is_wanted = (channel, kind) in wanted
                _kept(digest, channel, kind.value, is_wanted=is_wanted, source="recipient", at=at)
            if channel == Channel.MAIL:
                _kept(
                    digest,
                    channel,
                    data.OPENS,
                    is_wanted=may_count_opens,
                    source="recipient",
                    at=at,
                )
            if quiet is None:
                QuietHours.objects.filter(recipient=digest).delete()
            else:
                _keep_quiet(digest, quiet)


def quiet_for(
    channel: Channel, address: str, kind: Template, *, country: str, at: datetime
) -> timedelta | None:
    """Return how long a recipient is to be left in peace; None if not at all."""
    if kind in ALWAYS:
        return None
    hours = QuietHours.objects.filter(recipient=recipients.digest(channel, address)).first()
    if hours is not None:
        zone, begins, ends = ZoneInfo(hours.time_zone), hours.begins, hours.ends
    elif channel == Channel.SMS:
        zone, (begins, ends) = _zone_of(country), _NIGHT
    else:
        return None
    there = at.astimezone(zone)
    now = there.time()
    is_quiet = begins <= now < ends if begins < ends else now >= begins or now < ends
    if not is_quiet:
        return None
    day = there.date() if now < ends else there.date() + timedelta(days=1)
    # In instants: a night in which clocks change is shorter or longer.
    return datetime.combine(day, ends, zone).astimezone(UTC) - at


def _zone_of(country: str) -> ZoneInfo:
    zones = get_global("territory_zones").get(country) or ["UTC"]
    return ZoneInfo(str(zones[0]))


def _check_hours(quiet: data.Quiet) -> None:
    try:
        ZoneInfo(quiet.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise errors.TimeZoneUnknown(quiet.time_zone) from unknown
    if quiet.begins == quiet.ends:
        raise errors.QuietHoursEmpty


def _keep_quiet(whose: str, quiet: data.Quiet) -> None:
    QuietHours.objects.update_or_create(
        recipient=whose,
        defaults={"time_zone": quiet.time_zone, "begins": quiet.begins, "ends": quiet.ends},
    )


def _kept(
    whose: str,
    channel: Channel,
    kind: str,
    *,
    is_wanted: bool,
    source: str,
    at: datetime,
    merchant_id: UUID | None = None,
) -> None:
    if kind in ALWAYS:
        raise errors.AlwaysSent(kind)
    with db.transaction_if_not_already():
        Preference.objects.update_or_create(
            recipient=whose,
            channel=channel.value,
            kind=kind,
            merchant_id=merchant_id,
            defaults={"is_wanted": is_wanted, "source": source, "changed_at": at},
        )


def _read(token: str) -> tuple[str, Channel, Template]:
    try:
        whose, channel, kind = signing.loads(token, salt=_UNSUBSCRIBE)
        return str(whose), Channel(channel), Template(kind)
    except (signing.BadSignature, ValueError, TypeError) as wrong:
        raise errors.TokenInvalid from wrong


def _choosing(token: str) -> tuple[dict[Channel, str], Sequence[Template]]:
    try:
        named = signing.Signer(salt=_CHOICES).unsign_object(token)
        whose = {Channel(channel): str(digest) for channel, digest in named["of"].items()}
        return whose, sorted(TO_PAYERS) if named["payer"] else [Template.REVIEW_OPENED]
    except (signing.BadSignature, ValueError, TypeError, LookupError) as wrong:
        raise errors.TokenInvalid from wrong
