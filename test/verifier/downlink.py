"""How a base follows from the one before (docs/protocol.md, section 4)."""

from deltas import blocks_of, f32
from payload_forms import form_of


def initial_residual(run):
    """The downlink's vectors before round 1."""
    return [] if run.downlink is None else [[0.0] * run.parameters]


def publish(run, base, stepped, own, number):
    """The vectors of the state after round `number`, and the payload that leads from the base before; None where bases are whole."""
    if run.downlink is None:
        return stepped, None
    form, (residual,), (target, *outer) = form_of(run.downlink), own, stepped
    places = [i for start, end in blocks_of(run, number) for i in range(start, end)]
    wanted = [f32(base[i] - target[i] + residual[i]) for i in places]
    payload = form.encode(wanted + [0.0] * (run.values - len(places)))
    following, left = list(base), list(residual)
    for i, w, integer in zip(places, wanted, form.integers(payload, run.values)):
        following[i], left[i] = f32(base[i] - integer * form.unit), f32(w - integer * form.unit)
    return [following, *outer, left], payload
