"""Merkle trees, proofs and signed heads, against RFC 9162 and foreign vectors."""

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from fintech.kernel import proof
from fintech.kernel.proof import Head, Leaves, Tree

ROOT = Path(__file__).parents[2]
VECTORS = Path(os.environ.get("REAL_DATA_DIR", ROOT / ".." / "shared" / "data")) / "vectors"
SEED = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"  # RFC 8032 §7.1


def leaves(count: int) -> list[bytes]:
    return [proof.leaf_hash(n.to_bytes(4)) for n in range(count)]


def by_definition(of: list[bytes]) -> bytes:
    """MTH as RFC 9162 §2.1.1 writes it down."""
    if not of:
        return hashlib.sha256(b"").digest()
    if len(of) == 1:
        return of[0]
    width = 1
    while width * 2 < len(of):
        width *= 2
    return proof.node_hash(by_definition(of[:width]), by_definition(of[width:]))


def test_hashes_leaves_and_nodes_under_different_prefixes():
    assert proof.leaf_hash(b"").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert proof.node_hash(b"a", b"b") == hashlib.sha256(b"\x01ab").digest()


def test_the_root_is_the_one_of_the_definition_at_every_size():
    for size in range(70):
        assert proof.root(leaves(size)) == by_definition(leaves(size))


def test_a_tree_grows_from_its_frontier_alone():
    for size in range(40):
        for more in range(20):
            grown = Tree().extended(leaves(size)).extended(leaves(size + more)[size:])
            assert grown == Tree().extended(leaves(size + more))


def test_every_leaf_is_proven_from_the_frontier_before_it_and_no_other_is():
    for before in range(18):
        for size in range(before + 1, 36):
            tree = Tree().extended(leaves(before))
            part = Leaves(leaves(size)[before:], after=tree)
            root = by_definition(leaves(size))
            for index in range(before, size):
                path = part.inclusion(index)
                facts = {"size": size, "proof": path, "root": root}
                assert proof.included(leaves(size)[index], index=index, **facts)
                assert not proof.included(proof.leaf_hash(b"x"), index=index, **facts)
                if size > 1:
                    wrong = (index + 1) % size
                    assert not proof.included(leaves(size)[index], index=wrong, **facts)
                    assert not proof.included(
                        leaves(size)[index], index=index, size=size, proof=path[1:], root=root
                    )


def test_every_earlier_tree_is_proven_to_be_continued_and_no_other_is():
    for before in range(18):
        for size in range(before + 1, 36):
            part = Leaves(leaves(size)[before:], after=Tree().extended(leaves(before)))
            for first in range(max(before, 1), size + 1):
                facts = {
                    "first": first,
                    "second": size,
                    "proof": part.consistency(first),
                    "second_root": by_definition(leaves(size)),
                }
                assert proof.consistent(first_root=by_definition(leaves(first)), **facts)
                assert not proof.consistent(first_root=proof.leaf_hash(b"x"), **facts)


def test_proves_nothing_about_what_it_does_not_hold():
    part = Leaves(leaves(5)[3:], after=Tree().extended(leaves(3)))
    for index in (-1, 2, 5):
        with pytest.raises(IndexError):
            part.inclusion(index)
    for size in (0, 2, 6):
        with pytest.raises(IndexError):
            part.consistency(size)


def test_a_head_is_verified_by_the_key_it_names_and_by_no_other():
    head = Head(
        origin="test.log",
        number=1,
        size=3,
        root=proof.root(leaves(3)),
        previous=proof.GENESIS,
        sealed_at_us=1_764_000_000_000_000,
    )
    signature = proof.sign_head(head, SEED)
    keys = proof.key_ring(proof.public_key(SEED))

    assert proof.public_key(SEED).hex() == (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    assert proof.verify_head(head, signature, keys)
    assert not proof.verify_head(head, signature, proof.key_ring(proof.public_key("11" * 32)))
    for changed in (
        Head(**{**_facts(head), "size": 4}),
        Head(**{**_facts(head), "root": proof.GENESIS}),
        Head(**{**_facts(head), "previous": head.root}),
        Head(**{**_facts(head), "origin": "other.log"}),
        Head(**{**_facts(head), "number": 2}),
        Head(**{**_facts(head), "sealed_at_us": 0}),
    ):
        assert not proof.verify_head(changed, signature, keys)


def _facts(head: Head) -> dict[str, object]:
    return {name: getattr(head, name) for name in Head.__dataclass_fields__}


def _vectors(kind: str) -> list[Path]:
    return sorted((VECTORS / "rfc6962" / kind).glob("*.json"))


needs_vectors = pytest.mark.skipif(
    not VECTORS.is_dir(), reason=f"no foreign vectors in {VECTORS} (REAL_DATA_DIR)"
)


@needs_vectors
def test_judges_inclusion_as_the_vectors_of_transparency_dev_do():
    for path in _vectors("inclusion"):
        case = json.loads(path.read_text())
        judged = proof.included(
            base64.b64decode(case["leafHash"]),
            index=case["leafIdx"],
            size=case["treeSize"],
            proof=[base64.b64decode(node) for node in case["proof"] or ()],
            root=base64.b64decode(case["root"] or ""),
        )
        assert judged is not case["wantErr"], path.name


@needs_vectors
def test_judges_consistency_as_the_vectors_of_transparency_dev_do():
    for path in _vectors("consistency"):
        case = json.loads(path.read_text())
        judged = proof.consistent(
            first=case["size1"],
            second=case["size2"],
            proof=[base64.b64decode(node) for node in case["proof"] or ()],
            first_root=base64.b64decode(case["root1"] or ""),
            second_root=base64.b64decode(case["root2"] or ""),
        )
        assert judged is not case["wantErr"], path.name


@needs_vectors
def test_judges_ed25519_signatures_as_wycheproof_does():
    suite = json.loads((VECTORS / "wycheproof_ed25519_test_even.json").read_text())
    judged = 0
    for group in suite["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            verdict = proof.verified(public, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert verdict is (case["result"] == "valid"), case["tcId"]
            judged += 1
    assert judged == 75


@needs_vectors
def test_writes_canonical_json_as_the_vectors_of_rfc_8785_do():
    folder = VECTORS / "rfc8785_jcs"
    judged = 0
    for given in sorted(folder.glob("input__*.json")):
        written = (folder / given.name.replace("input", "output")).read_bytes()
        assert proof.canonical(json.loads(given.read_text())) == written, given.name
        judged += 1
    assert judged == 3
