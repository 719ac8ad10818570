"""Everything the books can refuse, on one screen."""

from datetime import datetime
from uuid import UUID

from fintech.kernel.errors import Invalid, NotFound, Refused


class PostingRefused(Refused):
    """A journal entry cannot be posted; nothing of its batch is."""

    code = "entry_refused"

    def __init__(self, entry_id: UUID) -> None:
        self.entry_id = entry_id
        super().__init__(entry_id=str(entry_id))


class EntryUnbalanced(PostingRefused):
    """Debits and credits of the entry differ, or a line moves nothing."""

    code = "entry_unbalanced"


class EntryConflict(PostingRefused):
    """Another entry with this id stands in the journal."""

    code = "entry_conflict"


class EntryIdOutOfWindow(PostingRefused):
    """The entry's id was made in the future, too long ago, or is no UUIDv7."""

    code = "entry_id_out_of_window"


class EntryCurrencyMismatch(PostingRefused):
    """The entry sums to zero only across currencies."""

    code = "entry_currency_mismatch"


class AmountTooLarge(PostingRefused):
    """An amount or a balance would leave the range of 2^62 minor units."""

    code = "amount_too_large"


class AccountUnknown(PostingRefused):
    """The entry names an account that is not there."""

    code = "ledger_account_unknown"


class AccountClosed(PostingRefused):
    """The entry names an account that is closed."""

    code = "ledger_account_closed"


class Overdraft(PostingRefused):
    """An account would fall below its floor."""

    code = "entry_overdraft"


class BelowFloor(Refused):
    """An account holds less than it would have to keep."""

    code = "entry_overdraft"

    def __init__(self, *, address: str, currency: str, floor: int) -> None:
        super().__init__(
            "The account holds less than that.", address=address, currency=currency, floor=floor
        )


class PeriodClosed(PostingRefused):
    """The entry falls into a period that is closed."""

    code = "period_closed"


class PendingNotFound(PostingRefused):
    """There is no such pending entry."""

    code = "pending_not_found"


class PendingExceeded(PostingRefused):
    """More is asked for than the pending entry still sets aside."""

    code = "pending_exceeded"


class PendingMismatch(PostingRefused):
    """A capture begins with the pair of accounts that its pending entry has set aside."""

    code = "pending_mismatch"


class BatchTooLarge(Refused):
    """A batch has at most 1,000 entries, and an entry at most 100 lines."""

    code = "batch_too_large"


class EntryNotFound(NotFound):
    """There is no such journal entry."""

    code = "resource_missing"

    def __init__(self, entry_id: UUID) -> None:
        super().__init__(entry_id=str(entry_id))


class EntryAlreadyReversed(Refused):
    """The journal entry was reversed before."""

    code = "entry_already_reversed"

    def __init__(self, entry_id: UUID) -> None:
        super().__init__(entry_id=str(entry_id))


class EntryNotReversible(Refused):
    """Only posted entries are reversed; what is pending is released, a capture refunded."""

    code = "entry_not_reversible"

    def __init__(self, entry_id: UUID) -> None:
        super().__init__(entry_id=str(entry_id))


class PeriodNotOver(Refused):
    """A period is closed when it is over, not before."""

    code = "period_not_over"

    def __init__(self, *, before: datetime) -> None:
        super().__init__(before=before.isoformat())


class AccountNotFound(NotFound):
    """There is no such ledger account; it was never used."""

    code = "resource_missing"

    def __init__(self, *, address: str, currency: str) -> None:
        super().__init__(address=address, currency=currency)


class AccountInUse(Refused):
    """The account holds money, or money is pending on it; only an empty one is closed."""

    code = "ledger_account_in_use"

    def __init__(self, *, address: str, currency: str) -> None:
        super().__init__(address=address, currency=currency)


class BookAccountNotFound(NotFound):
    """There is no such account in this book."""

    code = "resource_missing"

    def __init__(self, account_id: UUID) -> None:
        super().__init__(account_id=str(account_id))


class BookAccountExists(Refused):
    """The book has an account with this code."""

    code = "resource_already_exists"


class EntryNotSealed(Refused):
    """The journal entry is not sealed yet; it is within a second or two."""

    code = "entry_not_sealed"

    def __init__(self, entry_id: UUID) -> None:
        super().__init__(entry_id=str(entry_id))


class ManualEntryWrong(Invalid):
    """A proposed entry names accounts of the chart, balances, and says why."""

    code = "manual_entry_wrong"
