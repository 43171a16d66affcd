"""Rounding as docs/protocol.md has it, section 4."""

import math


def rounded(value):
    """The nearest integer, the greater of two that are equally near."""
    below = math.floor(value)
    return below + 1 if value - below >= 0.5 else below
