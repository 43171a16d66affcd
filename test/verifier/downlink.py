"""How a base follows from the one before (docs/protocol.md, section 4)."""

from deltas import f32
from payload_forms import form_of


def initial_residual(run):
    """The downlink's vectors before round 1."""
    return [] if run.downlink is None else [[0.0] * run.parameters]


def publish(run, base, stepped, own):
    """The vectors of the next state, and the payload that leads from the base before; None where bases are whole."""
    if run.downlink is None:
        return stepped, None
    form, (residual,), (target, *outer) = form_of(run.downlink), own, stepped
    wanted = [f32(b - t + e) for b, t, e in zip(base, target, residual)]
    payload = form.encode(wanted)
    sent = [integer * form.unit for integer in form.integers(payload, run.parameters)]
    following = [f32(b - d) for b, d in zip(base, sent)]
    left = [f32(w - d) for w, d in zip(wanted, sent)]
    return [following, *outer, left], payload
