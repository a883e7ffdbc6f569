"""The protocol spoken by hand: an agent's session, built on nothing of the project's code.

Field numbers are those of lib/protocol/messages.proto, headers those of docs/formats/headers.md, and
the batches come from python3-kafka.
"""
import struct

from kafka.record.default_records import DefaultRecordBatchBuilder

from harness import protobuf
from harness.zmtp import Dealer

OK, NO_SESSION, CREDIT_EXCEEDED = 0, 1, 16
HELLO, PRODUCE, STATUS, KEEP_ALIVE = 10, 11, 23, 24  # in requests and in responses
VERSION = 1
MEGABYTE = 1_000_000


class Response:
    def __init__(self, envelope):
        fields = protobuf.decode(envelope)
        self.request_id = fields.get(1, [0])[0]
        error = protobuf.decode(fields[2][0]) if 2 in fields else {}
        self.error = error.get(1, [OK])[0]
        self.message = error.get(2, [b""])[0].decode()
        self.credit = fields.get(3, [0])[0]
        self.hello = protobuf.decode(fields[HELLO][0]) if HELLO in fields else None
        self.produce = protobuf.decode(fields[PRODUCE][0]) if PRODUCE in fields else None

    @property
    def base_offset(self):
        return self.produce.get(1, [0])[0]

    @property
    def duplicate(self):
        return bool(self.produce.get(3, [0])[0])


def span_header(log_tag, source_id, begin, end, records):
    return struct.pack(">BQ16sqqQII", 1, log_tag, source_id, begin, end, 7, records, 0)


def source_header(agent_id, path):
    def text(value):
        return struct.pack(">I", len(value)) + value
    return (struct.pack(">BQQqIQ", 1, 1, 2, 0, 0, 0) + text(agent_id.encode()) + text(path.encode())
            + text(b""))


def batch(values, first_headers=(), time_ms=1_700_000_000_000):
    """One uncompressed batch of records."""
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1 << 20)
    for at, value in enumerate(values):
        builder.append(at, time_ms, b"key", value, list(first_headers) if at == 0 else [])
    return bytes(builder.build())


class AgentSession:
    """An agent with one source of a topic, that sends what the test says.

    It returns once it has been granted credit for a megabyte, where it wants any.
    """

    def __init__(self, address, agent_id, topic, source_id=b"S" * 16, wanted_credit=8 * MEGABYTE):
        self.wanted_credit = wanted_credit
        self.dealer = Dealer(address).shake_hands()
        self.agent_id = agent_id
        self.source_id = source_id
        self.session = b""
        self.request_id = 0
        agent = {1: agent_id, 2: "host", 3: "boot", 4: f"process of {agent_id}", 5: [topic]}
        apis = [{1: api, 2: VERSION, 3: VERSION} for api in range(10, 25)]
        self.send({HELLO: {1: "by-hand", 2: "1", 3: apis, 4: agent}})
        answer = self.receive()
        assert answer.error == OK, answer.message
        self.session = answer.hello[1][0]
        topic_fields = protobuf.decode(answer.hello[10][0])
        self.topic_id = topic_fields[2][0]
        self.partition = topic_fields.get(3, [0])[0]
        self.log_tag = topic_fields[4][0]
        self.credit = answer.credit
        while self.credit < min(MEGABYTE, wanted_credit):
            self.send({KEEP_ALIVE: b""})
            self.credit = max(self.credit, self.receive().credit)

    def close(self):
        self.dealer.socket.close()

    def send(self, body, *payload):
        """Returns the request's id."""
        self.request_id += 1
        envelope = {1: self.session, 2: self.request_id, 3: VERSION, 4: self.wanted_credit, **body}
        self.dealer.send(protobuf.encode(envelope), *payload)
        return self.request_id

    def receive(self):
        """The next response to a request (grants of credit are passed over)."""
        while True:
            response = Response(self.dealer.receive()[0])
            if response.request_id != 0:
                return response

    def send_span(self, begin, end, values):
        """One run of this session's source, with its identity where it is the first."""
        headers = [("lb.span", span_header(self.log_tag, self.source_id, begin, end, len(values)))]
        span = {1: self.source_id, 2: begin, 3: end, 4: protobuf.Fixed64(7), 5: len(values)}
        if begin == 0:
            headers.append(("lb.source", source_header(self.agent_id, "/by/hand")))
            span[7] = {1: "/by/hand", 2: 1, 3: 2, 7: protobuf.Fixed64(0)}
        return self.send({PRODUCE: {1: self.topic_id, 2: self.partition, 4: [span]}},
                         batch(values, headers))
