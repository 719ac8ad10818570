"""Everything merchants can refuse, on one screen."""

from uuid import UUID

from fintech.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refused, Unauthenticated


class MerchantNotFound(NotFound):
    """There is no such merchant."""

    def __init__(self, merchant_id: UUID) -> None:
        super().__init__("There is no such merchant.", merchant_id=str(merchant_id))


class UserNotFound(NotFound):
    """There is no such person."""

    def __init__(self, user_id: UUID) -> None:
        super().__init__("There is no such person.", user_id=str(user_id))


class ApiKeyNotFound(NotFound):
    """This merchant has no such key."""

    def __init__(self, key_id: UUID) -> None:
        super().__init__("There is no such API key.", api_key_id=str(key_id))


class MembershipNotFound(NotFound):
    """This person does not work for this merchant."""

    def __init__(self, *, user_id: UUID, merchant_id: UUID) -> None:
        super().__init__(
            "This person is no member of this merchant.",
            user_id=str(user_id),
            merchant_id=str(merchant_id),
        )


class ApiKeyInvalid(Unauthenticated):
    """No key that is in force has this secret."""

    code = "api_key_invalid"

    def __init__(self) -> None:
        super().__init__("The API key is not valid.")


class ApiKeyExpired(Unauthenticated):
    """The key was good once; its time has passed."""

    code = "api_key_expired"

    def __init__(self, key_id: UUID) -> None:
        super().__init__("The API key has expired.", api_key_id=str(key_id))


class OAuthClientNotFound(NotFound):
    """This merchant has no such client."""

    def __init__(self, client_id: str) -> None:
        super().__init__("There is no such OAuth client.", client_id=client_id)


class CertificateInvalid(Invalid):
    """A certificate is named by its SHA-256 in base64url: 43 characters."""

    code = "parameter_invalid"

    def __init__(self) -> None:
        super().__init__("This is no SHA-256 thumbprint in base64url.")
        self.param = "certificate"


class ApiKeyRetired(Refused):
    """A key that is revoked or expired cannot be rolled."""

    code = "api_key_expired"

    def __init__(self, key_id: UUID) -> None:
        super().__init__("The API key is no longer in force.", api_key_id=str(key_id))


class ScopeUnknown(Invalid):
    """A scope is a resource and what may be done to it, such as `payments:write`."""

    def __init__(self, scope: str) -> None:
        super().__init__("There is no such scope.", scope=scope[:80])
        self.param = "scopes"


class ScopesMismatch(Invalid):
    """A restricted key names its scopes; every other kind has none of its own."""

    def __init__(self, kind: str) -> None:
        super().__init__("Exactly the restricted keys name scopes.", kind=kind)
        self.param = "scopes"


class RoleUnknown(Invalid):
    """A member has one of the five roles."""

    def __init__(self, role: str) -> None:
        super().__init__("There is no such role.", role=role[:80])
        self.param = "role"


class NameMissing(Invalid):
    """Merchants, people and keys have a name of at most 100 characters."""

    def __init__(self, param: str = "name") -> None:
        super().__init__("A name of 1 to 100 characters is needed.")
        self.param = param


class CountryUnknown(Invalid):
    """A country is two letters of ISO 3166-1."""

    def __init__(self, country: str) -> None:
        super().__init__("The country is not one we know.", country=country[:20])
        self.param = "country"


class CurrencyNotSupported(Invalid):
    """The currency is not one we know."""

    code = "currency_not_supported"

    def __init__(self, currency: str) -> None:
        super().__init__("The currency is not supported.", currency=currency[:20])
        self.param = "default_currency"


class EmailInvalid(Invalid):
    """A person signs in with a mail address."""

    def __init__(self) -> None:
        super().__init__("This is no mail address.")
        self.param = "email"


class PasswordTooWeak(Invalid):
    """A password has at least twelve characters."""

    def __init__(self) -> None:
        super().__init__("A password needs at least 12 characters.")
        self.param = "password"


class PriceInvalid(Invalid):
    """A fee is between nothing and the whole."""

    def __init__(self) -> None:
        super().__init__("A fee is 0 to 10000 basis points and a fixed part that is not negative.")
        self.param = "fee_basis_points"


class AlreadyMember(Conflict):
    """This person works for this merchant already."""

    code = "resource_already_exists"

    def __init__(self, *, user_id: UUID, merchant_id: UUID) -> None:
        super().__init__(
            "This person is a member already.", user_id=str(user_id), merchant_id=str(merchant_id)
        )


class LastOwner(Refused):
    """A merchant keeps at least one owner."""

    code = "last_owner"

    def __init__(self, merchant_id: UUID) -> None:
        super().__init__("A merchant keeps at least one owner.", merchant_id=str(merchant_id))


class RoleForOneself(Forbidden):
    """Nobody gives himself a role, neither by proposing nor by agreeing."""

    code = "permission_denied"

    def __init__(self) -> None:
        super().__init__("Somebody else has to propose and agree to your own roles.")
