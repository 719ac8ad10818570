"""A merchant, as its own keys see it."""

from fintech.kernel import ids
from fintech.merchants.data import Merchant
from fintech.wire.scalars import Json, currency, head, text


def render(merchant: Merchant) -> Json:
    """Return the account that a key speaks for."""
    is_active = str(merchant.status) == "active"
    return {
        **head("account", ids.public("acct", merchant.id), merchant.created_at, None),
        "business_profile": {"mcc": None, "name": merchant.name, "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active" if is_active else "inactive"},
        "charges_enabled": is_active,
        "controller": {"type": "account"},
        "country": merchant.country,
        "default_currency": currency(merchant.default_currency),
        "details_submitted": True,
        "email": None,
        "payouts_enabled": is_active,
        "pricing": {
            "fee_basis_points": merchant.fee_basis_points,
            "fee_fixed": merchant.fee_fixed_minor,
            "fee_fixed_elsewhere": [
                {"amount": minor, "currency": currency(code)}
                for code, minor in merchant.fee_fixed_elsewhere.items()
            ],
        },
        "settings": {
            "dashboard": {"display_name": merchant.name, "timezone": "Etc/UTC"},
            "payments": {"statement_descriptor": text(merchant.statement_descriptor)},
        },
        "status": str(merchant.status),
        "type": "standard",
    }
