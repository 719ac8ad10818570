"""Transfers between wallets: assessed, shown to a person where need be, moved once."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from fintech.fraud import queries as fraud_queries
from fintech.fraud import services as fraud
from fintech.fraud.models import TransferAssessment
from fintech.kernel import event_log, ids, invariants
from fintech.kernel.actor import Actor
from fintech.kernel.approvals import NotAPerson, SamePerson
from fintech.kernel.errors import Refusal
from fintech.kernel.money import Money
from fintech.ledger import queries as ledger_queries
from fintech.payments import errors
from fintech.payments import services as payments
from fintech.wallets import data, queries
from fintech.wallets import errors as wallet_errors
from fintech.wallets import services as wallets
from fintech.wallets.data import TransferState
from fintech.wallets.models import Transfer
from tests.make import wallets as make
from tests.racing import race

pytestmark = pytest.mark.django_db
BY_NOW = {"by": make.BY, "at": make.NOON}
ADA = Actor(kind="staff", id=str(ids.new()))
LARGE = 10_000_01  # A cent more than anybody may move alone.


def order(source, destination, minor=None, **given):
    asked = {"amount": None if minor is None else Money(minor, "EUR"), **BY_NOW, **given}
    return data.TransferOrder(source_id=source.id, destination_id=destination.id, **asked)


def move(source, destination, minor=None, **given):
    return payments.transfer_between_wallets(order(source, destination, minor, **given)).value


def has(wallet):
    known = queries.balances(wallet.id)[0]
    return known.posted.minor, known.held.minor, known.available.minor


def true():
    rules = (*queries.INVARIANTS, *fraud_queries.INVARIANTS, *ledger_queries.INVARIANTS)
    return [*invariants.check(rules), *queries.replay(), *ledger_queries.replay()] == []


def assessments():
    rows = TransferAssessment.objects.order_by("id")
    return [(row.decision, row.score, row.transfer_id) for row in rows]


def told(transfer):
    return [fact.name.split(".")[1] for fact in event_log.stream("wallets.transfer", transfer.id)]


@pytest.fixture
def pair():
    old = make.NOON - timedelta(days=30)
    return make.wallet(50_000_00, at=old), make.wallet(at=old)


@pytest.fixture
def rates():
    wallets.record_rates([("JPY", make.NOON.date(), Decimal(150))], source="tests")


def listed(customer, action):
    fraud.add_to_list(
        merchant_id=None, kind="customer", value=str(customer), action=action, reason="", **BY_NOW
    )


class TestAssessing:
    def test_an_ordinary_transfer_is_assessed_and_made_in_one_commit(self, pair):
        made = move(*pair, 100_00)

        assert (made.state, made.reasons, made.hold_entry_id) == ("succeeded", (), None)
        assert assessments() == [("allow", 0, made.id)]
        assert (has(pair[0]), has(pair[1])) == (
            (49_900_00, 0, 49_900_00),
            (100_00, 0, 100_00),
        )
        assert true()

    def test_what_is_blocked_moves_nothing_and_leaves_only_the_decision(self, pair):
        customer = ids.new()
        thief = make.wallet(9_00, customer=customer)
        listed(customer, "block")

        with pytest.raises(errors.TransferBlocked):
            move(thief, pair[1], 1_00)

        assert has(thief) == (9_00, 0, 9_00)
        assert assessments() == [("block", 100, None)]
        assert queries.transfers(make.MERCHANT) == []
        (fact,) = [one for one in event_log.after(0, 1000) if one.name.startswith("fraud.transfer")]
        assert (fact.data["decision"], fact.data["reasons"]) == ("block", ["list_block"])

    def test_a_receiver_on_the_block_list_is_blocked_too(self, pair):
        customer = ids.new()
        listed(customer, "block")
        with pytest.raises(errors.TransferBlocked):
            move(pair[0], make.wallet(customer=customer), 1_00)
        assert has(pair[0])[0] == 50_000_00

    def test_the_same_key_gets_the_same_refusal_and_is_decided_once(self, pair):
        customer = ids.new()
        thief = make.wallet(9_00, customer=customer)
        listed(customer, "block")

        for _ in range(2):
            with pytest.raises(Refusal) as refused:
                move(thief, pair[1], 1_00, key=make.key())
            assert refused.value.code == "transfer_blocked"
        assert len(assessments()) == 1

    def test_what_is_to_be_reviewed_is_set_aside(self, pair):
        customer = ids.new()
        wallet = make.wallet(9_00, customer=customer)
        listed(customer, "review")

        made = move(wallet, pair[1], 4_00)

        assert (made.state, made.reasons) == ("awaiting_approval", ("review",))
        assert (has(wallet), has(pair[1])) == ((9_00, 4_00, 5_00), (0, 0, 0))
        assert assessments() == [("review", 50, made.id)]
        assert true()

    def test_a_merchant_who_is_only_advised_is_not_stopped(self, pair):
        customer = ids.new()
        wallet = make.wallet(9_00, customer=customer)
        listed(customer, "block")
        fraud.set_posture(merchant_id=make.MERCHANT, mode="advisory", **BY_NOW)

        made = move(wallet, pair[1], 4_00)

        assert made.state == "succeeded"
        (assessment,) = fraud_queries.transfer_assessments(transfer_ids=[made.id])
        assert [reason.code for reason in assessment.reasons] == ["list_block", "advisory"]

    def test_whose_purse_it_is_is_kept_with_the_decision(self, pair):
        shop = wallets.create_wallet(
            merchant_id=make.MERCHANT, currency="EUR", type="merchant", **BY_NOW
        ).value
        made = move(pair[0], shop, 1_00)
        (kept,) = fraud_queries.transfer_assessments(transfer_ids=[made.id])
        assert (kept.features.source_is_merchants, kept.features.destination_is_merchants) == (
            False,
            True,
        )

    def test_what_wallets_refuse_leaves_no_assessment(self, pair):
        poor = make.wallet(1_00)
        refusals = [
            (order(poor, pair[1], 1_01), wallet_errors.InsufficientFunds),
            (order(poor, poor, 1), wallet_errors.ParameterInvalid),
            (order(poor, pair[1], 0), wallet_errors.AmountTooSmall),
            (order(poor, pair[1]), wallet_errors.ParameterInvalid),
            (order(poor, pair[1], 1, merchant_id=ids.new()), wallet_errors.WalletNotFound),
            (order(poor, pair[1], quote_id=ids.new()), wallet_errors.QuoteNotFound),
        ]
        for asked, refusal in refusals:
            with pytest.raises(refusal):
                payments.transfer_between_wallets(asked)
        assert (assessments(), has(poor)) == ([], (1_00, 0, 1_00))

    def test_of_a_batch_each_has_its_own_fate(self, pair):
        customer = ids.new()
        poor, thief = make.wallet(1_00), make.wallet(9_00, customer=customer)
        listed(customer, "block")
        orders = [
            order(pair[0], pair[1], 5_00),
            order(thief, pair[1], 1_00),
            order(poor, pair[1], 1_01),
            order(pair[0], pair[1], LARGE),
            order(poor, pair[1], 1_00),
        ]

        outcomes = payments.transfer_many_between_wallets(orders, by=make.BY)

        fates = [getattr(one, "code", None) or str(one.value.state) for one in outcomes]
        assert fates == [
            "succeeded", "transfer_blocked", "balance_insufficient", "awaiting_approval",
            "succeeded",
        ]  # fmt: skip
        assert sorted(decision for decision, *_ in assessments()) == [
            "allow", "allow", "allow", "block",
        ]  # fmt: skip
        assert has(pair[1]) == (6_00, 0, 6_00)
        assert true()


class TestAgreeing:
    def test_over_an_amount_somebody_else_must_agree(self, pair):
        small, large = move(*pair, LARGE - 1), move(*pair, LARGE)

        assert (small.state, large.state) == ("succeeded", "awaiting_approval")
        assert large.reasons == ("over_amount",)
        assert has(pair[0]) == (39_999_99 + 1, LARGE, 39_999_99 + 1 - LARGE)
        arrived = wallets.approve_transfer(transfer_id=large.id, by=ADA, at=make.NOON)

        assert (arrived.state, arrived.version, arrived.decided_at) == ("succeeded", 2, make.NOON)
        assert (has(pair[0])[0], has(pair[1])[0]) == (29_999_99, 20_000_01)
        assert told(large) == ["transfer_begun", "transfer_succeeded"]
        assert ledger_queries.entry(arrived.newest_entry_id).template == "capture_transfer"
        assert true()

    def test_who_says_no_brings_it_back(self, pair):
        large = move(*pair, LARGE)

        back = wallets.reject_transfer(transfer_id=large.id, by=ADA, at=make.NOON)

        assert (back.state, has(pair[0]), has(pair[1])) == (
            "canceled",
            (50_000_00, 0, 50_000_00),
            (0, 0, 0),
        )
        assert told(large) == ["transfer_begun", "transfer_canceled"]
        assert true()

    @pytest.mark.parametrize("decide", [wallets.approve_transfer, wallets.reject_transfer])
    def test_neither_who_made_it_nor_a_machine_decides(self, pair, decide):
        large = move(*pair, LARGE, by=ADA)

        with pytest.raises(SamePerson):
            decide(transfer_id=large.id, by=ADA, at=make.NOON)
        with pytest.raises(NotAPerson):
            decide(transfer_id=large.id, by=make.BY, at=make.NOON)
        with pytest.raises(wallet_errors.TransferNotFound):
            decide(transfer_id=ids.new(), by=ADA, at=make.NOON)

        assert queries.transfer(large.id) == large

    def test_what_was_decided_is_decided(self, pair):
        large = move(*pair, LARGE)
        wallets.approve_transfer(transfer_id=large.id, by=ADA, at=make.NOON)
        for decide in (wallets.approve_transfer, wallets.reject_transfer):
            with pytest.raises(wallet_errors.TransferUnexpectedState):
                decide(transfer_id=large.id, by=ADA, at=make.NOON)
        assert has(pair[1])[0] == LARGE

    def test_nothing_arrives_from_a_frozen_wallet_and_it_still_waits(self, pair):
        large = move(*pair, LARGE)
        wallets.freeze(wallet_id=pair[0].id, **BY_NOW)

        with pytest.raises(wallet_errors.WalletFrozen):
            wallets.approve_transfer(transfer_id=large.id, by=ADA, at=make.NOON)

        assert queries.transfer(large.id).state == TransferState.AWAITING_APPROVAL
        back = wallets.reject_transfer(transfer_id=large.id, by=ADA, at=make.NOON)
        assert back.state == "canceled"
        assert true()

    def test_neither_wallet_is_closed_meanwhile(self, pair):
        everything = move(*pair, 50_000_00)
        for wallet in pair:
            with pytest.raises(wallet_errors.WalletNotEmpty):
                wallets.close(wallet_id=wallet.id, **BY_NOW)
        wallets.reject_transfer(transfer_id=everything.id, by=ADA, at=make.NOON)
        assert wallets.close(wallet_id=pair[1].id, **BY_NOW).value.state == "closed"

    def test_it_goes_back_by_itself_after_three_days(self, pair):
        large = move(*pair, LARGE)
        soon = make.NOON + timedelta(days=3)

        assert wallets.expire_transfers(soon - timedelta(microseconds=1)) == 0
        assert wallets.expire_transfers(soon) == 1
        assert wallets.expire_transfers(soon) == 0

        assert (queries.transfer(large.id).state, has(pair[0])[1]) == ("canceled", 0)
        assert true()

    def test_it_is_not_reversed_before_it_has_arrived_and_is_afterwards(self, pair):
        large = move(*pair, LARGE)
        with pytest.raises(wallet_errors.TransferNotReversible, match="has not been made yet"):
            wallets.reverse_transfer(transfer_id=large.id, **BY_NOW)
        wallets.approve_transfer(transfer_id=large.id, by=ADA, at=make.NOON)

        assert wallets.reverse_transfer(transfer_id=large.id, **BY_NOW).value.state == "reversed"
        assert has(pair[0]) == (50_000_00, 0, 50_000_00)
        assert true()

    @pytest.mark.usefixtures("rates")
    def test_a_conversion_waits_with_its_terms(self, pair):
        rich = wallets.add_currencies(wallet_id=pair[1].id, currencies=["JPY"], **BY_NOW).value
        quote = wallets.create_quote(
            merchant_id=make.MERCHANT,
            source=Money(LARGE, "EUR"),
            destination_currency="JPY",
            **BY_NOW,
        ).value
        waiting = move(pair[0], rich, quote_id=quote.id)
        later = make.NOON + timedelta(hours=9)  # The quote's time is over; its terms are kept.

        assert (waiting.state, queries.quote(quote.id).state) == ("awaiting_approval", "used")
        wallets.approve_transfer(transfer_id=waiting.id, by=ADA, at=later)

        yen = ledger_queries.wallet_balance(rich.id, "JPY").posted
        assert yen == waiting.received == quote.destination
        assert ledger_queries.balance("income:fx_spread", "EUR").posted == quote.spread
        assert has(pair[0])[0] == 50_000_00 - LARGE
        assert true()

    def test_limits_count_it_while_it_waits_and_no_longer_when_it_is_back(self, pair):
        limit = wallets.create_limit(
            merchant_id=make.MERCHANT,
            scope="wallet",
            kind="amount",
            window="day",
            maximum=LARGE + 5_00,
            currency="EUR",
            **BY_NOW,
        ).value

        def used():
            whose = str(pair[0].id)
            return queries.usage(limit.id, subject=whose, at=make.NOON).used

        large = move(*pair, LARGE)
        with pytest.raises(wallet_errors.LimitExceeded):
            move(*pair, 5_01)
        assert used() == LARGE
        wallets.reject_transfer(transfer_id=large.id, by=ADA, at=make.NOON)
        assert used() == 0
        again = move(*pair, LARGE)
        wallets.approve_transfer(transfer_id=again.id, by=ADA, at=make.NOON)
        assert used() == LARGE
        assert true()

    def test_what_waits_counts_for_how_much_may_be_in_a_wallet(self, pair):
        wallets.create_limit(
            merchant_id=make.MERCHANT,
            scope="wallet",
            subject=str(pair[1].id),
            kind="balance",
            window="per_transaction",
            maximum=LARGE,
            currency="EUR",
            **BY_NOW,
        )
        large = move(*pair, LARGE)
        with pytest.raises(wallet_errors.LimitExceeded, match=r"in it or on its way 10,000\.01"):
            move(*pair, 1)
        wallets.reject_transfer(transfer_id=large.id, by=ADA, at=make.NOON)
        assert move(*pair, 1).state == "succeeded"

    def test_the_database_holds_the_line(self, pair):
        large = move(*pair, LARGE, by=ADA)
        rows = Transfer.objects.filter(id=large.id)
        own = f"staff:{ADA.id}"
        wrong = {
            "wallets_transfer_that_waits_says_why_and_is_set_aside": {"reasons": []},
            "wallets_transfer_that_waited_says_who_decided_it_and_when": {"decided_at": make.NOON},
            "wallets_transfer_is_decided_by_someone_else": {
                "decided_by": own, "decided_at": make.NOON, "state": "canceled",
            },
        }  # fmt: skip
        for name, change in wrong.items():
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                rows.update(**change)

    def test_a_waiting_transfer_that_the_ledger_does_not_know_is_found(self, pair):
        large = move(*pair, LARGE)
        Transfer.objects.filter(id=large.id).update(hold_entry_id=ids.new())
        found = {one.id for one in invariants.check(queries.INVARIANTS)}
        assert found == {"W-1"}


class TestRehearsing:
    def rehearse(self, *given, **named):
        asked = order(*given, **named)
        return payments.dry_run(lambda: payments.transfer_between_wallets(asked))

    def test_a_dry_run_says_what_fraud_says_and_what_would_be_left(self, pair):
        before = event_log.after(0, 1000)

        told = self.rehearse(*pair, 4_000_00)

        assert (told.decision, told.score) == ("allow", 20)
        assert told.reasons == ("A large amount to a wallet that this one has never paid.",)
        assert told.result.state == "succeeded"
        assert [one.template for one in told.postings] == ["transfer_wallets"]
        left = {whose: known.available.minor for whose, known in told.balances}
        assert left == {pair[0].id: 46_000_00, pair[1].id: 4_000_00}
        assert (event_log.after(0, 1000), assessments(), has(pair[0])[0]) == (
            before,
            [],
            50_000_00,
        )

    def test_what_would_wait_be_refused_or_blocked_is_told(self, pair):
        customer = ids.new()
        thief = make.wallet(9_00, customer=customer)
        listed(customer, "block")

        large = self.rehearse(*pair, LARGE)
        poor = self.rehearse(*pair, 50_000_01)
        blocked = self.rehearse(thief, pair[1], 1_00)

        assert (large.result.state, large.result.reasons) == ("awaiting_approval", ("over_amount",))
        assert [(one.template, one.pending) for one in large.postings] == [("hold_transfer", True)]
        assert (poor.refusal.code, poor.result) == ("balance_insufficient", None)
        assert (blocked.refusal.code, blocked.decision, blocked.score) == (
            "transfer_blocked",
            "block",
            100,
        )
        assert queries.transfers(make.MERCHANT) == []

    def test_limits_are_told_with_their_arithmetic(self, pair):
        wallets.create_limit(
            merchant_id=make.MERCHANT,
            scope="wallet",
            kind="amount",
            window="per_transaction",
            maximum=10_00,
            currency="EUR",
            **BY_NOW,
        )
        told = self.rehearse(*pair, 10_01)
        assert told.breaches == ("per transaction 10.00 EUR by wallet, used 0.00, asked 10.01",)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_of_eight_who_decide_one_does(self):
        pair = make.wallet(50_000_00), make.wallet()
        large = move(*pair, LARGE)
        turns = iter(range(8))
        people = [Actor(kind="staff", id=str(ids.new())) for _ in range(8)]

        def decide():
            turn = next(turns)
            act = wallets.approve_transfer if turn % 2 else wallets.reject_transfer
            return act(transfer_id=large.id, by=people[turn], at=make.NOON).state

        outcomes = race(8, decide)

        decided = [one for one in outcomes if not isinstance(one, Exception)]
        assert len(decided) == 1
        assert queries.transfer(large.id).state == decided[0]
        assert true()

    def test_callers_with_one_key_make_one_transfer(self):
        pair = make.wallet(50_000_00), make.wallet()

        outcomes = race(8, move, source=pair[0], destination=pair[1], minor=1_00, key=make.key())

        made = {one.id for one in outcomes if not isinstance(one, Exception)}
        assert len(made) == 1
        assert (has(pair[1])[0], len(assessments())) == (1_00, 1)

    def test_callers_who_meet_share_a_commit_and_nothing_else(self):
        pair = make.wallet(5_00), make.wallet()
        settings.COMBINE = True
        try:
            outcomes = race(8, move, source=pair[0], destination=pair[1], minor=1_00)
        finally:
            settings.COMBINE = False

        refused = [one for one in outcomes if isinstance(one, wallet_errors.InsufficientFunds)]
        assert (len(refused), has(pair[1])[0], len(assessments())) == (3, 5_00, 5)
        assert true()
