"""Public ids in addresses: a path with a malformed one leads nowhere."""

from uuid import UUID

from fintech.kernel import ids


class _PublicId:
    prefix = ""
    regex = r"[a-z]+_[0-9A-Za-z]{22}"

    def to_python(self, text: str) -> UUID:
        """Read an id; Django takes the ValueError as no match."""
        return ids.parse(self.prefix, text)

    def to_url(self, value: UUID) -> str:
        """Write an id."""
        return ids.public(self.prefix, value)


class PaymentId(_PublicId):
    """The id of a payment."""

    prefix = "pi"


class CustomerId(_PublicId):
    """The id of a customer."""

    prefix = "cus"


class ChargeId(_PublicId):
    """The id of an attempt."""

    prefix = "ch"
