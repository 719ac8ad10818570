"""Keys: made, rolled with an overlap, revoked. A secret is seen once, when it is made."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django_subatomic import db

from fintech.kernel import event_log
from fintech.kernel.actor import Actor
from fintech.kernel.events import Code
from fintech.merchants import credentials, data, errors, events, queries
from fintech.merchants.data import KeyKind
from fintech.merchants.models import ApiKey, Merchant
from fintech.merchants.services import people

OVERLAP = timedelta(hours=24)


def create_api_key(
    *,
    merchant_id: UUID,
    name: str,
    kind: str = KeyKind.SECRET,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> data.NewKey:
    """
    Make a key for a merchant's programs. Its secret is in the answer and nowhere else.

    Raises:
        MerchantNotFound, NameMissing.
        ScopeUnknown, ScopesMismatch: a restricted key names known scopes, others none.
    """
    kind = KeyKind(kind)
    for scope in scopes:
        if scope not in data.SCOPES:
            raise errors.ScopeUnknown(scope)
    if bool(scopes) != (kind == KeyKind.RESTRICTED):
        raise errors.ScopesMismatch(kind)
    proper = people.proper_name(name)
    with db.transaction_if_not_already():
        if not Merchant.objects.filter(id=merchant_id).exists():
            raise errors.MerchantNotFound(merchant_id)
        made, fact = _made(
            merchant_id=merchant_id,
            name=proper,
            kind=kind,
            scopes=sorted(set(scopes)),
            expires_at=expires_at,
            at=at,
        )
        event_log.append([fact], by=by)
    return made


def roll_api_key(
    *, merchant_id: UUID, key_id: UUID, overlap: timedelta = OVERLAP, by: Actor, at: datetime
) -> data.NewKey:
    """
    Make a key's successor of the same kind and scopes; the old one ends after an overlap.

    Raises:
        ApiKeyNotFound: this merchant has no such key.
        ApiKeyRetired: the key is no longer in force.
    """
    with db.transaction_if_not_already():
        old = _locked(merchant_id, key_id)
        if not old.in_force(at):
            raise errors.ApiKeyRetired(key_id)
        made, fact = _made(
            merchant_id=merchant_id,
            name=old.name,
            kind=KeyKind(old.kind),
            scopes=old.scopes,
            expires_at=old.expires_at,
            at=at,
        )
        ends = at + overlap
        old.expires_at = min(old.expires_at, ends) if old.expires_at else ends
        old.version += 1
        old.save(update_fields=["expires_at", "version"])
        rolled = events.ApiKeyRolled(
            api_key_id=old.id,
            merchant_id=merchant_id,
            successor_id=made.key.id,
            expires_at=old.expires_at,
            version=old.version,
            at=at,
        )
        event_log.append([fact, rolled], by=by)
    queries.forget_key(bytes(old.secret_sha256))
    return made


def revoke_api_key(*, merchant_id: UUID, key_id: UUID, by: Actor, at: datetime) -> data.ApiKey:
    """
    End a key at once: here now, in every other process within two seconds.

    A key that is revoked already stays as it is.

    Raises:
        ApiKeyNotFound: this merchant has no such key.
    """
    with db.transaction_if_not_already():
        key = _locked(merchant_id, key_id)
        if key.revoked_at is None:
            key.revoked_at, key.version = at, key.version + 1
            key.save(update_fields=["revoked_at", "version"])
            fact = events.ApiKeyRevoked(
                api_key_id=key.id, merchant_id=merchant_id, version=key.version, at=at
            )
            event_log.append([fact], by=by)
    queries.forget_key(bytes(key.secret_sha256))
    return key.as_data()


def _made(
    *,
    merchant_id: UUID,
    name: str,
    kind: KeyKind,
    scopes: Sequence[str],
    expires_at: datetime | None,
    at: datetime,
) -> tuple[data.NewKey, events.ApiKeyCreated]:
    secret = credentials.new_secret(kind, live=settings.MODE == "live")
    key = ApiKey.objects.create(
        merchant_id=merchant_id,
        name=name,
        kind=kind.value,
        scopes=list(scopes),
        secret_sha256=credentials.digest(secret),
        last4=secret[-4:],
        expires_at=expires_at,
        created_at=at,
    )
    fact = events.ApiKeyCreated(
        api_key_id=key.id,
        merchant_id=merchant_id,
        kind=Code(kind.value),
        scopes=tuple(Code(scope) for scope in scopes),
        expires_at=expires_at,
        version=key.version,
        at=at,
    )
    return data.NewKey(key=key.as_data(), secret=secret), fact


def _locked(merchant_id: UUID, key_id: UUID) -> ApiKey:
    key = ApiKey.objects.select_for_update().filter(id=key_id, merchant_id=merchant_id).first()
    if key is None:
        raise errors.ApiKeyNotFound(key_id)
    return key
