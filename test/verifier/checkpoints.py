"""The Merkle tree and checkpoints (docs/protocol.md, sections 6 and 7)."""

import base64

from hashing import sha256, signed_by


class Tree:
    """Roots of the complete subtrees, widest first."""

    def __init__(self):
        self.size, self.roots = 0, []

    def append(self, leaf):
        rest = self.size
        while rest & 1:
            leaf = sha256(b"\x01", self.roots.pop(), leaf)
            rest >>= 1
        self.roots.append(leaf)
        self.size += 1

    def root(self):
        if not self.roots:
            return sha256()
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = sha256(b"\x01", left, root)
        return root


def checkpoint_text(run, size, root):
    return f"tapestry/{run.id.hex()}\n{size}\n{base64.b64encode(root).decode()}\n"


def open_checkpoint(run, note):
    """Size and root of a note that the relay signed; raises ValueError otherwise."""
    text, lines = note.decode("utf-8").rsplit("\n\n", 1)
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    head = int(size), base64.b64decode(root, validate=True)
    if text != checkpoint_text(run, *head):
        raise ValueError("the text is not of this run")
    key_id = sha256(origin.encode() + b"\n\x01" + run.relay_key)[:4]
    for line in lines.splitlines():
        dash, name, signed = line.split(" ")
        signed = base64.b64decode(signed, validate=True)
        if dash == "\u2014" and name == origin and signed[:4] == key_id:
            if signed_by(run.relay_key, text.encode(), signed[4:]):
                return head
            break
    raise ValueError("it is not signed by the relay")
