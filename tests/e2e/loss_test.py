"""The loss of a broker: its data directory is gone, and comes back from a backup, or not at all."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import threading

from harness import main, places, waiting
from harness.case import ProcessCase

LOST = "broker lost acked data"


class Writer:
    """Writes numbered lines to app.log until it is told to end, and rotates it by renaming."""

    def __init__(self, folder, lines_a_file):
        self.folder = folder
        self.lines_a_file = lines_a_file
        self.count = 0
        self.files = 0  # that were rotated
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @staticmethod
    def line(number):
        return b"line %d %s" % (number, b"." * (number % 97))

    def rotated(self, number):
        return self.folder / f"app.log.{number:04}"

    def _run(self):
        path = self.folder / "app.log"
        file = open(path, "ab", buffering=0)
        while not self._end.is_set():
            file.write(self.line(self.count) + b"\n")
            self.count += 1
            if self.count % self.lines_a_file == 0:
                file.close()
                path.rename(self.rotated(self.files))
                self.files += 1
                file = open(path, "ab", buffering=0)
            self._end.wait(0.0005)
        file.close()

    def stop(self):
        self._end.set()
        self._thread.join()


class Loss(ProcessCase):
    def setUp(self):
        super().setUp()
        self.server = self.broker(settings=["storage.reserve=1MiB"]).start()
        self.backup_dir = self.folder / "backup"

    def verb(self, *words, code=0):
        done = subprocess.run([places.program("logboom-broker"), *map(str, words)],
                              capture_output=True, timeout=waiting.DEADLINE_S, check=False)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        return done

    def back_up(self, directory=None, code=0):
        return self.verb("backup", directory or self.backup_dir, "--broker", self.server.address,
                         code=code)

    def lose_broker(self):
        self.server.process.kill()
        self.server.wait()
        shutil.rmtree(self.server.data_dir)

    def restore(self):
        done = self.verb("restore", self.backup_dir, "--data-dir", self.server.data_dir)
        self.assertIn(b"restore count 1", done.stdout)
        self.server.start()

    def stored(self):
        return [line for _, line in self.server.commands.lines("logs")]

    def group_reads(self):
        return self.server.commands.run(
            "consume", "logs", "--group", "readers", "--from", "earliest", "--until-end",
            "--format", "raw").stdout.splitlines()

    def wait_stored(self, count):
        def there():
            end = self.server.commands.end_offset("logs")
            return end >= count, end
        waiting.wait_until(f"{count} lines are stored", there, interval=0.1)

    @staticmethod
    def wait_let_go(agent):
        """Until the agent holds no file that was removed."""
        def gone():
            held = [os.readlink(one) for one in pathlib.Path(f"/proc/{agent.pid}/fd").iterdir()
                    if one.is_symlink()]
            return not any("(deleted)" in path and "/logs/" in path for path in held), held
        waiting.wait_until("the agent has let go of what was removed", gone, interval=0.2)

    def gaps(self):
        rows = self.server.commands.run("consume", "logs", "--from", "earliest", "--until-end",
                                        "--show-gaps", "--format", "json").stdout
        return [row for row in map(json.loads, rows.split(b"\n")[:-1]) if "gap" in row]

    def test_what_was_backed_up_or_is_in_files_is_there_once_and_the_rest_is_a_gap(self):
        agent = self.agent(self.server, self.logs / "app.log*", agent_id="tailer").start()
        writer = Writer(self.logs, lines_a_file=400)
        self.addCleanup(writer.stop)
        self.wait_stored(900)
        read_before = self.group_reads()
        self.assertGreater(len(read_before), 0)
        done = self.back_up()
        self.assertIn(b"backup of 1 partitions", done.stdout)
        self.assertFalse((self.server.data_dir / "backup.pins").exists())
        # A file that began and ended after the backup, and is removed once it was read.
        first_after = writer.files + 1
        waiting.wait_until("another file is rotated", lambda: writer.files > first_after + 1)
        removed = writer.rotated(first_after)
        self.wait_stored((first_after + 1) * 400)
        lost = removed.read_bytes().splitlines()
        removed.unlink()
        self.wait_let_go(agent)
        self.group_reads()
        self.lose_broker()
        self.restore()
        writer.stop()
        self.wait_stored(writer.count - len(lost))
        expected = [writer.line(number) for number in range(writer.count)]
        stored = self.stored()
        self.assertEqual(sorted(set(expected) - set(stored)), sorted(lost))
        self.assertEqual(len(stored), len(set(stored)), "lines are doubled")
        self.assertEqual(set(stored) - set(expected), set())
        gaps = waiting.wait_until("the gap is told", self.gaps)
        self.assertIn(LOST, json.dumps(gaps))
        self.assertEqual(len(gaps), 1, gaps)
        # The group goes on where it was when the backup was made.
        self.assertEqual(read_before + self.group_reads(), stored)
        self.assert_stopped_cleanly(agent, self.server)
        self.assert_verified(self.server)

    def reader_of(self, lines):
        """One that has read so many lines, and goes on."""
        reader = self.server.commands.popen("consume", "logs", "--from", "earliest", "--format", "raw",
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(reader.wait)
        self.addCleanup(reader.kill)
        self.addCleanup(reader.stderr.close)
        self.addCleanup(reader.stdout.close)
        self.assertEqual([reader.stdout.readline() for _ in range(lines)],
                         [b"%d\n" % number for number in range(1, lines + 1)])
        return reader

    def test_readers_behind_the_backup_are_told_and_get_no_other_records(self):
        self.server.commands.produce("logs", b"1\n2\n3\n")
        self.back_up()
        self.server.commands.produce("logs", b"4\n5\n6\n")
        reader, sleeper = self.reader_of(6), self.reader_of(6)
        sleeper.send_signal(signal.SIGSTOP)
        self.lose_broker()
        self.restore()
        out, errors = reader.communicate(timeout=waiting.DEADLINE_S)
        self.assertEqual((out, reader.returncode), (b"", 1), errors)
        self.assertIn(b"there is no offset 6 yet", errors)
        # This one finds the offset taken by another record: it reads from the start, and says so.
        self.server.commands.produce("logs", b"other 4\nother 5\nother 6\nother 7\nother 8\n")
        sleeper.send_signal(signal.SIGCONT)
        self.assertIn(b"logs/0", sleeper.stderr.readline())
        self.assertEqual(sleeper.stdout.readline(), b"1\n")

    def test_an_agent_fills_an_empty_broker_from_its_files(self):
        path = self.log("app.log", b"".join(b"line %d\n" % number for number in range(500)))
        self.log("app.log.1", b"".join(b"old line %d\n" % number for number in range(500)))
        agent = self.agent(self.server, self.logs / "app.log*").start()
        self.wait_stored(1000)
        self.lose_broker()
        with open(path, "ab") as file:
            file.write(b"one more\n")
        self.server.start()
        self.wait_stored(1001)
        stored = self.stored()
        self.assertEqual(len(stored), len(set(stored)))
        self.assertEqual(len(stored), 1001)
        self.assert_stopped_cleanly(agent, self.server)

    def test_what_cannot_be_a_backup_is_refused(self):
        self.server.commands.produce("logs", b"1\n")
        self.verb("backup", "relative", "--broker", self.server.address, code=2)
        self.verb("backup", code=2)
        self.verb("backup", self.backup_dir, "--nonsense", code=2)
        self.verb("backup", self.backup_dir, "--broker", "tcp://127.0.0.1:1", code=3)
        inside = self.back_up(self.server.data_dir / "backup", code=1)
        self.assertIn(b"lies in the data directory", inside.stderr)
        link = self.folder / "link"
        link.symlink_to(self.server.data_dir / "quarantine")
        (self.server.data_dir / "quarantine").mkdir(exist_ok=True)
        self.assertIn(b"lies in the data directory", self.back_up(link / "one", code=1).stderr)
        self.assertIn(b"make it first", self.back_up(self.folder / "none" / "one", code=1).stderr)
        self.back_up()
        self.assertIn(b"is not empty", self.back_up(code=1).stderr)
        taken = self.verb("restore", self.backup_dir, "--data-dir", self.server.data_dir, code=1)
        self.assertIn(b"is not empty", taken.stderr)
        self.verb("restore", self.backup_dir, code=2)
        none = self.verb("restore", self.logs, "--data-dir", self.folder / "new", code=1)
        self.assertIn(b"is not a backup", none.stderr)
        victim = next(self.backup_dir.glob("*/*.log"))
        victim.write_bytes(victim.read_bytes()[:-1] + b"?")
        damaged = self.verb("restore", self.backup_dir, "--data-dir", self.folder / "new", code=1)
        self.assertIn(b"the backup is damaged", damaged.stderr)
        self.assertFalse((self.folder / "new" / "superblock").exists())


if __name__ == "__main__":
    main.run()
