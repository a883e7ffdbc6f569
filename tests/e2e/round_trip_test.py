"""What an agent reads is what a consumer gets: every byte of every file, in order, once."""
import json
import pathlib
import subprocess

from harness import kafka_files, main, places
from harness.agent import write_config
from harness.case import ProcessCase

DPKG_LOG = pathlib.Path("/var/log/dpkg.log")
MAX_LINE_BYTES = 1_000_000
# What a log may hold that is not text.
ODD_BYTES = (b"a NUL \0 in the middle\n\0\n\n\r\nDOS line\r\nlone \r return\n"
             b"not UTF-8: \xff\xfe\x80 \xc3\x28\n\xef\xbb\xbfbyte-order mark\ntab\tand \x1b[31mcolour\n")


def with_last_newline(data):
    return data if data.endswith(b"\n") or not data else data + b"\n"


def record_count(data):
    """Records that a file's bytes become: a line each, a long one in parts."""
    lines = with_last_newline(data).split(b"\n")[:-1]
    return sum(max(1, -(-len(line) // MAX_LINE_BYTES)) for line in lines)


class RoundTrip(ProcessCase):
    def setUp(self):
        super().setUp()
        self.server = self.broker().start()

    def assert_comes_back(self, files):
        """Reads each file into a topic of its own, twice; the second time finds nothing to add."""
        topics = [(f"t{number:03}", path) for number, path in enumerate(files)]
        contents = {topic: path.read_bytes() for topic, path in topics}
        agent = self.agent(self.server, config=write_config(self.folder / "agent.toml", topics))
        self.assertEqual(agent.once(), (len(files), sum(map(len, contents.values())),
                                        sum(map(record_count, contents.values()))))
        self.assert_stored(topics, contents)
        again = agent.once()
        self.assertEqual((again.bytes, again.records), (0, 0))
        ends = self.server.commands.end_offsets()
        self.assertEqual(ends, {topic: record_count(data) for topic, data in contents.items()})
        self.assert_stopped_cleanly(self.server)
        self.assert_verified(self.server)
        return contents

    def assert_stored(self, topics, contents):
        for topic, path in topics:
            got = self.server.commands.consume_raw(topic)
            if got != with_last_newline(contents[topic]):
                self.fail(f"{path}: {len(contents[topic])} bytes went in, {len(got)} others came out")

    def unpacked_samples(self):
        """The sample logs, those in an archive unpacked."""
        files = []
        for path in sorted(places.LOGS.glob("*/*")):
            if path.suffix == ".zst":
                target = self.logs / path.stem
                subprocess.run(["zstd", "-dq", str(path), "-o", str(target)], check=True)
                path = target
            files.append(path)
        return files

    def test_an_agent_that_has_ended_is_shown_with_all_that_it_read(self):
        broker = self.server
        path = self.log("app.log", b"one\ntwo\n")
        self.agent(broker, path, agent_id="reader").once()
        (shown,) = json.loads(broker.commands.run("agents", "list", "--format", "json").stdout)
        self.assertEqual((shown["connected"], shown["bytes_acked"], shown["records_acked"]),
                         (False, path.stat().st_size, 2))
        # Those who asked before have gone; the one that asks now is there.
        self.assertEqual(broker.status()["sessions"], 1)

    def test_lines_that_an_input_leaves_out_are_shown(self):
        path = self.log("app.log", b"DEBUG 1\none\none\none\nDEBUG 2\n")
        config = self.folder / "agent.toml"
        config.write_text(f'[[input]]\ntopic = "logs"\ndrop = ["DEBUG"]\ndedupe = true\n'
                          f'include = ["{path}"]\n',
                          encoding="utf-8")
        self.agent(self.server, config=config, agent_id="reader").once()
        commands = self.server.commands
        (shown,) = json.loads(commands.run("agents", "list", "--format", "json").stdout)
        self.assertEqual((shown["lines_dropped"], shown["records_acked"]), (4, 2))
        listed = commands.run("agents", "list").stdout.decode().splitlines()
        self.assertRegex(listed[0], r"RECORDS +DROPPED +ERRORS")
        self.assertRegex(listed[1], r" 2 +4 +0$")
        described = commands.run("agents", "describe", "reader").stdout.decode()
        self.assertRegex(described, r"dropped +4 lines")

    def test_real_logs_come_back_byte_for_byte(self):
        files = self.unpacked_samples()
        self.assertGreater(len(files), 70)
        if DPKG_LOG.is_file():
            # A copy: the machine may write to its own in between.
            files.append(self.log("dpkg.log", DPKG_LOG.read_bytes()))
        self.assert_comes_back(files)

    def test_odd_bytes_come_back(self):
        contents = self.assert_comes_back([
            self.log("empty"), self.log("odd", ODD_BYTES), self.log("one newline", b"\n"),
            self.log("many empty lines", b"\n" * 10_000),
            self.log("no last newline", b"first\nlast, without its newline"),
            self.log("one byte", b"x")])
        self.assertEqual(list(kafka_files.values(self.server.log_files("t001"))),
                         contents["t001"].split(b"\n")[:-1])

    def test_long_lines_come_back_whole(self):
        def line(size):
            return (b"0123456789abcdef" * (size // 16 + 1))[:size]
        around = [MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1]
        self.assert_comes_back([
            self.log("3 MB", b"before\n" + line(3_000_000) + b"\nafter\n"),
            self.log("3 MB alone, without its newline", line(3_000_000)),
            self.log("around the limit", b"".join(line(size) + b"\n" for size in around)),
            self.log("no room for a newline", line(2 * MAX_LINE_BYTES))])

    def test_files_of_one_topic_keep_their_order_each(self):
        wanted = {}
        for number in range(20):
            lines = [f"file {number} line {at} {'x' * (at % 300)}".encode() for at in range(3000)]
            wanted[str(self.log(f"{number:02}.log", b"\n".join(lines) + b"\n"))] = lines
        self.log("other.txt", b"does not match\n")
        counts = self.agent(self.server, self.logs / "*.log").once()
        self.assertEqual((counts.files, counts.records), (20, 60_000))
        got = {}
        for key, line in self.server.commands.lines("logs"):
            got.setdefault(key.decode().partition(":")[2], []).append(line)
        self.assertEqual(got, wanted)
        stored = kafka_files.values(self.server.log_files("logs"))
        self.assertEqual(sum(1 for _ in stored), 60_000)

    def test_what_is_appended_between_two_runs_is_read_by_the_second(self):
        path = self.log("grows.log", b"one\ntwo without its end")
        agent = self.agent(self.server, path)
        agent.once()
        with open(path, "ab") as file:
            file.write(b", which comes later\nthree\n")
        agent.once()
        self.assertEqual(self.server.commands.consume_raw("logs"), path.read_bytes())


if __name__ == "__main__":
    main.run()
