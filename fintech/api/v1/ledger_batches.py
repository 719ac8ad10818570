"""A merchant's own book: many entries at once, each with its own outcome."""

from fintech.api import errors
from fintech.api.codec import entries
from fintech.api.codec.tree import Malformed
from fintech.api.operations import Answer, Call, operation
from fintech.kernel import ids
from fintech.kernel.errors import Refusal
from fintech.ledger import services
from fintech.ledger.data import Batch, Code, Outcome
from fintech.ledger.errors import BatchTooLarge
from fintech.wire import ledger_books as wire
from fintech.wire.scalars import Json

_LARGEST = 4 * 1024 * 1024  # Bytes.


@operation(
    "POST",
    "/v1/ledger/entry_batches",
    scope="ledger:write",
    returns="ledger.entry_batch",
    noun="batch of entries",
    expands=False,
    content_limit=_LARGEST,
    takes_content=True,
    rehearses=True,
)
def post(call: Call) -> Answer:
    """
    Post up to 1,000 entries to your own book: a JSON array, or NDJSON with one a line.

    Each entry is posted or rejected by itself. Under the same id the same entry counts once.
    """
    media_type = call.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in {entries.JSON, entries.NDJSON}:
        raise errors.UnsupportedMediaType
    if entries.count(call.content, media_type) > services.MOST_ENTRIES:
        raise BatchTooLarge(entries=services.MOST_ENTRIES)
    try:
        read = entries.read_many(call.content, media_type, at=call.at)
    except Malformed as broken:
        raise errors.MalformedBody(broken.message) from None
    if not read:
        raise errors.MalformedBody("The batch is empty.")
    if len(read) > services.MOST_ENTRIES:
        raise BatchTooLarge(entries=len(read))
    asked = entries.ids_of(read)
    done = call.once(
        lambda: Batch(
            tuple(services.post_to_book(book=call.merchant_id, entries=asked, by=call.by))
        )
    )
    outcomes = iter(done.value.outcomes)
    results = [
        wire.render_result(None, "rejected", [(f.code, f.message, f.param or None) for f in faults])
        if entry is None
        else render(next(outcomes))
        for entry, faults in read
    ]
    return Answer(body=wire.render_batch(results), replayed=done.replayed)


def render(outcome: Outcome) -> Json:
    """Return what came of one entry."""
    entry = ids.public("ltx", outcome.entry_id)
    if outcome.code.stands:
        return wire.render_result(entry, "posted" if outcome.code == Code.POSTED else "exists")
    refusal: Refusal = services.refusal(outcome)
    return wire.render_result(entry, "rejected", [(refusal.code, refusal.message, None)])
