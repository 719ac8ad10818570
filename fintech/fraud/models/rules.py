"""Rules that people write, their texts, and which were live from a moment on."""

import django_fsm as fsm
from django.db import models
from django.db.models import Q

from fintech.fraud import data
from fintech.fraud.models.choices import choices
from fintech.kernel import ids


class Rule(fsm.FSMModelMixin, models.Model):
    """A rule that people have written. Its texts are its versions, which never change."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    merchant_id = models.UUIDField(null=True, blank=True)
    name = models.CharField(max_length=60)
    state = fsm.FSMField(
        max_length=20,
        default=data.RuleState.DRAFT,
        choices=choices(data.RuleState),
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
        max_length=20, blank=True, default="", choices=choices(data.Decision)
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
