"""The forms of a payload (docs/protocol.md, section 4)."""

import math

from entropy_form import Entropy
from rounding import rounded


def form_of(codec):
    """The form that a manifest's codec chooses, by the number that only it has."""
    forms = {"chunk": Sparse, "bits": Dense, "bytes": Entropy}
    return next((form for name, form in forms.items() if name in codec), Statistical)(codec)


def shift_for(units, greatest, max_shift):
    shift = 0
    while shift < max_shift and units >= (greatest + 0.5) * 2**shift:
        shift += 1
    return shift


def levels_of(magnitudes, unit, max_shift, least):
    """Shift, lower and higher magnitude, and the border from which values take the higher one; the magnitudes ascend."""
    count, total = len(magnitudes), 0.0
    for magnitude in magnitudes:
        total += magnitude
    best, lower = -math.inf, 0.0
    border, low, high = math.inf, total / count, total / count
    for i in range(1, count):
        lower += magnitudes[i - 1]
        if magnitudes[i] == magnitudes[i - 1]:
            continue
        one, other = lower / i, (total - lower) / (count - i)
        gain = one * lower + other * (total - lower)
        if gain > best:
            best, border, low, high = gain, magnitudes[i], one, other
    shift = shift_for(high / unit, 255, max_shift)
    step = unit * 2**shift
    high = max(least, min(255, rounded(high / step)))
    return shift, max(least, min(high, rounded(low / step))), high, border


def packed(numbers, bits):
    whole = sum(number << (i * bits) for i, number in enumerate(numbers))
    return whole.to_bytes(bytes_of(len(numbers) * bits), "little")


def bytes_of(bits):
    return (bits + 7) // 8


class Dense:
    whole = 1

    def __init__(self, codec):
        self.bits, self.block, self.max_shift = codec["bits"], codec["block"], codec["max_shift"]
        self.unit = 2.0 ** codec["exponent"]
        self.sound = 2 <= self.bits <= 8 and self.block >= 1
        self.greatest = (2 ** (self.bits - 1) - 1) * 2**self.max_shift if self.sound else 0

    def payload_bytes(self, parameters):
        whole, rest = divmod(parameters, self.block)
        size = lambda n: 1 + bytes_of(n * self.bits)
        return whole * size(self.block) + (size(rest) if rest else 0)

    def integers(self, payload, parameters):
        mask, lowest = 2**self.bits - 1, 2 ** (self.bits - 1)
        integers, at = [], 0
        for start in range(0, parameters, self.block):
            count = min(self.block, parameters - start)
            size = bytes_of(count * self.bits)
            shift = payload[at]
            if shift > self.max_shift:
                raise ValueError("has a shift out of limit")
            packed = int.from_bytes(payload[at + 1:at + 1 + size], "little")
            for _ in range(count):
                q = packed & mask
                packed >>= self.bits
                if q == lowest:
                    raise ValueError("has the value that is refused")
                integers.append((q - 2 * lowest if q > lowest else q) << shift)
            if packed:
                raise ValueError("has bits after its last value")
            at += 1 + size
        return integers

    def encode(self, values):
        """The payload that a relay makes of its own delta."""
        payload, greatest = b"", 2 ** (self.bits - 1) - 1
        for start in range(0, len(values), self.block):
            part = values[start:start + self.block]
            shift = shift_for(max(map(abs, part)) / self.unit, greatest, self.max_shift)
            step = self.unit * 2**shift
            numbers = [max(-greatest, min(greatest, rounded(value / step))) % 2**self.bits for value in part]
            payload += bytes([shift]) + packed(numbers, self.bits)
        return payload


class Sparse:
    def __init__(self, codec):
        self.chunk, self.top, self.max_shift = codec["chunk"], codec["top"], codec["max_shift"]
        self.unit = 2.0 ** codec["exponent"]
        self.sound = 1 <= self.top <= self.chunk <= 4096
        self.whole = self.chunk
        self.greatest = 255 * 2**self.max_shift

    def held(self, size):
        return -(-size * self.top // self.chunk)

    def payload_bytes(self, parameters):
        whole, rest = divmod(parameters, self.chunk)
        size = lambda n: 3 + bytes_of(self.held(n) * 12) + bytes_of(self.held(n) * 2)
        return whole * size(self.chunk) + (size(rest) if rest else 0)

    def integers(self, payload, parameters):
        integers, at = [0] * parameters, 0

        def numbers(count, bits):
            nonlocal at
            size = bytes_of(count * bits)
            packed = int.from_bytes(payload[at:at + size], "little")
            at += size
            if packed >> (count * bits):
                raise ValueError("has bits after its last number")
            return [packed >> (i * bits) & (2**bits - 1) for i in range(count)]

        for start in range(0, parameters, self.chunk):
            size = min(self.chunk, parameters - start)
            shift, low, high = payload[at:at + 3]
            at += 3
            if shift > self.max_shift or not 1 <= low <= high or (shift > 0 and high < 128):
                raise ValueError("has magnitudes out of limit")
            indices = numbers(self.held(size), 12)
            codes = numbers(self.held(size), 2)
            if indices[-1] >= size or any(a >= b for a, b in zip(indices, indices[1:])):
                raise ValueError("has indices out of order")
            for index, code in zip(indices, codes):
                magnitude = (high if code & 2 else low) << shift
                integers[start + index] = -magnitude if code & 1 else magnitude
        return integers

    def encode(self, values):
        payload = b""
        for start in range(0, len(values), self.chunk):
            part = values[start:start + self.chunk]
            order = sorted(range(len(part)), key=lambda i: (-abs(part[i]), i))
            indices = sorted(order[:self.held(len(part))])
            magnitudes = sorted(abs(part[i]) for i in indices)
            shift, low, high, border = levels_of(magnitudes, self.unit, self.max_shift, 1)
            codes = [2 * (abs(part[i]) >= border) + (part[i] < 0) for i in indices]
            payload += bytes([shift, low, high]) + packed(indices, 12) + packed(codes, 2)
        return payload


class Statistical:
    whole = 1

    def __init__(self, codec):
        self.block, self.max_shift, self.unit = codec["block"], codec["max_shift"], 2.0 ** codec["exponent"]
        self.sound = self.block >= 1
        self.greatest = 255 * 2**self.max_shift

    def payload_bytes(self, parameters):
        whole, rest = divmod(parameters, self.block)
        size = lambda n: 3 + bytes_of(n * 2)
        return whole * size(self.block) + (size(rest) if rest else 0)

    def integers(self, payload, parameters):
        integers, at = [], 0
        for start in range(0, parameters, self.block):
            count = min(self.block, parameters - start)
            shift, low, high = payload[at:at + 3]
            at += 3
            if shift > self.max_shift or low > high or (shift > 0 and high < 128):
                raise ValueError("has magnitudes out of limit")
            size = bytes_of(count * 2)
            codes = int.from_bytes(payload[at:at + size], "little")
            at += size
            if codes >> (count * 2):
                raise ValueError("has bits after its last code")
            for i in range(count):
                code = codes >> (2 * i) & 3
                magnitude = (high if code & 2 else low) << shift
                if magnitude == 0 and code & 1:
                    raise ValueError("has a zero with a sign")
                integers.append(-magnitude if code & 1 else magnitude)
        return integers

    def encode(self, values):
        payload = b""
        for start in range(0, len(values), self.block):
            part = values[start:start + self.block]
            shift, low, high, border = levels_of(sorted(map(abs, part)), self.unit, self.max_shift, 0)
            codes = []
            for value in part:
                is_high = abs(value) >= border
                codes.append(2 * is_high + (value < 0 and (high if is_high else low) > 0))
            payload += bytes([shift, low, high]) + packed(codes, 2)
        return payload
