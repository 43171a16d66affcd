"""Statements that a relay signed and somebody kept: checkpoints and receipts (docs/protocol.md, section 7)."""

import struct

from checkpoints import open_checkpoint
from hashing import signed_by
from manifest import decode

ACKNOWLEDGEMENT = {
    1: ("round", "u32"), 2: ("payload", "bytes"), 3: ("sequence", "u64"), 4: ("signature", "bytes"), 5: ("attempt", "u32"),
    6: ("checkpoint", "bytes"), 7: ("entry", "bytes"),
}


def open_receipt(run, frame):
    """Sequence and entry of a receipt that the relay signed; raises ValueError otherwise."""
    receipt = decode(frame, {5: ("acknowledgement", ACKNOWLEDGEMENT)})["acknowledgement"]
    message = b"".join((
        b"tapestry acknowledgement v2", run.id, struct.pack("<II", receipt["round"], receipt["attempt"]), receipt["payload"],
        struct.pack("<Q", receipt["sequence"]), receipt["entry"],
    ))
    if not signed_by(run.relay_key, message, receipt["signature"]):
        raise ValueError("it is not signed by the relay")
    return receipt["sequence"], receipt["entry"]


class Kept:
    """A statement about one entry of the journal: the root of the tree up to it, or its hash."""

    def __init__(self, place, kind, data):
        self.place, self.kind, self.data = place, kind, data
        self.sequence = self.expected = None

    @staticmethod
    def in_file(kind, path):
        with open(path, "rb") as file:
            data = file.read()
        if kind == "checkpoint":
            return [Kept(path, kind, data)]
        return [Kept(path, kind, bytes.fromhex(line)) for line in data.decode("ascii").split()]

    def open(self, verifier):
        try:
            read = open_checkpoint if self.kind == "checkpoint" else open_receipt
            self.sequence, self.expected = read(verifier.run, self.data)
        except (ValueError, KeyError, IndexError, struct.error) as error:
            verifier.note(self.place, f"is not a {self.kind} of this run: {error!r}")

    def compare(self, verifier, entry):
        if self.sequence != verifier.tree.size:
            return
        found = verifier.tree.root() if self.kind == "checkpoint" else entry
        if found != self.expected:
            verifier.note(self.place, f"says {self.expected.hex()} at entry {self.sequence}, and the journal {found.hex()}")
