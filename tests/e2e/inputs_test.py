"""Inputs that are no files: what comes in arrives once, and nothing is acked before it is durable."""
import subprocess

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


if __name__ == "__main__":
    main.run()
