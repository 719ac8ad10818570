"""The rows of fraud. Assessments and outcomes only grow; cases and list items move."""

from datetime import datetime
from enum import StrEnum

import django_fsm as fsm
from django.db import models
from django.db.models import F, Q

from fintech.fraud import data
from fintech.kernel import ids
from fintech.kernel.money import Money


def _choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    return [(str(word), str(word).replace("_", " ")) for word in words]


class Case(fsm.FSMModelMixin, models.Model):
    """
    A payment that a person is to look at.

    Open cases of one card, device or customer are a group, which is named by its first case.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField()
    payment_id = models.UUIDField()
    assessment_id = models.UUIDField(unique=True)
    state = fsm.FSMField(
        max_length=20,
        default=data.CaseState.PENDING,
        choices=_choices(data.CaseState),
        protected=True,
    )
    disposition = models.CharField(
        max_length=20, blank=True, default="", choices=_choices(data.Disposition)
    )
    score = models.IntegerField()
    pivot_kind = models.CharField(max_length=20)
    pivot_value = models.CharField(max_length=80)
    # What it may have in common with other cases; who has goes into their group.
    group_id = models.UUIDField()
    card_fingerprint = models.CharField(max_length=80)
    device_hash = models.CharField(max_length=80, null=True, blank=True)
    customer_id = models.UUIDField(null=True, blank=True)
    assignee = models.CharField(max_length=80, blank=True, default="")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    escalated = models.BooleanField(default=False, db_default=False)
    version = models.BigIntegerField(default=1)

    class Meta:
        indexes = (
            models.Index(
                fields=["merchant_id", "opened_at"],
                name="fraud_case_queue",
                condition=~Q(state="closed"),
            ),
            models.Index(fields=["pivot_kind", "pivot_value"], name="fraud_case_pivot"),
            models.Index(fields=["payment_id"], name="fraud_case_payment"),
            models.Index(fields=["group_id"], name="fraud_case_group"),
            models.Index(
                fields=["merchant_id", "card_fingerprint"],
                name="fraud_case_open_of_card",
                condition=~Q(state="closed"),
            ),
            models.Index(
                fields=["merchant_id", "device_hash"],
                name="fraud_case_open_of_device",
                condition=~Q(state="closed") & Q(device_hash__isnull=False),
            ),
            models.Index(
                fields=["merchant_id", "customer_id"],
                name="fraud_case_open_of_customer",
                condition=~Q(state="closed") & Q(customer_id__isnull=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) & ~Q(disposition="")
                | ~Q(state="closed") & Q(closed_at__isnull=True, disposition=""),
                name="fraud_case_says_what_was_found_and_when_it_closed",
            ),
            models.CheckConstraint(
                condition=Q(score__gte=0, score__lte=100),
                name="fraud_case_scores_between_0_and_100",
            ),
        )

    def __str__(self) -> str:
        return ids.public("fcs", self.id)

    @fsm.transition(
        field=state,
        source=[data.CaseState.PENDING, data.CaseState.INVESTIGATING],
        target=data.CaseState.INVESTIGATING,
    )
    def claim(self, assignee: str) -> None:
        """Begin to look."""
        self.assignee, self.snoozed_until = assignee, None

    @fsm.transition(
        field=state,
        source=[data.CaseState.PENDING, data.CaseState.INVESTIGATING],
        target=data.CaseState.PENDING,
    )
    def snooze(self, until: datetime) -> None:
        """Be left alone until later."""
        self.assignee, self.snoozed_until = "", until

    @fsm.transition(
        field=state,
        source=[data.CaseState.PENDING, data.CaseState.INVESTIGATING],
        target=data.CaseState.PENDING,
    )
    def escalate(self) -> None:
        """Come before all others, to whoever claims it next."""
        self.assignee, self.snoozed_until, self.escalated = "", None, True

    @fsm.transition(
        field=state,
        source=[data.CaseState.PENDING, data.CaseState.INVESTIGATING],
        target=data.CaseState.CLOSED,
    )
    def close(self, disposition: data.Disposition, *, at: datetime) -> None:
        """Say what it was."""
        self.disposition, self.closed_at = disposition, at

    def as_data(self) -> data.Case:
        """Return the frozen value for the door."""
        return data.Case(
            id=self.id,
            merchant_id=self.merchant_id,
            payment_id=self.payment_id,
            assessment_id=self.assessment_id,
            state=data.CaseState(self.state),
            disposition=data.Disposition(self.disposition) if self.disposition else None,
            score=self.score,
            pivot_kind=self.pivot_kind,
            pivot_value=self.pivot_value,
            group_id=self.group_id,
            assignee=self.assignee,
            opened_at=self.opened_at,
            closed_at=self.closed_at,
            due_at=self.due_at,
            snoozed_until=self.snoozed_until,
            escalated=self.escalated,
            version=self.version,
        )


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
    decision = models.CharField(max_length=20, choices=_choices(data.Decision))
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


class ListItem(models.Model):
    """A card, customer, e-mail, address or country that is treated specially."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=20, choices=_choices(data.ListKind))
    value = models.CharField(max_length=80)
    action = models.CharField(max_length=20, choices=_choices(data.ListAction))
    reason = models.CharField(max_length=200, blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "value", "merchant_id"],
                nulls_distinct=False,
                condition=Q(removed_at__isnull=True),
                name="fraud_listitem_stands_once_on_the_lists",
            ),
            models.CheckConstraint(condition=~Q(value=""), name="fraud_listitem_names_something"),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(removed_at__gte=F("created_at")),
                name="fraud_listitem_is_removed_after_it_was_added",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.value[:24]}: {self.action}"

    def as_data(self) -> data.ListItem:
        """Return the frozen value for the door."""
        return data.ListItem(
            id=self.id,
            merchant_id=self.merchant_id,
            kind=data.ListKind(self.kind),
            value=self.value,
            action=data.ListAction(self.action),
            reason=self.reason,
            expires_at=self.expires_at,
            created_at=self.created_at,
            removed_at=self.removed_at,
            version=self.version,
        )


class Outcome(models.Model):
    """What became of an assessed payment: the label that rules and models learn from."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    assessment_id = models.UUIDField()
    payment_id = models.UUIDField()
    card_fingerprint = models.CharField(max_length=80)
    customer_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(max_length=20, choices=_choices(data.OutcomeKind))
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


class Rule(fsm.FSMModelMixin, models.Model):
    """A rule that people have written. Its texts are its versions, which never change."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField(null=True, blank=True)
    name = models.CharField(max_length=60)
    state = fsm.FSMField(
        max_length=20,
        default=data.RuleState.DRAFT,
        choices=_choices(data.RuleState),
        protected=True,
    )
    number = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    snoozed_until = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["name", "merchant_id"],
                nulls_distinct=False,
                name="fraud_rule_has_a_name_of_its_own",
            ),
            models.CheckConstraint(
                condition=Q(name__regex=r"^[a-z][a-z0-9_]*$"), name="fraud_rule_is_named_by_a_word"
            ),
            models.CheckConstraint(
                condition=Q(snoozed_until=None)
                | Q(state__in=[data.RuleState.SHADOW, data.RuleState.ACTIVE]),
                name="fraud_rule_is_snoozed_while_live",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @fsm.transition(
        field=state,
        source=[data.RuleState.DRAFT, data.RuleState.SHADOW, data.RuleState.ACTIVE],
        target=data.RuleState.DRAFT,
    )
    def revise(self) -> None:
        """Have another text, and do nothing until somebody has looked at it."""
        self.number += 1
        self.snoozed_until = None

    @fsm.transition(
        field=state,
        source=[data.RuleState.DRAFT, data.RuleState.ACTIVE],
        target=data.RuleState.SHADOW,
    )
    def watch(self) -> None:
        """Keep hits and decide nothing."""
        self.snoozed_until = None

    @fsm.transition(
        field=state,
        source=[data.RuleState.DRAFT, data.RuleState.SHADOW],
        target=data.RuleState.ACTIVE,
    )
    def activate(self) -> None:
        """Decide."""
        self.snoozed_until = None

    @fsm.transition(
        field=state,
        source=[data.RuleState.DRAFT, data.RuleState.SHADOW, data.RuleState.ACTIVE],
        target=data.RuleState.ARCHIVED,
    )
    def archive(self) -> None:
        """Do nothing any more."""
        self.snoozed_until = None

    def as_data(self, text: "RuleVersion") -> data.Rule:
        """Return the frozen value for the door, with its newest text."""
        return data.Rule(
            id=self.id,
            merchant_id=self.merchant_id,
            name=self.name,
            state=data.RuleState(self.state),
            number=self.number,
            condition=text.condition,
            points=text.points,
            decision=data.Decision(text.decision) if text.decision else None,
            author=text.author,
            created_at=self.created_at,
            version=self.version,
            priority=text.priority,
            snoozed_until=self.snoozed_until,
        )


class RuleVersion(models.Model):
    """One text of a rule."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    rule = models.ForeignKey(Rule, on_delete=models.PROTECT, related_name="texts")
    number = models.IntegerField()
    condition = models.CharField(max_length=2000)
    points = models.IntegerField(default=0)
    decision = models.CharField(
        max_length=20, blank=True, default="", choices=_choices(data.Decision)
    )
    # A version's, as the order of an assessment's lines must not change afterwards.
    priority = models.IntegerField(default=0, db_default=0)
    author = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["rule", "number"], name="fraud_ruleversion_is_numbered_once"
            ),
            models.CheckConstraint(
                condition=Q(priority__gte=0, priority__lte=1000),
                name="fraud_ruleversion_has_a_priority_up_to_1000",
            ),
            models.CheckConstraint(
                condition=Q(points__gte=-100, points__lte=100),
                name="fraud_ruleversion_gives_at_most_100_points",
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule_id} {self.number}"


class Ruleset(models.Model):
    """
    Which texts were live from a moment on: a new row with every change.

    An assessment names the set that it was decided with, so it can be decided again.
    """

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    active = models.JSONField()  # ids of versions
    shadow = models.JSONField()
    limits = models.JSONField(default=list)  # ids of velocity limits
    champion = models.UUIDField(null=True)  # the model that decides
    challenger = models.UUIDField(null=True)  # the model that watches
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{len(self.active)} active, {len(self.shadow)} in shadow"


class TrainedModel(fsm.FSMModelMixin, models.Model):
    """A model that was trained. Its files are objects by hash; only its stage moves."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    number = models.IntegerField(unique=True)
    schema = models.CharField(max_length=40)
    stage = fsm.FSMField(
        max_length=20,
        default=data.ModelStage.CANDIDATE,
        choices=_choices(data.ModelStage),
        protected=True,
    )
    source = models.CharField(max_length=40)
    metrics = models.JSONField()
    gates = models.JSONField()
    card = models.TextField()
    data_hash = models.CharField(max_length=64)
    files = models.JSONField()
    slope = models.FloatField()
    offset = models.FloatField()
    signed_by = models.CharField(max_length=16)
    signature = models.CharField(max_length=128)
    trained_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["stage"],
                condition=Q(stage="champion"),
                name="fraud_trainedmodel_one_decides",
            ),
            models.UniqueConstraint(
                fields=["stage"], condition=Q(stage="shadow"), name="fraud_trainedmodel_one_watches"
            ),
        )

    def __str__(self) -> str:
        return f"model {self.number}"

    @fsm.transition(field=stage, source=data.ModelStage.CANDIDATE, target=data.ModelStage.SHADOW)
    def watch(self) -> None:
        """Give points that decide nothing."""

    @fsm.transition(
        field=stage,
        source=[data.ModelStage.SHADOW, data.ModelStage.RETIRED],
        target=data.ModelStage.CHAMPION,
    )
    def install(self) -> None:
        """Decide."""

    @fsm.transition(
        field=stage,
        source=[data.ModelStage.CANDIDATE, data.ModelStage.SHADOW, data.ModelStage.CHAMPION],
        target=data.ModelStage.RETIRED,
    )
    def retire(self) -> None:
        """Do nothing any more."""

    def as_data(self) -> data.TrainedModel:
        """Return the frozen value for the door."""
        return data.TrainedModel(
            id=self.id,
            number=self.number,
            schema=self.schema,
            stage=data.ModelStage(self.stage),
            source=self.source,
            metrics=self.metrics,
            gates=self.gates,
            card=self.card,
            data_hash=self.data_hash,
            files=self.files,
            slope=self.slope,
            offset=self.offset,
            signed_by=self.signed_by,
            signature=self.signature,
            trained_by=self.trained_by,
            created_at=self.created_at,
            version=self.version,
        )


class Posture(models.Model):
    """What a merchant wants of fraud; the row of nobody holds for who has none."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField(null=True, blank=True)
    mode = models.CharField(max_length=20, choices=_choices(data.Mode))
    fails = models.CharField(max_length=20, choices=_choices(data.Fails))
    ceiling_minor = models.BigIntegerField(default=0)
    challenge_at = models.IntegerField(default=60)
    review_at = models.IntegerField(default=75)
    block_at = models.IntegerField(default=95)
    explore = models.IntegerField(default=0)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["merchant_id"], nulls_distinct=False, name="fraud_posture_is_one_a_merchant"
            ),
            models.CheckConstraint(
                condition=Q(challenge_at__gte=1, challenge_at__lte=F("review_at"))
                & Q(review_at__lte=F("block_at"), block_at__lte=101),
                name="fraud_posture_is_milder_below",
            ),
            models.CheckConstraint(
                condition=Q(explore__gte=0, explore__lte=10_000, ceiling_minor__gte=0),
                name="fraud_posture_explores_a_share",
            ),
        )

    def __str__(self) -> str:
        return f"{self.mode}, fails {self.fails}"

    def as_data(self) -> data.Posture:
        """Return the frozen value for the door."""
        return data.Posture(
            merchant_id=self.merchant_id,
            mode=data.Mode(self.mode),
            fails=data.Fails(self.fails),
            ceiling_minor=self.ceiling_minor,
            challenge_at=self.challenge_at,
            review_at=self.review_at,
            block_at=self.block_at,
            explore=self.explore,
            version=self.version,
        )


class Reassessment(models.Model):
    """What a degraded decision would have been, had everything been known; it only grows."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    assessment = models.OneToOneField(Assessment, on_delete=models.PROTECT)
    score = models.IntegerField()
    decision = models.CharField(max_length=20, choices=_choices(data.Decision))
    reasons = models.JSONField()
    features = models.JSONField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.decision} {self.score}"


class VelocityLimit(models.Model):
    """How many attempts within a time. Another maximum is another limit."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField(null=True, blank=True)
    name = models.CharField(max_length=60)
    of = models.CharField(max_length=20, choices=_choices(data.Counted))
    seconds = models.IntegerField()
    maximum = models.IntegerField()
    decision = models.CharField(max_length=20, choices=_choices(data.Decision))
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(seconds__gte=1, maximum__gte=0),
                name="fraud_velocitylimit_is_some_number_in_some_time",
            ),
            models.CheckConstraint(
                condition=~Q(decision="allow"), name="fraud_velocitylimit_stops_something"
            ),
        )

    def __str__(self) -> str:
        return self.name

    def as_data(self) -> data.VelocityLimit:
        """Return the frozen value for the door."""
        return data.VelocityLimit(
            id=self.id,
            merchant_id=self.merchant_id,
            name=self.name,
            of=data.Counted(self.of),
            seconds=self.seconds,
            maximum=self.maximum,
            decision=data.Decision(self.decision),
            active=self.active,
            created_at=self.created_at,
            version=self.version,
        )


class VelocityCount(models.Model):
    """How many attempts a limit has seen of somebody in one of its windows."""

    limit = models.ForeignKey(VelocityLimit, on_delete=models.PROTECT)
    subject = models.CharField(max_length=80)
    begins_at = models.DateTimeField()
    count = models.IntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["limit", "subject", "begins_at"],
                name="fraud_velocitycount_is_one_per_limit_subject_and_window",
            ),
        )

    def __str__(self) -> str:
        return f"{self.count} since {self.begins_at:%Y-%m-%d %H:%M}"


class Alert(models.Model):
    """Something out of the ordinary that people should look at, until it is cleared."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    kind = models.CharField(max_length=20, choices=_choices(data.AlertKind))
    said = models.CharField(max_length=200)
    raised_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(cleared_at=None),
                name="fraud_alert_of_a_kind_is_open_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} since {self.raised_at:%Y-%m-%d %H:%M}"

    def as_data(self) -> data.Alert:
        """Return the frozen value for the door."""
        return data.Alert(
            id=self.id,
            kind=data.AlertKind(self.kind),
            said=self.said,
            raised_at=self.raised_at,
            cleared_at=self.cleared_at,
            version=self.version,
        )


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
