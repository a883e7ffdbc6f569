"""Many of everything on one broker at once: partitions, topics and connected agents, few descriptors.

One broker that may open no more than --descriptors files; topics are made, agents (simulated clients in
several processes: each says hello as an agent, keeps its session and sends a line now and then) connect,
then the broker is measured, ended, started again, killed and started once more. Exit 1 where an agent loses
its connection, an acknowledged record is missing, or something is refused that should not be.

Making 10,000 partitions is a hundred thousand syncs one after the other: topics are made in a data directory
in memory, which then is copied to --folder.
"""
import argparse
import json
import multiprocessing
import os
import pathlib
import resource
import shutil
import signal
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SOURCE / "tests/e2e"))
sys.path.insert(0, str(SOURCE / "bench"))

from harness import protobuf  # noqa: E402
from harness.broker import Broker  # noqa: E402
from harness.zmtp import Dealer  # noqa: E402
import scale_agents  # noqa: E402

CREATE_TOPIC, HELLO = 15, 10
_UNDER_WAY = 16  # topics that are asked for at a time
_TICKS = os.sysconf("SC_CLK_TCK")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench scale", description=__doc__.split("\n")[0])
    parser.add_argument("--topics", type=int, default=1000)
    parser.add_argument("--partitions", type=int, default=10, help="of each topic (default 10)")
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=4, help="that hold the agents (default 4)")
    parser.add_argument("--descriptors", type=int, default=20_000, help="the broker's limit")
    parser.add_argument("--idle", type=float, default=10, metavar="SECONDS",
                        help="how long the broker is looked at without agents (default 10)")
    parser.add_argument("--busy", type=float, default=60, metavar="SECONDS",
                        help="how long with agents (default 60)")
    parser.add_argument("--line-every", type=float, default=20, metavar="SECONDS",
                        help="of each agent (default 20)")
    parser.add_argument("--folder", type=pathlib.Path, default=SOURCE / "build/bench",
                        help="where the data is kept while it runs")
    parser.add_argument("--memory", type=pathlib.Path, default=pathlib.Path("/dev/shm"),
                        help="where topics are made (default /dev/shm)")
    return parser.parse_args()


class Measured:
    """What the kernel tells of a process."""

    def __init__(self, pid):
        self.pid = pid

    def rss_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return 1024 * int(status.split("VmRSS:")[1].split()[0])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def cpu_share(self, seconds):
        before = self.cpu_s()
        time.sleep(seconds)
        return (self.cpu_s() - before) / seconds


def make_topics(address, topics, partitions):
    """Seconds that it took."""
    begin = time.monotonic()
    apis = [{1: api, 2: 1, 3: 1} for api in range(10, 36)]
    with Dealer(address, timeout_s=600).shake_hands() as dealer:
        dealer.send(protobuf.encode({2: 1, 3: 1, HELLO: {1: "bench", 2: "1", 3: apis}}))
        hello = protobuf.decode(protobuf.decode(dealer.receive()[0])[HELLO][0])
        session = hello[1][0]
        asked = made = 0
        while made < topics:
            while asked < topics and asked - made < _UNDER_WAY:
                asked += 1
                body = {1: scale_agents.topic_name(asked - 1), 2: partitions}
                dealer.send(protobuf.encode({1: session, 2: asked + 1, 3: 1, CREATE_TOPIC: body}))
            answer = protobuf.decode(dealer.receive()[0])
            if answer.get(1, [0])[0] == 0:
                continue
            if 2 in answer:
                raise SystemExit(f"a topic was refused: {protobuf.decode(answer[2][0])}")
            made += 1
    return time.monotonic() - begin


def started(broker):
    """How long until the broker says that it is ready, in words."""
    begin = time.monotonic()
    broker.start()
    seconds = time.monotonic() - begin
    return f"{seconds:.2f} s, {Measured(broker.pid).cpu_s():.2f} s of CPU"


def show(name, figure):
    print(f"{name:<46} {figure}", flush=True)


class Fleet:
    """The processes that hold the agents."""

    def __init__(self, arguments, address):
        each = -(-arguments.agents // arguments.processes)
        self.pipes, self.processes = [], []
        for first in range(0, arguments.agents, each):
            here, there = multiprocessing.Pipe()
            process = multiprocessing.Process(
                target=scale_agents.run, daemon=True,
                args=(there, address, range(first, min(first + each, arguments.agents)),
                      arguments.topics, arguments.line_every))
            process.start()
            there.close()
            self.pipes.append(here)
            self.processes.append(process)

    def wait_connected(self, seconds):
        deadline = time.monotonic() + seconds
        for pipe in self.pipes:
            if not pipe.poll(max(0.0, deadline - time.monotonic())):
                raise SystemExit(f"agents were not connected after {seconds:.0f} s")
            problem = pipe.recv()
            if problem:
                raise SystemExit(problem)

    def stop(self):
        """Counts of all of them: records acknowledged, sessions lost, errors; and how long acks took."""
        for pipe in self.pipes:
            pipe.send("stop")
        told = [pipe.recv() for pipe in self.pipes]
        for process in self.processes:
            process.join()
        counts = {key: sum(one[key] for one, _ in told) for key in told[0][0]}
        return counts, sorted(second for _, seconds in told for second in seconds)


def listed(broker, what):
    return json.loads(broker.commands.run(what, "list", "--format", "json").stdout)


def limit_descriptors(count):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise SystemExit(f"this shell may open {hard} files, {count} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, 1024), count))


def make_directory(arguments, folder):
    """A data directory with the topics, made in memory; then in `folder`."""
    with tempfile.TemporaryDirectory(prefix="scale-", dir=arguments.memory) as memory:
        maker = Broker(memory, name="maker")
        try:
            maker.start()
            seconds = make_topics(maker.address, arguments.topics, arguments.partitions)
            show(f"{arguments.topics} topics of {arguments.partitions} partitions made, in memory",
                 f"{seconds:.1f} s")
            maker.stop()
        finally:
            maker.clean_up()
        shutil.copytree(maker.data_dir, folder / "broker")


def measure_idle(arguments, kernel, empty_bytes):
    show("idle: CPU", f"{100 * kernel.cpu_share(arguments.idle):.2f} %")
    each = (kernel.rss_bytes() - empty_bytes) / (arguments.topics * arguments.partitions)
    show("idle: memory", f"{kernel.rss_bytes() / 1e6:.1f} MB, {each:.0f} bytes for each partition")
    show("idle: descriptors", kernel.descriptors())


def measure_agents(arguments, broker, kernel):
    """Records that were acknowledged; whether all went well."""
    begin = time.monotonic()
    fleet = Fleet(arguments, broker.address)
    fleet.wait_connected(120)
    show(f"{arguments.agents} agents connected", f"{time.monotonic() - begin:.1f} s")
    share = kernel.cpu_share(arguments.busy)
    show("with agents: CPU", f"{100 * share:.1f} %")
    show("with agents: memory", f"{kernel.rss_bytes() / 1e6:.1f} MB")
    show("with agents: descriptors", kernel.descriptors())
    counts, seconds = fleet.stop()
    begin = time.monotonic()
    topics = listed(broker, "topics")
    agents = listed(broker, "agents")
    show("topics list and agents list",
         f"{len(topics)} and {len(agents)}, {time.monotonic() - begin:.2f} s")
    show("lines acked, asked to wait, refused",
         f"{counts['acked']}, {counts['busy']}, {counts['refused']}")
    for percent in (50, 99):
        if seconds:
            show(f"ack, p{percent}", f"{1000 * seconds[(len(seconds) - 1) * percent // 100]:.0f} ms")
    show("connections lost, sessions begun anew", f"{counts['lost']}, {counts['again']}")
    good = len(topics) == arguments.topics and len(agents) == arguments.agents
    return counts["acked"], (good and counts["lost"] == 0 and counts["refused"] == 0 and
                             counts["acked"] > 0)


def measure_starts(broker, acked):
    """Whether every record that was acknowledged is there after each."""
    begin = time.monotonic()
    broker.stop()
    show("clean stop", f"{time.monotonic() - begin:.2f} s")
    show("start after a clean stop", started(broker))
    kept = sum(broker.commands.end_offsets().values())
    show("records found", kept)
    show("memory after a clean start", f"{Measured(broker.pid).rss_bytes() / 1e6:.1f} MB")
    broker.kill()
    show("start after kill -9", started(broker))
    again = sum(broker.commands.end_offsets().values())
    broker.stop()
    return kept == again == acked


def run(arguments, folder):
    limit_descriptors(arguments.descriptors)
    empty = Broker(folder, name="empty")
    broker = Broker(folder)
    try:
        show("start, empty", started(empty))
        empty_bytes = Measured(empty.pid).rss_bytes()
        empty.stop()
        make_directory(arguments, folder)
        show("start after a clean stop", started(broker))
        kernel = Measured(broker.pid)
        measure_idle(arguments, kernel, empty_bytes)
        acked, good = measure_agents(arguments, broker, kernel)
        good = measure_starts(broker, acked) and good
        print("ok" if good else "FAILED", flush=True)
        return 0 if good else 1
    finally:
        empty.clean_up()
        broker.clean_up()


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scale-", dir=arguments.folder))
    try:
        return run(arguments, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
