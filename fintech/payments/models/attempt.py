"""One try to authorize a card."""

from datetime import datetime
from uuid import UUID

import django_fsm as fsm
from django.db import models
from django.db.models import F, Q

from fintech.kernel import ids
from fintech.kernel.money import Money
from fintech.payments import data
from fintech.payments.data import AttemptState as State
from fintech.payments.models.payment import Payment, choices
from fintech.payments.models.people import PaymentMethod


class Attempt(fsm.FSMModelMixin, models.Model):
    """
    One try to authorize a card for a payment.

    Its id is the reference under which the provider is asked. `next_check_at` is when
    the provider is asked again if no answer was recorded by then: it is set before the
    first ask, so a crash between two beats is found by the clock.
    """

    BORN = (State.AUTHORIZING, State.DECLINED)
    TOGETHER = ()

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="tries")
    merchant_id = models.UUIDField()
    number = models.IntegerField()
    state = fsm.FSMField(
        max_length=20, default=State.CREATED, choices=choices(State), protected=True
    )
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    captures_at_once = models.BooleanField(default=False)
    provider = models.CharField(max_length=40)
    provider_reference = models.CharField(max_length=100, blank=True, default="")
    # Which route led to this provider, and by which of its reasons (see `services.routing`).
    route_id = models.UUIDField(null=True, blank=True)
    routed_by = models.CharField(max_length=60, blank=True, default="")
    payment_method = models.ForeignKey(PaymentMethod, on_delete=models.PROTECT)
    assessment_id = models.UUIDField(null=True, blank=True)
    case_id = models.UUIDField(null=True, blank=True)
    score = models.IntegerField(null=True, blank=True)
    decision = models.CharField(max_length=20, blank=True, default="")
    decline_code = models.CharField(max_length=60, blank=True, default="")
    entry_id = models.UUIDField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    authenticated_at = models.DateTimeField(null=True, blank=True)
    authentication = models.CharField(
        max_length=20, choices=choices(data.Authentication), blank=True, default=""
    )
    # Who answers if the payer denies it: the issuer of a card whose payer has proved who they are.
    liability = models.CharField(
        max_length=20, choices=choices(data.Liability), blank=True, default=""
    )
    void_id = models.UUIDField(null=True, blank=True)
    void_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=40, blank=True, default="")
    # The last change of what is reserved; `adjust_minor` is set while it is under way.
    adjust_id = models.UUIDField(null=True, blank=True)
    adjust_minor = models.BigIntegerField(null=True, blank=True)
    adjust_at = models.DateTimeField(null=True, blank=True)
    capture_entry_id = models.UUIDField(null=True, blank=True)
    claim = models.JSONField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    checks = models.IntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["merchant_id", "-id"], name="payments_attempt_list"),
            models.Index(
                fields=["next_check_at"],
                name="payments_attempt_due",
                condition=Q(next_check_at__isnull=False),
            ),
            models.Index(
                fields=["adjust_id"],
                name="payments_attempt_adjusting",
                condition=Q(adjust_id__isnull=False),
            ),
            models.Index(
                fields=["void_id"],
                name="payments_attempt_voiding",
                condition=Q(void_id__isnull=False),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["payment", "number"], name="payments_attempt_is_numbered_once"
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(state__in=["created", "authorizing", "unknown", "authorized"]),
                name="payments_attempt_is_the_only_open_one_of_its_payment",
            ),
            models.UniqueConstraint(
                fields=["provider", "provider_reference"],
                condition=~Q(provider_reference=""),
                name="payments_attempt_has_its_own_authorization",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1), name="payments_attempt_asks_for_something"
            ),
            models.CheckConstraint(
                condition=Q(captured_minor__gte=0, captured_minor__lte=F("amount_minor")),
                name="payments_attempt_captures_at_most_what_is_authorized",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=F("captured_minor")),
                name="payments_attempt_refunds_at_most_what_is_captured",
            ),
            models.CheckConstraint(
                condition=~Q(state="unknown") | Q(next_check_at__isnull=False),
                name="payments_attempt_unknown_is_asked_about_again",
            ),
            models.CheckConstraint(
                condition=Q(authentication="passed") ^ Q(authenticated_at__isnull=True),
                name="payments_attempt_passed_authentication_and_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(liability="issuer") | Q(authentication="passed"),
                name="payments_attempt_shifts_liability_by_authentication_alone",
            ),
            models.CheckConstraint(
                condition=Q(adjust_minor__isnull=True) | Q(next_check_at__isnull=False),
                name="payments_attempt_adjusting_is_asked_about_again",
            ),
        )

    def __str__(self) -> str:
        return ids.public("ch", self.id)

    @fsm.transition(field=state, source=State.CREATED, target=State.AUTHORIZING)
    def ask(self, *, check_at: datetime) -> None:
        """Be about to ask the provider; ask again at `check_at` if nothing is heard."""
        self.next_check_at = check_at

    @fsm.transition(field=state, source=State.CREATED, target=State.DECLINED)
    def block(self) -> None:
        """End before anyone was asked."""
        self.decline_code = "fraudulent"

    @fsm.transition(field=state, source=[State.AUTHORIZING, State.UNKNOWN], target=State.AUTHORIZED)
    def succeed(self, *, reference: str, until: datetime) -> None:
        """Note under which name the provider reserved the money."""
        self.provider_reference, self.expires_at = reference, until
        self.next_check_at = None
        self._settle_liability()

    @fsm.transition(field=state, source=[State.AUTHORIZING, State.UNKNOWN], target=State.DECLINED)
    def decline(self, *, reference: str, code: str) -> None:
        """Note why not."""
        self.provider_reference, self.decline_code = reference, code
        self.next_check_at = None

    @fsm.transition(field=state, source=[State.AUTHORIZING, State.UNKNOWN], target=State.ERRORED)
    def fail(self, code: str = "processing_error") -> None:
        """Note that the provider did nothing."""
        self.decline_code, self.next_check_at = code, None

    @fsm.transition(
        field=state, source=[State.AUTHORIZING, State.UNKNOWN], target=State.AUTHORIZING
    )
    def await_payer(self, *, reference: str) -> None:
        """Wait for the payer, not for the provider: the payment's own deadline counts."""
        self.provider_reference = reference or self.provider_reference
        self.next_check_at = None
        self.authentication = data.Authentication.ASKED

    @fsm.transition(field=state, source=State.AUTHORIZING, target=State.AUTHORIZING)
    def authenticate(self, *, at: datetime, check_at: datetime) -> None:
        """Note that the payer is who they say; the provider is about to be asked."""
        self.authenticated_at, self.next_check_at = at, check_at
        self.authentication = data.Authentication.PASSED

    @fsm.transition(
        field=state,
        source=[State.AUTHORIZING, State.UNKNOWN, State.DECLINED, State.ERRORED],
        target=State.AUTHORIZED,
    )
    def correct(self, *, reference: str, until: datetime) -> None:
        """Note that the provider has reserved the money after all: two people have said so."""
        self.provider_reference = reference or self.provider_reference
        self.expires_at, self.next_check_at, self.decline_code = until, None, ""
        self._settle_liability()

    @fsm.transition(field=state, source=[State.AUTHORIZING, State.UNKNOWN], target=State.UNKNOWN)
    def lose_sight(self, *, check_at: datetime) -> None:
        """Note that nobody knows, and when to ask again."""
        self.next_check_at = check_at

    def _settle_liability(self) -> None:
        """Note who answers for what is reserved: nobody outside, where a wallet of ours pays."""
        if self.provider == data.WALLET:
            return
        passed = self.authentication == data.Authentication.PASSED
        self.liability = data.Liability.ISSUER if passed else data.Liability.MERCHANT

    def as_data(self) -> data.Attempt:
        """Return the frozen value for the door; needs `payment_method` at hand."""
        return data.Attempt(
            id=self.id,
            payment_id=self.payment_id,
            merchant_id=self.merchant_id,
            state=State(self.state),
            amount=Money(self.amount_minor, self.currency),
            captured=Money(self.captured_minor, self.currency),
            refunded=Money(self.refunded_minor, self.currency),
            assessment_id=self.assessment_id,
            score=self.score,
            risk_level=risk_level(self.decision),
            decision=self.decision,
            provider=self.provider,
            provider_reference=self.provider_reference,
            decline_code=self.decline_code,
            card=self.payment_method.card(),
            payment_method_id=self.payment_method_id,
            created_at=self.created_at,
            expires_at=self.expires_at,
            entry_id=self.entry_id,
            capture_entry_id=self.capture_entry_id,
            authenticated=self.authenticated_at is not None,
            authentication=data.Authentication(self.authentication),
            liability=data.Liability(self.liability),
        )


def risk_level(decision: str) -> str:
    """Return the fraud decision as a level of risk."""
    return {"block": "highest", "review": "elevated", "challenge": "elevated"}.get(
        decision, "normal" if decision else "not_assessed"
    )


def void_reference(attempt: Attempt) -> UUID:
    """Return the reference under which the provider is asked to let go."""
    if attempt.void_id is None:
        message = f"attempt {attempt.id} is not being voided"
        raise ValueError(message)
    return attempt.void_id
