"""
Proof that a log was only ever added to: Merkle trees, hash chains, signed heads.

Hashing is that of RFC 9162 (SHA-256; a leaf is prefixed with 0x00, a node with 0x01), so
any Certificate Transparency tool can check our trees. A *frontier* is the roots of the
perfect subtrees that a tree's size splits into, from left to right: with it a tree grows
by n leaves in O(n) and proofs about those leaves need nothing older. A *head* is what is
signed: a tree's size and root, chained to the head before. Pure Python.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

EMPTY_ROOT = hashlib.sha256(b"").digest()
GENESIS = bytes(32)  # What the first link of a chain stands on.


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def chain_step(previous: bytes, content: bytes) -> bytes:
    """Return the next link of a chain; both parts have a fixed form, so none can slide."""
    return hashlib.sha256(previous + content).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over hashed leaves."""
    return Tree().extended(leaves).root()


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree's size and frontier: all that is needed to let it grow."""

    size: int = 0
    frontier: tuple[bytes, ...] = ()

    def extended(self, leaves: Sequence[bytes]) -> "Tree":
        """Return the tree with more hashed leaves at its right edge."""
        size, edge = self.size, list(self.frontier)
        for leaf in leaves:
            node, size = leaf, size + 1
            low = size & -size  # As many perfect pairs end here as the size has low zeros.
            while low > 1:
                node, low = node_hash(edge.pop(), node), low >> 1
            edge.append(node)
        return Tree(size, tuple(edge))

    def root(self) -> bytes:
        """Return the tree's root."""
        if not self.frontier:
            return EMPTY_ROOT
        *left, node = self.frontier
        for sibling in reversed(left):
            node = node_hash(sibling, node)
        return node


class Leaves:
    """
    The leaves that were added to a tree, for making proofs about them.

    What lies left of them is known by the frontier of the tree they were added to.
    """

    def __init__(self, leaves: Sequence[bytes], after: Tree | None = None) -> None:
        """Take hashed leaves and the tree before them."""
        self._leaves, self._before = leaves, after or Tree()
        self.size = self._before.size + len(leaves)
        self._known: dict[tuple[int, int], bytes] = {}
        start = 0
        for node in self._before.frontier:
            width = 1 << (self._before.size - start).bit_length() - 1
            self._known[start, start + width] = node
            start += width

    def inclusion(self, index: int) -> list[bytes]:
        """Return the inclusion proof (RFC 9162 §2.1.3) of a leaf of these, in this tree."""
        if not self._before.size <= index < self.size:
            raise IndexError(index)
        proof, start, end = [], 0, self.size
        while end - start > 1:
            middle = start + _left_width(end - start)
            if index < middle:
                proof.append(self._node(middle, end))
                end = middle
            else:
                proof.append(self._node(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, size: int) -> list[bytes]:
        """Return the proof (RFC 9162 §2.1.4) that this tree continues one of `size` leaves."""
        if not self._before.size <= size <= self.size or size == 0:
            raise IndexError(size)
        proof, start, end, whole = [], 0, self.size, True
        while end != size:
            middle = start + _left_width(end - start)
            if size <= middle:
                proof.append(self._node(middle, end))
                end = middle
            else:
                proof.append(self._node(start, middle))
                start, whole = middle, False
        if not whole:
            proof.append(self._node(start, end))
        return proof[::-1]

    def _node(self, start: int, end: int) -> bytes:
        if (start, end) not in self._known:
            if end - start == 1:
                return self._leaves[start - self._before.size]
            middle = start + _left_width(end - start)
            node = node_hash(self._node(start, middle), self._node(middle, end))
            self._known[start, end] = node
        return self._known[start, end]


def _left_width(width: int) -> int:
    return 1 << (width - 1).bit_length() - 1


def included(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that a hashed leaf stands at an index of a tree."""
    if not 0 <= index < size:
        return False
    place, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def consistent(
    *, first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> bool:
    """Whether a proof shows that the second tree begins with all of the first."""
    if first == second:
        return not proof and first_root == second_root
    if not 0 < first < second or not proof:
        return False
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is signed: how far a log reaches, its root, and the head before."""

    origin: str  # Which log, such as "ledger.journal".
    number: int  # Counts from 1.
    size: int
    root: bytes
    previous: bytes  # The digest of the head before; GENESIS for the first.
    sealed_at_us: int  # Microseconds since 1970.

    def statement(self) -> bytes:
        """Return the text that is signed, in the manner of C2SP's tlog-checkpoint."""
        return (
            f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
            f"head {self.number}\nprevious {self.previous.hex()}\nsealed {self.sealed_at_us}\n"
        ).encode()

    def digest(self) -> bytes:
        """Return what the next head names as its previous."""
        return hashlib.sha256(self.statement()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature, and which key made it."""

    key_id: str
    value: bytes


@cache
def _private(seed: str) -> tuple[Ed25519PrivateKey, str]:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))
    return key, key_id(key.public_key().public_bytes_raw())


def public_key(seed: str) -> bytes:
    """Return the raw public key of a seed given in hex."""
    return _private(seed)[0].public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """Return a public key's short name."""
    return hashlib.sha256(public).hexdigest()[:16]


def key_ring(*publics: bytes) -> dict[str, bytes]:
    """Return public keys by their names: today's and, for old heads, the retired ones."""
    return {key_id(public): public for public in publics}


def sign_head(head: Head, seed: str) -> Signature:
    """Sign a head with the Ed25519 key of a seed given in hex."""
    key, name = _private(seed)
    return Signature(key_id=name, value=key.sign(head.statement()))


def sign(statement: bytes, seed: str) -> Signature:
    """Sign a statement with the Ed25519 key of a seed given in hex; it names its own kind."""
    key, name = _private(seed)
    return Signature(key_id=name, value=key.sign(statement))


def verify_head(head: Head, signature: Signature, keys: Mapping[str, bytes]) -> bool:
    """Whether a known key has signed a head."""
    public = keys.get(signature.key_id)
    return public is not None and verified(public, signature.value, head.statement())


def verified(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature is a key's over a message."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def canonical(value: object) -> bytes:
    """
    Return JSON in the one form of RFC 8785, for hashing: names sorted, nothing to choose.

    Numbers are whole; what is not (56.5) has no business in what we hash.
    """
    return _canonical(value).encode()


def _canonical(value: object) -> str:
    if isinstance(value, Mapping):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        parts = (f"{_canonical(str(name))}:{_canonical(value[name])}" for name in names)
        return f"{{{','.join(parts)}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_canonical, value))}]"
    if isinstance(value, float):
        if not value.is_integer() or abs(value) >= 1 << 53:
            message = f"{value} is no whole number"
            raise ValueError(message)
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)
