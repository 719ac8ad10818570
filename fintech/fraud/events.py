"""Facts about fraud, in the past tense. Ids, codes and numbers only."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from fintech.kernel.events import Code, Event


@dataclass(frozen=True, kw_only=True)
class AssessmentMade(Event):
    """An attempt was scored and decided."""

    name: ClassVar = "fraud.assessment_made.v1"
    stream_of: ClassVar = "assessment_id"

    assessment_id: UUID
    payment_id: UUID
    attempt_id: UUID
    merchant_id: UUID
    score: int
    decision: Code
    reasons: tuple[Code, ...]
    amount_minor: int
    currency: Code
    case_id: UUID | None
    model_version: Code


@dataclass(frozen=True, kw_only=True)
class TransferAssessed(Event):
    """A transfer between wallets was stopped: blocked, or shown to a person first."""

    name: ClassVar = "fraud.transfer_assessed.v1"
    stream_of: ClassVar = "transfer_assessment_id"

    transfer_assessment_id: UUID
    merchant_id: UUID
    transfer_id: UUID | None
    source_wallet_id: UUID
    score: int
    decision: Code
    reasons: tuple[Code, ...]
    amount_minor: int
    currency: Code


@dataclass(frozen=True, kw_only=True)
class AssessmentReconsidered(Event):
    """A decision made without knowing all was made again; the first one stands."""

    name: ClassVar = "fraud.assessment_reconsidered.v1"
    stream_of: ClassVar = "assessment_id"

    assessment_id: UUID
    payment_id: UUID
    merchant_id: UUID
    score: int
    decision: Code
    was: Code


@dataclass(frozen=True, kw_only=True)
class CaseFact(Event):
    """What every fact of a case's stream says."""

    stream_of: ClassVar = "case_id"

    case_id: UUID
    merchant_id: UUID
    payment_id: UUID


@dataclass(frozen=True, kw_only=True)
class CaseOpened(CaseFact):
    """A person is asked to look at a payment."""

    name: ClassVar = "fraud.case_opened.v1"

    assessment_id: UUID
    score: int


@dataclass(frozen=True, kw_only=True)
class CaseClaimed(CaseFact):
    """A person has begun to look; the log's actor says who."""

    name: ClassVar = "fraud.case_claimed.v1"


@dataclass(frozen=True, kw_only=True)
class CaseAssigned(CaseFact):
    """A person was given the case; its row says who."""

    name: ClassVar = "fraud.case_assigned.v1"


@dataclass(frozen=True, kw_only=True)
class CaseSnoozed(CaseFact):
    """The case is left alone until later."""

    name: ClassVar = "fraud.case_snoozed.v1"


@dataclass(frozen=True, kw_only=True)
class CaseEscalated(CaseFact):
    """Somebody who may decide more is to look, before all other cases."""

    name: ClassVar = "fraud.case_escalated.v1"


@dataclass(frozen=True, kw_only=True)
class CaseDueSooner(CaseFact):
    """The authorization ends so soon that somebody must look earlier."""

    name: ClassVar = "fraud.case_due_sooner.v1"

    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class CaseClosed(CaseFact):
    """A person has found what it is."""

    name: ClassVar = "fraud.case_closed.v1"

    disposition: Code


@dataclass(frozen=True, kw_only=True)
class ListItemFact(Event):
    """What every fact of a list item's stream says. The value stays in its row."""

    stream_of: ClassVar = "list_item_id"

    list_item_id: UUID
    merchant_id: UUID | None
    kind: Code
    action: Code


@dataclass(frozen=True, kw_only=True)
class ListItemAdded(ListItemFact):
    """Something is treated specially from now on."""

    name: ClassVar = "fraud.list_item_added.v1"


@dataclass(frozen=True, kw_only=True)
class ListItemRemoved(ListItemFact):
    """Something is no longer treated specially."""

    name: ClassVar = "fraud.list_item_removed.v1"


@dataclass(frozen=True, kw_only=True)
class OutcomeRecorded(Event):
    """What became of an assessed payment is known."""

    name: ClassVar = "fraud.outcome_recorded.v1"
    stream_of: ClassVar = "outcome_id"

    outcome_id: UUID
    assessment_id: UUID
    payment_id: UUID
    kind: Code


@dataclass(frozen=True, kw_only=True)
class RuleFact(Event):
    """What every fact of a rule's stream says. Its text stays in its row."""

    stream_of: ClassVar = "rule_id"

    rule_id: UUID
    merchant_id: UUID | None
    number: int


@dataclass(frozen=True, kw_only=True)
class RuleDrafted(RuleFact):
    """A rule was written; it does nothing yet."""

    name: ClassVar = "fraud.rule_drafted.v1"


@dataclass(frozen=True, kw_only=True)
class RuleRevised(RuleFact):
    """A rule has another text, and is a draft again."""

    name: ClassVar = "fraud.rule_revised.v1"


@dataclass(frozen=True, kw_only=True)
class RuleShadowed(RuleFact):
    """A rule watches: its hits are kept and decide nothing."""

    name: ClassVar = "fraud.rule_shadowed.v1"

    ruleset_id: UUID


@dataclass(frozen=True, kw_only=True)
class RuleActivated(RuleFact):
    """A rule decides."""

    name: ClassVar = "fraud.rule_activated.v1"

    ruleset_id: UUID


@dataclass(frozen=True, kw_only=True)
class RuleArchived(RuleFact):
    """A rule does nothing any more."""

    name: ClassVar = "fraud.rule_archived.v1"

    ruleset_id: UUID


@dataclass(frozen=True, kw_only=True)
class RuleSnoozed(RuleFact):
    """A live rule does nothing for a while."""

    name: ClassVar = "fraud.rule_snoozed.v1"

    ruleset_id: UUID
    until: datetime


@dataclass(frozen=True, kw_only=True)
class RuleWoken(RuleFact):
    """A snoozed rule does again what its state says."""

    name: ClassVar = "fraud.rule_woken.v1"

    ruleset_id: UUID


@dataclass(frozen=True, kw_only=True)
class VelocityLimitFact(Event):
    """What every fact of a velocity limit's stream says."""

    stream_of: ClassVar = "velocity_limit_id"

    velocity_limit_id: UUID
    merchant_id: UUID | None
    ruleset_id: UUID


@dataclass(frozen=True, kw_only=True)
class VelocityLimitCreated(VelocityLimitFact):
    """Attempts are counted, and too many are stopped."""

    name: ClassVar = "fraud.velocity_limit_created.v1"

    of: Code
    seconds: int
    maximum: int
    decision: Code


@dataclass(frozen=True, kw_only=True)
class VelocityLimitRemoved(VelocityLimitFact):
    """They are counted no longer."""

    name: ClassVar = "fraud.velocity_limit_removed.v1"


@dataclass(frozen=True, kw_only=True)
class ModelFact(Event):
    """What every fact of a model's stream says."""

    stream_of: ClassVar = "model_id"

    model_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class ModelTrained(ModelFact):
    """A model was trained; it does nothing yet."""

    name: ClassVar = "fraud.model_trained.v1"

    schema: Code
    data_hash: Code
    card_hash: Code


@dataclass(frozen=True, kw_only=True)
class ModelShadowed(ModelFact):
    """A model watches: its points are kept and decide nothing."""

    name: ClassVar = "fraud.model_shadowed.v1"

    ruleset_id: UUID


@dataclass(frozen=True, kw_only=True)
class ModelInstalled(ModelFact):
    """A model decides."""

    name: ClassVar = "fraud.model_installed.v1"

    ruleset_id: UUID


@dataclass(frozen=True, kw_only=True)
class ModelRetired(ModelFact):
    """A model does nothing any more."""

    name: ClassVar = "fraud.model_retired.v1"

    ruleset_id: UUID


@dataclass(frozen=True, kw_only=True)
class PostureSet(Event):
    """A merchant wants something else of fraud."""

    name: ClassVar = "fraud.posture_set.v1"
    stream_of: ClassVar = "posture_id"

    posture_id: UUID
    merchant_id: UUID | None
    mode: Code
    fails: Code


@dataclass(frozen=True, kw_only=True)
class AlertFact(Event):
    """What every fact of an alert's stream says."""

    stream_of: ClassVar = "alert_id"

    alert_id: UUID
    kind: Code


@dataclass(frozen=True, kw_only=True)
class AlertRaised(AlertFact):
    """Something is out of the ordinary."""

    name: ClassVar = "fraud.alert_raised.v1"


@dataclass(frozen=True, kw_only=True)
class AlertCleared(AlertFact):
    """It is not any more."""

    name: ClassVar = "fraud.alert_cleared.v1"
