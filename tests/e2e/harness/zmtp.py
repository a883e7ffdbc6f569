"""A ZeroMQ DEALER on a plain socket (ZMTP 3.0, NULL): sends also what libzmq would refuse to send."""
import socket
import struct

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
MORE, LONG, COMMAND = 1, 2, 4
GREETING_BYTES = len(GREETING)


def frame(body, flags=0):
    if len(body) > 255:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return struct.pack(">BB", flags, len(body)) + body


def ready():
    """What follows the greeting."""
    return frame(b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER", COMMAND)


def split_frames(data):
    """Yields (flags, body) of each whole frame at the front of `data`, then what is left of it."""
    at = 0
    while len(data) - at >= 2:
        flags = data[at]
        long = bool(flags & LONG)
        if long and len(data) - at < 9:
            break
        size = struct.unpack_from(">Q" if long else ">B", data, at + 1)[0]
        begin = at + (9 if long else 2)
        if len(data) < begin + size:
            break
        yield flags, data[begin:begin + size]
        at = begin + size
    yield None, data[at:]


class Dealer:
    """One connection; a context manager that closes it."""

    def __init__(self, address, timeout_s=20):
        host, port = address.removeprefix("tcp://").rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = b""
        self._frames = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def shake_hands(self):
        self.socket.sendall(GREETING)
        greeting = b""
        while len(greeting) < GREETING_BYTES:
            greeting += self._read()
        self._left = greeting[GREETING_BYTES:]
        self.socket.sendall(ready())
        return self

    def await_ready(self):
        """Behind shake_hands(): until the other side takes messages."""
        while not self._left:
            self._left = self._read()
        return self

    def send(self, *frames):
        last = len(frames) - 1
        self.socket.sendall(b"".join(frame(body, MORE if at < last else 0)
                                     for at, body in enumerate(frames)))

    def receive(self):
        """The frames of the next message; answers pings on the way. ConnectionError at the end."""
        message = []
        while True:
            while not self._frames:
                self._fill()
            flags, body = self._frames.pop(0)
            if flags & COMMAND:
                if body.startswith(b"\x04PING"):
                    self.socket.sendall(frame(b"\x04PONG" + body[7:], COMMAND))
                continue
            message.append(body)
            if not flags & MORE:
                return message

    def _fill(self):
        *whole, (_, self._left) = split_frames(self._left)
        self._frames += whole
        if not self._frames:
            self._left += self._read()

    def _read(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the broker closed the connection")
        return data
