"""Agents of `./dev bench scale`: a few thousand connections of one process, each a session of its own."""
import collections
import random
import resource
import selectors
import socket
import struct
import time

from harness import protobuf
from harness.wire import HELLO, KEEP_ALIVE, OK, PRODUCE, VERSION, batch, source_header, span_header
from harness.zmtp import COMMAND, GREETING_BYTES, MORE, frame, split_frames

_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_READY = frame(b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER", COMMAND)
_APIS = [{1: api, 2: VERSION, 3: VERSION} for api in range(10, 25)]
_WANTED_CREDIT = 4096
_BUSY = 18
_SAY_HELLO_AGAIN = 1  # it was silent for too long: this machine, or the broker, was
_KEEP_ALIVE_S = 10
_CONNECTING_MAX = 200  # at a time: more would wait in the broker's backlog


def topic_name(number):
    return f"topic-{number:05}"


def protocol_error(fields):
    error = protobuf.decode(fields[2][0])
    return f"refused with code {error[1][0]}: {error.get(2, [b''])[0].decode(errors='replace')}"


class Agent:
    """One connection and its session; `turn` sends what is due, `take` reads what has come."""

    def __init__(self, number, address, topics, counts, line_every, ack_seconds):
        self.name = f"agent-{number:05}"
        self.topic = topic_name(number % topics)
        self.source_id = struct.pack(">QQ", 1, number)
        self.counts = counts
        self.line_every = line_every
        self.ack_seconds = ack_seconds
        self.session = b""
        self.begin = self.sent_bytes = self.credit = self.request_id = 0
        self.span_under_way = False
        self.next_keep_alive = self.next_span = 0.0
        self.left, self.message, self.greeted, self.lost = b"", [], False, False
        host, port = address.removeprefix("tcp://").rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(_GREETING)

    def say_hello(self):
        self.session = b""
        self.credit = self.sent_bytes = 0
        self.span_under_way = False
        agent = {1: self.name, 2: "host", 3: "boot", 4: f"process of {self.name}", 5: [self.topic]}
        self.send({HELLO: {1: "bench", 2: "1", 3: _APIS, 4: agent}})

    def send(self, body, *payload):
        self.request_id += 1
        envelope = protobuf.encode({1: self.session, 2: self.request_id, 3: VERSION,
                                    4: _WANTED_CREDIT, **body})
        self.socket.sendall(b"".join([frame(envelope, MORE if payload else 0), *map(frame, payload)]))

    def turn(self, now):
        if now >= self.next_span and not self.span_under_way:
            self.next_span = now + self.line_every
            self.send_span()
        if now >= self.next_keep_alive:
            self.next_keep_alive = now + _KEEP_ALIVE_S
            self.send({KEEP_ALIVE: b""})

    def send_span(self):
        end = self.begin + 30
        headers = [("lb.span", span_header(self.log_tag, self.source_id, self.begin, end, 1))]
        span = {1: self.source_id, 2: self.begin, 3: end, 4: protobuf.Fixed64(7), 5: 1}
        if self.begin == 0:
            headers.append(("lb.source", source_header(self.name, "/by/hand")))
            span[7] = {1: "/by/hand", 2: 1, 3: 2, 7: protobuf.Fixed64(0)}
        payload = batch([f"line of {self.name} at {self.begin}".encode()], headers)
        if self.sent_bytes + len(payload) > self.credit:
            return
        self.sent_bytes += len(payload)
        self.span_under_way = True
        self.sent_at = time.monotonic()
        self.send({PRODUCE: {1: self.topic_id, 2: self.partition, 4: [span]}}, payload)

    def take(self):
        data = self.socket.recv(1 << 16)
        if not data:
            self.lost = True
            return
        self.left += data
        if not self.greeted:
            if len(self.left) < GREETING_BYTES:
                return
            self.left, self.greeted = self.left[GREETING_BYTES:], True
            self.socket.sendall(_READY)
            self.say_hello()
        *whole, (_, self.left) = split_frames(self.left)
        for flags, body in whole:
            if flags & COMMAND:
                if body.startswith(b"\x04PING"):
                    self.socket.sendall(frame(b"\x04PONG" + body[7:], COMMAND))
            elif not flags & MORE:
                self.answer(protobuf.decode(body))

    def answer(self, fields):
        self.credit = max(self.credit, fields.get(3, [0])[0])
        error = protobuf.decode(fields[2][0]).get(1, [OK])[0] if 2 in fields else OK
        if HELLO in fields:
            hello = protobuf.decode(fields[HELLO][0])
            topic = protobuf.decode(hello[10][0])
            self.topic_id, self.partition = topic[2][0], topic.get(3, [0])[0]
            self.log_tag = topic[4][0]
            self.session = hello[1][0]
        elif PRODUCE in fields:
            self.begin += 30
            self.span_under_way = False
            self.counts["acked"] += 1
            self.ack_seconds.append(time.monotonic() - self.sent_at)
        elif error == _BUSY:
            self.span_under_way = False
            self.counts["busy"] += 1
        elif error == _SAY_HELLO_AGAIN:
            if self.session:
                self.counts["again"] += 1
                self.say_hello()
        elif error != OK:
            self.span_under_way = False
            if self.counts["refused"] == 0:
                print(f"{self.name}: {protocol_error(fields)}", flush=True)
            self.counts["refused"] += 1


class Crowd:
    """All agents of a process."""

    def __init__(self, pipe, address, numbers, topics, line_every):
        self.pipe = pipe
        self.address = address
        self.numbers = collections.deque(numbers)
        self.topics = topics
        self.counts = {"acked": 0, "again": 0, "busy": 0, "refused": 0, "lost": 0}
        self.line_every = line_every
        self.ack_seconds = []
        self.selector = selectors.DefaultSelector()
        self.agents = []
        self.connecting = set()

    def connect_some(self):
        while self.numbers and len(self.connecting) < _CONNECTING_MAX:
            agent = Agent(self.numbers.popleft(), self.address, self.topics, self.counts,
                          self.line_every, self.ack_seconds)
            self.selector.register(agent.socket, selectors.EVENT_READ, agent)
            self.agents.append(agent)
            self.connecting.add(agent)

    def take_all(self, timeout):
        for key, _ in self.selector.select(timeout):
            agent = key.data
            agent.take()
            if agent.lost:
                self.selector.unregister(agent.socket)
                self.counts["lost"] += 1
            if agent in self.connecting and agent.session:
                self.connecting.discard(agent)
                # Spread: they did not all start in one second.
                now = time.monotonic()
                agent.next_keep_alive = now + random.uniform(0, _KEEP_ALIVE_S)
                agent.next_span = now + random.uniform(0, self.line_every)

    def run(self):
        told = False
        next_turn = 0.0
        while not self.pipe.poll():
            self.connect_some()
            self.take_all(0.05)
            if not told and not self.numbers and not self.connecting:
                self.pipe.send("")
                told = True
            now = time.monotonic()
            if now < next_turn:
                continue
            next_turn = now + 0.1
            for agent in self.agents:
                if agent.session and not agent.lost:
                    agent.turn(now)
        # What was sent is answered before the connections go.
        deadline = time.monotonic() + 60
        while any(a.span_under_way and not a.lost for a in self.agents):
            if time.monotonic() > deadline:
                break
            self.take_all(0.05)
        self.pipe.send((self.counts, self.ack_seconds))


def run(pipe, address, numbers, topics, line_every):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    random.seed(numbers[0])
    try:
        Crowd(pipe, address, numbers, topics, line_every).run()
    except OSError as problem:
        pipe.send(f"agents from {numbers[0]} on: {problem}")
        raise
