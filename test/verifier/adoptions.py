"""The bases that a run takes of its upstream run."""

from deltas import f32
from problems import require


class Adoptions:
    def __init__(self, run):
        self.run = run
        self.round = 0  # of the upstream run
        self.through, self.reference = 0, run.initial_base  # the own rounds in its base, and the parameters from which later work goes up
        self.at, self.base = 0, run.initial_base  # the own rounds at the last adoption, and what it gave
        self.bases = []  # of the own rounds

    def check(self, verifier, body, at, mixes):
        require(self.run.upstream, at("kind"), "adopts a base without an upstream run")
        require(mixes == (self.run.mixing is not None), at("kind"), "adopts a base in another way than the manifest has it")
        require(verifier.attempt is None and not verifier.complete, at("kind"), "adopts a base while a round is open or after the last")
        require(body["round"] >= self.round, at("body.round"), "is before the base adopted last")
        if mixes:
            require(self.through <= body["through"] <= len(self.bases), at("body.through"), "is no number of rounds that can have been sent")

    def sent(self, through):
        """The hash of the parameters up to which work is in the upstream base."""
        if through == self.through:
            return self.reference
        return self.base if through == self.at else self.bases[through - 1]

    def mixed(self, upstream, own, current):
        """The reference and the base: the upstream base beside what was sent, and with what was not sent yet."""
        weight = self.run.mixing["weight"]
        reference = [f32(s + weight * (u - s)) for u, s in zip(upstream, own)]
        return reference, [f32(r + (c - s)) for r, c, s in zip(reference, current, own)]

    def adopted(self, body):
        self.round, self.base = body["round"], bytes.fromhex(body["base"])
        self.through = body.get("through", len(self.bases))
        self.reference = bytes.fromhex(body.get("reference", body["base"]))
        self.at = len(self.bases)
        return self.base
