"""Inputs that are no files: what comes in arrives once, and nothing is acked before it is durable."""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import urllib.request

from harness import main, waiting
from harness.case import ProcessCase


class InputCase(ProcessCase):
    def setUp(self):
        super().setUp()
        self.server = self.broker().start()

    def wait_records(self, count):
        waiting.wait_until(f"{count} records are there",
                           lambda: self.server.commands.end_offsets().get("logs") == count)


class StandardInput(InputCase):
    def test_a_file_through_a_pipe_is_all_there_when_the_agent_has_ended(self):
        data = b"".join(b"line %d of some length\n" % number for number in range(200_000))
        with subprocess.Popen(["cat", str(self.log("app.txt", data))],
                              stdout=subprocess.PIPE) as cat:
            counts = self.agent(self.server, "-").once(stdin=cat.stdout)
        self.assertEqual((counts.bytes, counts.records), (len(data), 200_000))
        self.assertEqual(self.server.commands.consume_raw("logs"), data)

    def test_the_agent_ends_with_its_only_input(self):
        agent = self.agent(self.server, "-")
        agent.start(stdin=subprocess.PIPE)
        agent.process.stdin.write(b"one\n")
        agent.process.stdin.flush()
        self.wait_records(1)
        agent.process.stdin.write(b"no newline")
        agent.process.stdin.close()
        self.assertEqual(agent.wait(), 0, agent.stderr_text())
        self.assertEqual(self.server.commands.consume_raw("logs"), b"one\nno newline\n")

    def test_what_the_broker_was_away_for_is_sent_when_it_is_back(self):
        agent = self.agent(self.server, "-")
        agent.start(stdin=subprocess.PIPE)
        self.server.kill()
        agent.process.stdin.write(b"one\ntwo\n")
        agent.process.stdin.close()
        self.server.start()
        self.assertEqual(agent.wait(), 0, agent.stderr_text())
        self.assertEqual(self.server.commands.consume_raw("logs"), b"one\ntwo\n")

    def test_an_agent_of_files_too_goes_on_behind_its_end(self):
        path = self.log("app.log", b"of a file\n")
        agent = self.agent(self.server, "-", path)
        agent.start(stdin=subprocess.PIPE)
        agent.process.stdin.write(b"of the pipe\n")
        agent.process.stdin.close()
        self.wait_records(2)
        with open(path, "ab") as file:
            file.write(b"and more\n")
        self.wait_records(3)
        self.assert_stopped_cleanly(agent)


class Journal(InputCase):
    WRITER = pathlib.Path("/usr/lib/systemd/systemd-journal-remote")

    def setUp(self):
        super().setUp()
        if not self.WRITER.exists():
            main.not_run("systemd-journal-remote is not there")
        self.journal = self.folder / "journal"
        self.journal.mkdir()
        self.config = self.folder / "journal.toml"
        self.config.write_text(f'''[[input]]
journal = true
journal_directory = "{self.journal}"
topic = "logs"
''', encoding="utf-8")

    def write(self, begin, end):
        """Entries that count, one a millisecond."""
        text = "".join(
            f"__REALTIME_TIMESTAMP={1_700_000_000_000_000 + 1000 * number}\n"
            f"__MONOTONIC_TIMESTAMP={number + 1}\n_BOOT_ID={'0' * 31}1\nPRIORITY=6\n"
            f"_SYSTEMD_UNIT=shop.service\nMESSAGE=entry {number}\n\n"
            for number in range(begin, end))
        path = self.folder / "entries"
        path.write_text(text, encoding="utf-8")
        subprocess.run([self.WRITER, f"--output={self.journal}/a.journal", path], check=True,
                       stderr=subprocess.DEVNULL)

    def assert_stored(self, count):
        wanted = "".join(f"entry {number}\n" for number in range(count)).encode()
        self.assertEqual(self.server.commands.consume_raw("logs"), wanted)

    def test_an_agent_that_is_killed_and_forgets_all_goes_on_where_the_broker_is(self):
        self.write(0, 20_000)
        agent = self.agent(self.server, config=self.config)
        agent.start()
        waiting.wait_until("some are there",
                           lambda: self.server.commands.end_offsets().get("logs", 0) > 0)
        agent.kill()
        shutil.rmtree(agent.state_dir)
        self.write(20_000, 21_000)
        agent.start()
        self.wait_records(21_000)
        self.write(21_000, 21_010)
        self.wait_records(21_010)
        self.assert_stopped_cleanly(agent)
        self.assert_stored(21_010)

    def test_once_reads_what_is_there_and_says_how_many(self):
        self.write(0, 100)
        self.assertEqual(self.agent(self.server, config=self.config).once().records, 100)
        self.assertEqual(self.agent(self.server, config=self.config).once().records, 0)
        record = json.loads(self.server.commands.consume_json("logs").splitlines()[0])
        self.assertEqual(record["timestamp_ms"], 1_700_000_000_000)
        self.assertEqual(record["headers"]["lb.label.unit"], "shop.service")
        self.assertEqual(record["headers"]["lb.level"], "info")
        self.assert_stored(100)


class Syslog(InputCase):
    def send(self, address, messages):
        """As a program that logs to `address`, of those of the ready line."""
        scheme, rest = address.split("://")
        kind = socket.SOCK_STREAM if scheme.endswith("tcp") else socket.SOCK_DGRAM
        family = socket.AF_UNIX if scheme.endswith("unix") else socket.AF_INET
        host, _, port = rest.rpartition(":")
        with socket.socket(family, kind) as sender:
            sender.connect(rest if family == socket.AF_UNIX else (host, int(port)))
            for message in messages:
                sender.sendall(message)

    def test_messages_of_every_transport_arrive_once_while_the_broker_comes_and_goes(self):
        config = self.folder / "syslog.toml"
        addresses = ["udp://127.0.0.1:0", "tcp://127.0.0.1:0", f"unix://{self.folder}/syslog"]
        config.write_text("".join(f'[[input]]\nsyslog = "{one}"\ntopic = "logs"\nparser = "syslog"\n'
                                  'fields = ["app"]\ntime = "line"\n' for one in addresses),
                          encoding="utf-8")
        agent = self.agent(self.server, config=config)
        agent.start()
        listening = [one for one in agent.ready_addresses() if one.startswith("syslog+")]
        self.assertEqual(len(listening), 3)
        line = b"<13>Nov 23 10:00:00 host app: %d"
        for number, address in enumerate(listening):
            end = b"\n" if "tcp" in address else b""
            self.send(address, [line % number + end])
        self.wait_records(3)
        self.server.kill()
        for number, address in enumerate(listening):
            end = b"\n" if "tcp" in address else b""
            self.send(address, [line % (number + 3) + end])
        self.server.start()
        self.wait_records(6)
        self.assert_stopped_cleanly(agent)
        rows = [json.loads(row) for row in self.server.commands.consume_json("logs").splitlines()]
        self.assertEqual(sorted(row["value"] for row in rows),
                         sorted((line % number).decode() for number in range(6)))
        self.assertEqual({row["headers"]["lb.label.app"] for row in rows}, {"app"})
        peers = [row["headers"].get("lb.label.peer") for row in rows]
        self.assertEqual((peers.count("127.0.0.1"), peers.count(None)), (4, 2))

    def test_the_agents_page_has_what_was_lost_by_reason(self):
        config = self.folder / "syslog.toml"
        config.write_text(f'[[input]]\nsyslog = "unix://{self.folder}/syslog"\ntopic = "logs"\n',
                          encoding="utf-8")
        agent = self.agent(self.server, config=config, settings=["metrics.listen=127.0.0.1:0"])
        agent.start()
        url = next(one for one in agent.ready_addresses() if one.startswith("http"))

        def lost():
            with urllib.request.urlopen(url, timeout=10) as answer:
                return dict(re.findall(r'^logboom_agent_syslog_dropped_total{reason="(\w+)"} (\d+)$',
                                       answer.read().decode(), re.MULTILINE))

        waiting.wait_until("the page is filled", lost)
        self.assertEqual(lost(), {"buffer_full": "0", "connection_limit": "0", "too_large": "0"})
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1_000_000)
            sender.connect(f"{self.folder}/syslog")
            sender.sendall(b"x" * 300_000)
        self.wait_records(1)
        waiting.wait_until("it is counted", lambda: lost()["too_large"] == "1")
        self.assertEqual(len(self.server.commands.consume_raw("logs")), (256 << 10) + 1)
        self.assert_stopped_cleanly(agent)


if __name__ == "__main__":
    main.run()
