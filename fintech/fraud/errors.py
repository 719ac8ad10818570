"""Everything fraud can refuse, on one screen."""

from uuid import UUID

from fintech.kernel.errors import Conflict, Invalid, NotFound, Refused


class AssessmentNotFound(NotFound):
    """There is no such assessment."""

    code = "resource_missing"

    def __init__(self, assessment_id: UUID) -> None:
        super().__init__("There is no such assessment.", assessment_id=str(assessment_id))


class CaseNotFound(NotFound):
    """There is no such case."""

    code = "resource_missing"

    def __init__(self, case_id: UUID) -> None:
        super().__init__("There is no such case.", case_id=str(case_id))


class ListItemNotFound(NotFound):
    """There is no such list item, or it has been removed already."""

    code = "resource_missing"

    def __init__(self, item_id: UUID) -> None:
        super().__init__("There is no such list item.", list_item_id=str(item_id))


class CaseAlreadyClosed(Conflict):
    """Somebody else has closed the case first."""

    code = "case_unexpected_state"

    def __init__(self, *, case_id: UUID, disposition: str) -> None:
        super().__init__(
            f"The case has been closed already as {disposition.replace('_', ' ')}.",
            case_id=str(case_id),
            disposition=disposition,
        )


class AlreadyListed(Refused):
    """The value stands on the list already."""

    code = "resource_already_exists"

    def __init__(self, item_id: UUID) -> None:
        super().__init__("The value is on a list already.", list_item_id=str(item_id))
        self.param = "value"


class ParameterInvalid(Invalid):
    """A value is not one that is accepted here."""

    code = "parameter_invalid"

    def __init__(self, param: str, message: str) -> None:
        super().__init__(message)
        self.param = param


class RuleUnreadable(Invalid):
    """A rule's text is not one; the facts say where."""

    code = "rule_unreadable"

    def __init__(self, message: str, *, at: int, word: str) -> None:
        place = f" (at {at + 1}: {word[:40]})" if word else f" (at {at + 1})"
        super().__init__(message + place, at=at, word=word[:40])
        self.param = "condition"


class RuleNotFound(NotFound):
    """There is no such rule."""

    code = "resource_missing"

    def __init__(self, rule_id: UUID) -> None:
        super().__init__("There is no such rule.", rule_id=str(rule_id))


class RuleExists(Refused):
    """A rule of this name is there already."""

    code = "resource_already_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a rule {name} already.", name=name)
        self.param = "name"


class RuleUnexpectedState(Refused):
    """The rule is not in a state in which this can be done to it."""

    code = "rule_unexpected_state"

    def __init__(self, *, rule_id: UUID, state: str, action: str) -> None:
        super().__init__(
            f"The rule is {state}; it cannot be {action}.", rule_id=str(rule_id), state=state
        )


class RuleNotSnoozed(Refused):
    """The rule is awake."""

    code = "rule_unexpected_state"

    def __init__(self, rule_id: UUID) -> None:
        super().__init__("The rule is not snoozed.", rule_id=str(rule_id))


class RuleReviewedByAuthor(Refused):
    """In a live instance somebody else than its author lets a rule decide."""

    code = "approval_required"

    def __init__(self, rule_id: UUID) -> None:
        super().__init__("Somebody else than its author activates a rule.", rule_id=str(rule_id))


class VelocityLimitNotFound(NotFound):
    """There is no such velocity limit, or it has been removed."""

    code = "resource_missing"

    def __init__(self, limit_id: UUID) -> None:
        super().__init__("There is no such velocity limit.", velocity_limit_id=str(limit_id))


class ModelNotFound(NotFound):
    """There is no such model."""

    code = "resource_missing"

    def __init__(self, model_id: UUID) -> None:
        super().__init__("There is no such model.", model_id=str(model_id))


class ModelUnexpectedState(Refused):
    """The model is not in a stage in which this can be done to it."""

    code = "model_unexpected_state"

    def __init__(self, *, model_id: UUID, stage: str, action: str) -> None:
        super().__init__(
            f"The model is {stage}; it cannot be {action}.", model_id=str(model_id), stage=stage
        )


class ModelUnfit(Refused):
    """The model cannot decide payments: it has not passed its gates, or sees other features."""

    code = "model_unfit"

    def __init__(self, model_id: UUID, why: str) -> None:
        super().__init__(f"The model cannot decide payments: {why}.", model_id=str(model_id))


class NothingToLearn(Refused):
    """There are not enough labels of both kinds."""

    code = "nothing_to_learn"

    def __init__(self, why: str) -> None:
        super().__init__(why)
