"""An agent that follows files while all kinds of things happen to them, to it, and to the broker."""
import os
import shutil

from harness import main, waiting
from harness.case import ProcessCase


class Lines:
    """Writes numbered lines, and knows all that it has written."""

    def __init__(self):
        self.written = []

    def append(self, path, count):
        fresh = [f"line {len(self.written) + at} of {path.name} {'.' * (at % 70)}".encode()
                 for at in range(count)]
        with open(path, "ab") as file:
            file.write(b"\n".join(fresh) + b"\n")
        self.written += fresh


class Live(ProcessCase):
    def setUp(self):
        super().setUp()
        self.server = self.broker().start()
        # Lines are sent at once: these tests wait for them, not for the linger.
        self.shipper = self.agent(self.server, self.logs / "app.log*",
                                  settings=["agent.linger=20ms"])
        self.app = self.logs / "app.log"
        self.lines = Lines()

    def wait_stored(self):
        """Waits until the broker holds as many records as lines were written."""
        def stored():
            end = self.server.commands.end_offset("logs")
            return end >= len(self.lines.written), end
        waiting.wait_until(f"{len(self.lines.written)} records are stored", stored, interval=0.05)

    def assert_all_once(self, in_order=True):
        """Ends both, reads again what an agent would find to add, and compares all there is."""
        self.wait_stored()
        self.assert_stopped_cleanly(self.shipper)
        self.shipper.once()
        got = [line for _, line in self.server.commands.lines("logs")]
        wanted = self.lines.written
        if not in_order:
            got, wanted = sorted(got), sorted(wanted)
        if got != wanted:
            lost, more = set(wanted) - set(got), len(got) - len(set(got))
            self.fail(f"{len(wanted)} lines written, {len(got)} stored, {len(lost)} lost, {more} "
                      f"doubled; lost: {sorted(lost)[:3]}")
        self.assert_stopped_cleanly(self.server)
        self.assert_verified(self.server)

    def test_appended_lines_arrive(self):
        self.lines.append(self.app, 100)
        self.shipper.start()
        self.wait_stored()
        for _ in range(20):
            self.lines.append(self.app, 7)
            self.wait_stored()
        self.assert_all_once()

    def test_a_line_arrives_once_its_newline_is_there(self):
        self.shipper.start()
        self.lines.append(self.app, 1)
        self.wait_stored()
        with open(self.app, "ab") as file:
            file.write(b"begun")
        self.lines.append(self.logs / "app.log.other", 1)
        self.wait_stored()
        with open(self.app, "ab") as file:
            file.write(b" and ended\n")
        self.lines.written.append(b"begun and ended")
        self.assert_all_once()

    def test_new_files_are_found(self):
        self.shipper.start()
        for number in range(5):
            self.lines.append(self.logs / f"app.log.new{number}", 50)
            self.wait_stored()
        self.assert_all_once()

    def test_rotation_by_rename(self):
        self.shipper.start()
        for number in range(5):
            self.lines.append(self.app, 500)
            old = self.app.rename(self.logs / f"app.log.{number}")
            # A writer that has the old file open goes on for a while.
            self.lines.append(old, 10)
            self.wait_stored()
        self.lines.append(self.app, 5)
        self.assert_all_once(in_order=False)

    def test_rotation_by_rename_without_a_pause(self):
        self.shipper.start()
        for number in range(30):
            self.lines.append(self.app, 200)
            self.app.rename(self.logs / f"app.log.{number}")
        self.lines.append(self.app, 5)
        self.assert_all_once(in_order=False)

    def test_rotation_by_copy_and_truncate(self):
        self.shipper.start()
        for number in range(5):
            self.lines.append(self.app, 500)
            shutil.copyfile(self.app, self.logs / f"app.log.{number}")
            os.truncate(self.app, 0)
            self.lines.append(self.app, 20)
            self.wait_stored()
        self.assert_all_once(in_order=False)

    def test_rotation_while_the_agent_is_down(self):
        self.lines.append(self.app, 500)
        self.shipper.start()
        self.wait_stored()
        self.shipper.kill()
        self.lines.append(self.app, 100)
        self.app.rename(self.logs / "app.log.1")
        self.lines.append(self.app, 200)
        self.shipper.start()
        self.assert_all_once(in_order=False)

    def test_copy_and_truncate_while_the_agent_is_down(self):
        self.lines.append(self.app, 500)
        self.shipper.start()
        self.wait_stored()
        self.shipper.kill()
        self.lines.append(self.app, 100)
        shutil.copyfile(self.app, self.logs / "app.log.1")
        os.truncate(self.app, 0)
        self.lines.append(self.app, 800)
        self.shipper.start()
        self.assert_all_once(in_order=False)

    def test_the_state_directory_is_deleted_while_the_agent_is_down(self):
        self.lines.append(self.app, 500)
        self.lines.append(self.logs / "app.log.1", 300)
        self.shipper.start()
        self.wait_stored()
        self.shipper.kill()
        shutil.rmtree(self.shipper.state_dir)
        self.lines.append(self.app, 100)
        self.shipper.start()
        self.assert_all_once()

    def test_the_state_directory_is_deleted_under_the_agent(self):
        self.lines.append(self.app, 500)
        self.shipper.start()
        self.wait_stored()
        shutil.rmtree(self.shipper.state_dir)
        self.lines.append(self.app, 100)
        self.wait_stored()
        self.shipper.kill()
        self.lines.append(self.app, 100)
        self.shipper.start()
        self.assert_all_once()

    def test_the_agent_is_killed_in_the_middle(self):
        for _ in range(5):
            self.lines.append(self.app, 20_000)
            self.shipper.start()
            self.shipper.kill()
        self.shipper.start()
        self.assert_all_once()

    def test_the_broker_is_killed_in_the_middle(self):
        self.shipper.start()
        for _ in range(5):
            self.lines.append(self.app, 20_000)
            self.server.kill()
            self.server.start()
        self.assert_all_once()

    def test_the_agent_waits_for_a_broker_that_is_not_there_yet(self):
        self.assert_stopped_cleanly(self.server)
        self.lines.append(self.app, 100)
        self.shipper.start(ready=False)
        self.server.start()
        self.assert_all_once()

    def test_the_database_is_deleted_while_the_broker_is_down(self):
        self.lines.append(self.app, 500)
        self.shipper.start()
        self.wait_stored()
        self.server.commands.run("topics", "create", "kept", "--partitions", "3")
        self.server.kill()
        databases = list(self.server.data_dir.glob("metadata.sqlite*"))
        self.assertTrue(databases)
        for path in databases:
            path.unlink()
        self.lines.append(self.app, 100)
        self.server.start()
        self.assertIn("copy", " ".join(told["message"] for told in
                                       self.server.status()["conditions"]))
        topics = self.server.commands.run("topics", "list").stdout
        self.assertIn(b"kept", topics)
        self.assertIn(b"logs", topics)
        self.assert_all_once()

    def test_database_and_copy_and_agent_state_are_deleted(self):
        self.lines.append(self.app, 500)
        self.shipper.start()
        self.wait_stored()
        self.shipper.kill()
        self.server.kill()
        for path in self.server.data_dir.glob("metadata.*"):
            path.unlink()
        shutil.rmtree(self.shipper.state_dir)
        self.lines.append(self.app, 100)
        self.server.start()
        self.shipper.start()
        self.assert_all_once()


if __name__ == "__main__":
    main.run()
