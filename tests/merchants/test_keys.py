from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django_subatomic import db

from fintech.kernel import event_log, ids
from fintech.merchants import data, errors, queries
from fintech.merchants import services as merchants
from fintech.merchants.models import ApiKey
from tests.make import merchants as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant():
    return make.merchant()


def test_a_secret_is_shown_once_and_kept_as_a_digest(merchant):
    made = make.api_key(merchant)

    assert made.secret.startswith("sk_test_ffp_")
    assert len(made.secret) == len("sk_test_ffp_") + 32
    assert made.key.last4 == made.secret[-4:]
    assert made.secret not in repr(made)
    row = ApiKey.objects.values().get(id=made.key.id)
    assert made.secret not in str(row)
    assert len(bytes(row["secret_sha256"])) == 32


def test_opens_the_door_to_its_merchant_only(merchant):
    made = make.api_key(merchant)
    other = make.api_key(make.merchant(name="Other"))

    assert queries.authenticate(made.secret, at=make.NOON) == made.key
    assert queries.authenticate(other.secret, at=make.NOON).merchant_id != merchant.id


def test_a_key_seen_a_moment_ago_costs_no_query(merchant, django_assert_num_queries):
    made = make.api_key(merchant)

    with django_assert_num_queries(1):
        queries.authenticate(made.secret, at=make.NOON)
    with django_assert_num_queries(0):
        queries.authenticate(made.secret, at=make.NOON)


@pytest.mark.parametrize(
    "secret",
    ["", "sk_test_ffp_", "sk_test_4eC39HqLyjWDarjtT1zdp7dc", "sk_live_ffp_" + "a" * 32, "é" * 40],
)
def test_what_is_no_key_of_ours_is_refused_without_asking(secret, django_assert_num_queries):
    asked = 1 if secret == "sk_test_ffp_" else 0  # It has the right beginning.
    with django_assert_num_queries(asked), pytest.raises(errors.ApiKeyInvalid):
        queries.authenticate(secret, at=make.NOON)


def test_a_revoked_key_opens_nothing_at_once(merchant):
    made = make.api_key(merchant)
    queries.authenticate(made.secret, at=make.NOON)

    revoked = merchants.revoke_api_key(
        merchant_id=merchant.id, key_id=made.key.id, by=make.BY, at=make.NOON
    )

    assert revoked.revoked_at == make.NOON
    with pytest.raises(errors.ApiKeyInvalid):
        queries.authenticate(made.secret, at=make.NOON)
    facts = event_log.stream("merchants.api_key", made.key.id)
    assert [fact.name for fact in facts] == [
        "merchants.api_key_created.v1",
        "merchants.api_key_revoked.v1",
    ]


def test_another_process_hears_of_a_revocation_within_two_seconds(merchant, monkeypatch):
    made = make.api_key(merchant)
    now = [1000.0]
    monkeypatch.setattr(queries.time, "monotonic", lambda: now[0])
    queries.authenticate(made.secret, at=make.NOON)
    # Another process has revoked it: this one's memory knows nothing.
    ApiKey.objects.filter(id=made.key.id).update(revoked_at=make.NOON)

    now[0] += 1.8
    queries.authenticate(made.secret, at=make.NOON)
    now[0] += 0.2
    with pytest.raises(errors.ApiKeyInvalid):
        queries.authenticate(made.secret, at=make.NOON)


def test_while_one_looks_a_key_up_again_others_go_by_what_is_known(merchant, monkeypatch):
    made = make.api_key(merchant)
    now, looked_up, look_up = [1000.0], [], queries._looked_up
    monkeypatch.setattr(queries.time, "monotonic", lambda: now[0])
    queries.authenticate(made.secret, at=make.NOON)

    def look_up_slowly(digest):
        looked_up.append(digest)
        now[0] += 0.05
        assert queries.authenticate(made.secret, at=make.NOON).id == made.key.id
        return look_up(digest)

    monkeypatch.setattr(queries, "_looked_up", look_up_slowly)
    now[0] += 2
    queries.authenticate(made.secret, at=make.NOON)
    assert len(looked_up) == 1


def test_to_revoke_twice_is_to_revoke_once(merchant):
    made = make.api_key(merchant)
    for _ in range(2):
        merchants.revoke_api_key(
            merchant_id=merchant.id, key_id=made.key.id, by=make.BY, at=make.NOON
        )

    assert len(event_log.stream("merchants.api_key", made.key.id)) == 2


def test_another_merchants_key_is_as_unknown_as_none(merchant):
    theirs = make.api_key(make.merchant(name="Other"))

    said = []
    for key_id in (theirs.key.id, ids.new()):
        with pytest.raises(errors.ApiKeyNotFound) as refused:
            merchants.revoke_api_key(
                merchant_id=merchant.id, key_id=key_id, by=make.BY, at=make.NOON
            )
        said.append(refused.value.message)

    assert said[0] == said[1]
    assert queries.authenticate(theirs.secret, at=make.NOON) == theirs.key


def test_an_expired_key_says_so(merchant):
    made = make.api_key(merchant, expires_at=make.NOON + timedelta(hours=1))

    assert queries.authenticate(made.secret, at=make.NOON + timedelta(minutes=59)) == made.key
    with pytest.raises(errors.ApiKeyExpired):
        queries.authenticate(made.secret, at=make.NOON + timedelta(hours=1))


def test_a_rolled_key_and_its_successor_both_open_for_a_while(merchant):
    old = make.api_key(merchant, kind=data.KeyKind.RESTRICTED, scopes=("payments:read",))

    new = merchants.roll_api_key(
        merchant_id=merchant.id, key_id=old.key.id, by=make.BY, at=make.NOON
    )

    assert new.secret.startswith("rk_test_ffp_")
    assert new.key.scopes == ("payments:read",)
    within, after = make.NOON + timedelta(hours=23), make.NOON + timedelta(hours=24)
    assert queries.authenticate(old.secret, at=within).id == old.key.id
    assert queries.authenticate(new.secret, at=after).id == new.key.id
    with pytest.raises(errors.ApiKeyExpired):
        queries.authenticate(old.secret, at=after)


def test_a_key_out_of_force_is_not_rolled(merchant):
    made = make.api_key(merchant)
    merchants.revoke_api_key(merchant_id=merchant.id, key_id=made.key.id, by=make.BY, at=make.NOON)

    with pytest.raises(errors.ApiKeyRetired):
        merchants.roll_api_key(
            merchant_id=merchant.id, key_id=made.key.id, by=make.BY, at=make.NOON
        )

    assert len(queries.api_keys(merchant.id)) == 1


@pytest.mark.parametrize(
    ("kind", "scopes", "refusal"),
    [
        ("restricted", (), errors.ScopesMismatch),
        ("secret", ("payments:read",), errors.ScopesMismatch),
        ("restricted", ("payments:delete",), errors.ScopeUnknown),
        ("restricted", ("everything",), errors.ScopeUnknown),
    ],
)
def test_scopes_fit_the_kind_of_key(merchant, kind, scopes, refusal):
    with pytest.raises(refusal):
        make.api_key(merchant, kind=kind, scopes=scopes)

    assert queries.api_keys(merchant.id) == []


def test_the_database_keeps_scopes_and_digests_too(merchant):
    made = make.api_key(merchant)

    with pytest.raises(IntegrityError, match="names_scopes_if_restricted"), db.transaction():
        ApiKey.objects.filter(id=made.key.id).update(scopes=["payments:read"])
    with pytest.raises(IntegrityError, match="keeps_a_digest_only"), db.transaction():
        ApiKey.objects.filter(id=made.key.id).update(secret_sha256=made.secret.encode())


def test_to_write_is_also_to_read(merchant):
    key = make.api_key(
        merchant, kind=data.KeyKind.RESTRICTED, scopes=("payments:write", "wallets:read")
    ).key

    assert key.allows("payments:read")
    assert key.allows("payments:write")
    assert key.allows("wallets:read")
    assert not key.allows("wallets:write")
    assert not key.allows("audit:read")


def test_a_suspended_merchants_keys_open_nothing(merchant):
    made = make.api_key(merchant)
    ApiKey.objects.get(id=made.key.id)
    type(ApiKey.objects.get(id=made.key.id).merchant).objects.filter(id=merchant.id).update(
        status="suspended"
    )

    with pytest.raises(errors.ApiKeyInvalid):
        queries.authenticate(made.secret, at=make.NOON)


def test_keys_are_listed_newest_first_in_one_query(merchant):
    first, second = make.api_key(merchant), make.api_key(merchant)

    with CaptureQueriesContext(connection) as asked:
        listed = queries.api_keys(merchant.id)

    assert listed == [second.key, first.key]
    assert len(asked) == 1
