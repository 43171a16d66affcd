"""Checks this verifier against docs/protocol-vectors. Usage: check_vectors.py FOLDER"""

import hmac
import json
import math
import os
import struct
import sys
from types import SimpleNamespace

from checkpoints import Tree, checkpoint_text, open_checkpoint
from deltas import initial_state, integers_of, loss_of, loss_text, median_norm, outer_step, pack
from downlink import initial_residual, publish
from entries import entry_hash, is_count, parse_body, row_of_line
from fork import contradiction
from hashing import sha256, signed_by
from kept import Kept
from manifest import Run
from merges import merge
from payload_forms import form_of
from quality import median_scores, weighed_merge
from ranges import values_of_part
from readers import may_read
from sources import Served
from verify import Verifier


def main(folder):
    def load(name):
        with open(os.path.join(folder, name + ".json"), encoding="utf-8") as file:
            return json.load(file)

    manifest = load("manifest")
    data = bytes.fromhex(manifest["bytes"])
    run = Run(data)
    assert run.id.hex() == manifest["run"]
    assert signed_by(run.relay_key, b"tapestry manifest v2" + data, bytes.fromhex(manifest["signature"]))
    check_payloads(load("payloads"))
    check_outer_steps(run, load("outer-step"))
    check_robust_mean(load("robust-mean"))
    check_merge_rules(load("merge-rules"))
    check_quality(load("quality"))
    check_signatures(load("signatures"))
    check_merkle(load("merkle"))
    check_entries(load("entries"))
    check_norms(load("norm"))
    check_numbers(load("numbers"))
    check_zeros(load("zeros"))
    check_sparse(load("sparse"))
    check_downlink(load("downlink"))
    check_fragments(load("fragments"))
    check_fragments(load("delayed"))
    check_upper_layers(load("upper-layers"))
    check_readers(load("readers"))
    check_run(load("run"))
    check_forks(load("fork"))
    note = load("checkpoint")
    run = SimpleNamespace(id=bytes.fromhex(note["run"]), relay_key=bytes.fromhex(note["relayKey"]))
    assert checkpoint_text(run, note["size"], bytes.fromhex(note["root"])) == note["text"]
    assert open_checkpoint(run, note["note"].encode()) == (note["size"], bytes.fromhex(note["root"]))


def codec_run(settings, length):
    codec = {"bits": settings["bits"], "block": settings["block"], "exponent": settings["exponent"],
             "max_shift": settings["maxShift"], "clip_norm": settings["clipNorm"]}
    return SimpleNamespace(codec=codec, parameters=settings["parameters"], values=settings["parameters"], fragments=None, upper=None,
                           limits={"payload_bytes": length, "weight_share": 100})


def check_payloads(vectors):
    for vector in vectors["payloads"]:
        payload = bytes.fromhex(vector["payload"])
        assert integers_of(payload, codec_run(vector, len(payload))) == vector["integers"]
    refused = vectors["refused"]
    for why, payload in refused["payloads"].items():
        assert not holds(integers_of, bytes.fromhex(payload), codec_run(refused, 3)), why


def holds(check, *values):
    """Whether a check accepts these values."""
    try:
        check(*values)
        return True
    except (ValueError, KeyError, IndexError, TypeError, struct.error):
        return False


def check_norms(vectors):
    for one in vectors["payloads"]:
        payload = bytes.fromhex(one["payload"])
        assert holds(integers_of, payload, codec_run({**vectors, **one}, len(payload))) == one["accepted"], one["why"]


def check_numbers(vectors):
    def check(line):
        sequence, time, kind, body, previous, digest = row_of_line(line)
        if not (is_count(sequence) and sequence == 1 and is_count(time)):
            raise ValueError("number")
        parse_body(kind, body)
        assert entry_hash(sequence, time, kind, body, previous).hex() == digest

    for one in vectors["entries"]:
        assert holds(check, one["line"]) == one["accepted"], one


def check_outer_steps(run, vectors):
    state = initial_state(run, list(struct.unpack("<5f", bytes.fromhex(vectors["initialBase"]))))
    for one in vectors["rounds"]:
        deltas, _ = merge(run, contributions_of(one, run))
        state = outer_step(run, state, deltas, one["round"])
        for vector, expected in zip(state, (one["base"], one["momentum"])):
            assert pack(vector).hex() == expected["bytes"] and sha256(pack(vector)).hex() == expected["hash"]


def check_zeros(vectors):
    run = Run(bytes.fromhex(vectors["manifest"]))
    state = initial_state(run, list(struct.unpack(f"<{run.parameters}f", bytes.fromhex(vectors["initialBase"]))))
    for number, one in enumerate(vectors["rounds"], 1):
        state = outer_step(run, state, merge(run, contributions_of(one, run))[0], number)
        assert [pack(vector).hex() for vector in state] == [one["base"], one["momentum"]]


def check_fragments(vectors):
    for one in vectors["runs"]:
        check_rounds(one)
        for why, manifest in one["refused"].items():
            assert not holds(Run, bytes.fromhex(manifest)), why


def check_upper_layers(vectors):
    for one in vectors["runs"]:
        # Longer than a relay takes: these are of what is made of integers.
        check_rounds(one, math.inf)
    for why, manifest in vectors["refused"].items():
        assert not holds(Run, bytes.fromhex(manifest)), why


def check_rounds(vectors, bound=None):
    """Rounds of a run: the contributions that are left out, the hashes of the vectors, and what is told of the norms and of the way down."""
    run = Run(bytes.fromhex(vectors["manifest"]))
    base = list(struct.unpack(f"<{run.parameters}f", bytes.fromhex(vectors["initialBase"])))
    own, state = len(initial_state(run, base)), initial_state(run, base) + initial_residual(run)
    for number, one in enumerate(vectors["rounds"], 1):
        contributions = contributions_of(one, run, bound)
        deltas, excluded = merge(run, contributions, number)
        assert excluded == one["excluded"]
        if "norm" in one:
            assert median_norm(run, contributions) == one["norm"]
        stepped = outer_step(run, state[:own], deltas, number)
        state, payload = publish(run, state[0], stepped, state[own:], number)
        if "delta" in one:
            assert (None if payload is None else payload.hex()) == one["delta"]
        assert [sha256(pack(vector)).hex() for vector in state] == one["state"]


def check_quality(vectors):
    for one in vectors["rounds"]:
        run = Run(bytes.fromhex(one["manifest"]))
        state = initial_state(run, list(struct.unpack(f"<{run.parameters}f", bytes.fromhex(one["initialBase"]))))
        standings = [tuple(each["standing"][name] for name in ("elapsedMs", "pace", "reputation", "score")) for each in one["contributions"]]
        tokens, reasons, deltas, _ = weighed_merge(run, contributions_of(one, run), standings, 1)
        assert [{"tokens": own, "reason": reason} for own, reason in zip(tokens, reasons)] == one["weighed"]
        assert [sha256(pack(vector)).hex() for vector in outer_step(run, state, deltas, 1)] == one["state"]
    for one in vectors["medians"]:
        assert median_scores([score["sequence"] for score in one["scores"]], one["evaluations"]) == one["scores"]
    for why, manifest in vectors["refused"].items():
        assert not holds(Run, bytes.fromhex(manifest)), why


def check_sparse(vectors):
    def run_of(one, length):
        codec = {name: one["codec"][spelling] for name, spelling in
                 (("chunk", "chunk"), ("top", "top"), ("exponent", "exponent"), ("max_shift", "maxShift"),
                  ("clip_norm", "clipNorm"), ("feedback_decay", "feedbackDecay"))}
        return SimpleNamespace(codec=codec, values=one["parameters"], upper=None, limits={"payload_bytes": length, "weight_share": 100})

    for one in vectors["payloads"]:
        payload = bytes.fromhex(one["payload"])
        assert form_of(run_of(one, 0).codec).payload_bytes(one["parameters"]) == len(payload)
        assert integers_of(payload, run_of(one, len(payload))) == one["integers"]
    refused = vectors["refused"]
    length = form_of(run_of(refused, 0).codec).payload_bytes(refused["parameters"])
    for why, payload in refused["payloads"].items():
        assert not holds(integers_of, bytes.fromhex(payload), run_of(refused, length)), why
    run = Run(bytes.fromhex(vectors["run"]["manifest"]))
    base = list(struct.unpack(f"<{run.parameters}f", bytes.fromhex(vectors["run"]["initialBase"])))
    state = initial_state(run, base)
    for number, one in enumerate(vectors["run"]["rounds"], 1):
        deltas, excluded = merge(run, contributions_of(one, run), number)
        assert excluded == one["excluded"]
        state = outer_step(run, state, deltas, number)
        assert [sha256(pack(vector)).hex() for vector in state] == [one["base"]]
    for why, manifest in vectors["run"]["refused"].items():
        assert not holds(Run, bytes.fromhex(manifest)), why


def check_downlink(vectors):
    for one in vectors["runs"]:
        run = Run(bytes.fromhex(one["manifest"]))
        outer = initial_state(run, list(struct.unpack(f"<{run.parameters}f", bytes.fromhex(one["initialBase"]))))
        own = initial_residual(run)
        for number, expected in enumerate(one["rounds"], 1):
            stepped = outer_step(run, outer, merge(run, contributions_of(expected, run))[0], number)
            (*state, residual), payload = publish(run, outer[0], stepped, own, number)
            assert payload.hex() == expected["delta"], one["name"]
            assert [sha256(pack(vector)).hex() for vector in (*state, residual)] == expected["state"], one["name"]
            outer, own = state, [residual]
    payloads = vectors["statistical"]
    settings = {"block": payloads["codec"]["block"], "exponent": payloads["codec"]["exponent"],
                "max_shift": payloads["codec"]["maxShift"], "clip_norm": payloads["codec"]["clipNorm"]}
    length = form_of(settings).payload_bytes(payloads["parameters"])
    run = SimpleNamespace(codec=settings, values=payloads["parameters"], limits={"payload_bytes": length})
    for one in payloads["integers"]:
        assert integers_of(bytes.fromhex(one["payload"]), run) == one["integers"], one["why"]
    for why, payload in payloads["refused"].items():
        assert not holds(integers_of, bytes.fromhex(payload), run), why
    for why, manifest in vectors["refused"].items():
        assert not holds(Run, bytes.fromhex(manifest)), why


def contributions_of(vectors, run, bound=None):
    found = []
    for one in vectors["contributions"]:
        payload, values = bytes.fromhex(one["payload"]), values_of_part(run, one.get("part", "whole"))
        found.append((one["tokens"], integers_of(payload, run, bound, values), sha256(payload)))
    return found


def check_robust_mean(vectors):
    for vector in vectors["cases"]:
        run = codec_run(vector, len(vector["contributions"][0]["payload"]) // 2)
        run.merge = {"name": "robust_mean", "tensors": vector["tensors"], "norm_factor": vector["normFactor"]}
        deltas, excluded = merge(run, contributions_of(vector, run))
        assert excluded == vector["excluded"]
        assert deltas[:6] == vector["delta"]["first"]
        assert sha256(struct.pack(f"<{len(deltas)}d", *deltas)).hex() == vector["delta"]["hash"]


def check_merge_rules(vectors):
    for vector in vectors["cases"]:
        run = Run(bytes.fromhex(vector["manifest"]))
        assert run.merge["name"] == vector["rule"]
        deltas, excluded = merge(run, contributions_of(vector, run))
        assert excluded == vector["excluded"], vector["rule"]
        assert deltas[:6] == vector["delta"]["first"], vector["rule"]
        assert sha256(struct.pack(f"<{len(deltas)}d", *deltas)).hex() == vector["delta"]["hash"], vector["rule"]
    for one in vectors["capped"]:
        run = Run(bytes.fromhex(one["manifest"]))
        state = initial_state(run, list(struct.unpack(f"<{run.parameters}f", bytes.fromhex(one["initialBase"]))))
        state = outer_step(run, state, merge(run, contributions_of(one, run))[0], 1)
        assert [sha256(pack(vector)).hex() for vector in state] == one["state"]
    for why, manifest in vectors["refused"].items():
        assert not holds(Run, bytes.fromhex(manifest)), why


def check_signatures(vectors):
    key = bytes.fromhex(vectors["publicKey"])
    for name in ("join", "offer", "acknowledgement", "manifest"):
        assert signed_by(key, bytes.fromhex(vectors[name]["bytes"]), bytes.fromhex(vectors[name]["signature"])), name
    proof = vectors["tokenProof"]
    message = b"tapestry token v2" + bytes.fromhex(proof["nonce"]) + bytes.fromhex(proof["publicKey"])
    assert hmac.new(proof["token"].encode(), message, "sha256").hexdigest() == proof["proof"]
    offer, u32 = vectors["offer"], lambda value: struct.pack("<I", value)
    expected = (b"tapestry offer v2" + bytes.fromhex(offer["run"]) + u32(offer["round"]) + bytes.fromhex(offer["base"])
                + bytes.fromhex(offer["payload"]) + u32(offer["payloadBytes"]) + u32(offer["steps"]) + u32(offer["tokens"])
                + struct.pack("<ff", offer["trainingLoss"], float(offer["heldOutLoss"])) + u32(offer["part"]))
    assert expected.hex() == offer["bytes"]
    receipt = vectors["acknowledgement"]
    expected = (b"tapestry acknowledgement v2" + bytes.fromhex(receipt["run"]) + u32(receipt["round"]) + u32(receipt["attempt"])
                + bytes.fromhex(receipt["payload"]) + struct.pack("<Q", int(receipt["sequence"])) + bytes.fromhex(receipt["entry"]))
    assert expected.hex() == receipt["bytes"]


def check_merkle(vectors):
    tree = Tree()
    assert tree.root().hex() == vectors["roots"]["0"]
    for i in range(300):
        tree.append(sha256(bytes((i % 256, i // 256))))
        if str(tree.size) in vectors["roots"]:
            assert tree.root().hex() == vectors["roots"][str(tree.size)]


def check_entries(vectors):
    for entry in vectors["entries"]:
        row = [entry[name] for name in ("sequence", "time", "kind", "body", "previous")]
        assert entry_hash(*row).hex() == entry["hash"]
        body = parse_body(entry["kind"], entry["body"])
        line = {"sequence": row[0], "time": row[1], "kind": row[2], "body": body, "previous": row[4], "hash": entry["hash"]}
        assert json.dumps(line, separators=(",", ":")) == entry["line"]
    for loss in vectors["losses"]:
        (value,) = struct.unpack("<f", bytes.fromhex(loss["f32"]))
        assert loss_text(value) == loss["text"] and pack([loss_of(loss["text"])]).hex() == loss["f32"]


def check_readers(vectors):
    for one in vectors["runs"]:
        run, challenge = Run(bytes.fromhex(one["manifest"])), one["challenge"]
        assert run.readers == one["readers"]
        for header in one["headers"]:
            assert may_read(run, one["token"], challenge, header["authorization"]) == header["admitted"], header["why"]


def check_run(vectors):
    blobs = {name: bytes.fromhex(data) for name, data in vectors["blobs"].items()}
    kept = [Kept("kept", "checkpoint", note.encode()) for note in vectors["checkpoints"]]
    kept += [Kept("kept", "receipt", bytes.fromhex(frame)) for frame in vectors["receipts"]]
    report = Verifier(Served(vectors["journal"], blobs), kept, {"run": vectors["run"], "relay_key": vectors["relayKey"]}).verify()
    entries = len(vectors["journal"])
    assert report == {
        "run": vectors["run"], "entries": entries, "signed": entries - 1, "rounds": vectors["rounds"], "from": 1, "base": vectors["base"],
        "problems": [],
    }, report
    for one in vectors["refused"]:
        before = json.loads(one["line"])["sequence"] - 1
        problems = Verifier(Served([*vectors["journal"][:before], one["line"]], blobs), [], {}).verify()["problems"]
        assert len(problems) == 1 and one["place"].startswith(problems[0]["place"]), (one["why"], problems)


def check_forks(vectors):
    for one in vectors["proofs"]:
        _, _, expected, found = contradiction(one["file"])
        assert expected in one["contradiction"] and found in one["contradiction"]
    for one in vectors["nothing"]:
        assert not holds(contradiction, one["file"]), one["why"]


if __name__ == "__main__":
    main(*sys.argv[1:])
