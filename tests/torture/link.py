"""A cable between two network namespaces, through a program of ours that loses, delays and doubles.

link.py LEFT RIGHT (run by Cable): two descriptors of TAP devices; each line of stdin is a `Weather` in
JSON and holds until the next one; the end of stdin is the end. The kernel's own netem is not everywhere,
and a namespace, a device and a cable of ours are gone with the last process that uses them.
"""
import ctypes
import dataclasses
import fcntl
import heapq
import json
import os
import pathlib
import random
import select
import shutil
import struct
import subprocess
import sys
import time

_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
_FRAME_BYTES_MAX = 65_536
# What waits on a cable, as in a switch: what comes on top is lost.
_QUEUE_BYTES_MAX = 1 << 20
_SELECT_S = 1.0

_libc = ctypes.CDLL(None, use_errno=True)


@dataclasses.dataclass
class Weather:
    """Of one direction. Chances are from 0 to 1 for each frame."""
    lost: float = 0.0
    doubled: float = 0.0
    damaged: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0  # more than the frames are apart: they overtake each other
    bytes_per_s: float = 0.0  # 0: as many as come


def missing():
    """Why this machine can't have such a cable; nothing where it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun"
    if not shutil.which("ip"):
        return "ip (iproute2) is not installed"
    return None


class Namespace:
    """Nameless. Within `with` this thread, and what it starts, is in it."""

    def __init__(self):
        with _own_namespace() as before:
            if _libc.unshare(_CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNET)")
            self._net = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            before.enter()
        self._before = None

    def __enter__(self):
        self._before = _own_namespace()
        _set_namespace(self._net)
        return self

    def __exit__(self, *_):
        with self._before as before:
            before.enter()

    def add_tap(self, name, address):
        """Returns its descriptor; it is up, and has the address.

        That may be one of 127.0.0.0/8, which goes through the cable here: a broker without keys
        takes no other.
        """
        with self:
            tap = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
            fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TAP | _IFF_NO_PI))
            for words in (["link", "set", "lo", "up"], ["addr", "flush", "dev", "lo"],
                          ["addr", "add", f"{address}/24", "dev", name], ["link", "set", name, "up"]):
                subprocess.run(["ip", *words], check=True)
            for which in ("all", name):
                pathlib.Path(f"/proc/sys/net/ipv4/conf/{which}/route_localnet").write_text("1")
        return tap


class _own_namespace:
    def __init__(self):
        self._net = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def enter(self):
        _set_namespace(self._net)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._net)


def _set_namespace(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Cable:
    """Owns the process that forwards. Fine weather until told otherwise."""

    def __init__(self, left, right, seed, preexec_fn=None):
        taps = (left, right)
        self._process = subprocess.Popen(
            [sys.executable, "-B", __file__, *map(str, taps), str(seed)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, pass_fds=taps, text=True, preexec_fn=preexec_fn)
        for tap in taps:
            os.close(tap)

    def set(self, to_right, to_left):
        """Returns once it holds: None leaves a direction without any frame."""
        weather = [None if one is None else dataclasses.asdict(one) for one in (to_right, to_left)]
        self._process.stdin.write(json.dumps(weather) + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "set\n":
            raise OSError("the cable's program has ended")

    def close(self):
        """Returns how many frames it has forwarded, lost, doubled and damaged."""
        out, _ = self._process.communicate(timeout=10)
        return json.loads(out)


class _Direction:
    def __init__(self, source, target, chance, counts):
        self.source = source
        self.target = target
        self.chance = chance
        self.counts = counts
        self.weather = Weather()
        self.waiting = []  # (when, number, frame)
        self.waiting_bytes = 0
        self.number = 0
        self.free_at = 0.0  # when the cable has room for the next frame

    def take(self, now):
        while True:
            try:
                frame = os.read(self.source, _FRAME_BYTES_MAX)
            except BlockingIOError:
                return
            self._send(frame, now)

    def _send(self, frame, now):
        weather, chance = self.weather, self.chance
        full = self.waiting_bytes > _QUEUE_BYTES_MAX
        if weather is None or full or chance.random() < weather.lost:
            self.counts["lost"] += 1
            return
        copies = 1
        if chance.random() < weather.doubled:
            self.counts["doubled"] += 1
            copies = 2
        if chance.random() < weather.damaged:
            self.counts["damaged"] += 1
            bent = bytearray(frame)
            bent[chance.randrange(len(bent))] ^= 1 << chance.randrange(8)
            frame = bytes(bent)
        at = now
        if weather.bytes_per_s:
            at = max(now, self.free_at)
            self.free_at = at + len(frame) / weather.bytes_per_s
        for _ in range(copies):
            late_s = (weather.delay_ms + chance.random() * weather.jitter_ms) / 1000
            self.number += 1
            heapq.heappush(self.waiting, (at + late_s, self.number, frame))
            self.waiting_bytes += len(frame)

    def give(self, now):
        while self.waiting and self.waiting[0][0] <= now:
            frame = heapq.heappop(self.waiting)[2]
            self.waiting_bytes -= len(frame)
            try:
                os.write(self.target, frame)
                self.counts["forwarded"] += 1
            except BlockingIOError:
                self.counts["lost"] += 1

    def due_in(self, now):
        return max(0.0, self.waiting[0][0] - now) if self.waiting else _SELECT_S


def _forward(left, right, seed):
    chance = random.Random(seed)
    counts = dict.fromkeys(("forwarded", "lost", "doubled", "damaged"), 0)
    directions = [_Direction(left, right, chance, counts), _Direction(right, left, chance, counts)]
    poll = select.poll()
    for descriptor in (left, right, sys.stdin.fileno()):
        poll.register(descriptor, select.POLLIN)
    while True:
        now = time.monotonic()
        wait_s = min(direction.due_in(now) for direction in directions)
        events = dict(poll.poll(wait_s * 1000))
        now = time.monotonic()
        if sys.stdin.fileno() in events:
            line = sys.stdin.readline()
            if not line:
                break
            for direction, weather in zip(directions, json.loads(line)):
                direction.weather = None if weather is None else Weather(**weather)
            print("set", flush=True)
        for direction in directions:
            if direction.source in events:
                direction.take(now)
            direction.give(now)
    print(json.dumps(counts))


if __name__ == "__main__":
    _forward(*map(int, sys.argv[1:]))
