"""An ack means synced: the order of the broker's own system calls, seen from outside."""
import shutil
import struct
import subprocess

from harness import main, trace, wire, zmtp
from harness.case import ProcessCase

WRITES = ("write", "writev", "pwrite64", "pwritev", "pwritev2")
SYNCS = ("fdatasync", "fsync", "syncfs")
SENDS = ("write", "writev", "sendto", "sendmsg")
# Widens the window between a write and the end of its sync, so that an early ack can't hide in it.
SYNC_DELAY_US = 5_000


def batches_in(data):
    """Yields (base offset, records) of each batch in what was written to a .log."""
    at = 0
    while len(data) - at >= 61:
        base, length = struct.unpack_from(">qi", data, at)
        yield base, struct.unpack_from(">i", data, at + 57)[0]
        at += 12 + length


def acks_in(data, ends):
    """The answers to produces in what was sent on one connection."""
    at = zmtp.GREETING_BYTES
    for flags, body in zmtp.split_frames(data[at:]):
        if flags is None:
            return
        at += len(zmtp.frame(body))
        if flags & zmtp.COMMAND:
            continue
        try:
            response = wire.Response(body)
        except (ValueError, IndexError, struct.error):
            continue  # a payload
        if response.produce is not None and response.error == wire.OK:
            yield response, next(call for length, call in ends if length >= at)


class SyncOrder(ProcessCase):
    def setUp(self):
        super().setUp()
        if not shutil.which("strace"):
            main.not_run("strace is not installed")
        if subprocess.run(["strace", "-o", "/dev/null", "true"], check=False,
                          capture_output=True).returncode != 0:
            main.not_run("strace may not trace here")
        self.calls_path = self.folder / "calls"

    def traced_broker(self, method):
        delay = f"inject=fdatasync,fsync,syncfs:delay_enter={SYNC_DELAY_US}"
        broker = self.broker(wrapper=[*trace.command(self.calls_path), "-e", delay],
                             settings=[f"storage.sync={method}"])
        return broker.start()

    def check(self, topic_log, wanted_acks):
        """Every ack of a batch in `topic_log` follows a sync that began after the batch's write."""
        calls = trace.read_calls(self.calls_path)
        writes = {}  # base offset -> end of the write
        for call in calls:
            if call.name in WRITES and call.path == topic_log:
                for base, _ in batches_in(call.data):
                    writes[base] = call.end
        syncs = [call for call in calls if call.name in SYNCS and call.result == 0
                 and (call.name == "syncfs" or call.path == topic_log)]
        acks = list(self.acks_sent(calls))
        self.assertEqual(len(acks), wanted_acks)
        for ack, call in acks:
            # A duplicate names no offset: it stands for the first batch.
            base = ack.base_offset if not ack.duplicate else 0
            written = writes[base]
            covered = [sync for sync in syncs if sync.begin > written and sync.end < call.begin]
            self.assertTrue(covered, f"the ack of offset {base} was sent in line {call.begin}, the "
                                     f"batch written in line {written}, and no sync in between")
        return acks

    @staticmethod
    def acks_sent(calls):
        """(answer to a produce, the call that sent its last byte), of all that went to sockets."""
        streams = {}  # path -> [bytes, [(length so far, call)]]
        for call in sorted(calls, key=lambda one: one.begin):
            if call.name in SENDS and call.path.startswith(("TCP:", "socket:")) and call.result > 0:
                stream = streams.setdefault(call.path, [b"", []])
                stream[0] += call.data[:call.result]
                stream[1].append((len(stream[0]), call))
        for data, ends in streams.values():
            if data.startswith(b"\xff"):  # others are the wake-up sockets of threads
                yield from acks_in(data, ends)

    def log_path(self, broker, topic):
        paths = broker.log_files(topic)
        self.assertEqual(len(paths), 1)
        return str(paths[0])

    def test_no_ack_is_sent_before_its_sync(self):
        for method in ("fdatasync", "syncfs"):
            with self.subTest(method=method):
                broker = self.traced_broker(method)
                for number in range(5):
                    broker.commands.produce("logs", f"line {number}\n".encode())
                path = self.log_path(broker, "logs")
                self.assert_stopped_cleanly(broker)
                self.check(path, wanted_acks=5)

    def test_an_ack_that_does_not_wait_is_seen(self):
        broker = self.traced_broker("fdatasync")
        broker.commands.produce("logs", b"line\n", "--acks", "written")
        path = self.log_path(broker, "logs")
        self.assert_stopped_cleanly(broker)
        with self.assertRaisesRegex(AssertionError, "no sync in between"):
            self.check(path, wanted_acks=1)

    def test_no_ack_of_many_under_way_is_sent_before_its_sync(self):
        broker = self.traced_broker("fdatasync")
        session = wire.AgentSession(broker.address, "by-hand", "logs")
        self.addCleanup(session.close)
        count = 40
        for number in range(count):
            session.send_span(number * 10, number * 10 + 10, [b"123456789"])
        for _ in range(count):
            response = session.receive()
            self.assertEqual(response.error, wire.OK, response.message)
        path = self.log_path(broker, "logs")
        self.assert_stopped_cleanly(broker)
        self.check(path, wanted_acks=count)

    def test_no_ack_of_a_duplicate_is_sent_before_the_sync_of_the_first(self):
        broker = self.traced_broker("fdatasync")
        session = wire.AgentSession(broker.address, "by-hand", "logs")
        self.addCleanup(session.close)
        # All three at once: the second and third find the first appended and not yet durable.
        for _ in range(3):
            session.send_span(0, 10, [b"123456789"])
        responses = [session.receive() for _ in range(3)]
        self.assertEqual([one.error for one in responses], [wire.OK] * 3)
        self.assertEqual(sorted(one.duplicate for one in responses), [False, True, True])
        self.assertEqual(broker.commands.consume_raw("logs"), b"123456789\n")
        path = self.log_path(broker, "logs")
        self.assert_stopped_cleanly(broker)
        self.check(path, wanted_acks=3)


if __name__ == "__main__":
    main.run()
