"""SIGHUP: an agent reads its configuration again, and no line is lost or doubled by it."""
import signal
import socket
import subprocess

from harness import main, waiting
from harness.case import ProcessCase


class Reload(ProcessCase):
    def setUp(self):
        super().setUp()
        self.broker_daemon = self.broker().start()
        self.config = self.folder / "agent.toml"

    def configure(self, *inputs, top=""):
        blocks = [f'[[input]]\nname = "{name}"\ntopic = "{topic}"\n'
                  f'include = ["{self.logs}/{pattern}"]\n'
                  for name, pattern, topic in inputs]
        self.config.write_text(top + "\n".join(blocks), encoding="utf-8")

    def start(self):
        return self.agent(self.broker_daemon, config=self.config).start()

    def reload(self, agent, words="the configuration is reloaded"):
        before = agent.stderr_text().count(words)
        agent.send(signal.SIGHUP)
        waiting.wait_until(f"the agent says '{words}'",
                           lambda: agent.stderr_text().count(words) > before, interval=0.02)

    def assert_lines(self, topic, expected):
        stored = [line for _, line in self.broker_daemon.commands.lines(topic)]
        differ = [pair for pair in zip(stored, expected) if pair[0] != pair[1]]
        self.assertEqual((len(stored), differ[:3]), (len(expected), []))

    def wait_lines(self, topic, count):
        waiting.wait_until(f"{count} lines in {topic}",
                           lambda: self.broker_daemon.commands.end_offset(topic) >= count,
                           interval=0.1)

    def test_lines_written_meanwhile_come_once_and_inputs_come_and_go(self):
        path = self.log("a.log")
        other = self.log("b.log", b"other 0\n")
        self.configure(("a", "a.log", "logs"))
        agent = self.start()
        written = []
        with open(path, "ab", buffering=0) as file:
            for turn in range(6):
                inputs = [("a", "a.log", "logs")] + [("b", "b.log", "other")] * (turn % 2)
                self.configure(*inputs)
                agent.send(signal.SIGHUP)
                for number in range(2_000):
                    line = f"turn {turn} line {number}".encode()
                    written.append(line)
                    file.write(line + b"\n")
                waiting.wait_until(
                    "the configuration is reloaded",
                    lambda: agent.stderr_text().count("configuration is reloaded") > turn)
        self.wait_lines("logs", len(written))
        self.wait_lines("other", 1)
        with open(other, "ab") as file:
            file.write(b"other 1\n")
        self.configure(("a", "a.log", "logs"), ("b", "b.log", "other"))
        self.reload(agent)
        self.wait_lines("other", 2)
        self.assert_lines("logs", written)
        self.assert_lines("other", [b"other 0", b"other 1"])
        self.assert_stopped_cleanly(agent)

    def test_what_is_wrong_is_said_and_the_old_configuration_goes_on(self):
        path = self.log("a.log", b"1\n")
        self.configure(("a", "a.log", "logs"))
        agent = self.start()
        self.wait_lines("logs", 1)
        self.configure(("a", "a.log", "logs"), ("twin", "a.log", "logs"))
        self.reload(agent, "a file is read once for a topic; the agent goes on as it was")
        self.config.write_text("[[input]\n", encoding="utf-8")
        self.reload(agent, "the configuration is not reloaded")
        self.configure(("a", "a.log", "logs"), top='[agent]\nid = "another"\n')
        self.reload(agent, "agent.id has changed, and stays as it was")
        with open(path, "ab") as file:
            file.write(b"2\n")
        self.wait_lines("logs", 2)
        self.assert_lines("logs", [b"1", b"2"])
        self.assert_stopped_cleanly(agent)

    def test_streams_go_on_and_are_closed_where_their_input_is_gone(self):
        self.log("a.log")
        files = f'[[input]]\ntopic = "logs"\ninclude = ["{self.logs}/a.log"]\n'
        syslog = '[[input]]\ntopic = "syslog"\nsyslog = "tcp://127.0.0.1:0"\n'
        standard_input = '[[input]]\ntopic = "stdin"\ninclude = ["-"]\n'
        self.config.write_text(files + syslog + standard_input, encoding="utf-8")
        agent = self.agent(self.broker_daemon, config=self.config)
        agent.start(stdin=subprocess.PIPE)
        address = next(one for one in agent.ready_addresses() if one.startswith("syslog+"))
        port = int(address.rpartition(":")[2])
        written = []
        with socket.create_connection(("127.0.0.1", port)) as sender:
            for turn in range(6):
                label = f'labels = {{turn = "{turn}"}}\n'
                self.config.write_text(files + syslog + label + standard_input + label,
                                       encoding="utf-8")
                agent.send(signal.SIGHUP)
                for number in range(2_000):
                    written.append(f"turn {turn} line {number}".encode())
                    sender.sendall(written[-1] + b"\n")
                    agent.process.stdin.write(written[-1] + b"\n")
                agent.process.stdin.flush()
                waiting.wait_until(
                    "the configuration is reloaded",
                    lambda: agent.stderr_text().count("configuration is reloaded") > turn)
            self.wait_lines("syslog", len(written) - 1)
            written.append(b"the last, and at once they are gone")
            sender.sendall(written[-1] + b"\n")
            agent.process.stdin.write(written[-1] + b"\n")
            agent.process.stdin.flush()
            self.config.write_text(files, encoding="utf-8")
            self.reload(agent)
            self.assertEqual(sender.recv(1), b"")
        for topic in ("syslog", "stdin"):
            self.wait_lines(topic, len(written))
            self.assert_lines(topic, written)
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
        agent.process.stdin.close()
        self.assert_stopped_cleanly(agent)

    def test_an_unlinked_file_with_unread_lines_is_read_to_its_end(self):
        count = 60_000
        expected = [f"line {number} of a log".encode() for number in range(count)]
        path = self.log("a.log", b"\n".join(expected) + b"\n")
        self.configure(("a", "a.log", "logs"), top='[agent]\nthrottle = "1B"\n')
        agent = self.start()
        self.wait_lines("logs", 1)
        path.unlink()
        self.configure(("a", "a.log", "logs"))
        self.reload(agent)
        self.wait_lines("logs", count)
        self.assert_lines("logs", expected)
        self.assert_stopped_cleanly(agent)


if __name__ == "__main__":
    main.run()
