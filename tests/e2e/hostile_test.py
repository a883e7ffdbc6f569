"""What no client of ours would send: the broker refuses it, stays small, and serves the others."""
import random
import socket
import struct

from harness import main, proc, protobuf, wire, zmtp
from harness.case import ProcessCase

# Above what the receive budget and an idle broker take together.
BROKER_BYTES_MAX = 300 << 20


class Hostile(ProcessCase):
    def setUp(self):
        super().setUp()
        self.server = self.broker().start()
        self.server.commands.produce("logs", b"kept\n")

    def tearDown(self):
        self.assertEqual(self.server.commands.consume_raw("logs"), b"kept\n")
        self.server.commands.produce("others", b"served\n")
        self.assertLess(proc.peak_resident_bytes(self.server.pid), BROKER_BYTES_MAX)
        self.assert_stopped_cleanly(self.server)
        self.assert_verified(self.server)

    def connect(self):
        dealer = zmtp.Dealer(self.server.address)
        self.addCleanup(dealer.socket.close)
        return dealer

    def port(self):
        return int(self.server.address.rsplit(":", 1)[1])

    def test_bytes_that_are_no_zeromq(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        for data in (b"", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02\x00\x01",
                     b"\xff" + bytes(8), chance.randbytes(100_000)):
            with socket.create_connection(("127.0.0.1", self.port()), 10) as raw:
                try:
                    raw.sendall(data)
                except ConnectionError:
                    pass

    def test_envelopes_of_random_bytes(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        dealer = self.connect().shake_hands()
        for _ in range(2000):
            dealer.send(chance.randbytes(chance.randrange(200)))

    def test_envelopes_cut_and_bent(self):
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"seed {seed}")
        chance = random.Random(seed)
        apis = [{1: api, 2: 1, 3: 1} for api in range(10, 25)]
        agent = {1: "a", 2: "host", 3: "boot", 4: "1", 5: ["logs"]}
        hello = protobuf.encode({2: 1, 3: 1, 4: 1000, 10: {1: "x", 2: "1", 3: apis, 4: agent}})
        dealer = self.connect().shake_hands()
        for size in range(len(hello)):
            dealer.send(hello[:size])
        for _ in range(1000):
            bent = bytearray(hello)
            bent[chance.randrange(len(bent))] = chance.randrange(256)
            dealer.send(bytes(bent))

    def test_messages_of_many_and_of_empty_frames(self):
        dealer = self.connect().shake_hands()
        dealer.send(b"")
        dealer.send(b"", b"", b"")
        dealer.send(*[b"x"] * 10_000)
        dealer.send(*[b""] * 10_000)

    def test_a_frame_above_the_limit_ends_the_connection(self):
        dealer = self.connect().shake_hands()
        with self.assertRaises(OSError):
            # Announced, and begun: the broker must not wait for the rest, nor make room for it.
            dealer.socket.sendall(struct.pack(">BQ", 2, 1 << 40))
            for _ in range(100):
                dealer.socket.sendall(bytes(1 << 20))
                dealer.receive()

    def test_many_connections_that_say_nothing(self):
        for _ in range(200):
            self.connect()

    def test_many_connections_that_stop_in_the_greeting(self):
        for _ in range(100):
            self.connect().socket.sendall(b"\xff" + bytes(8) + b"\x7f")

    def test_a_batch_beyond_the_credit_ends_the_session(self):
        session = self.session("logs", wanted_credit=0)
        session.send_span(0, 5, [b"line"])
        self.assertEqual(session.receive().error, wire.CREDIT_EXCEEDED)
        session.send({wire.KEEP_ALIVE: b""})
        self.assertEqual(session.receive().error, wire.NO_SESSION)

    def test_a_client_that_reads_no_answers_takes_no_memory(self):
        session = self.session("flood")
        session.dealer.socket.settimeout(1)
        sent = 0
        try:
            while sent < 20_000:
                session.send({wire.STATUS: b""})
                sent += 1
        except OSError:
            pass  # the broker has stopped reading, or ended the connection
        print(f"{sent} requests sent")

    def test_broken_batches_are_refused_and_nothing_of_them_is_stored(self):
        session = self.session("broken")
        good = wire.batch([b"one", b"two"])
        wrong_sum = bytearray(good)
        wrong_sum[-1] ^= 1
        bodies = [bytes(wrong_sum), good[:-1], good[:20], good + b"x", good + good, b"x", bytes(61)]
        for body in bodies:
            with self.subTest(size=len(body)):
                session.send({wire.PRODUCE: {1: session.topic_id}}, body)
                self.assertNotEqual(session.receive().error, wire.OK)
        session.send({wire.PRODUCE: {1: session.topic_id}})
        self.assertNotEqual(session.receive().error, wire.OK)
        self.assertEqual(self.server.commands.consume_raw("broken"), b"")

    def test_spans_that_break_the_rules_are_refused(self):
        session = self.session("spans")
        for begin, end in ((0, 0), (5, 4), (-1, 5), (0, -1), (100, 200)):
            with self.subTest(begin=begin, end=end):
                session.send_span(begin, end, [b"line"])
                self.assertNotEqual(session.receive().error, wire.OK)
        forged = wire.batch([b"line"], [("lb.span", wire.span_header(1, b"S" * 16, 0, 5, 1))])
        session.send({wire.PRODUCE: {1: session.topic_id}}, forged)
        self.assertNotEqual(session.receive().error, wire.OK)
        self.assertEqual(self.server.commands.consume_raw("spans"), b"")
        session.send_span(0, 5, [b"line"])
        self.assertEqual(session.receive().error, wire.OK)
        self.assertEqual(self.server.commands.consume_raw("spans"), b"line\n")

    def session(self, topic, **options):
        session = wire.AgentSession(self.server.address, "by-hand", topic, **options)
        self.addCleanup(session.close)
        return session


if __name__ == "__main__":
    main.run()
