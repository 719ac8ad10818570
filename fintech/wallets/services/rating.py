"""What currencies are worth, as it was published: the newest rate up to a day."""

from datetime import date, timedelta
from decimal import Decimal

from django.conf import settings

from fintech.wallets import errors
from fintech.wallets.models import Rate

_EURO = "EUR"
_FRESH = timedelta(days=5)  # Over a long weekend nobody publishes.


def per_euro(currency: str, on: date) -> tuple[Decimal, date]:
    """
    Return how many units a euro is worth, and the day on which that was published.

    Raises:
        RateUnknown: nobody has told us, or not recently.
    """
    if currency == _EURO:
        return Decimal(1), on
    newest = (
        Rate.objects.filter(currency=currency, published_on__lte=on)
        .order_by("-published_on")
        .first()
    )
    if newest is None:
        raise errors.RateUnknown(currency)
    # A sandbox lives on the rates that came with it, whatever its clock says.
    if settings.MODE == "live" and on - newest.published_on > _FRESH:
        raise errors.RateUnknown(currency)
    return newest.per_euro, newest.published_on
