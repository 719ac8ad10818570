"""
Check an exported journal, without the platform that wrote it.

    manage.py export_journal > journal.jsonl
    python verify_journal.py journal.jsonl --key PUBLIC_KEY_IN_HEX [--head NUMBER:DIGEST]

Needs Python and `cryptography`, nothing else; copy this file wherever you trust it. It
recomputes every entry's hash, every account's chain and running balance, that each entry
sums to zero per currency, the Merkle root (RFC 9162) and signature of every seal, and
names the first record that is not what was written. Exit code 0 means intact.

A head that you kept elsewhere (`--head`) also shows a journal that was cut off at its end
or rewritten as a whole by someone who holds the key.
"""

import argparse
import base64
import hashlib
import json
import struct
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Record = dict[str, Any]

_BOTH = struct.Struct("!iqq")  # Account, what is posted, what is pending.
_ONE = struct.Struct("!iq")
_NEVER = -(1 << 63)
_NOBODY = bytes(16)
_POSTED, _CAPTURE = 0, 2
_FORMULAS = (1, 2)


class Tampered(Exception):
    """A record is not what was written."""


def genesis(account: Record) -> bytes:
    """Return what an account's chain begins with: its identity and rules."""
    floor = account["floor"]
    return hashlib.sha256(
        struct.pack("!hhi", 1, account["shard"], account["account"])
        + UUID(account["digest"]).bytes
        + struct.pack(
            "!hhq", account["code"], account["normal"], _NEVER if floor is None else floor
        )
    ).digest()


def unpack(entry: Record) -> list[tuple[int, int, int]]:
    """
    Return account, posted and pending amount of each of an entry's lines.

    By formula 1 each line has both amounts. By formula 2 only a capture's have: a posted
    entry's lines only post, those of others only touch what is pending.
    """
    content = bytes.fromhex(entry["lines"])
    if entry["formula"] == 1 or entry["kind"] == _CAPTURE:
        return list(_BOTH.iter_unpack(content))
    if entry["kind"] == _POSTED:
        return [(account, amount, 0) for account, amount in _ONE.iter_unpack(content)]
    return [(account, 0, amount) for account, amount in _ONE.iter_unpack(content)]


def entry_hash(entry: Record) -> bytes:
    """Return an entry's hash."""
    if entry["formula"] not in _FORMULAS:
        raise Tampered(f"entry {entry['id']}: formula {entry['formula']} is unknown here")
    template, expected = entry["template"].encode(), (entry["expected"] or "").encode()
    expires = entry["expires_at"]
    return hashlib.sha256(
        struct.pack("!h", entry["formula"])
        + UUID(entry["id"]).bytes
        + struct.pack("!hhh", entry["shard"], entry["kind"], entry["version"])
        + (UUID(entry["subject"]).bytes if entry["subject"] else _NOBODY)
        + (UUID(entry["pending_id"]).bytes if entry["pending_id"] else _NOBODY)
        + struct.pack(
            "!qq?", entry["occurred_at"], _NEVER if expires is None else expires, entry["final"]
        )
        + struct.pack("!i", len(template))
        + template
        + struct.pack("!i", len(expected))
        + expected
        + bytes.fromhex(entry["lines"])
    ).digest()


def leaf_hash(entry: Record, content: bytes) -> bytes:
    """Return what is sealed of an entry."""
    by = entry["by"].encode()
    return hashlib.sha256(
        b"\x00"
        + struct.pack("!qqqi", entry["position"], entry["xid"], entry["recorded_at"], len(by))
        + by
        + content
    ).digest()


def merkle_root(edge: list[bytes], size: int, leaves: list[bytes]) -> tuple[int, bytes]:
    """Let a tree grow (its edge is changed); return its size and root by RFC 9162."""
    for leaf in leaves:
        node, size = leaf, size + 1
        low = size & -size
        while low > 1:
            node, low = hashlib.sha256(b"\x01" + edge.pop() + node).digest(), low >> 1
        edge.append(node)
    root = edge[-1] if edge else hashlib.sha256(b"").digest()
    for sibling in reversed(edge[:-1]):
        root = hashlib.sha256(b"\x01" + sibling + root).digest()
    return size, root


class Journal:
    """All records of one export, checked as they come."""

    def __init__(self, keys: dict[str, Ed25519PublicKey], head: tuple[int, str] | None) -> None:
        """Take the public keys that may sign, and a head that was kept elsewhere."""
        self.keys, self.kept = keys, head
        self.accounts: dict[tuple[int, int], Record] = {}
        self.hashes: dict[str, bytes] = {}
        self.lines: dict[str, list[tuple[int, int, int]]] = {}
        self.leaves: dict[int, tuple[str, bytes]] = {}
        self.chains: dict[tuple[int, int], tuple[int, int, bytes]] = {}
        self.found: dict[str, set[int]] = defaultdict(set)
        self.edge: list[bytes] = []
        self.size, self.seals, self.previous = 0, 0, bytes(32)

    def take(self, record: Record) -> None:
        """Check one record; `Tampered` if it is not what was written."""
        getattr(self, f"_{record['type']}")(record)

    def _account(self, account: Record) -> None:
        book, name = UUID(account["book"]).bytes, account["currency"] + account["address"]
        if hashlib.sha256(book + name.encode()).digest()[:16] != UUID(account["digest"]).bytes:
            raise Tampered(f"account {account['address']}: its digest is another's")
        key = account["shard"], account["account"]
        self.accounts[key] = account
        self.chains[key] = (0, 0, genesis(account))

    def _entry(self, entry: Record) -> None:
        sums: dict[str, int] = defaultdict(int)
        lines = unpack(entry)
        for number, amount, pending in lines:
            account = self.accounts.get((entry["shard"], number))
            if account is None:
                raise Tampered(f"entry {entry['id']}: names account {number}, which is not there")
            sums[account["currency"]] += amount
            sums[f"{account['currency']} pending"] += pending
        if any(sums.values()):
            raise Tampered(f"entry {entry['id']}: does not sum to zero")
        content = entry_hash(entry)
        self.hashes[entry["id"]], self.lines[entry["id"]] = content, lines
        self.leaves[entry["position"]] = (entry["id"], leaf_hash(entry, content))

    def _line(self, line: Record) -> None:
        key = line["shard"], line["account"]
        name = f"line {line['account']}/{line['seq']}"
        if key not in self.chains or line["entry_id"] not in self.hashes:
            raise Tampered(f"{name}: its account or entry is not there")
        seq, balance, head = self.chains[key]
        if line["seq"] != seq + 1:
            raise Tampered(f"line {line['account']}/{seq + 1}: is missing")
        said = self.lines[line["entry_id"]][line["no"] - 1 : line["no"]]
        if said != [(line["account"], line["amount"], line["pending"])]:
            raise Tampered(f"{name}: is not what entry {line['entry_id']} says")
        balance += line["amount"]
        link = hashlib.sha256(
            head
            + self.hashes[line["entry_id"]]
            + struct.pack("!hqqqq", line["no"], seq + 1, line["amount"], line["pending"], balance)
        ).digest()
        if balance != line["balance"]:
            raise Tampered(f"{name}: its balance does not follow")
        if link.hex() != line["hash"]:
            raise Tampered(f"{name} of entry {line['entry_id']}: its hash does not follow")
        self.chains[key] = (seq + 1, balance, link)
        self.found[line["entry_id"]].add(line["no"])

    def _seal(self, seal: Record) -> None:
        name = f"seal {seal['number']}"
        self.seals += 1
        if seal["number"] != self.seals:
            raise Tampered(f"seal {self.seals}: is missing")
        for position, leaf in zip(seal["positions"], seal["leaves"], strict=True):
            entry_id, own = self.leaves.pop(position, ("", b""))
            if not entry_id:
                raise Tampered(f"entry at position {position}: is missing")
            if own.hex() != leaf:
                raise Tampered(f"entry {entry_id}: was changed after it was sealed")
        leaves = [bytes.fromhex(leaf) for leaf in seal["leaves"]]
        self.size, root = merkle_root(self.edge, self.size, leaves)
        if (self.size, root.hex()) != (seal["size"], seal["root"]):
            raise Tampered(f"{name}: its root is not that of its entries")
        if seal["previous"] != self.previous.hex():
            raise Tampered(f"{name}: does not follow the seal before it")
        statement = (
            f"{seal['origin']}\n{seal['size']}\n{base64.b64encode(root).decode()}\n"
            f"head {seal['number']}\nprevious {seal['previous']}\nsealed {seal['sealed_at_us']}\n"
        ).encode()
        key = self.keys.get(seal["key_id"])
        if key is None:
            raise Tampered(f"{name}: is signed by {seal['key_id']}, a key that was not given")
        try:
            key.verify(bytes.fromhex(seal["signature"]), statement)
        except InvalidSignature:
            raise Tampered(f"{name}: its signature is wrong") from None
        self.previous = hashlib.sha256(statement).digest()
        if self.kept and seal["number"] == self.kept[0] and self.previous.hex() != self.kept[1]:
            raise Tampered(f"{name}: is not the head that was kept elsewhere")

    def finish(self) -> str:
        """Check what only the whole can tell; return what was found, in a sentence."""
        for entry_id, lines in self.lines.items():
            if len(self.found[entry_id]) != len(lines):
                raise Tampered(f"entry {entry_id}: not all of its lines are there")
        if self.kept and self.seals < self.kept[0]:
            raise Tampered(f"seal {self.kept[0]}: is missing; the journal was cut off")
        stand = sum(seq for seq, _, _ in self.chains.values())
        return (
            f"intact: {len(self.hashes)} entries, {stand} lines, {len(self.accounts)} accounts; "
            f"{self.size} entries sealed by {self.seals} heads, {len(self.leaves)} not sealed yet\n"
            f"head {self.seals}:{self.previous.hex()}"
        )


def records(path: str) -> Iterator[Record]:
    """Yield an export's records."""
    with open(path, encoding="utf-8") if path != "-" else sys.stdin as export:  # noqa: PTH123
        for number, text in enumerate(export, start=1):
            try:
                record = json.loads(text)
            except ValueError:
                raise Tampered(f"line {number} of the file: is no JSON") from None
            yield record


def main(arguments: list[str] | None = None) -> int:
    """Check a file; 0 if it is intact."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("journal", help="the export, or - for standard input")
    parser.add_argument("--key", action="append", required=True, help="a public key, in hex")
    parser.add_argument("--head", help="NUMBER:DIGEST of a head that was kept elsewhere")
    given = parser.parse_args(arguments)
    keys = {}
    for text in given.key:
        raw = bytes.fromhex(text)
        keys[hashlib.sha256(raw).hexdigest()[:16]] = Ed25519PublicKey.from_public_bytes(raw)
    head = None
    if given.head:
        number, _, digest = given.head.partition(":")
        head = int(number), digest
    journal = Journal(keys, head)
    try:
        for record in records(given.journal):
            journal.take(record)
        print(journal.finish())  # noqa: T201
    except Tampered as fault:
        print(f"NOT INTACT: {fault}")  # noqa: T201
        return 1
    except (KeyError, TypeError, AttributeError, ValueError, struct.error) as error:
        print(f"NOT INTACT: a record is malformed ({error!r})")  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
