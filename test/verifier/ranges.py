"""The ranges of the vector that a round merges by themselves, in a run that grants its upper layers (docs/protocol.md, section 4)."""

from copy import copy


def ranges_of(run):
    """Where each range begins and ends in a whole delta."""
    if run.upper is None:
        return [(0, run.values)]
    return [(0, run.upper["from"]), (run.upper["from"], run.values)]


def values_of_part(run, part):
    """The number of values of a delta of a part; none of a part that the run does not grant."""
    if part == "whole":
        return run.values
    return None if run.upper is None else run.parameters - run.upper["from"]


def within(run, contributions, first, end):
    """The indices of the contributions that count in a range, which has none with fewer than a quorum, and these with their values there only."""
    held = []
    for k, (tokens, integers, payload) in enumerate(contributions):
        begin = run.values - len(integers)
        if begin <= first:
            held.append((k, (tokens, integers[first - begin:end - begin], payload)))
    if run.upper is not None and len(held) < run.limits["quorum"]:
        return [], []
    return [k for k, _ in held], [one for _, one in held]


def run_within(run, first, end):
    """The run as a merge rule sees it in a range."""
    if run.upper is None:
        return run
    own = copy(run)
    own.values = end - first
    if "tensors" in run.merge:
        own.merge = {**run.merge, "tensors": cut(run.merge["tensors"], first, end)}
    return own


def cut(sizes, first, end):
    """The sizes of the parts of tensors that lie between two places."""
    parts, at = [], 0
    for size in sizes:
        parts.append(min(at + size, end) - max(at, first))
        at += size
    return [part for part in parts if part > 0]


def by_ranges(run, contributions, merge):
    """The merged delta, and the indices of the contributions that are left out of each of their ranges. A value is zero where none of those that
    have it counts, and None where none has it."""
    deltas, left, present = [], [0] * len(contributions), [0] * len(contributions)
    for first, end in ranges_of(run):
        indices, held = within(run, contributions, first, end)
        counted = [(k, one) for k, one in zip(indices, held) if one[0] > 0]
        own, excluded = [0.0 if held else None] * (end - first), []
        if counted:
            own, excluded = merge(run_within(run, first, end), [one for _, one in counted])
        deltas += own
        for k in indices:
            present[k] += 1
        for k in excluded:
            left[counted[k][0]] += 1
    return deltas, [k for k, count in enumerate(left) if count and count == present[k]]
