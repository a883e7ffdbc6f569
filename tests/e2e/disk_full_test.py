"""A disk that is full: the agent waits, the broker says so, and nothing is lost."""
import os
import signal
import subprocess

from harness import main
from harness.case import ProcessCase
from harness.waiting import DEADLINE_S, wait_until

DISK_BYTES = 64 << 20
RESERVE_BYTES = 16 << 20
CONDITION = "disk below reserve"


class FullDisk(ProcessCase):
    def mount(self):
        """A small file system of its own, gone with the test."""
        if os.geteuid() != 0:
            main.not_run("mounting a small file system needs root")
        mounted = self.folder / "disk"
        mounted.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none",
                               str(mounted)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            main.not_run(f"mount: {done.stderr.strip()}")
        # Lazily: the programs on it may still run.
        self.addCleanup(lambda: subprocess.run(["umount", "-l", str(mounted)], check=False))
        return mounted

    @staticmethod
    def fill(path, leave_bytes):
        """Takes all of the file system's room but for so much."""
        free = os.statvfs(path.parent)
        size = free.f_bavail * free.f_frsize - leave_bytes
        with open(path, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def test_lines_wait_while_there_is_no_room_and_arrive_when_there_is(self):
        disk = self.mount()
        broker = self.broker(data_dir=disk / "data", settings=[f"storage.reserve={RESERVE_BYTES}"])
        broker.start()
        app = self.log("app.log", b"before\n")
        agent = self.agent(broker, app).start()
        wait_until("the first line is stored", lambda: broker.commands.end_offset("logs") == 1)

        self.fill(disk / "filler", leave_bytes=RESERVE_BYTES // 2)
        wait_until("the broker says that its disk is full",
                   lambda: CONDITION in broker.conditions() or (False, broker.conditions()))
        lines = b"".join(f"line {number}\n".encode() for number in range(50_000))
        with open(app, "ab") as file:
            file.write(lines)
        agent.wait_stderr("NO_SPACE" if "NO_SPACE" in agent.stderr_text() else "space")
        self.assertEqual(broker.commands.consume_raw("logs"), b"before\n")
        # It goes on serving, and restarts.
        self.assert_stopped_cleanly(broker)
        broker.start()
        self.assertEqual(broker.commands.consume_raw("logs"), b"before\n")

        (disk / "filler").unlink()
        wait_until("all lines are stored", lambda: broker.commands.end_offset("logs") == 50_001)
        wait_until("the broker is content", lambda: CONDITION not in broker.conditions())
        self.assertEqual(broker.commands.consume_raw("logs"), b"before\n" + lines)
        self.assert_stopped_cleanly(agent, broker)
        self.assert_verified(broker)

    def test_produce_says_why_it_waits_and_ends_at_ctrl_c(self):
        disk = self.mount()
        broker = self.broker(data_dir=disk / "data", settings=[f"storage.reserve={RESERVE_BYTES}"])
        broker.start()
        broker.commands.run("topics", "create", "logs")
        self.fill(disk / "filler", leave_bytes=RESERVE_BYTES // 2)
        wait_until("the broker says that its disk is full",
                   lambda: CONDITION in broker.conditions() or (False, broker.conditions()))
        told = self.folder / "produce.err"
        with open(told, "wb") as errors:
            producer = broker.commands.popen("produce", "logs", stdin=subprocess.PIPE,
                                             stderr=errors)
        self.addCleanup(producer.kill)
        producer.stdin.write(b"a line\n")
        producer.stdin.close()
        wait_until("it says why it waits",
                   lambda: b"records wait, and are sent again: " in told.read_bytes())
        producer.send_signal(signal.SIGINT)
        self.assertEqual(producer.wait(timeout=DEADLINE_S), 1)
        self.assertIn(b"0 records to logs, acked as synced; 1 NOT acked", told.read_bytes())
        self.assert_stopped_cleanly(broker)

    @staticmethod
    def remount(disk, mode):
        subprocess.run(["mount", "-o", f"remount,{mode}", str(disk)], check=True)

    def test_a_disk_that_turns_read_only_ends_the_broker_and_loses_nothing(self):
        disk = self.mount()
        broker = self.broker(data_dir=disk / "data", settings=[f"storage.reserve={RESERVE_BYTES}"])
        broker.start()
        app = self.log("app.log", b"before\n")
        agent = self.agent(broker, app).start()
        wait_until("the first line is stored", lambda: broker.commands.end_offset("logs") == 1)
        broker.kill()  # it holds files open for writing: they would keep the disk writable
        self.remount(disk, "ro")
        broker.start(ready=False)
        self.assertEqual(broker.wait(), 1)
        self.assertIn("Read-only file system", broker.stderr_text())
        with open(app, "ab") as file:
            file.write(b"behind\n")
        self.remount(disk, "rw")
        broker.start()
        wait_until("the second line is stored", lambda: broker.commands.end_offset("logs") == 2)
        self.assertEqual(broker.commands.consume_raw("logs"), b"before\nbehind\n")
        self.assert_stopped_cleanly(agent, broker)
        self.assert_verified(broker)

    def test_no_byte_is_free_and_the_broker_still_starts_and_serves(self):
        disk = self.mount()
        broker = self.broker(data_dir=disk / "data", settings=[f"storage.reserve={RESERVE_BYTES}"])
        broker.start()
        broker.commands.produce("logs", b"kept\n")
        broker.commands.produce("unwanted", b"x" * 1000 + b"\n")
        broker.kill()
        self.fill(disk / "filler", leave_bytes=0)
        broker.start()
        self.assertEqual(broker.commands.consume_raw("logs"), b"kept\n")
        self.assertIn(CONDITION, broker.conditions())
        # An administrator can do all that frees space, and groups go on.
        broker.commands.run("topics", "alter", "logs", "--set", "retention.ms=3600000")
        broker.commands.run("groups", "reset", "readers", "--topic", "logs", "--to", "latest",
                            "--execute")
        broker.commands.run("topics", "delete", "unwanted", "--yes")
        self.assertNotIn(b"unwanted", broker.commands.run("topics", "list").stdout)
        self.assertIn(b"readers", broker.commands.run("groups", "list").stdout)
        broker.kill()
        broker.start()
        self.assertNotIn(b"unwanted", broker.commands.run("topics", "list").stdout)
        self.assertIn(b"3600000", broker.commands.run("topics", "describe", "logs").stdout)
        broker.stop()
        (disk / "filler").unlink()
        broker.start()
        broker.commands.produce("logs", b"goes on\n")
        self.assertEqual(broker.commands.consume_raw("logs"), b"kept\ngoes on\n")
        self.assert_stopped_cleanly(broker)
        self.assert_verified(broker)


if __name__ == "__main__":
    main.run()
