"""The forms of a payload (docs/protocol.md, section 4)."""


def form_of(codec):
    """The form that a manifest's codec chooses: only the sparse one has chunks."""
    return Sparse(codec) if "chunk" in codec else Dense(codec)


def bytes_of(bits):
    return (bits + 7) // 8


class Dense:
    whole = 1

    def __init__(self, codec):
        self.bits, self.block, self.max_shift = codec["bits"], codec["block"], codec["max_shift"]
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


class Sparse:
    def __init__(self, codec):
        self.chunk, self.top, self.max_shift = codec["chunk"], codec["top"], codec["max_shift"]
        self.sound = 1 <= self.top <= self.chunk <= 4096 and 0 < codec["feedback_decay"] < 1
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
