"""The journal's entries and their bodies (docs/protocol.md, section 5)."""

import json
import re
import struct

from deltas import loss_of
from hashing import sha256

LARGEST = 2**53 - 1


HASH, HEX = re.compile(r"[0-9a-f]{64}"), re.compile(r"(?:[0-9a-f]{2})*")


def is_count(value, least=0):
    return type(value) is int and least <= value <= LARGEST


def is_hash(value):
    return type(value) is str and HASH.fullmatch(value) is not None


def is_loss(value):
    try:
        return type(value) is str and loss_of(value) is not None
    except (ValueError, OverflowError, ArithmeticError):
        return False


def is_signature(value):
    return type(value) is str and len(value) == 128 and HEX.fullmatch(value) is not None


def is_checkpoint(value):
    return type(value) is dict and list(value) == ["root", "signature"] and is_hash(value["root"]) and is_signature(value["signature"])


def is_score(value):
    return (type(value) is dict and list(value) == ["sequence", "before", "after"] and is_count(value["sequence"], 1)
            and is_loss(value["before"]) and is_loss(value["after"]))


def is_lowered(value):
    return (type(value) is dict and list(value) == ["sequence", "tokens", "reason"] and is_count(value["sequence"], 1)
            and is_count(value["tokens"]) and value["reason"] in ("too-fast", "short", "copy", "worse", "distrusted", "unproven"))


positive = lambda value: is_count(value, 1)
# The parts of a model that a contribution may be of, and their numbers in an offer.
PARTS = {"whole": 1, "upper": 2}
REFUSALS = set("""MALFORMED OUT_OF_LIMIT UNEXPECTED WRONG_PROTOCOL WRONG_RUN BAD_TOKEN BAD_SIGNATURE ALREADY_CONNECTED TOO_MANY
STALE_BASE WRONG_ROUND DUPLICATE BAD_HASH BAD_PAYLOAD NORM_EXCEEDED NOT_FINITE STORAGE TOO_LATE TIMEOUT REMOVED GUARD""".split())
BODIES = {
    "run-created": {"manifest": lambda v: type(v) is str and HEX.fullmatch(v) is not None, "signature": is_signature},
    "round-opened": {"round": positive, "attempt": positive, "base": is_hash},
    "contribution-accepted": {
        "round": positive, "key": is_hash, "corpus": lambda v: v is None or is_count(v), "base": is_hash,
        "payload": is_hash, "payloadBytes": is_count, "steps": is_count, "tokens": is_count, "trainingLoss": is_loss,
        "heldOutLoss": is_loss, "part": lambda v: v in PARTS, "signature": is_signature,
    },
    "refused": {"round": is_count, "counts": lambda v: type(v) is dict and set(v) <= REFUSALS and all(map(positive, v.values()))},
    "round-closed": {"round": positive, "attempt": positive, "contributions": positive, "last": positive},
    "evaluation-accepted": {
        "round": positive, "attempt": positive, "key": is_hash, "after": is_loss,
        "before": lambda v: type(v) is list and 1 <= len(v) <= 64 and all(map(is_loss, v)), "signature": is_signature,
    },
    "round-committed": {
        "round": positive, "contributions": positive, "last": positive, "tokens": positive, "norm": is_count,
        "excluded": lambda v: type(v) is list and all(map(positive, v)),
        "scores": lambda v: type(v) is list and all(map(is_score, v)), "weighed": lambda v: type(v) is list and all(map(is_lowered, v)),
        "state": lambda v: type(v) is list and 1 <= len(v) <= 8 and all(map(is_hash, v)), "delta": lambda v: v is None or is_hash(v), "loss": lambda v: v is None or is_loss(v),
        "checkpoint": is_checkpoint,
    },
    "round-abandoned": {"round": positive, "attempt": positive, "contributions": is_count, "loss": lambda v: v is None or is_loss(v)},
    "presented": {
        "round": positive, "action": lambda v: v in ("start", "pause", "extend", "remove", "end"), "node": lambda v: v is None or is_hash(v),
    },
    "upstream-adopted": {"round": is_count, "base": is_hash},
    "upstream-mixed": {"round": is_count, "upstream": is_hash, "through": is_count, "reference": is_hash, "base": is_hash},
    "run-complete": {"rounds": is_count, "base": is_hash, "checkpoint": is_checkpoint},
}


def entry_hash(sequence, time, kind, body, previous):
    return sha256(b"\x00", bytes.fromhex(previous), struct.pack("<QQ", sequence, time), kind.encode(), b"\x00", body.encode())


def parse_body(kind, text):
    """The body of an entry; raises ValueError naming the member that is not as the table says."""
    table = BODIES.get(kind)
    if table is None:
        raise ValueError("kind")
    body = json.loads(text)
    if type(body) is not dict or list(body) != list(table):
        raise ValueError("body")
    for name, holds in table.items():
        if not holds(body[name]):
            raise ValueError(f"body.{name}")
    if as_json(body) != text:
        raise ValueError("body")
    return body


def as_json(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


LINE = ["sequence", "time", "kind", "body", "previous", "hash"]


def row_of_line(line):
    """The columns of an entry in a line of `GET /journal`; raises ValueError for a line that is not in its one spelling."""
    entry = json.loads(line)
    if type(entry) is not dict or list(entry) != LINE or as_json(entry) != line:
        raise ValueError("line")
    return tuple(as_json(entry[name]) if name == "body" else entry[name] for name in LINE)
