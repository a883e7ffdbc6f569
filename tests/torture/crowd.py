"""Peers that no client of ours is like: what they send, and many of them at a time."""
import collections
import itertools
import pathlib
import selectors
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import protobuf, wire, zmtp  # noqa: E402

_PART_BYTES = 64 << 10
_SEND_BYTES = 4 << 20
_SELECT_S = 0.02
_CONNECT_S = 5.0
_NEW_A_TURN = 10
_HELLO = protobuf.encode({2: 1, 3: 1, 4: 1000, 10: {
    1: "x", 2: "1", 3: [{1: api, 2: 1, 3: 1} for api in range(10, 40)],
    4: {1: "stranger", 2: "host", 3: "boot", 4: "1", 5: ["even"]}}})


def _garbage(chance):
    return iter([chance.randbytes(chance.randrange(1, 100_000))])


def _http(_):
    return iter([b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"])


def _half_a_greeting(chance):
    return iter([zmtp.GREETING[:chance.randrange(1, zmtp.GREETING_BYTES)]])


def _random_envelopes(chance):
    return (zmtp.frame(chance.randbytes(chance.randrange(300))) for _ in range(500))


def _bent_hellos(chance):
    for _ in range(300):
        hello = bytearray(_HELLO[:chance.randrange(1, len(_HELLO) + 1)])
        hello[chance.randrange(len(hello))] = chance.randrange(256)
        yield zmtp.frame(bytes(hello))


def _bodies_nobody_asked_for(chance):
    body = zmtp.frame(chance.randbytes(200_000))
    return (zmtp.frame(_HELLO, zmtp.MORE) + body for _ in range(100))


def _flood(_):
    hello = zmtp.frame(_HELLO)
    status = zmtp.frame(protobuf.encode({2: 2, wire.STATUS: b""}))
    return itertools.chain([hello], itertools.repeat(status * 100, 200))


def _frame_without_end(_):
    return itertools.chain([struct.pack(">BQ", 2, 1 << 40)],
                           itertools.repeat(bytes(1 << 16), 10_000))


def _many_parts(chance):
    parts = zmtp.frame(b"x", zmtp.MORE) * chance.randrange(1, 20_000)
    return iter([parts + zmtp.frame(b"")])


def message_without_end(size):
    """Parts of so many bytes in all, and no last one."""
    parts = zmtp.frame(bytes(_PART_BYTES), zmtp.MORE) * (_SEND_BYTES // _PART_BYTES)
    return itertools.repeat(parts, size // _SEND_BYTES)


# What they send instead of a greeting, and what behind it.
_STRANGERS = {"garbage": _garbage, "another protocol": _http, "half a greeting": _half_a_greeting}
_SPEAKERS = {"random envelopes": _random_envelopes, "bent hellos": _bent_hellos,
             "bodies nobody asked for": _bodies_nobody_asked_for, "flood": _flood,
             "frame without end": _frame_without_end, "many parts": _many_parts}
KINDS = {**_STRANGERS, **_SPEAKERS}


class Peer:
    """One connection that never reads; it sends as fast as the broker takes it, then is silent.

    What comes before the broker's greeting is read would end the connection.
    """

    def __init__(self, address, pieces, until, greets):
        dealer = zmtp.Dealer(address, _CONNECT_S)
        if greets:
            dealer.shake_hands().await_ready()
        self.socket = dealer.socket
        self.socket.setblocking(False)
        self.until = until
        self._pieces = pieces
        self._left = memoryview(b"")

    def send(self):
        """Whether there is more to be sent."""
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        if not self._left:
            return False
        try:
            self._left = self._left[self.socket.send(self._left[:_SEND_BYTES]):]
        except BlockingIOError:
            pass
        return True


class Crowd:
    """Keeps so many peers there, of all kinds in turn."""

    def __init__(self, count, chance, life_s):
        self.made = collections.Counter()
        self.turned_away = 0
        self._count = count
        self._chance = chance
        self._life_s = life_s
        self._kinds = itertools.cycle(KINDS)
        self._peers = set()
        self._writing = selectors.DefaultSelector()

    def add(self, address, kind, pieces, life_s):
        """Where the broker is gone, or busy, there is no peer."""
        try:
            peer = Peer(address, pieces, time.monotonic() + life_s, kind not in _STRANGERS)
        except OSError:
            self.turned_away += 1
            return
        self.made[kind] += 1
        self._peers.add(peer)
        self._writing.register(peer.socket, selectors.EVENT_WRITE, peer)

    def turn(self, address, for_s):
        end = time.monotonic() + for_s
        while (now := time.monotonic()) < end:
            for peer in [one for one in self._peers if one.until < now]:
                self._drop(peer)
            for _ in range(min(self._count - len(self._peers), _NEW_A_TURN)):
                kind = next(self._kinds)
                self.add(address, kind, KINDS[kind](self._chance),
                         self._chance.uniform(0.1, self._life_s))
            for key, _ in self._writing.select(_SELECT_S):
                try:
                    if not key.data.send():
                        self._writing.unregister(key.data.socket)
                except OSError:
                    self._drop(key.data)

    def leave(self):
        for peer in list(self._peers):
            self._drop(peer)

    def _drop(self, peer):
        if peer.socket.fileno() in self._writing.get_map():
            self._writing.unregister(peer.socket)
        self._peers.remove(peer)
        peer.socket.close()
