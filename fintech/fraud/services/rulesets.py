"""Which written rules, velocity limits and models are live, from a moment on."""

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Q

from fintech.fraud import data
from fintech.fraud.data import RuleState
from fintech.fraud.models import Rule, Ruleset, RuleVersion, TrainedModel, VelocityLimit
from fintech.kernel import ids

_ONE_AT_A_TIME = 7_461_001  # The advisory lock of whoever changes what is live.


def lock() -> None:
    """Change what is live alone, until the commit: two new sets would miss each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])


def write(at: datetime) -> UUID:
    """Write down which texts and limits are live from now on; what is snoozed is not."""
    live = Rule.objects.filter(state__in=[RuleState.SHADOW, RuleState.ACTIVE]).filter(
        Q(snoozed_until=None) | Q(snoozed_until__lte=at)
    )
    numbers = {rule.id: (rule.number, rule.state) for rule in live}
    texts = RuleVersion.objects.filter(rule_id__in=numbers).order_by("id")
    chosen = [
        (str(text.id), numbers[text.rule_id][1])
        for text in texts
        if text.number == numbers[text.rule_id][0]
    ]
    limits = VelocityLimit.objects.filter(active=True).order_by("id").values_list("id", flat=True)
    made = Ruleset(
        id=ids.new(),
        active=[text_id for text_id, state in chosen if state == RuleState.ACTIVE],
        shadow=[text_id for text_id, state in chosen if state == RuleState.SHADOW],
        limits=[str(limit_id) for limit_id in limits],
        champion=_of_stage(data.ModelStage.CHAMPION),
        challenger=_of_stage(data.ModelStage.SHADOW),
        created_at=at,
    )
    made.save(force_insert=True)
    return made.id


def _of_stage(stage: data.ModelStage) -> UUID | None:
    return TrainedModel.objects.filter(stage=stage).values_list("id", flat=True).first()
