#!/usr/bin/env python3
"""Verifies a run's folder: every entry, signature, payload and base. Written from docs/protocol.md, its vectors and
relay/wire/tapestry.proto alone, with Python's standard library and PyNaCl, to show that they are enough.

Usage: verify.py FOLDER [--run ID] [--relay-key HEX] [--checkpoint FILE]... [--receipt FILE]...
Prints one JSON object: {"run", "entries", "signed", "rounds", "base", "problems": [{"place", "problem"}]}. Exit code 5 on problems.
"""

import json
import math
import sqlite3
import struct
import sys

from adoptions import Adoptions
from checkpoints import Tree, checkpoint_text
from deltas import initial_state, integers_of, loss_of, median_norm, norm_bound, outer_step, pack
from downlink import initial_residual, publish
from entries import PARTS, entry_hash, is_count, parse_body
from hashing import sha256, signed_by
from kept import Kept
from manifest import Run
from payload_forms import form_of
from problems import Wrong, require
from quality import Records, drawn, median_scores, weighed_merge
from ranges import values_of_part
from recent import Recent
from sources import Folder


class Attempt:
    def __init__(self, body):
        self.round, self.number, self.base = body["round"], body["attempt"], body["base"]
        self.closed, self.last, self.tokens = None, 0, 0  # closed: the hash of the entry that closed it
        self.evaluations = []
        self.keys = set()
        self.contributions, self.sequences, self.accepted = [], [], []


class Verifier:
    def __init__(self, source, kept, known):
        self.source, self.kept, self.known = source, kept, known
        self.signed = 0
        self.problems = []
        self.run = self.attempt = self.base = None
        self.removed = 0  # the payloads of rounds up to this are not kept
        self.tree, self.attempts, self.committed, self.complete, self.ended = Tree(), 0, 0, False, False
        self.losses = []  # of the committed bases on the probe
        self.medians = []  # norms of the committed rounds
        self.records, self.first_opened, self.time = Records(), None, 0
        self.recent = Recent()

    def note(self, place, problem):
        self.problems.append({"place": place, "problem": problem})

    def verify(self):
        try:
            self.read_journal()
        except Wrong as wrong:
            self.note(wrong.place, wrong.problem)
        except sqlite3.Error as error:
            self.note("journal.sqlite", str(error))
        self.check_kept()
        self.check_blobs()
        return {
            "run": self.run and self.run.id.hex(), "entries": self.tree.size, "signed": self.signed,
            "rounds": self.committed, "from": self.removed + 1,
            "base": self.base and self.base.hex(), "problems": self.problems,
        }

    def read_journal(self):
        self.newest = self.newest_commit()
        previous, time = "00" * 32, 0
        for row in self.source.rows():
            sequence = self.tree.size + 1
            at = lambda field: f"journal entry {sequence}, {field}"
            require(is_count(row[0]) and row[0] == sequence, at("sequence"), f"is {row[0]}")
            require(row[4] == previous, at("previous"), "is not the hash of the entry before")
            require(is_count(row[1]) and row[1] >= time, at("time"), "goes back, or is no time")
            require(all(type(value) is str for value in row[2:]), at("row"), "has other types than an entry")
            require(row[5] == entry_hash(*row[:5]).hex(), at("hash"), "is not the hash of the entry")
            try:
                body = parse_body(row[2], row[3])
            except ValueError as error:
                raise Wrong(at(str(error)) if "body" in str(error) or str(error) == "kind" else at("body"), "is not as its kind has it")
            self.time = row[1]
            self.hash = row[5]
            self.apply(sequence, row[2], body, at)
            previous, time = row[5], row[1]
            self.tree.append(bytes.fromhex(previous))
            for kept in self.kept:
                kept.compare(self, bytes.fromhex(previous))
        require(self.tree.size > 0, "journal", "has no entry")
        require(self.removed_through(self.committed) >= self.removed, "journal", "has fewer rounds than its newest commit says")

    def newest_commit(self):
        """The rounds that the newest commit says are committed; what cannot be read is named later."""
        newest = 0
        try:
            for row in self.source.rows():
                if row[2] == "round-committed":
                    newest = int(json.loads(row[3])["round"])
        except (TypeError, ValueError, KeyError, Wrong, sqlite3.Error):
            pass
        return newest

    def removed_through(self, committed):
        kept = self.run.limits["payload_rounds"]
        step = min(8, kept)
        return max(0, (committed - kept) // step * step) if kept else 0

    def apply(self, sequence, kind, body, at):
        if sequence == 1:
            require(kind == "run-created", at("kind"), "is not run-created")
            return self.created(body, at)
        require(kind != "run-created", at("kind"), "is run-created again")
        getattr(self, kind.replace("-", "_"))(sequence, body, at)

    def created(self, body, at):
        data = bytes.fromhex(body["manifest"])
        try:
            self.run = Run(data)
        except (ValueError, KeyError, IndexError, struct.error) as error:
            raise Wrong(at("body.manifest"), f"cannot be read: {error!r}")
        for name, found in (("run", self.run.id), ("relay_key", self.run.relay_key)):
            require(self.known.get(name, found.hex()) == found.hex(), at("body.manifest"), f"has the {name} {found.hex()}")
        signature = bytes.fromhex(body["signature"])
        require(signed_by(self.run.relay_key, b"tapestry manifest v2" + data, signature), at("body.signature"), "does not sign the manifest")
        self.base, self.adoptions = self.run.initial_base, Adoptions(self.run)
        base = self.vector_of(self.blob(self.base.hex()))
        require(base, at("body.manifest"), "names a base that is not the model's")
        self.state = initial_state(self.run, base) + initial_residual(self.run)
        self.removed = self.removed_through(self.newest)
        for kept in self.kept:
            kept.open(self)

    def blob(self, name):
        place = f"blobs/{name[:2]}/{name}"
        data = self.source.blob(name)
        require(data is not None, place, "is missing")
        require(sha256(data).hex() == name, place, "does not have the hash that names it")
        return data

    def vector_of(self, data):
        """The values of a vector's blob; none if it is not one of the model."""
        if len(data) != 4 * self.run.parameters:
            return []
        vector = list(struct.unpack(f"<{self.run.parameters}f", data))
        return vector if all(map(math.isfinite, vector)) else []

    def refused(self, sequence, body, at):
        pass

    def presented(self, sequence, body, at):
        require(not self.complete, at("kind"), "comes after the end of the run")
        self.expect(body, at, round=self.committed + 1)
        removes = body["action"] == "remove"
        require((body["node"] is not None) == removes, at("body.node"), "is not as the action has it")
        require(removes or not self.ended, at("body.action"), "comes after the presenter ended the run")
        self.ended = self.ended or body["action"] == "end"

    def round_opened(self, sequence, body, at):
        require(self.attempt is None and not self.complete, at("kind"), "opens a round while none can open")
        require(self.committed < self.run.rounds, at("body.round"), "is beyond the manifest's rounds")
        self.expect(body, at, round=self.committed + 1, attempt=self.attempts + 1, base=self.base.hex())
        self.attempts += 1
        self.attempt = Attempt(body)
        self.recent.opened(body["round"], body["base"], norm_bound(self.run, self.medians), self.run.staleness)
        if self.attempts == 1:
            self.first_opened = self.time

    def expect(self, body, at, **values):
        for name, value in values.items():
            require(body[name] == value, at(f"body.{name}"), f"is {body[name]}, expected {value}")

    def open_attempt(self, at):
        require(self.attempt is not None and not self.attempt.closed, at("kind"), "needs an open round")
        return self.attempt

    def contribution_accepted(self, sequence, body, at):
        attempt, run = self.open_attempt(at), self.run
        limits = run.limits
        problem = "key" if body["key"] in attempt.keys else self.recent.problem(body)
        require(problem is None, at(f"body.{problem}"), "cannot follow the entries before")
        values = values_of_part(run, body["part"])
        require(values is not None, at("body.part"), "is not granted")
        self.expect(body, at, payloadBytes=form_of(run.codec).payload_bytes(values))
        require(body["corpus"] is None or body["corpus"] < run.corpora, at("body.corpus"), "is no corpus of the manifest")
        require(1 <= body["steps"] <= run.local_steps, at("body.steps"), "is out of limit")
        self.expect(body, at, tokens=body["steps"] * run.step_tokens)
        require(len(attempt.keys) < limits["target"], at("kind"), "comes after the round was full")
        message = b"".join((
            b"tapestry offer v2", run.id, struct.pack("<I", body["round"]), bytes.fromhex(body["base"]), bytes.fromhex(body["payload"]),
            struct.pack("<III", body["payloadBytes"], body["steps"], body["tokens"]),
            struct.pack("<ffI", loss_of(body["trainingLoss"]), loss_of(body["heldOutLoss"]), PARTS[body["part"]]),
        ))
        signed = signed_by(bytes.fromhex(body["key"]), message, bytes.fromhex(body["signature"]))
        require(signed, at("body.signature"), "is not the node's signature of its offer")
        integers = None
        if attempt.round > self.removed:
            try:
                integers = integers_of(self.blob(body["payload"]), run, self.recent.rounds[body["round"]].bound, values)
            except ValueError as error:
                raise Wrong(at("body.payload"), str(error))
        tokens = body["tokens"]
        attempt.contributions.append((tokens, integers, bytes.fromhex(body["payload"])))
        attempt.sequences.append(sequence)
        attempt.accepted.append((sequence, body["key"], max(1, self.time - self.first_opened)))
        attempt.keys.add(body["key"])
        self.recent.accepted(body)
        attempt.last = sequence
        attempt.tokens += tokens

    def round_closed(self, sequence, body, at):
        attempt = self.open_attempt(at)
        self.expect(body, at, round=attempt.round, attempt=attempt.number, contributions=len(attempt.keys), last=attempt.last)
        require(body["contributions"] >= self.run.limits["quorum"], at("body.contributions"), "are fewer than the quorum")
        attempt.closed = self.hash

    def evaluation_accepted(self, sequence, body, at):
        attempt, quality = self.attempt, self.run.measured or {}
        require(attempt is not None and attempt.closed, at("kind"), "evaluates a round that was not closed")
        self.expect(body, at, round=attempt.round, attempt=attempt.number)
        key = bytes.fromhex(body["key"])
        require(key in quality.get("evaluators", []), at("body.key"), "is no evaluator of the manifest")
        require(all(one["key"] != body["key"] for one in attempt.evaluations), at("body.key"), "has evaluated this attempt already")
        scored = len(drawn(self.run, attempt.contributions))
        require(len(body["before"]) == scored, at("body.before"), f"has not {scored} losses")
        losses = [loss_of(text) for text in (body["after"], *body["before"])]
        message = b"".join((
            b"tapestry evaluation v2", self.run.id, struct.pack("<II", body["round"], body["attempt"]), bytes.fromhex(attempt.closed),
            struct.pack(f"<{len(losses)}f", *losses),
        ))
        require(signed_by(key, message, bytes.fromhex(body["signature"])), at("body.signature"), "is not the evaluator's")
        attempt.evaluations.append(body)

    def round_committed(self, sequence, body, at):
        attempt = self.attempt
        require(attempt is not None and attempt.closed, at("kind"), "commits a round that was not closed")
        self.expect(body, at, round=attempt.round, contributions=len(attempt.keys), last=attempt.last, tokens=attempt.tokens)
        require(len(body["state"]) == len(self.state), at("body.state"), "is not what the outer optimizer and the downlink store")
        require((body["delta"] is None) == (self.run.downlink is None), at("body.delta"), "is not as the manifest has it")
        scored = [attempt.sequences[k] for k in drawn(self.run, attempt.contributions)]
        require([one["sequence"] for one in body["scores"]] == scored, at("body.scores"), f"are not of {scored}")
        if attempt.evaluations and len(attempt.evaluations) >= self.run.measured["evaluator_quorum"]:
            self.expect(body, at, scores=median_scores(scored, attempt.evaluations))
        if attempt.round > self.removed:
            self.expect(body, at, norm=median_norm(self.run, attempt.contributions))
            standings = self.records.standings(attempt.round, attempt.accepted, body["scores"])
            tokens, reasons, deltas, excluded = weighed_merge(self.run, attempt.contributions, standings, attempt.round)
            self.expect(body, at, weighed=[
                {"sequence": attempt.sequences[k], "tokens": tokens[k], "reason": reason} for k, reason in enumerate(reasons) if reason
            ], excluded=[attempt.sequences[k] for k in excluded])
            own = len(self.state) - len(initial_residual(self.run))
            stepped = outer_step(self.run, self.state[:own], deltas, attempt.round)
            vectors, payload = publish(self.run, self.state[0], stepped, self.state[own:], attempt.round)
            for i, vector in enumerate(vectors):
                require(sha256(pack(vector)).hex() == body["state"][i], at(f"body.state.{i}"), "is not what the contributions give")
            self.expect(body, at, delta=None if payload is None else sha256(payload).hex())
        elif attempt.round == self.removed:
            vectors = [self.vector_of(self.blob(name)) for name in body["state"]]
        else:
            vectors = self.state
        loss = self.judged(body, at, True)
        self.signed_tree(body["checkpoint"], at)
        if self.run.measured is not None:
            self.records.committed(self.run, attempt.round, attempt.accepted, [own for own, _, _ in attempt.contributions], body)
        self.state = vectors
        self.medians.append(body["norm"])
        if loss is not None:
            self.losses.append(loss)
        self.base = bytes.fromhex(body["state"][0])
        self.committed += 1
        self.adoptions.bases.append(self.base)
        self.attempts, self.attempt = 0, None
        self.recent.disown()

    def signed_tree(self, checkpoint, at):
        root = self.tree.root()
        require(root.hex() == checkpoint["root"], at("body.checkpoint.root"), "is not the root of the entries before")
        text = checkpoint_text(self.run, self.tree.size, root).encode()
        signed = signed_by(self.run.relay_key, text, bytes.fromhex(checkpoint["signature"]))
        require(signed, at("body.checkpoint.signature"), "is not the relay's")
        self.signed = self.tree.size

    def round_abandoned(self, sequence, body, at):
        attempt = self.attempt
        require(attempt is not None, at("kind"), "needs an open round")
        loss = self.judged(body, at, False)
        require((attempt.closed is not None) == (loss is not None), at("body.loss"), "is not that of a closed round")
        self.expect(body, at, round=attempt.round, attempt=attempt.number, contributions=len(attempt.keys))
        self.recent.abandoned(loss is not None)
        self.attempt = None

    def judged(self, body, at, allowed):
        """The loss of a base on the probe, which must be one that the guard allows, or does not."""
        probe, text = self.run.probe, body["loss"]
        if text is None:
            require(probe is None or not allowed, at("body.loss"), "is missing")
            return None
        require(probe is not None, at("body.loss"), "is there, but the run has no guard")
        loss = loss_of(text)
        if self.losses:
            lowest = min(self.losses[-probe["rounds"]:])
            holds = loss <= lowest + probe["max_increase"] and loss < 1000
            require(holds == allowed, at("body.loss"), "is not what the guard decides")
        return loss

    def upstream_adopted(self, sequence, body, at):
        self.adoptions.check(self, body, at, mixes=False)
        if self.committed >= self.removed:
            base = self.vector_of(self.blob(body["base"]))
            require(base, at("body.base"), "names a base that is not the model's")
            self.state = [base, *self.state[1:]]
        self.base = self.adoptions.adopted(body)

    def upstream_mixed(self, sequence, body, at):
        self.adoptions.check(self, body, at, mixes=True)
        if self.committed >= self.removed:
            names = (body["upstream"], self.adoptions.sent(body["through"]).hex())
            upstream, own = (self.vector_of(self.blob(name)) for name in names)
            require(upstream and own, at("body.upstream"), "names a base that is not the model's")
            reference, base = self.adoptions.mixed(upstream, own, self.state[0])
            for name, vector in (("reference", reference), ("base", base)):
                derived = sha256(struct.pack(f"<{len(vector)}f", *vector)).hex()
                require(derived == body[name], at(f"body.{name}"), "is not what mixing gives")
            self.state = [base, *self.state[1:]]
        self.base = self.adoptions.adopted(body)

    def run_complete(self, sequence, body, at):
        require(self.attempt is None, at("kind"), "ends the run while a round is open")
        require(self.ended or self.committed == self.run.rounds, at("body.rounds"), "are not committed")
        self.expect(body, at, rounds=self.committed, base=self.base.hex())
        self.signed_tree(body["checkpoint"], at)
        self.complete = True

    def check_kept(self):
        for kept in self.kept:
            if kept.sequence and kept.sequence > self.tree.size and not self.problems:
                self.note(kept.place, f"tells of {kept.sequence} entries, and the journal has {self.tree.size}")

    def check_blobs(self):
        told = {problem["place"] for problem in self.problems}
        for place, name, data in self.source.blobs():
            if place not in told and sha256(data).hex() != name:
                self.note(place, "does not have the hash that names it")


def main(arguments):
    folder, *rest = arguments
    options = list(zip(rest[::2], rest[1::2]))
    kept = [one for word, path in options if word in ("--checkpoint", "--receipt") for one in Kept.in_file(word[2:], path)]
    known = {word[2:].replace("-", "_"): value for word, value in options if word in ("--run", "--relay-key")}
    report = Verifier(Folder(folder), kept, known).verify()
    print(json.dumps(report))
    return 5 if report["problems"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
