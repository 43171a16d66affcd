"""The entropy form of a payload (docs/protocol.md, section 4)."""

from rounding import rounded


class Odds:
    """How probable a one is in each context, by the bits before."""

    def __init__(self):
        self.ones, self.seen = [32768] * 16, [0] * 16

    def of(self, context):
        return 2048 if context is None else self.ones[context] >> 4

    def learn(self, context, bit):
        if context is None:
            return
        ones, parts = self.ones[context], 2 * self.seen[context] + 3
        self.ones[context] += (2 * (65536 - ones)) // parts if bit else -(2 * ones // parts)
        self.seen[context] = min(255, self.seen[context] + 1)


class Interval:
    def __init__(self):
        self.low, self.high = 0, 2**32 - 1

    def narrow(self, bit, middle):
        self.low, self.high = (self.low, middle) if bit else (middle + 1, self.high)

    def middle(self, ones):
        return self.low + ((self.high - self.low) >> 12) * ones

    def settled(self):
        """The first bytes that both ends have in common, which are removed."""
        while self.low >> 24 == self.high >> 24:
            yield self.low >> 24
            self.low, self.high = (self.low << 8) % 2**32, (self.high << 8) % 2**32 + 255

    def last(self):
        return [] if self.low == 0 else [(self.low >> 24) + 1]


def bits_of(q):
    """The bits of a number of steps, each with its context; a sign has none."""
    yield q != 0, 0
    if q == 0:
        return
    yield q < 0, None
    for least in range(1, 127):
        yield abs(q) > least, min(least, 15)
        if abs(q) == least:
            return


def coded(numbers, room):
    """The bytes of numbers of steps; None if there are more than `room`."""
    odds, interval, written = Odds(), Interval(), []
    for q in numbers:
        for bit, context in bits_of(q):
            interval.narrow(bit, interval.middle(odds.of(context)))
            odds.learn(context, bit)
            written.extend(interval.settled())
        if len(written) > room:
            return None
    written.extend(interval.last())
    return bytes(written) if len(written) <= room else None


def decoded(data, count):
    """The numbers of steps that `data` holds."""
    odds, interval = Odds(), Interval()
    at, number = 4, int.from_bytes(data[:4].ljust(4, b"\0"), "big")

    def take(context):
        nonlocal at, number
        middle = interval.middle(odds.of(context))
        bit = number <= middle
        interval.narrow(bit, middle)
        odds.learn(context, bit)
        for _ in interval.settled():
            number = (number << 8) % 2**32 + (data[at] if at < len(data) else 0)
            at += 1
        return bit

    numbers = []
    for _ in range(count):
        if not take(0):
            numbers.append(0)
            continue
        negative, q = take(None), 1
        while q < 127 and take(min(q, 15)):
            q += 1
        numbers.append(-q if negative else q)
    return numbers


class Entropy:
    whole = 1

    def __init__(self, codec):
        self.block, self.bytes, self.max_shift = codec["block"], codec["bytes"], codec["max_shift"]
        self.unit = 2.0 ** codec["exponent"]
        self.sound = self.block >= 1 and self.bytes >= 16 and self.block <= 64 * self.bytes
        self.greatest = 127 * 255 * 2**self.max_shift

    def size(self, values):
        return self.bytes if values == self.block else max(16, values * self.bytes // self.block)

    def payload_bytes(self, parameters):
        whole, rest = divmod(parameters, self.block)
        return whole * self.bytes + (self.size(rest) if rest else 0)

    def integers(self, payload, parameters):
        integers, at = [], 0
        for start in range(0, parameters, self.block):
            count = min(self.block, parameters - start)
            size = self.size(count)
            shift, magnitude, data = payload[at], payload[at + 1], payload[at + 2:at + size]
            at += size
            if shift > self.max_shift or (shift > 0 and magnitude < 128):
                raise ValueError("has a step out of limit")
            numbers = decoded(data, count) if magnitude else [0] * count
            if (coded(numbers, size - 2) if magnitude else b"").ljust(size - 2, b"\0") != data:
                raise ValueError("has bytes that no values have")
            integers.extend(q * (magnitude << shift) for q in numbers)
        return integers

    def encode(self, values):
        payload = b""
        for start in range(0, len(values), self.block):
            part = values[start:start + self.block]
            room = self.size(len(part)) - 2
            found, below, above = (0, 0, b""), 0, 128 * self.max_shift + 256
            while above - below > 1:
                index = (below + above) // 2
                shift = 0 if index < 256 else index // 128 - 1
                step = (index - 128 * shift) * 2**shift * self.unit
                numbers = [rounded(value / step) for value in part]
                held = index == 128 * self.max_shift + 255 or max(map(abs, part)) / step < 127.5
                data = coded([max(-127, min(127, q)) for q in numbers], room) if held else None
                if data is None:
                    below = index
                else:
                    above, found = index, (shift, index - 128 * shift, data)
            shift, magnitude, data = found
            payload += bytes([shift, magnitude]) + data.ljust(room, b"\0")
        return payload
