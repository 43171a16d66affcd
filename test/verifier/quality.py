"""What contributions weigh by what was measured of them, and the reputation of keys (docs/protocol.md, section 4)."""

import math

from deltas import loss_of, whole_norm
from hashing import sha256
from merges import dot, lower_median, merge, round_seed, sketches
from ranges import ranges_of, run_within, within

MOST, FRESH, PROVEN, SCALE = 256, 64, 96, 2**20


def lots_of(contributions):
    seed = round_seed(contributions)
    return [sha256(seed + payload) for _, _, payload in contributions]


def drawn(run, contributions):
    """The contributions that are scored, by index."""
    if run.measured is None:
        return []
    lots = lots_of(contributions)
    return sorted(sorted(range(len(lots)), key=lots.__getitem__)[: run.measured["evaluations"]])


def copies_of(run, contributions):
    """The contributions that are copies in one of the ranges."""
    found = set()
    for first, end in ranges_of(run):
        indices, held = within(run, contributions, first, end)
        found |= {indices[k] for k in copies_in(run_within(run, first, end), held)}
    return found


def copies_in(run, contributions):
    n, bound = len(contributions), run.measured["copy_likeness"]
    if n < 3 or bound >= 1:
        return set()
    parts = sketches(run, contributions, [(0, run.values)], [[1]] * n)
    norms = [math.sqrt(dot(part, part)) for part in parts]

    def cosine(i, j):
        length = norms[i] * norms[j]
        if length == 0:
            return 0
        return SCALE if i == j else math.floor(dot(parts[i], parts[j]) / length * SCALE + 0.5)

    cosines = [[cosine(max(i, j), min(i, j)) for j in range(n)] for i in range(n)]
    sums, rest = [sum(row) for row in cosines], n - 2
    total = sum(sums)

    def alike(i, j):
        own, other, both = cosines[i][i], cosines[j][j], cosines[i][j]
        own_mean, other_mean = (sums[i] - own - both) / rest, (sums[j] - other - both) / rest
        mean = (total - 2 * (sums[i] + sums[j]) + own + other + 2 * both) / (rest * rest)
        own_rest, other_rest = own - 2 * own_mean + mean, other - 2 * other_mean + mean
        return own_rest > 0 and other_rest > 0 and both - own_mean - other_mean + mean > bound * math.sqrt(own_rest * other_rest)

    return {j for j in range(n) if any(alike(i, j) for i in range(j))}


def least_score(run, scores):
    quality, total = run.measured, 0.0
    for score in scores:
        total += abs(score)
    return -max(quality["score_tolerance"], quality["score_part"] * total / len(scores) if scores else 0)


def weigh(run, contributions, standings):
    """The tokens with which each contribution counts, and the reason where they are fewer. A standing is (elapsed, pace, reputation, score)."""
    quality, claims = run.measured, [tokens for tokens, _, _ in contributions]
    if quality is None:
        return claims, [None] * len(claims)
    tokens, reasons = list(claims), [None] * len(claims)

    def lower(reason, values):
        for i, value in enumerate(values):
            if value < tokens[i]:
                tokens[i] = value
                reasons[i] = reasons[i] or reason if reason == "distrusted" else reason

    usual = lower_median([elapsed / claim for claim, (elapsed, *_) in zip(claims, standings)])
    lower("too-fast", [max(1, math.floor(quality["speed_factor"] * elapsed / (usual if pace is None else pace))) for elapsed, pace, _, _ in standings])
    norms = [whole_norm(run, integers) for _, integers, _ in contributions]
    rate = lower_median([norm / claim for norm, claim in zip(norms, claims)])
    root = lower_median([norm / math.sqrt(claim) for norm, claim in zip(norms, claims)])
    part = quality["work_part"]
    lower("short", [
        math.floor(norm / rate) if norm / own < part * rate and norm / math.sqrt(own) < part * root else own
        for norm, own in zip(norms, tokens)
    ])
    copies = copies_of(run, contributions)
    lower("copy", [0 if i in copies else own for i, own in enumerate(tokens)])
    if quality["evaluations"] == 0:
        return tokens, reasons
    least = least_score(run, [score for *_, score in standings if score is not None])
    lower("worse", [0 if score is not None and score < least else own for own, (*_, score) in zip(tokens, standings)])
    lower("distrusted", [own * min(reputation, FRESH) // FRESH for own, (_, _, reputation, _) in zip(tokens, standings)])
    counting = [i for i, own in enumerate(tokens) if own > 0]
    known = [i for i in counting if standings[i][3] is not None or standings[i][2] >= PROVEN]
    unknown = sorted(set(counting) - set(known), key=lots_of(contributions).__getitem__)
    admitted = set(known + unknown[: len(known) // 2])
    lower("unproven", [own if i in admitted else 0 for i, own in enumerate(tokens)])
    return tokens, reasons


def weighed_merge(run, contributions, standings, number):
    """What each contribution counts and why, the merged delta of round `number`, and the indices of those that the merge rule leaves out."""
    tokens, reasons = weigh(run, contributions, standings)
    weighed = [(own, *one[1:]) for own, one in zip(tokens, contributions)]
    deltas, excluded = merge(run, weighed, number)
    return tokens, reasons, deltas, excluded


def faded(reputation):
    return reputation + 1 if reputation < FRESH else reputation - (reputation - FRESH + 15) // 16


class Records:
    """The record of each key: its reputation after a round, and the fewest milliseconds a token in which it counted."""

    def __init__(self):
        self.keys = {}

    def before(self, number, key):
        reputation, pace, last = self.keys.get(key, (FRESH, None, number))
        for _ in range(last + 1, number):
            if reputation == FRESH:
                break
            reputation = faded(reputation)
        return reputation, pace

    def standings(self, number, accepted, scores):
        """`accepted` is (sequence, key, elapsed) of each contribution."""
        scored = score_table(scores)
        found = []
        for sequence, key, elapsed in accepted:
            reputation, pace = self.before(number, key)
            found.append((elapsed, pace, reputation, scored.get(sequence)))
        return found

    def committed(self, run, number, accepted, claims, body):
        scored, lowered = score_table(body["scores"]), {one["sequence"]: one for one in body["weighed"]}
        least = least_score(run, list(scored.values()))
        for (sequence, key, elapsed), claim in zip(accepted, claims):
            one, score = lowered.get(sequence, {"tokens": claim, "reason": None}), scored.get(sequence)
            reputation, pace = self.before(number, key)
            if one["reason"] == "copy" or (score is not None and score < least):
                reputation //= 2
            elif score is None or one["reason"] in ("short", "too-fast"):
                reputation = faded(reputation)
            else:
                reputation += (MOST - reputation) // 4
            paces = ([] if pace is None else [pace]) + ([elapsed / one["tokens"]] if one["tokens"] else [])
            self.keys[key] = reputation, min(paces, default=None), number


def median_scores(sequences, evaluations):
    """The scores that evaluations give: for each contribution the losses of the evaluator whose score is the lower median."""
    middle, found = (len(evaluations) - 1) // 2, []
    for place, sequence in enumerate(sequences):
        ranked = sorted(evaluations, key=lambda one: loss_of(one["before"][place]) - loss_of(one["after"]))
        found.append({"sequence": sequence, "before": ranked[middle]["before"][place], "after": ranked[middle]["after"]})
    return found


def score_table(scores):
    return {one["sequence"]: loss_of(one["before"]) - loss_of(one["after"]) for one in scores}
