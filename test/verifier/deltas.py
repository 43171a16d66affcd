"""Payloads, norms and the outer step (docs/protocol.md, section 4), and losses (section 5)."""

import math
import struct
from decimal import ROUND_HALF_UP, Context, Decimal

from payload_forms import form_of


def f32(value):
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


def ecmascript(value):
    """A float as ECMAScript's Number::toString writes it, from Python's repr, which has the same digits."""
    sign = "-" if math.copysign(1, value) < 0 else ""
    if value == 0:
        return sign + "0"
    _, digits, exponent = Decimal(repr(abs(value))).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + exponent
    if 0 < point <= 21:
        body = text.ljust(point, "0") if len(text) <= point else text[:point] + "." + text[point:]
    elif -6 < point <= 0:
        body = "0." + "0" * -point + text
    else:
        power = point - 1
        body = text[0] + ("." + text[1:] if len(text) > 1 else "") + "e" + ("+" if power > 0 else "-") + str(abs(power))
    return sign + body


def loss_text(value):
    if value == 0:
        return ecmascript(value)
    for digits in range(1, 10):
        short = float(Context(prec=digits, rounding=ROUND_HALF_UP).create_decimal(Decimal(value)))
        if f32(short) == value:
            return ecmascript(short)
    raise ValueError("not an f32")


def loss_of(text):
    """The f32 of a loss; raises unless the text is its one spelling."""
    value = f32(float(text))
    if not math.isfinite(value) or loss_text(value) != text:
        raise ValueError("a loss is not in its one spelling")
    return value


def norm_bound(run, medians):
    """The greatest norm of a delta after rounds with these median norms, in units."""
    clip_norm, following = run.codec["clip_norm"], run.following
    greatest = max(medians[-following["rounds"]:], default=0) if following else 0
    return min(clip_norm, following["factor"] * greatest * 2.0 ** run.codec["exponent"]) if greatest else clip_norm


def norm_of(integers):
    squares = 0.0
    for integer in integers:
        squares += float(integer * integer)
    return math.sqrt(squares)


def whole_norm(run, integers):
    """The norm of a whole delta with the mean square of these values."""
    squares = 0.0
    for integer in integers:
        squares += float(integer * integer)
    return math.sqrt(squares * (run.values / len(integers)))


def median_norm(run, contributions):
    norms = sorted(whole_norm(run, integers) for _, integers, _ in contributions)
    return math.ceil(norms[(len(norms) - 1) // 2])


def integers_of(payload, run, bound=None, values=None):
    """The integers of a payload of so many values, all of a delta unless given; raises ValueError for a payload that is none, or is longer than
    the bound (the clip norm unless given)."""
    codec, values = run.codec, values or run.values
    if len(payload) != (run.limits["payload_bytes"] if values == run.values else form_of(codec).payload_bytes(values)):
        raise ValueError("has another length than the manifest says")
    integers = form_of(codec).integers(payload, values)
    unit = 2.0 ** codec["exponent"]
    if norm_of(integers) * unit > (bound or codec["clip_norm"]) * (1 + 1 / 64) + math.sqrt(values) * unit / 2:
        raise ValueError("is longer than the norm bound")
    return integers


def blocks_of(run, number):
    """Where the blocks that round `number` synchronizes begin and end in the vector."""
    if run.fragments is None:
        return [(0, run.parameters)]
    count, block = run.fragments["count"], run.fragments["block"]
    starts = range((number - 1) % count * block, run.parameters, count * block)
    return [(start, min(start + block, run.parameters)) for start in starts]


def outer_step(run, state, deltas, number):
    """The vectors after round `number`: the base first. They stay where a delta is None."""
    resting, deltas = [delta is None for delta in deltas], [0.0 if delta is None else delta for delta in deltas]
    blocks = blocks_of(run, number)
    before = [[value for start, end in blocks for value in vector[start:end]] for vector in state]
    after = {"nesterov": nesterov, "sgd": sgd, "delayed_nesterov": delayed_nesterov}[run.outer["name"]](run, before, deltas, number)
    vectors = []
    for vector, was, values in zip(state, before, after):
        values = [old if rests else new for old, new, rests in zip(was, values, resting)]
        whole, at = list(vector), 0
        for start, end in blocks:
            whole[start:end] = values[at:at + end - start]
            at += end - start
        vectors.append(whole)
    return vectors


def sgd(run, state, deltas, number):
    first, last, constant = run.outer["learning_rate"], run.outer["final_rate"], run.outer["constant_rounds"]
    rate = first
    if number > constant:
        rate = first + (last - first) * ((number - constant) / (run.rounds - constant))
    return [[f32(b - rate * delta) for b, delta in zip(state[0], deltas)]]


def nesterov(run, state, deltas, number):
    mu, rate = run.outer["momentum"], run.outer["learning_rate"]
    next_base, next_momentum = [], []
    for b, m, delta in zip(*state, deltas):
        velocity = f32(mu * m + delta)
        next_momentum.append(velocity)
        next_base.append(f32(b - rate * (delta + mu * velocity)))
    return [next_base, next_momentum]


def delayed_nesterov(run, state, deltas, number):
    mu, rate, period = (run.outer[name] for name in ("momentum", "learning_rate", "period"))
    base, momentum, buffer = state
    if "heloco" in run.outer:
        deltas = corrected(deltas, momentum, mu, run.outer["heloco"])
    parts = [delta / period for delta in deltas]
    buffer = [f32(e + part) for e, part in zip(buffer, parts)]
    if number % period:
        return [[f32(b - rate * part) for b, part in zip(base, parts)], momentum, buffer]
    momentum = [f32(mu * m + e) for m, e in zip(momentum, buffer)]
    return [[f32(b - rate * (mu * m + part)) for b, m, part in zip(base, momentum, parts)], momentum, [0.0] * len(base)]


def corrected(deltas, momentum, mu, settings):
    """HeLoCo: each tensor of a delta, seen along the momentum."""
    values, at = [], 0
    for size in settings["tensors"]:
        d, m = deltas[at:at + size], momentum[at:at + size]
        values += corrected_tensor(d, m, mu, settings["aligned"], settings["turn"])
        at += size
    return values


def corrected_tensor(d, m, mu, aligned, turn):
    length, other = math.sqrt(dot(d, d)), math.sqrt(dot(m, m))
    if length == 0 or other == 0:
        return d
    cosine = dot(d, m) / (length * other)
    if cosine >= aligned:
        return d
    confidence = length / (length + (1 - mu) * other)
    if cosine < 0:
        along = (-cosine * confidence * (cosine * length)) / other
        return [x - along * y for x, y in zip(d, m)]
    share = turn * (1 - cosine) * confidence
    turned = [((1 - share) * x) / length + (share * y) / other for x, y in zip(d, m)]
    scale = length / math.sqrt(dot(turned, turned))
    return [x * scale for x in turned]


def dot(one, other):
    total = 0.0
    for x, y in zip(one, other):
        total += x * y
    return total


def initial_state(run, base):
    """The vectors before round 1."""
    more = {"sgd": 0, "nesterov": 1, "delayed_nesterov": 2}[run.outer["name"]]
    return [base] + [[0.0] * run.parameters for _ in range(more)]


def pack(vector):
    return struct.pack(f"<{len(vector)}f", *vector)
