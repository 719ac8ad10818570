"""
Showing that what the timeline tells was sealed, and giving the proof away.

The newest fact of a payment is a leaf of the log's Merkle tree; the path from it leads
to a root that was signed. Whoever keeps the proof can check it without us.
"""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from fintech.audit import queries as audit_queries
from fintech.kernel import ids, proof
from fintech.kernel.seals import Seal
from fintech.merchants.data import Right
from fintech.web import fold, queries
from fintech.web.dashboard import desk, payments
from fintech.web.data import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A fact's place in the sealed log, checked just now."""

    item: Item
    seal: Seal
    index: int
    leaf: bytes
    path: tuple[bytes, ...]
    leads_to_root: bool
    is_signed: bool

    @property
    def holds(self) -> bool:
        """Whether the path leads to the root and our key signed it."""
        return self.leads_to_root and self.is_signed


@require_GET
@desk.page(Right.VIEW_PAYMENTS)
def page(request: HttpRequest, at: desk.Desk, payment_id: UUID) -> HttpResponse:
    """Show how the newest fact of a payment is sealed."""
    payment = payments.payment_of(at, payment_id)
    shown = _shown(payment.id, at.merchant.id)
    if shown and request.GET.get("form") == "json":
        answer = JsonResponse(as_json(shown), json_dumps_params={"indent": 2})
        name = ids.public("pi", payment.id)
        answer["Content-Disposition"] = f'attachment; filename="proof-{name}.json"'
        return answer
    context = {
        **payments.head(payment),
        "shown": shown,
        "path": [one.hex() for one in shown.path] if shown else [],
        "leaf": shown.leaf.hex() if shown else "",
        "root": shown.seal.head.root.hex() if shown else "",
        "tab": "proof",
    }
    return desk.render(request, at, "web/dashboard/proof.html", "payments", context)


def _shown(payment_id: UUID, merchant_id: UUID) -> Shown | None:
    facts = [one for one in queries.timeline(payment_id, merchant_id) if one.source == fold.EVENTS]
    for item in sorted(facts, key=lambda one: one.position, reverse=True):
        found = audit_queries.inclusion(item.position)
        if found is not None:
            seal, index, path = found
            leaf = dict(seal.leaves)[item.position]
            return Shown(
                item=item,
                seal=seal,
                index=index,
                leaf=leaf,
                path=tuple(path),
                leads_to_root=proof.included(
                    leaf, index=index, size=seal.head.size, proof=path, root=seal.head.root
                ),
                is_signed=proof.verify_head(seal.head, seal.signature, _keys()),
            )
    return None


def _keys() -> dict[str, bytes]:
    return proof.key_ring(proof.public_key(settings.SIGNING_KEY))


def as_json(shown: Shown) -> dict[str, object]:
    """Return all that is needed to check the proof elsewhere."""
    head = shown.seal.head
    return {
        "log": head.origin,
        "position": shown.item.position,
        "fact": shown.item.kind,
        "leaf": shown.leaf.hex(),
        "index": shown.index,
        "path": [one.hex() for one in shown.path],
        "head": {
            "number": head.number,
            "size": head.size,
            "root": head.root.hex(),
            "previous": head.previous.hex(),
            "sealed_at_us": head.sealed_at_us,
        },
        "signature": {
            "key_id": shown.seal.signature.key_id,
            "value": shown.seal.signature.value.hex(),
            "public_key": proof.public_key(settings.SIGNING_KEY).hex(),
        },
    }
