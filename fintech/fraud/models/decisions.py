"""Decisions with what they were made from, and what became of them: they only grow."""

from django.db import models
from django.db.models import Q

from fintech.fraud import data
from fintech.fraud.models.choices import choices
from fintech.kernel import ids
from fintech.kernel.money import Money


class Assessment(models.Model):
    """
    The decision about one attempt, with the snapshot that it was made from.

    It never changes: a decision can be made again and compared. Velocity and history
    are counted from these rows, so there is no second set of counters to go wrong.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    attempt_id = models.UUIDField(unique=True)
    payment_id = models.UUIDField()
    merchant_id = models.UUIDField()
    customer_id = models.UUIDField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    card_fingerprint = models.CharField(max_length=80)
    card_country = models.CharField(max_length=2, blank=True)
    email_hash = models.CharField(max_length=80, null=True, blank=True)
    ip_hash = models.CharField(max_length=80, null=True, blank=True)
    device_hash = models.CharField(max_length=80, null=True, blank=True)
    card_bin = models.CharField(max_length=8, null=True, blank=True)
    features = models.JSONField()
    score = models.IntegerField()
    decision = models.CharField(max_length=20, choices=choices(data.Decision))
    reasons = models.JSONField()
    model_version = models.CharField(max_length=40)
    shadow = models.JSONField(default=list)
    degraded = models.CharField(max_length=40, blank=True, default="", db_default="")
    case_id = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            # What is known of a card, a customer, an e-mail or an address, newest first.
            models.Index(fields=["card_fingerprint", "-created_at"], name="fraud_by_card"),
            models.Index(
                fields=["customer_id", "-created_at"],
                name="fraud_by_customer",
                condition=Q(customer_id__isnull=False),
            ),
            models.Index(
                fields=["email_hash", "-created_at"],
                name="fraud_by_email",
                condition=Q(email_hash__isnull=False),
            ),
            models.Index(
                fields=["ip_hash", "-created_at"],
                name="fraud_by_ip",
                condition=Q(ip_hash__isnull=False),
            ),
            models.Index(
                fields=["device_hash", "-created_at"],
                name="fraud_by_device",
                condition=Q(device_hash__isnull=False),
            ),
            models.Index(
                fields=["card_bin", "-created_at"],
                name="fraud_by_bin",
                condition=Q(card_bin__isnull=False),
            ),
            models.Index(
                fields=["merchant_id", "currency", "-created_at"], name="fraud_by_merchant"
            ),
            models.Index(fields=["merchant_id", "-id"], name="fraud_assessment_list"),
            models.Index(fields=["payment_id"], name="fraud_assessment_payment"),
            models.Index(
                fields=["created_at"],
                name="fraud_assessment_degraded",
                condition=~Q(degraded=""),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(score__gte=0, score__lte=100),
                name="fraud_assessment_scores_between_0_and_100",
            ),
            models.CheckConstraint(
                condition=~Q(decision="review") | Q(case_id__isnull=False),
                name="fraud_assessment_for_review_has_a_case",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gte=1), name="fraud_assessment_is_of_some_amount"
            ),
        )

    def __str__(self) -> str:
        return ids.public("fra", self.id)

    def as_data(self) -> data.Assessment:
        """Return the frozen value for the door."""
        return data.Assessment(
            id=self.id,
            payment_id=self.payment_id,
            attempt_id=self.attempt_id,
            merchant_id=self.merchant_id,
            score=self.score,
            decision=data.Decision(self.decision),
            reasons=tuple(data.Reason.restored(reason) for reason in self.reasons),
            case_id=self.case_id,
            created_at=self.created_at,
            model_version=self.model_version,
            amount=Money(self.amount_minor, self.currency),
            features=data.Features.restored(self.features),
            shadow=tuple(data.Reason.restored(reason) for reason in self.shadow),
        )


class Outcome(models.Model):
    """What became of an assessed payment: the label that rules and models learn from."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    assessment_id = models.UUIDField()
    payment_id = models.UUIDField()
    card_fingerprint = models.CharField(max_length=80)
    customer_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=20, choices=choices(data.OutcomeKind))
    at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=["card_fingerprint", "kind", "-at"], name="fraud_outcome_of_card"),
            models.Index(fields=["payment_id"], name="fraud_outcome_payment"),
            models.Index(
                fields=["customer_id", "-at"],
                name="fraud_outcome_of_customer",
                condition=Q(customer_id__isnull=False, kind__in=["disputed", "fraud"]),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["assessment_id", "kind"], name="fraud_outcome_is_told_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d}"

    def as_data(self) -> data.Outcome:
        """Return the frozen value for the door."""
        return data.Outcome(
            id=self.id,
            assessment_id=self.assessment_id,
            payment_id=self.payment_id,
            kind=data.OutcomeKind(self.kind),
            at=self.at,
        )


class Reassessment(models.Model):
    """What a degraded decision would have been, had everything been known; it only grows."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    assessment = models.OneToOneField(Assessment, on_delete=models.PROTECT)
    score = models.IntegerField()
    decision = models.CharField(max_length=20, choices=choices(data.Decision))
    reasons = models.JSONField()
    features = models.JSONField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.decision} {self.score}"


class TransferAssessment(models.Model):
    """
    The decision about one transfer between wallets, with what it was made from.

    It never changes. One that was blocked has no transfer. What a wallet sends and
    receives is counted from these rows.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    transfer_id = models.UUIDField(null=True, blank=True, unique=True)
    merchant_id = models.UUIDField()
    source_wallet_id = models.UUIDField()
    destination_wallet_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    features = models.JSONField()
    score = models.IntegerField()
    decision = models.CharField(
        max_length=20,
        choices=[(word, word) for word in ("allow", "review", "block")],
    )
    reasons = models.JSONField()
    model_version = models.CharField(max_length=40)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(
                fields=["source_wallet_id", "-created_at"], name="fraud_transfer_by_source"
            ),
            models.Index(
                fields=["destination_wallet_id", "-created_at"],
                name="fraud_transfer_by_destination",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(score__gte=0, score__lte=100),
                name="fraud_transferassessment_scores_up_to_100",
            ),
            models.CheckConstraint(
                condition=Q(decision="block", transfer_id__isnull=True)
                | ~Q(decision="block") & Q(transfer_id__isnull=False),
                name="fraud_transferassessment_is_of_a_transfer_unless_blocked",
            ),
        )

    def __str__(self) -> str:
        return f"{self.score} ({self.decision})"

    def as_data(self) -> data.TransferAssessment:
        """Return the frozen value for the door."""
        return data.TransferAssessment(
            id=self.id,
            transfer_id=self.transfer_id,
            merchant_id=self.merchant_id,
            source_wallet_id=self.source_wallet_id,
            destination_wallet_id=self.destination_wallet_id,
            amount=Money(self.amount_minor, self.currency),
            score=self.score,
            decision=data.Decision(self.decision),
            reasons=tuple(data.Reason.restored(reason) for reason in self.reasons),
            features=data.TransferFeatures.restored(self.features),
            model_version=self.model_version,
            created_at=self.created_at,
        )
