#!/usr/bin/env python3
"""Checks the proof of a fork (docs/protocol.md, section 7). Usage: fork.py FILE. Prints the contradiction as JSON, or null.
Exit code 5 if the file proves nothing."""

import json
import sys

from checkpoints import open_checkpoint
from hashing import sha256
from kept import open_receipt
from manifest import Run


def roots_of_path(index, size, leaf, path):
    """The root of the tree, and that of the leaves before `index`, from an inclusion proof (RFC 9162, 2.1.3.2)."""
    root, before, at, last = leaf, None, index, size - 1
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    for sibling in path:
        if last == 0:
            raise ValueError("the proof is too long")
        if at & 1 or at == last:
            root = sha256(b"\x01", sibling, root)
            before = sibling if before is None else sha256(b"\x01", sibling, before)
            while not at & 1 and at > 0:
                at, last = at >> 1, last >> 1
        else:
            root = sha256(b"\x01", root, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ValueError("the proof is too short")
    return root, sha256() if before is None else before


def contradiction(proof):
    """What the relay signed twice: (number of entries or sequence, one hash, the other). Raises if the proof shows nothing."""
    if sorted(proof) != ["earlier", "entry", "later", "manifest"] or len(proof["earlier"]) != 1 or list(proof["later"]) != ["checkpoint"]:
        raise ValueError("has other members")
    run = Run(bytes.fromhex(proof["manifest"]))
    size, root = open_checkpoint(run, proof["later"]["checkpoint"].encode())
    entry = proof["entry"]
    leaf = entry and bytes.fromhex(entry["hash"])
    path = [bytes.fromhex(part) for part in entry["path"]] if entry else []
    if "receipt" in proof["earlier"]:
        at, expected = open_receipt(run, bytes.fromhex(proof["earlier"]["receipt"]))
        whole, _ = roots_of_path(at - 1, size, leaf, path)
        found = leaf
    else:
        at, expected = open_checkpoint(run, proof["earlier"]["checkpoint"].encode())
        if entry is None and at != size:
            raise ValueError("an entry is needed")
        whole, found = (root, root) if entry is None else roots_of_path(at, size, leaf, path)
    if whole != root or found == expected:
        raise ValueError("the two agree")
    return run.id.hex(), at, expected.hex(), found.hex()


def main(path):
    with open(path, encoding="utf-8") as file:
        proof = json.load(file)
    try:
        run, at, one, other = contradiction(proof)
    except (ValueError, KeyError, IndexError, TypeError):
        print("null")
        return 5
    print(json.dumps({"run": run, "at": at, "one": one, "other": other}))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
