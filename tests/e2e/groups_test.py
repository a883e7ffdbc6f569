"""Consumer groups: members that are killed, a broker that is killed, a database that is lost."""
import json
import signal

from harness import main, waiting
from harness.case import ProcessCase

GROUP = "readers"


class Reader:
    """A member of the group that runs on; what it prints goes to a file."""

    def __init__(self, case, name, *flags):
        self.path = case.folder / f"{name}.out"
        with open(self.path, "wb") as out:
            self.process = case.server.commands.popen(
                "consume", "logs", "--group", GROUP, "--from", "earliest", "--format", "raw",
                *flags, stdout=out)
        case.addCleanup(self.kill)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=waiting.DEADLINE_S)

    def lines(self):
        return [line for line in self.path.read_bytes().splitlines(keepends=True)
                if line.endswith(b"\n")]


class Groups(ProcessCase):
    def setUp(self):
        super().setUp()
        self.server = self.broker().start()
        self.produced = []

    def produce(self, count):
        lines = [f"{len(self.produced) + at}:line {len(self.produced) + at}".encode()
                 for at in range(count)]
        self.server.commands.produce("logs", b"\n".join(lines) + b"\n", "--key-separator", ":")
        self.produced += [line.split(b":")[1] + b"\n" for line in lines]

    def group(self):
        listed = json.loads(self.server.commands.run("groups", "list", "--format", "json").stdout)
        return listed[0] if listed else None

    def lag(self):
        return json.loads(self.server.commands.run("lag", GROUP, "--format", "json").stdout)

    def committed(self):
        return {row["partition"]: row["committed_offset"] for row in self.lag()}

    def consume(self, *words):
        return self.server.commands.run("consume", "logs", "--group", GROUP, "--from", "earliest",
                                        "--format", "raw", *words).stdout.splitlines(keepends=True)

    def wait_members(self, count):
        def settled():
            group = self.group()
            return (group is not None and group["state"] == "stable"
                    and group["member_count"] == count), group
        waiting.wait_until(f"the group has {count} members, and rests", settled, interval=0.05)

    def wait_all_committed(self):
        # By partition: what was never committed has no lag, and no share in the group's.
        def done():
            rows = self.lag()
            return rows and all(row["committed_offset"] == row["log_end_offset"]
                                for row in rows), rows
        waiting.wait_until("all that was produced is committed", done, interval=0.05)

    def test_a_closed_terminal_ends_a_member_cleanly(self):
        # As in a terminal, also where this test runs under nohup.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self.server.commands.run("topics", "create", "logs")
        reader = Reader(self, "reader")
        self.wait_members(1)
        self.produce(50)
        waiting.wait_until("all is printed", lambda: len(reader.lines()) == 50, interval=0.05)
        reader.process.send_signal(signal.SIGHUP)
        self.assertEqual(reader.process.wait(timeout=waiting.DEADLINE_S), 0)
        self.assertEqual(self.group()["member_count"], 0)
        self.assertEqual(self.committed(), {0: 50})

    def test_an_instance_that_comes_back_gets_its_partitions_back(self):
        self.server.commands.run("topics", "create", "logs", "--partitions", "4")
        other = Reader(self, "other")
        killed = Reader(self, "killed", "--instance-id", "rack-7", "--session-timeout", "600")
        self.wait_members(2)
        self.produce(400)
        self.wait_all_committed()
        killed.kill()
        back = Reader(self, "back", "--instance-id", "rack-7", "--session-timeout", "600")
        waiting.wait_until("it is back", lambda: (self.instance()["client"].endswith(
            str(back.process.pid)), self.instance()), interval=0.05)
        self.assertEqual(self.instance()["partitions_owned"], 2)
        self.produce(400)
        self.wait_all_committed()
        # A second one under the same name: the one that was there before must end.
        Reader(self, "twin", "--instance-id", "rack-7", "--session-timeout", "600")
        self.assertEqual(back.process.wait(timeout=waiting.DEADLINE_S), 5)
        self.assertEqual(other.interrupt(), 0)
        printed = sorted(other.lines() + killed.lines() + back.lines())
        self.assertEqual(printed, sorted(self.produced))

    def instance(self):
        described = json.loads(self.server.commands.run("groups", "describe", GROUP, "--format",
                                                        "json").stdout)
        return next(one for one in described["members"] if one["instance"])

    def test_a_killed_member_is_replaced(self):
        self.server.commands.run("topics", "create", "logs", "--partitions", "4")
        killed, survivor = Reader(self, "killed"), Reader(self, "survivor")
        self.wait_members(2)
        self.produce(500)
        # In the middle: some of it is printed, some of that is committed.
        waiting.wait_until("the first has printed", lambda: (len(killed.lines()) > 0, None),
                           interval=0.001)
        killed.kill()
        self.produce(500)
        self.wait_all_committed()
        self.wait_members(1)
        self.assertEqual(survivor.interrupt(), 0)
        printed = killed.lines() + survivor.lines()
        self.assertEqual(set(self.produced) - set(printed), set())
        self.assertEqual(set(printed) - set(self.produced), set())
        self.assertEqual(self.consume("--until-end"), [])

    def test_committed_offsets_survive_a_kill_of_the_broker(self):
        self.produce(100)
        printed = []
        for number in range(1, 6):
            printed += self.consume("--max", "15")
            self.server.kill()
            self.server.start()
            self.assertEqual(self.committed(), {0: 15 * number})
        self.assertEqual(printed + self.consume("--until-end"), self.produced)

    def test_members_go_on_after_a_kill_of_the_broker(self):
        self.server.commands.run("topics", "create", "logs", "--partitions", "2")
        readers = [Reader(self, "one"), Reader(self, "two")]
        self.wait_members(2)
        self.produce(200)
        self.wait_all_committed()
        self.server.kill()
        self.server.start()
        self.wait_members(2)
        self.produce(200)
        self.wait_all_committed()
        for reader in readers:
            self.assertEqual(reader.interrupt(), 0)
        # All was committed before, and after: so nothing came again.
        self.assertEqual(sorted(readers[0].lines() + readers[1].lines()), sorted(self.produced))

    def test_committed_offsets_come_back_from_the_copy(self):
        self.produce(100)
        self.consume("--max", "40")
        # After every administrative change there is a new copy.
        self.server.commands.run("topics", "create", "other")
        self.server.kill()
        databases = list(self.server.data_dir.glob("metadata.sqlite*"))
        self.assertTrue(databases)
        for path in databases:
            path.unlink()
        self.server.start()
        said = " ".join(f"{told['name']}: {told['message']}"
                        for told in self.server.status()["conditions"])
        self.assertIn("its copy", said)
        self.assertIn("consumer groups", said)
        self.assertEqual(self.committed(), {0: 40})
        self.assertEqual(self.consume("--until-end"), self.produced[40:])

    def test_lag_says_the_same_in_text_and_json(self):
        self.server.commands.run("topics", "create", "logs", "--partitions", "3")
        self.produce(90)
        self.consume("--max", "50")
        rows = self.lag()
        self.assertEqual(sum(row["lag_records"] for row in rows), 40)
        names = ["broker", "group", "topic", "partition", "committed_offset", "log_start_offset",
                 "log_end_offset", "lag_records", "lag_seconds", "status"]
        for row in rows:
            self.assertEqual(list(row), names)
            self.assertAlmostEqual(row["lag_seconds"], round(row["lag_seconds"], 3), places=9)
        title, *text = self.server.commands.run("lag").stdout.decode().splitlines()
        self.assertEqual(title.split(), ["GROUP", "TOPIC", "PARTITION", "COMMITTED", "START", "END",
                                         "LAG", "BEHIND", "STATUS"])
        for row, line in zip(rows, text, strict=True):
            shown = line.split()
            self.assertEqual(shown[:7] + shown[-1:], [str(row[name]) for name in names[1:8]]
                             + [row["status"]])

    def test_reset_is_shown_done_and_refused_while_there_are_members(self):
        self.produce(30)
        self.assertEqual(self.consume("--until-end"), self.produced)
        reset = ["groups", "reset", GROUP, "--topic", "logs", "--shift", "-10"]
        shown = json.loads(self.server.commands.run(*reset, "--format", "json").stdout)
        self.assertEqual([(row["committed_offset"], row["new_offset"], row["executed"])
                          for row in shown], [(30, 20, False)])
        self.assertEqual(self.committed(), {0: 30})
        reader = Reader(self, "member")
        self.wait_members(1)
        refused = self.server.commands.run(*reset, "--execute", code=1)
        self.assertIn(b"GROUP_NOT_EMPTY", refused.stderr)
        self.assertEqual(reader.interrupt(), 0)
        self.server.commands.run(*reset, "--execute")
        self.assertEqual(self.committed(), {0: 20})
        self.assertEqual(self.consume("--until-end"), self.produced[20:])
        self.server.commands.run("groups", "delete", GROUP, "--yes")
        self.assertIsNone(self.group())


if __name__ == "__main__":
    main.run()
