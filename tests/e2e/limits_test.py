"""What the programs cost while they have nothing to do."""
import time

from harness import main, proc
from harness.case import ProcessCase
from harness.waiting import wait_until

BROKER_READY_S = 0.150
BROKER_IDLE_BYTES = 40 << 20
AGENT_IDLE_BYTES = 20_000_000
QUIET_FILES = 1_000
# Other work on the machine makes a start slower, never faster.
STARTS = 10


class Idle(ProcessCase):
    def test_a_broker_is_ready_at_once(self):
        broker = self.broker()
        seconds = []
        for _ in range(STARTS):
            begin = time.monotonic()
            broker.start()
            seconds.append(time.monotonic() - begin)
            self.assert_stopped_cleanly(broker)
        print(f"ready after {min(seconds) * 1000:.0f} to {max(seconds) * 1000:.0f} ms")
        self.assertLess(min(seconds), BROKER_READY_S)

    def test_an_idle_broker_is_small(self):
        broker = self.broker().start()
        broker.commands.produce("logs", b"a line\n")
        resident = proc.resident_bytes(broker.pid)
        print(f"{resident / (1 << 20):.1f} MiB")
        self.assertLess(resident, BROKER_IDLE_BYTES)

    def test_an_idle_agent_is_small(self):
        broker = self.broker().start()
        agent = self.agent(broker, self.log("app.log", b"a line\n")).start()
        wait_until("the line is stored", lambda: broker.commands.end_offset("logs") == 1)
        resident = proc.resident_bytes(agent.pid)
        print(f"{resident / (1 << 20):.1f} MiB")
        self.assertLess(resident, AGENT_IDLE_BYTES)

    def test_an_agent_with_many_quiet_files_is_as_small(self):
        for number in range(QUIET_FILES):
            self.log(f"quiet/{number}.log", f"of {number}: {'x' * 2000}\n".encode())
        broker = self.broker().start()
        agent = self.agent(broker, self.logs / "quiet" / "*.log").start()
        wait_until("all is stored", lambda: broker.commands.end_offset("logs") == QUIET_FILES)
        # It gives back what it took for batches some seconds after the last one.
        wait_until("it is small",
                   lambda: proc.resident_bytes(agent.pid) < AGENT_IDLE_BYTES, 30)


if __name__ == "__main__":
    main.run()
