"""Payloads, sums and the outer step (docs/protocol.md, section 4), and losses (section 5)."""

import math
import struct
from decimal import ROUND_HALF_UP, Context, Decimal

from payload_forms import form_of
from hashing import sha256


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


def median_norm(contributions):
    norms = sorted(norm_of(integers) for _, integers, _ in contributions)
    return math.ceil(norms[(len(norms) - 1) // 2])


def integers_of(payload, run, bound=None):
    """The integers of a payload; raises ValueError for a payload that is none, or is longer than the bound (the clip norm unless given)."""
    codec = run.codec
    if len(payload) != run.limits["payload_bytes"]:
        raise ValueError("has another length than the manifest says")
    integers = form_of(codec).integers(payload, run.parameters)
    unit = 2.0 ** codec["exponent"]
    if norm_of(integers) * unit > (bound or codec["clip_norm"]) * (1 + 1 / 64) + math.sqrt(run.parameters) * unit / 2:
        raise ValueError("is longer than the norm bound")
    return integers


def mean(run, sums, tokens):
    unit = 2.0 ** run.codec["exponent"]
    return [(float(total) * unit) / tokens for total in sums]


def weighted_mean(run, contributions):
    sums = [0] * run.parameters
    for tokens, integers, _ in contributions:
        sums = [total + integer * tokens for total, integer in zip(sums, integers)]
    return mean(run, sums, sum(tokens for tokens, _, _ in contributions)), []


def robust_mean(run, contributions):
    """The merged delta and the indices of the contributions that are left out."""
    spans, start = [], 0
    for size in run.tensors:
        spans.append((start, start + size))
        start += size
    norms = []
    for _, integers, _ in contributions:
        norms.append([norm_of(integers[first:end]) for first, end in spans])
    bounds = [run.norm_factor * sorted(row[t] for row in norms)[(len(norms) - 1) // 2] for t in range(len(spans))]
    weights = [
        [tokens if norm <= bound else math.floor(tokens * bound / norm + 0.5) for norm, bound in zip(row, bounds)]
        for (tokens, _, _), row in zip(contributions, norms)
    ]
    excluded = disagreeing(sketches(run, contributions, spans, weights))
    included = [k for k in range(len(contributions)) if k not in excluded]
    half = sum(contributions[k][0] for k in included) / 2
    deltas = []
    for t, (first, end) in enumerate(spans):
        total = max(sum(weights[k][t] for k in included), half)
        columns = zip(*(contributions[k][1][first:end] for k in included))
        sums = [sum(weights[k][t] * integer for k, integer in zip(included, column)) for column in columns]
        deltas += mean(run, sums, total)
    return deltas, excluded


def sketches(run, contributions, spans, weights):
    numbers = max(256, min(4096, 2**18 // len(contributions)))
    width = -(-run.parameters // numbers)
    seed = sha256(b"".join(sorted(payload for _, _, payload in contributions)))
    signs = b"".join(sha256(seed + struct.pack("<I", i)) for i in range(-(-run.parameters // 256)))
    result = []
    for (_, integers, _), row in zip(contributions, weights):
        signed = [-q if signs[i >> 3] >> (i & 7) & 1 else q for i, q in enumerate(integers)]
        result.append([
            float(sum(signed[at:min(at + width, end)])) * weight
            for (first, end), weight in zip(spans, row) for at in range(first, end, width)
        ])
    return result


def dot(one, other):
    total = 0.0
    for a, b in zip(one, other):
        total += a * b
    return total


def disagreeing(parts):
    """The indices of the sketches that point against the others, ascending."""
    norms = [math.sqrt(dot(part, part)) for part in parts]

    def agreement(i, j):
        length = norms[i] * norms[j]
        cosine = 0.0 if length == 0 else dot(parts[i], parts[j]) / length
        return math.floor(max(-1 / 8, min(1 / 8, cosine)) * 2**20 + 0.5)

    pairs = [[agreement(i, j) for j in range(len(parts))] for i in range(len(parts))]
    included, least = list(range(len(parts))), len(parts) // 2 + 1
    while len(included) >= 3 and len(included) > least:
        score, worst = min((sum(pairs[i][j] for j in included if j != i), i) for i in included)
        if score > -(2**15) * (len(included) - 1):
            break
        included.remove(worst)
    return [k for k in range(len(parts)) if k not in included]


def merge(run, contributions):
    """(tokens, integers, hash of the payload) of each contribution, in the order of the journal."""
    return (weighted_mean if run.tensors is None else robust_mean)(run, contributions)


def outer_step(run, state, deltas, number):
    """The vectors after round `number`: the base first."""
    return (nesterov if run.outer["name"] == "nesterov" else sgd)(run, state, deltas, number)


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


def initial_state(run, base):
    """The vectors before round 1."""
    return [base] if run.outer["name"] == "sgd" else [base, [0.0] * run.parameters]


def pack(vector):
    return struct.pack(f"<{len(vector)}f", *vector)
