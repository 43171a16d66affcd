"""The manifest, decoded by hand from relay/wire/tapestry.proto."""

import struct

from payload_forms import form_of
from hashing import sha256
from ranges import cut, ranges_of

# Field number -> name and wire type, in the order of tapestry.proto: u32, i32, u64, f64, bool, bytes, str,
# a message's own table, or [table] for a repeated field.
DENSE = {1: ("bits", "u32"), 2: ("block", "u32"), 3: ("exponent", "i32"), 4: ("max_shift", "u32"), 5: ("clip_norm", "f64")}
SPARSE = {1: ("chunk", "u32"), 2: ("top", "u32"), 3: ("exponent", "i32"), 4: ("max_shift", "u32"), 5: ("clip_norm", "f64"),
          6: ("feedback_decay", "f64")}
STATISTICAL = {1: ("block", "u32"), 2: ("exponent", "i32"), 3: ("max_shift", "u32"), 4: ("clip_norm", "f64"), 5: ("feedback_decay", "f64")}
DENSE_DELTAS, SPARSE_DELTAS, STATISTICAL_DELTAS = ({i: kind for i, kind in table.items() if kind[1] != "f64"} for table in (DENSE, SPARSE, STATISTICAL))
SGD = {1: ("learning_rate", "f64"), 2: ("final_rate", "f64"), 3: ("constant_rounds", "u32")}
NESTEROV = {1: ("learning_rate", "f64"), 2: ("momentum", "f64")}
DELAYED_NESTEROV = {**NESTEROV, 3: ("period", "u32"), 10: ("uncorrected", {}),
                    11: ("heloco", {1: ("tensors", "packed"), 2: ("aligned", "f64"), 3: ("turn", "f64")})}
ADAMW = {i: (name, "f64") for i, name in enumerate(("beta1", "beta2", "epsilon", "weight_decay"), 1)}
MUON = {**ADAMW, 5: ("momentum", "f64")}
EMPTY = {}
MODEL = {
    1: ("vocabulary_size", "u32"), 2: ("layers", "u32"), 3: ("dimension", "u32"), 4: ("heads", "u32"),
    5: ("key_value_heads", "u32"), 6: ("feed_forward", "u32"), 7: ("context_length", "u32"), 8: ("rope_theta", "f64"),
    9: ("norm_epsilon", "f64"), 10: ("tied_head", "bool"), 11: ("parameters", "u32"), 12: ("layout", "bytes"),
    13: ("head_size", "u32"),
    20: ("unscaled", {}), 21: ("llama3", {1: ("factor", "f64"), 2: ("low_frequency_factor", "f64"),
                                          3: ("high_frequency_factor", "f64"), 4: ("original_context", "u32")}),
}
ENTROPY_DELTAS = {1: ("block", "u32"), 2: ("bytes", "u32"), 3: ("exponent", "i32"), 4: ("max_shift", "u32")}
STRATEGY = {
    1: ("rounds", "u32"), 2: ("local_steps", "u32"), 3: ("batch", "u32"), 4: ("sequence", "u32"),
    5: ("accumulation", "u32"), 6: ("recompute", "bool"), 7: ("gradient_clip", "f64"), 8: ("learning_rate", "f64"),
    9: ("warmup_steps", "u32"), 10: ("final_fraction", "f64"), 20: ("adamw", ADAMW), 21: ("muon", MUON),
    30: ("cosine", EMPTY), 31: ("warmup_stable_decay", {1: ("decay_steps", "u32")}), 40: ("f32", EMPTY),
    41: ("f16", {1: ("initial_scale", "f64"), 2: ("growth_interval", "u32")}), 50: ("nesterov", NESTEROV),
    51: ("sgd", SGD), 52: ("delayed_nesterov", DELAYED_NESTEROV), 60: ("whole_model", EMPTY),
    61: ("fragments", {1: ("count", "u32"), 2: ("block", "u32"), 10: ("before_steps", EMPTY),
                       11: ("after_steps", {1: ("local_share", "f64")})}),
    62: ("upper_layers", {1: ("layers", "u32"), 2: ("from", "u32")}),
}
LIMITS = {i: (name, "u32") for i, name in enumerate(
    ("quorum", "target", "deadline_ms", "grace_ms", "payload_bytes", "max_tokens", "max_nodes", "grace_share",
     "payload_rounds", "weight_share"), 1)}
BY_TENSORS = {1: ("tensors", "packed"), 2: ("norm_factor", "f64")}
MERGE = {
    40: ("weighted_mean", EMPTY), 41: ("robust_mean", BY_TENSORS), 42: ("median_norm", BY_TENSORS),
    43: ("trimmed_mean", {1: ("trim", "f64")}), 44: ("centred_clipping", {1: ("iterations", "u32"), 2: ("radius_factor", "f64")}),
    45: ("soup", EMPTY), 46: ("ties", {1: ("density", "f64")}), 47: ("dare", {1: ("density", "f64")}),
}
MANIFEST = {
    1: ("version", "u32"), 2: ("name", "str"), 3: ("created", "u64"), 4: ("model", MODEL), 5: ("strategy", STRATEGY),
    6: ("limits", LIMITS), 7: ("relay_key", "bytes"), 8: ("initial_base", "bytes"), 9: ("corpora", ["str"]), 10: ("upstream", ["bytes"]),
    11: ("mixing", [{1: ("every", "u32"), 2: ("weight", "f64")}]),
    20: ("bytes", EMPTY), 21: ("file", {1: ("hash", "bytes"), 2: ("byte_length", "u32"), 3: ("config_hash", "bytes"), 4: ("config_byte_length", "u32")}),
    30: ("dense", DENSE), 31: ("sparse", SPARSE), 32: ("statistical", STATISTICAL),
    **MERGE, 50: ("open", EMPTY), 70: ("unguarded", EMPTY),
    71: ("probe", {1: ("hash", "bytes"), 2: ("byte_length", "u32"), 3: ("max_increase", "f64"), 4: ("rounds", "u32")}), 60: ("anyone", EMPTY), 61: ("members", EMPTY),
    62: ("auditor", {1: ("public_key", "bytes")}), 80: ("fixed", EMPTY), 81: ("following", {1: ("factor", "f64"), 2: ("rounds", "u32")}),
    100: ("full", EMPTY), 101: ("dense_deltas", DENSE_DELTAS), 102: ("sparse_deltas", SPARSE_DELTAS), 103: ("statistical_deltas", STATISTICAL_DELTAS),
    104: ("entropy_deltas", ENTROPY_DELTAS),
    110: ("claimed", EMPTY), 111: ("measured", {1: ("speed_factor", "f64"), 2: ("work_part", "f64"), 3: ("copy_likeness", "f64"),
                                                4: ("evaluations", "u32"), 5: ("score_tolerance", "f64"), 6: ("score_part", "f64"),
                                                7: ("evaluators", ["bytes"]), 8: ("evaluator_quorum", "u32"), 9: ("evaluation_ms", "u32")}),
    90: ("fixed_steps", EMPTY), 91: ("timed", {1: ("least_steps", "u32"), 2: ("stretch", "u32")}),
    92: ("arrivals", {1: ("max_staleness", "u32"), 2: ("least_steps", "u32")}),
}
FIXED = {"u32": (5, "<I"), "i32": (5, "<i"), "u64": (1, "<Q"), "f64": (1, "<d")}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def decode(data, table):
    """A message as a dict; repeated fields as lists. Raises for what is no strict encoding."""
    message, at, before = {}, 0, 0
    while at < len(data):
        tag, at = varint(data, at)
        number, wire = tag >> 3, tag & 7
        name, kind = table[number]
        repeated = isinstance(kind, list)
        if number < before or (number == before and not repeated):
            raise ValueError("fields are out of order")
        before = number
        if repeated:
            kind = kind[0]
        if kind in ("u32", "i32", "u64", "f64"):
            expected, layout = FIXED[kind]
            size = struct.calcsize(layout)
            (value,) = struct.unpack(layout, data[at:at + size])
            at += size
        elif kind == "bool":
            expected = 0
            value, at = varint(data, at)
            value = {0: False, 1: True}[value]
        else:
            expected = 2
            size, at = varint(data, at)
            part = data[at:at + size]
            if len(part) != size:
                raise ValueError("the message is cut short")
            at += size
            if kind == "packed":
                part = list(struct.unpack(f"<{size // 4}I", part))
            value = part if kind in ("bytes", "packed") else part.decode("utf-8") if kind == "str" else decode(part, kind)
        if wire != expected:
            raise ValueError("a field has another wire type")
        if repeated:
            message.setdefault(name, []).append(value)
        else:
            message[name] = value
    return message


def values_of(fragments, parameters):
    """The values of each delta; raises for fragments that are fewer than two, or of which one is empty."""
    count, block = fragments["count"], fragments["block"]
    ("before_steps" in fragments or fragments["after_steps"])
    if count < 2 or block < 1 or (count - 1) * block >= parameters:
        raise ValueError("the fragments are out of their limits")
    return -(-(-(-parameters // block)) // count) * block


class Run:
    """What the manifest says, as far as a verifier needs it."""

    def __init__(self, data):
        m = decode(data, MANIFEST)
        self.id = sha256(data)
        self.relay_key, self.initial_base = m["relay_key"], m["initial_base"]
        self.parameters = m["model"]["parameters"]
        self.rounds, self.local_steps = m["strategy"]["rounds"], m["strategy"]["local_steps"]
        self.step_tokens = m["strategy"]["batch"] * m["strategy"]["sequence"]
        (outer,) = {"nesterov", "sgd", "delayed_nesterov"} & set(m["strategy"])
        (codec,) = {"dense", "sparse", "statistical"} & set(m)
        (downlink,) = {"full", "dense_deltas", "sparse_deltas", "statistical_deltas", "entropy_deltas"} & set(m)
        self.downlink = None if downlink == "full" else m[downlink]
        self.fragments, self.upper = m["strategy"].get("fragments"), m["strategy"].get("upper_layers")
        (_,) = {"whole_model", "fragments", "upper_layers"} & set(m["strategy"])
        self.layers = m["model"]["layers"]
        self.values = self.parameters if self.fragments is None else values_of(self.fragments, self.parameters)
        self.outer, self.codec, self.limits = {"name": outer, **m["strategy"][outer]}, m[codec], m["limits"]
        self.corpora = len(m.get("corpora", []))
        self.upstream, mixing = m.get("upstream", []), m.get("mixing", [])
        self.mixing = mixing[0] if mixing else None
        (rule,) = {name for name, _ in MERGE.values()} & set(m)
        self.merge = {"name": rule, **m[rule]}
        self.probe = m["probe"] if "probe" in m else None
        m["open"], m["unguarded" if self.probe is None else "probe"]
        (self.readers,) = {"anyone", "members", "auditor"} & set(m)
        self.auditor = m["auditor"]["public_key"] if "auditor" in m else None
        self.following = m["following"] if "following" in m else None
        m["fixed" if self.following is None else "following"]
        self.measured = m["measured"] if "measured" in m else None
        m["claimed" if self.measured is None else "measured"]
        timed = m["timed"] if "timed" in m else None
        arrivals = m["arrivals"] if "arrivals" in m else None
        (_,) = {"fixed_steps", "timed", "arrivals"} & set(m)
        self.staleness = arrivals["max_staleness"] if arrivals else 0
        codec, limits = self.codec, self.limits
        form = form_of(codec)
        sound = (
            m["version"] == 2
            and min(self.parameters, self.rounds, self.local_steps, limits["quorum"], limits["deadline_ms"]) >= 1
            and limits["max_tokens"] >= self.local_steps * self.step_tokens
            and limits["target"] >= limits["quorum"] and limits["max_nodes"] >= limits["quorum"]
            and form.sound and codec["exponent"] >= -126 and 0 < codec.get("feedback_decay", 0.5) < 1
            and (self.downlink is None or (form_of(self.downlink).sound and self.downlink["exponent"] >= -126
                                           and self.downlink["exponent"] + self.downlink["max_shift"] <= 64))
            and codec["exponent"] + codec["max_shift"] <= 64 and codec["clip_norm"] > 0
            and limits["payload_bytes"] == form.payload_bytes(self.values)
            and self.outer_is_sound()
            and (self.probe is None or (self.probe["byte_length"] >= 8 and self.probe["byte_length"] % 4 == 0
                                        and self.probe["max_increase"] >= 0 and self.probe["rounds"] >= 1))
            and limits["weight_share"] >= 1 and len(self.upstream) <= 1 and len(mixing) <= len(self.upstream)
            and (self.mixing is None or (1 <= self.mixing["every"] <= 65536 and 0 < self.mixing["weight"] <= 1))
            and (self.measured is None or self.quality_is_sound())
            and self.merge_is_sound(form, limits["target"])
            and (self.fragments is None or self.fragments_are_sound(form))
            and (self.upper is None or (self.upper_is_sound() and arrivals is None and outer != "delayed_nesterov" and not self.upstream))
            and (timed is None or (1 <= timed["least_steps"] <= self.local_steps and timed["stretch"] >= 100
                                   and limits["grace_ms"] < limits["deadline_ms"]))
            and (arrivals is None or (1 <= arrivals["least_steps"] <= self.local_steps and limits["quorum"] == 1 and self.staleness <= 64
                                      and self.fragments is None and self.measured is None and (not self.upstream or self.mixing)))
            and (self.following is None or min(self.following["factor"], self.following["rounds"]) >= 1)
            and form.greatest * limits["max_tokens"] * limits["target"] < 2**53
        )
        if not sound:
            raise ValueError("the manifest is out of its limits")

    def outer_is_sound(self):
        outer = self.outer
        if outer["name"] == "sgd":
            return outer["learning_rate"] > 0 and outer["final_rate"] > 0 and 1 <= outer["constant_rounds"] <= self.rounds
        if outer["name"] == "nesterov":
            return True
        heloco = outer.get("heloco")
        if heloco is None:
            outer["uncorrected"]
        return (outer["learning_rate"] > 0 and outer["momentum"] >= 0 and 1 <= outer["period"] <= 4096 and self.fragments is None
                and (heloco is None or (sum(heloco["tensors"]) == self.parameters and min(heloco["tensors"]) > 0
                                        and heloco["aligned"] > 0 and heloco["turn"] >= 0)))

    def merge_is_sound(self, form, target):
        rule = self.merge
        if "tensors" in rule:
            sizes = rule["tensors"]
            return (sum(sizes) == self.parameters and min(sizes) > 0 and rule["norm_factor"] > 0
                    and (rule["name"] == "median_norm" or target <= 4096)
                    and (self.upper is not None or all(size % form.whole == 0 for size in sizes[:-1])))
        if "trim" in rule:
            return 0 < rule["trim"] < 0.5 and target <= 256 and "chunk" not in self.codec
        if "iterations" in rule:
            return 1 <= rule["iterations"] <= 16 and rule["radius_factor"] > 0
        return "density" not in rule or 1 / 512 <= rule["density"] <= 1

    def quality_is_sound(self):
        quality = self.measured
        return (quality["speed_factor"] >= 1 and quality["work_part"] >= 0 and quality["copy_likeness"] > 0 and self.limits["target"] <= 4096
                and min(quality["score_tolerance"], quality["score_part"]) >= 0
                and quality["evaluations"] <= 64 and (quality["evaluations"] == 0 or self.probe is not None)
                and self.evaluators_are_sound(quality))

    def evaluators_are_sound(self, quality):
        keys, quorum, wait = quality.get("evaluators", []), quality["evaluator_quorum"], quality["evaluation_ms"]
        if not keys:
            return quorum == 0 and wait == 0
        return (len(set(keys)) == len(keys) <= 64 and all(len(key) == 32 for key in keys) and quality["evaluations"] > 0
                and 1 <= quorum <= len(keys) and 1 <= wait <= 3600000 and (self.auditor is None or keys == [self.auditor]))

    def upper_is_sound(self):
        layers, start = self.upper["layers"], self.upper["from"]
        least = 2 * self.codec["chunk"] if "chunk" in self.codec else 1
        parts = [part for first, end in ranges_of(self) for part in cut(self.merge.get("tensors", []), first, end)]
        return 1 <= layers <= self.layers and 0 < start < self.parameters and all(part >= least for part in parts)

    def fragments_are_sound(self, form):
        share = self.fragments["after_steps"]["local_share"] if "after_steps" in self.fragments else 0
        whole = "tensors" not in self.merge or self.fragments["block"] % form.whole == 0
        return self.rounds >= self.fragments["count"] and share >= 0 and whole
