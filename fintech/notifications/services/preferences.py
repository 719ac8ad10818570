"""
What recipients want: consent and refusal by kind, and hours at which they are left in peace.

A recipient is a keyed digest of an address, so that no copy of it is kept here. Mails are
wanted unless refused; texts are not unless consented to. Security notices are always sent.
"""

import hashlib
import hmac
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.core import get_global
from django.conf import settings
from django.core import signing
from django_subatomic import db

from fintech.notifications import errors
from fintech.notifications.data import Channel, Template
from fintech.notifications.models import Preference, QuietHours

# Nobody is spared these, at no hour: somebody may be at their money.
ALWAYS = frozenset({Template.API_KEY_CHANGED, Template.ENDPOINT_DISABLED, Template.ENDPOINT_PAUSED})
_NIGHT = (time(21), time(8))  # Of texts, where nothing else is said.
_SALT = "notifications.unsubscribe"


def prefer(
    *,
    channel: Channel,
    address: str,
    kind: Template,
    is_wanted: bool,
    source: str,
    at: datetime,
) -> None:
    """
    Keep what a recipient wants: consent to texts, refusal of mails.

    Raises:
        AlwaysSent: it is a security notice.
    """
    _kept(recipient(channel, address), channel, kind, is_wanted=is_wanted, source=source, at=at)


def unsubscribe(*, token: str, at: datetime) -> Template:
    """
    Refuse a kind of message from now on, by the token of one; return the kind.

    Raises:
        TokenInvalid: we have not made it.
        AlwaysSent: it is of a security notice.
    """
    whose, channel, kind = _read(token)
    _kept(whose, channel, kind, is_wanted=False, source="unsubscribed", at=at)
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
    """
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise errors.TimeZoneUnknown(time_zone) from unknown
    with db.transaction_if_not_already():
        QuietHours.objects.update_or_create(
            recipient=recipient(channel, address),
            defaults={"time_zone": time_zone, "begins": begins, "ends": ends},
        )


def recipient(channel: Channel, address: str) -> str:
    """Return an address as it is kept: known again, and not to be read."""
    spoken = f"{channel}:{address.strip().casefold()}".encode()
    return hmac.new(settings.RECIPIENTS_KEY.encode(), spoken, hashlib.sha256).hexdigest()


def is_wanted(channel: Channel, address: str, kind: Template) -> bool:
    """Whether a recipient wants messages of a kind."""
    if kind in ALWAYS:
        return True
    said = Preference.objects.filter(
        recipient=recipient(channel, address), channel=channel.value, kind=kind.value
    ).values_list("is_wanted", flat=True)
    return next(iter(said), channel == Channel.MAIL)


def token(channel: Channel, address: str, kind: Template) -> str:
    """Return what a link in a message carries, by which its reader ends such messages."""
    if kind in ALWAYS:
        return ""
    return signing.dumps([recipient(channel, address), channel.value, kind.value], salt=_SALT)


def quiet_for(
    channel: Channel, address: str, kind: Template, *, country: str, at: datetime
) -> timedelta | None:
    """Return how long a recipient is to be left in peace; None if not at all."""
    if kind in ALWAYS:
        return None
    hours = QuietHours.objects.filter(recipient=recipient(channel, address)).first()
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


def _kept(
    whose: str, channel: Channel, kind: Template, *, is_wanted: bool, source: str, at: datetime
) -> None:
    if kind in ALWAYS:
        raise errors.AlwaysSent(kind)
    with db.transaction_if_not_already():
        Preference.objects.update_or_create(
            recipient=whose,
            channel=channel.value,
            kind=kind.value,
            defaults={"is_wanted": is_wanted, "source": source, "changed_at": at},
        )


def _read(token: str) -> tuple[str, Channel, Template]:
    try:
        whose, channel, kind = signing.loads(token, salt=_SALT)
        return str(whose), Channel(channel), Template(kind)
    except (signing.BadSignature, ValueError, TypeError) as wrong:
        raise errors.TokenInvalid from wrong
