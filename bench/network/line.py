"""A line between two network devices of the kernel: every packet is late, and some are lost. It needs the right to make devices.

Usage: line.py NEAR FAR DELAY_MS LOSS SEED. It makes the devices, prints "ready", and carries packets until its input ends.
"""

import collections
import fcntl
import os
import random
import selectors
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
# Linux sends packets of up to this size to a device.
LARGEST = 65536


def device(name):
    """The descriptor that gives the packets sent to the device of this name, and takes those that arrive there."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return descriptor


def main(near_name, far_name, delay_ms, loss, seed):
    near, far = device(near_name), device(far_name)
    delay, loss, chance = float(delay_ms) / 1000, float(loss), random.Random(int(seed))
    # All packets are equally late, so the oldest is due first.
    waiting = collections.deque()
    counts = {"carried": 0, "lost": 0}
    selector = selectors.DefaultSelector()
    for source, target in ((near, far), (far, near), (sys.stdin.fileno(), None)):
        selector.register(source, selectors.EVENT_READ, target)
    print("ready", flush=True)
    while True:
        left = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for key, _ in selector.select(left):
            if key.data is None:
                print(counts["carried"], counts["lost"], flush=True)
                return
            try:
                packet = os.read(key.fd, LARGEST)
            except OSError:
                # The device is down.
                time.sleep(0.01)
                continue
            if chance.random() < loss:
                counts["lost"] += 1
            else:
                waiting.append((time.monotonic() + delay, packet, key.data))
        while waiting and waiting[0][0] <= time.monotonic():
            _, packet, target = waiting.popleft()
            try:
                os.write(target, packet)
                counts["carried"] += 1
            except OSError:
                # The device is down, or its queue is full: the packet is lost.
                counts["lost"] += 1


main(*sys.argv[1:])
