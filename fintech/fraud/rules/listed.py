"""What stands on a list, and the sandbox cards that ask for a decision."""

from fintech.fraud.data import Features, ListAction, Reason


def block_list(features: Features) -> Reason | None:
    """Somebody has said: never."""
    return _listed(features, ListAction.BLOCK, "list_block", 100)


def review_list(features: Features) -> Reason | None:
    """Somebody has said: show me."""
    return _listed(features, ListAction.REVIEW, "list_review", 50)


def allow_list(features: Features) -> Reason | None:
    """Somebody has said: this is fine. It lowers the score and overrules nothing."""
    return _listed(features, ListAction.ALLOW, "list_allow", -40)


def sandbox_card(features: Features) -> Reason | None:
    """A sandbox has cards that are always blocked or always reviewed."""
    if features.sandbox_risk == "blocked":
        return Reason("sandbox_blocked", 100)
    if features.sandbox_risk == "elevated":
        return Reason("sandbox_elevated", 35)
    return None


def listed_reasons(features: Features) -> list[Reason]:
    """Return all that lists say of a snapshot."""
    said = (block_list(features), review_list(features), allow_list(features))
    return [reason for reason in said if reason is not None]


def _listed(features: Features, action: ListAction, code: str, weight: int) -> Reason | None:
    hits = [
        kind
        for kind, _, asked in (hit.partition(":") for hit in features.listed)
        if asked == action
    ]
    return Reason(code, weight, (("on", ".".join(hits)),)) if hits else None
