"""What is told of keys, cases and reconciliation; and the security notice about keys."""

import email
import email.policy

import pytest

from fintech.kernel import ids
from fintech.merchants import services as merchants
from fintech.notifications import queries
from fintech.notifications import services as notifications
from tests.make import merchants as make_merchants
from tests.make import notifications as make

pytestmark = pytest.mark.django_db
NOON, BY = make_merchants.NOON, make_merchants.BY


def told(merchant, prefix):
    return [e for e in queries.events(merchant.id, limit=100).items if e.type.startswith(prefix)]


def test_a_key_is_told_of_without_its_secret_and_owners_are_warned(merchant, mailbox):
    new = make_merchants.api_key(merchant)
    merchants.revoke_api_key(key_id=new.key.id, merchant_id=merchant.id, by=BY, at=NOON)
    make.told_so_far()

    notifications.deliver_due(NOON)

    revoked, created = told(merchant, "api_key.")[:2]
    assert (created.type, revoked.type) == ("api_key.created", "api_key.revoked")
    assert revoked.object["last4"] == new.key.last4
    assert new.secret not in str(revoked.object)
    subjects = {
        email.message_from_bytes(one.content, policy=email.policy.default)["Subject"]
        for one in mailbox.mails
    }
    assert "Sicherheit: Ein API-Schlüssel von Blue Bottle Books wurde widerrufen" in subjects


def test_operators_hear_of_reconciliation_and_other_merchants_do_not(merchant, settings):
    from fintech.reconciliation import services as reconciliation
    from tests.make import reconciliation as make_reconciliation

    operator = make_merchants.merchant(name="Operator")
    second = make_merchants.merchant(name="Second operator")
    settings.OPERATOR_MERCHANTS = [ids.public("acct", one.id) for one in (operator, second)]
    reconciliation.run(source=make_reconciliation.SOURCE, by=BY, at=NOON)
    make.told_so_far()

    assert [e.type for e in told(operator, "reconciliation.run")] == [
        "reconciliation.run.completed"
    ]
    assert [e.sequence for e in told(second, "reconciliation.run")] == [1]
    assert told(merchant, "reconciliation") == []
    make.told_so_far()  # The log is read again: nothing is told twice.
    assert len(told(operator, "reconciliation.run")) == 1
