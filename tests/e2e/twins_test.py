"""Two agents of one id on one machine: the newer one goes on alone, whatever ends their sessions."""
from harness import main, waiting
from harness.case import ProcessCase


class Twins(ProcessCase):
    def wait_stored(self, broker, count):
        waiting.wait_until(f"{count} lines are stored",
                           lambda: broker.commands.end_offset("logs") >= count, interval=0.1)

    def test_of_two_agents_with_one_id_the_older_ends(self):
        broker = self.broker().start()
        path = self.log("a.log", b"1\n")
        older = self.agent(broker, self.logs / "*.log", name="older", agent_id="twin").start()
        self.wait_stored(broker, 1)
        newer = self.agent(broker, self.logs / "*.log", name="newer", agent_id="twin").start()
        # Both lose their sessions; each says hello to the one that comes up.
        broker.process.kill()
        broker.wait()
        written = 1
        for turn in range(3):
            self.log(f"{turn}.log", b"new\n")
            with open(path, "ab") as file:
                file.write(b"more\n")
            written += 2
            broker.start()
            self.wait_stored(broker, written)
            broker.process.kill()
            broker.wait()
        broker.start()
        waiting.wait_until("the older one has ended", lambda: not older.running())
        self.assertEqual(older.wait(), 3, older.stderr_text())
        self.assertTrue(newer.running())
        with open(path, "ab") as file:
            file.write(b"last\n")
        self.wait_stored(broker, written + 1)
        self.assert_stopped_cleanly(newer, broker)
        broker.start()
        self.assertEqual(broker.commands.end_offset("logs"), written + 1)


if __name__ == "__main__":
    main.run()
