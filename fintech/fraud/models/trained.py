"""Models that were trained, and what merchants want of fraud."""

import django_fsm as fsm
from django.db import models
from django.db.models import F, Q

from fintech.fraud import data
from fintech.fraud.models.choices import choices
from fintech.kernel import ids


class TrainedModel(fsm.FSMModelMixin, models.Model):
    """A model that was trained. Its files are objects by hash; only its stage moves."""

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    number = models.IntegerField(unique=True)
    schema = models.CharField(max_length=40)
    stage = fsm.FSMField(
        max_length=20,
        default=data.ModelStage.CANDIDATE,
        choices=choices(data.ModelStage),
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
    mode = models.CharField(max_length=20, choices=choices(data.Mode))
    fails = models.CharField(max_length=20, choices=choices(data.Fails))
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
