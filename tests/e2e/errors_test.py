"""Refusals: each says what is wrong, with the exit code that scripts rely on."""
import os
import socket
import subprocess
import time

from harness import main, places
from harness.case import ProcessCase
from harness.commands import Commands
from harness.waiting import wait_until

FAILED, USAGE, ALREADY_RUNNING = 1, 2, 3
NOT_REACHED = 3
NOBODY = 65534


def taken_port(case):
    listener = socket.create_server(("127.0.0.1", 0))
    case.addCleanup(listener.close)
    return listener.getsockname()[1]


class Refusals(ProcessCase):
    def run_program(self, name, *words):
        return subprocess.run([places.program(name), *map(str, words)], capture_output=True,
                              text=True, timeout=30, check=False)

    def test_a_second_broker_on_a_data_directory_ends_with_3(self):
        first = self.broker().start()
        second = self.broker(name="second", data_dir=first.data_dir)
        second.start(ready=False)
        self.assertEqual(second.wait(), ALREADY_RUNNING)
        self.assertIn(str(first.data_dir), second.stderr_text())
        first.commands.produce("logs", b"still there\n")
        self.assert_stopped_cleanly(first)
        self.assert_verified(first)

    def test_features_are_told_and_an_unknown_one_is_refused(self):
        broker = self.broker().start()
        where = ["--data-dir", broker.data_dir]
        told = self.run_program("logboom-broker", "features", "list", *where)
        self.assertEqual((told.returncode, told.stderr), (0, ""))
        self.assertIn("no feature", told.stdout)
        refused = self.run_program("logboom-broker", "features", "enable", "magic", *where)
        self.assertEqual(refused.returncode, FAILED)
        self.assertIn("magic", refused.stderr)
        self.assertEqual(self.run_program("logboom-broker", "features").returncode, USAGE)
        nowhere = self.run_program("logboom-broker", "features", "list", "--data-dir",
                                   self.folder / "none")
        self.assertEqual(nowhere.returncode, FAILED)
        self.assert_stopped_cleanly(broker)

    def test_a_taken_port_ends_with_1_and_is_named(self):
        broker = self.broker()
        port = taken_port(self)
        broker.address = f"tcp://127.0.0.1:{port}"
        broker.start(ready=False)
        self.assertEqual(broker.wait(), FAILED)
        self.assertIn(str(port), broker.stderr_text())

    def test_a_broker_beyond_loopback_is_refused(self):
        done = self.run_program("logboom-broker", "--data-dir", self.folder / "data",
                                "--listen", "tcp://0.0.0.0:0")
        self.assertEqual(done.returncode, USAGE)
        self.assertFalse((self.folder / "data").exists())

    def test_check_config_finds_what_a_start_would(self):
        for name, *words in (
                ("logboom-broker", "--data-dir", "x", "--listen", "tcp://0.0.0.0:0"),
                ("logboom-broker", "--data-dir", "x", "--set", "storage.sync=never"),
                ("logboom-agent", "--topic", "t", "--input", "x", "--agent-id", "a b"),
                ("logboom-exporter", "--broker", "nonsense"),
                ("logboom-exporter", "--listen", "0.0.0.0:0")):
            with self.subTest(words=words):
                done = self.run_program(name, *words, "--check-config")
                self.assertEqual(done.returncode, USAGE, done.stdout)
                self.assertIn(words[-1].split("=")[-1], done.stderr)

    def test_a_console_without_a_display_says_so(self):
        without = {name: value for name, value in os.environ.items()
                   if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
        done = subprocess.run([places.program("logboom-console")], capture_output=True, text=True,
                              timeout=30, env=without, check=False)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn("DISPLAY", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_an_unknown_flag_ends_with_2_and_is_named(self):
        for name, *words in (("logboom-broker",), ("logboom-agent",), ("logboom", "status")):
            with self.subTest(program=name):
                done = self.run_program(name, *words, "--no-such-flag")
                self.assertEqual(done.returncode, USAGE)
                self.assertIn("--no-such-flag", done.stderr)
                self.assertEqual(done.stdout, "")

    def test_an_unknown_key_ends_with_2_and_the_nearest_is_named(self):
        config = self.folder / "broker.toml"
        config.write_text('[broker]\nnmae = "b"\n', encoding="utf-8")
        for words in (("--set", "broker.nmae=b"), ("--config", config)):
            with self.subTest(words=words):
                done = self.run_program("logboom-broker", "--data-dir", self.folder / "d", *words)
                self.assertEqual(done.returncode, USAGE)
                self.assertIn("broker.nmae", done.stderr)
                self.assertIn("broker.name", done.stderr)
        done = self.run_program("logboom-agent", "--state-dir", self.folder / "s", "--topic", "t",
                                "--input", "/none", "--set", "agent.bokrer=tcp://127.0.0.1:1")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("broker", done.stderr)

    def test_a_broken_configuration_names_file_and_line(self):
        config = self.folder / "broker.toml"
        config.write_text('# fine\n[broker\n', encoding="utf-8")
        done = self.run_program("logboom-broker", "--config", config, "--data-dir", "/none")
        self.assertEqual(done.returncode, USAGE)
        self.assertIn(str(config), done.stderr)
        self.assertIn("2", done.stderr.replace(str(config), ""))

    def test_no_broker_ends_with_3_within_the_timeout(self):
        listener = socket.create_server(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        listener.close()
        for words in (("status",), ("topics", "list"), ("consume", "logs"), ("produce", "logs")):
            with self.subTest(words=words):
                begin = time.monotonic()
                done = Commands(f"tcp://127.0.0.1:{port}").run(
                    *words, "--timeout", "0.3", stdin=b"x\n", code=NOT_REACHED)
                self.assertLess(time.monotonic() - begin, 5)
                self.assertIn(str(port), done.stderr.decode())

    def test_a_port_that_is_no_broker_ends_with_3(self):
        address = f"tcp://127.0.0.1:{taken_port(self)}"
        Commands(address).run("status", "--timeout", "0.3", code=NOT_REACHED)

    def test_an_unknown_topic_ends_with_1_and_is_not_made(self):
        broker = self.broker().start()
        for words in (("consume", "no-such"), ("topics", "describe", "no-such"),
                      ("topics", "delete", "no-such", "--yes")):
            with self.subTest(words=words):
                done = broker.commands.run(*words, code=FAILED)
                self.assertIn(b"no-such", done.stderr)
                self.assertEqual(done.stdout, b"")
        self.assertNotIn(b"no-such", broker.commands.run("topics", "list").stdout)

    def test_a_name_that_no_topic_may_have_ends_with_1(self):
        broker = self.broker().start()
        for name in ("a/b", "..", "x" * 250):
            with self.subTest(name=name):
                broker.commands.run("topics", "create", name, code=FAILED)

    def test_wrong_words_end_with_2(self):
        broker = self.broker().start()
        for words in ((), ("no-such-verb",), ("consume",), ("consume", "t", "--from", "nonsense"),
                      ("consume", "t", "--format", "xml"), ("status", "--format", "raw")):
            with self.subTest(words=words):
                done = broker.commands.run(*words, code=USAGE)
                self.assertNotEqual(done.stderr, b"")

    def test_a_closed_pipe_ends_quietly(self):
        broker = self.broker().start()
        broker.commands.produce("logs", b"a line\n" * 200_000)
        reader = broker.commands.popen("consume", "logs", "--from", "earliest",
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(reader.kill)
        self.assertIn(b"a line", reader.stdout.readline())
        reader.stdout.close()
        _, stderr = reader.communicate(timeout=30)
        self.assertEqual(stderr, b"")
        self.assertIn(reader.returncode, (0, 1))


class AgentRefusals(ProcessCase):
    def test_an_input_that_is_missing_is_told_and_the_others_are_read(self):
        broker = self.broker().start()
        here = self.log("here.log", b"here\n")
        agent = self.agent(broker, self.logs / "missing.log", here)
        agent.start(ready=False, extra=["--once"])
        self.assertEqual(agent.wait(), FAILED, "what could not be read is not a success")
        self.assertIn("missing.log", agent.stderr_text())
        self.assertEqual(broker.commands.consume_raw("logs"), b"here\n")

    def test_a_missing_file_is_read_once_it_is_there(self):
        broker = self.broker().start()
        self.agent(broker, self.logs / "a.log").start()
        self.log("a.log", b"here\n")
        wait_until("the line is stored", lambda: broker.commands.end_offset("logs") == 1)

    def test_an_unreadable_file_is_told_and_the_others_are_read(self):
        broker = self.broker().start()
        secret = self.log("secret.log", b"secret\n")
        self.log("open.log", b"open\n")
        os.chmod(secret, 0)
        agent = self.agent(broker, self.logs / "*.log")
        if os.geteuid() == 0:
            # Root reads everything: the agent runs as somebody else.
            for path in (self.folder, self.logs):
                os.chmod(path, 0o755)
            agent.state_dir.mkdir()
            os.chown(agent.state_dir, NOBODY, NOBODY)
            try:
                agent.as_user(NOBODY).start(ready=False, extra=["--once"])
            except PermissionError as error:
                main.not_run(f"runs as root, and nobody else may run the programs: {error}")
        else:
            agent.start(ready=False, extra=["--once"])
        code = agent.wait()
        self.assertIn("secret.log", agent.stderr_text())
        self.assertEqual(broker.commands.consume_raw("logs"), b"open\n")
        self.assertEqual(code, FAILED, "what could not be read is not a success")

    def test_one_file_in_two_inputs_of_one_topic_is_refused_or_read_once(self):
        broker = self.broker().start()
        path = self.log("a.log", b"line\n")
        agent = self.agent(broker, path, self.logs / "*.log")
        agent.start(ready=False, extra=["--once"])
        self.assertIn(agent.wait(), (0, USAGE))
        if agent.process.returncode == 0:
            self.assertEqual(broker.commands.consume_raw("logs"), b"line\n")

    def test_an_agent_of_the_same_id_takes_over_and_the_first_ends_with_3(self):
        broker = self.broker().start()
        path = self.log("a.log", b"one\n")
        first = self.agent(broker, path, name="first", agent_id="twin").start()
        wait_until("the first line is stored", lambda: broker.commands.end_offset("logs") == 1)
        second = self.agent(broker, path, name="second", agent_id="twin").start()
        self.assertEqual(first.wait(), ALREADY_RUNNING)
        self.assertIn("twin", first.stderr_text())
        with open(path, "ab") as file:
            file.write(b"two\n")
        wait_until("the second line is stored", lambda: broker.commands.end_offset("logs") == 2)
        self.assertEqual(broker.commands.consume_raw("logs"), b"one\ntwo\n")
        self.assert_stopped_cleanly(second, broker)
        self.assert_verified(broker)

    def test_a_second_agent_in_a_state_directory_ends_with_3(self):
        broker = self.broker().start()
        first = self.agent(broker, self.log("a.log", b"one\n")).start()
        second = self.agent(broker, self.logs / "a.log", name="second", agent_id="other")
        second.state_dir = first.state_dir
        second.start(ready=False)
        self.assertEqual(second.wait(), ALREADY_RUNNING)
        self.assertTrue(first.running())


if __name__ == "__main__":
    main.run()
