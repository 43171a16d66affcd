"""The merge rules (docs/protocol.md, section 4). Each takes (tokens, integers, hash of the payload) of each contribution, in the
order of the journal, and gives the merged delta and the indices of the contributions that are left out."""

import math
import struct
from copy import copy

from deltas import blocks_of, norm_of
from hashing import sha256
from ranges import by_ranges


def mean(run, sums, tokens):
    unit = 2.0 ** run.codec["exponent"]
    return [(float(total) * unit) / tokens for total in sums]


def weighted_mean(run, contributions):
    return mean(run, weighted_sums(contributions), sum(tokens for tokens, _, _ in contributions)), []


def weighted_sums(contributions):
    columns = zip(*(integers for _, integers, _ in contributions))
    weights = [tokens for tokens, _, _ in contributions]
    return [sum(weight * integer for weight, integer in zip(weights, column)) for column in columns]


def lower_median(values):
    return sorted(values)[(len(values) - 1) // 2]


def bounded_weights(run, contributions):
    """The span of each tensor, and the weight of each contribution in each."""
    spans, start = [], 0
    for size in run.merge["tensors"]:
        spans.append((start, start + size))
        start += size
    norms = [[norm_of(integers[first:end]) for first, end in spans] for _, integers, _ in contributions]
    bounds = [run.merge["norm_factor"] * lower_median([row[t] for row in norms]) for t in range(len(spans))]
    return spans, [
        [tokens if norm <= bound else math.floor(tokens * bound / norm + 0.5) for norm, bound in zip(row, bounds)]
        for (tokens, _, _), row in zip(contributions, norms)
    ]


def robust_mean(run, contributions):
    """The merged delta and the indices of the contributions that are left out."""
    spans, weights = bounded_weights(run, contributions)
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


def round_seed(contributions):
    return sha256(b"".join(sorted(payload for _, _, payload in contributions)))


def sketches(run, contributions, spans, weights):
    numbers = max(256, min(4096, 2**18 // len(contributions)))
    width = -(-run.values // numbers)
    seed = round_seed(contributions)
    signs = b"".join(sha256(seed + struct.pack("<I", i)) for i in range(-(-run.values // 256)))
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


def median_norm_mean(run, contributions):
    spans, weights = bounded_weights(run, contributions)
    tokens, deltas = sum(tokens for tokens, _, _ in contributions), []
    for t, (first, end) in enumerate(spans):
        part = [(row[t], integers[first:end], None) for row, (_, integers, _) in zip(weights, contributions)]
        deltas += mean(run, weighted_sums(part), tokens)
    return deltas, []


def trimmed_mean(run, contributions):
    n = len(contributions)
    cut = math.floor(n * run.merge["trim"])
    unit, deltas = 2.0 ** run.codec["exponent"], []
    contributions = sorted(contributions, key=lambda one: one[2])
    for column in zip(*(integers for _, integers, _ in contributions)):
        middle = sorted((integer, k) for k, integer in enumerate(column))[cut:n - cut]
        weights = [contributions[k][0] for _, k in middle]
        deltas.append(float(sum(integer * weight for (integer, _), weight in zip(middle, weights))) * unit / sum(weights))
    return deltas, []


def centred_clipping(run, contributions):
    unit = 2.0 ** run.codec["exponent"]
    tokens, centre = sum(tokens for tokens, _, _ in contributions), [0.0] * run.values
    for _ in range(run.merge["iterations"]):
        distances = [norm_from(integers, centre) for _, integers, _ in contributions]
        radius = run.merge["radius_factor"] * lower_median(distances)
        weights = [
            own if distance <= radius else math.floor(own * radius / distance + 0.5)
            for (own, _, _), distance in zip(contributions, distances)
        ]
        sums = weighted_sums([(weight, integers, None) for weight, (_, integers, _) in zip(weights, contributions)])
        rest = tokens - sum(weights)
        centre = [(float(total) + rest * value) / tokens for total, value in zip(sums, centre)]
    return [value * unit for value in centre], []


def norm_from(integers, centre):
    squares = 0.0
    for integer, value in zip(integers, centre):
        squares += (integer - value) * (integer - value)
    return math.sqrt(squares)


def soup(run, contributions):
    return weighted_mean(run, [(1, integers, payload) for _, integers, payload in contributions])


def ties(run, contributions):
    count = math.ceil(run.merge["density"] * run.values)
    trimmed = []
    for tokens, integers, payload in contributions:
        least = max(1, sorted(map(abs, integers))[-count])
        trimmed.append((tokens, [q if abs(q) >= least else 0 for q in integers], payload))
    elected, unit, deltas = weighted_sums(trimmed), 2.0 ** run.codec["exponent"], []
    for sign, column in zip(elected, zip(*(integers for _, integers, _ in trimmed))):
        held = [(q, trimmed[k][0]) for k, q in enumerate(column) if q * sign > 0]
        deltas.append(float(sum(q * weight for q, weight in held)) * unit / sum(weight for _, weight in held) if held else 0.0)
    return deltas, []


def dare(run, contributions):
    remaining, seed = math.floor(run.merge["density"] * 256 + 0.5), round_seed(contributions)
    dropped = []
    for tokens, integers, payload in contributions:
        own = sha256(seed + payload)
        data = b"".join(sha256(own + struct.pack("<I", i)) for i in range(-(-run.values // 32)))
        dropped.append((tokens, [q if byte < remaining else 0 for q, byte in zip(integers, data)], payload))
    sums = [256 * total for total in weighted_sums(dropped)]
    return mean(run, sums, sum(tokens for tokens, _, _ in contributions) * remaining), []


RULES = {
    "weighted_mean": weighted_mean, "robust_mean": robust_mean, "median_norm": median_norm_mean, "trimmed_mean": trimmed_mean,
    "centred_clipping": centred_clipping, "soup": soup, "ties": ties, "dare": dare,
}


def capped(run, contributions):
    """No contribution weighs more than its share of the round."""
    share, tokens = run.limits["weight_share"], [tokens for tokens, _, _ in contributions]
    if share == 100:
        return contributions
    low, high = 0, max(tokens)
    while low < high:
        middle = (low + high + 1) // 2
        if 100 * middle <= share * sum(min(own, middle) for own in tokens):
            low = middle
        else:
            high = middle - 1
    cap = low or min(tokens)
    return [(min(own, cap), integers, payload) for own, integers, payload in contributions]


def tensors_of(run, number):
    """Sizes of the tensors of a delta of round `number`: a border of a block ends one, and the last one has the padding."""
    borders, at = [], 0
    for size in run.merge["tensors"]:
        at += size
        borders.append(at)
    sizes = []
    for start, end in blocks_of(run, number):
        edges = [start, *(border for border in borders if start < border < end), end]
        sizes += [second - first for first, second in zip(edges, edges[1:])]
    sizes[-1] += run.values - sum(sizes)
    return sizes


def merge(run, contributions, number=1):
    """The delta of round `number` before the outer step, and what is left out: of each range by itself. Weights are capped first."""
    return by_ranges(run, contributions, lambda own, held: merge_range(own, held, number))


def merge_range(run, contributions, number):
    contributions = capped(run, contributions)
    if "tensors" in run.merge and run.fragments is not None:
        run = copy(run)
        run.merge = {**run.merge, "tensors": tensors_of(run, number)}
    return RULES[run.merge["name"]](run, contributions)
