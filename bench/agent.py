"""What an agent costs: idle on many files, late by how much, and beside rsyslog on the same bytes.

idle: the agent has acked all files and nobody writes: its share of a core, memory, descriptors.
latency: 1,000 lines a second of 150 bytes, written on a schedule whatever comes of them; the time
from a line's turn in that schedule to its arrival at a consumer, which sees synced records alone.
throughput: the agent sends the file of `./dev bench pipe`, compressed and every batch acknowledged
after its sync; beside it `zstd -1` alone on the same bytes, and rsyslog, whose imfile reads the file
and writes it to /dev/null, without an ack, compression or a network.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SOURCE / "tests/e2e"))

from harness import proc  # noqa: E402
from harness.agent import Agent  # noqa: E402
from harness.broker import Broker  # noqa: E402
import log_mix  # noqa: E402
import pipe  # noqa: E402
from pipe import MB, MIB, show  # noqa: E402

LINE_BYTES = 150
LINES_A_SECOND = 1_000
_PEERS = SOURCE / "build/peers"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench agent", description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, nargs="*", default=[1_000, 10_000],
                        help="numbers of quiet files (default 1000 10000)")
    parser.add_argument("--quiet", type=float, default=30, metavar="S",
                        help="how long they have been quiet before it is measured (default 30; 300 "
                             "closes them)")
    parser.add_argument("--seconds", type=float, default=30, help="of each measurement (default 30)")
    parser.add_argument("--lingers", nargs="*", default=["500ms", "10ms", "0ms"])
    parser.add_argument("--mb", type=int, default=1000, help="of the file that is sent; 0: without")
    parser.add_argument("--folder", type=pathlib.Path, default=SOURCE / "build/bench")
    return parser.parse_args()


def await_acked(broker, files, bytes_written, topic):
    """Until the broker has every line; the agent's report may be behind."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        ends = broker.commands.end_offsets()
        if ends.get(topic, 0) >= bytes_written // LINE_BYTES:
            return
        time.sleep(0.5)
    raise AssertionError(f"of {files} files not all arrived")


def idle(options, folder, count):
    logs = folder / "logs"
    logs.mkdir()
    for number in range(count):
        line = f"{number:05} ".encode()  # else each would be a copy of the first
        line += b"x" * (LINE_BYTES - len(line) - 1) + b"\n"
        (logs / f"{number:05}.log").write_bytes(line * 10)
    broker, agent = Broker(folder), None
    try:
        broker.start()
        agent = Agent(folder, broker, [logs / "*.log"], topic="idle")
        agent.start()
        await_acked(broker, count, count * 10 * LINE_BYTES, "idle")
        time.sleep(options.quiet)
        pid, begin = agent.process.pid, time.monotonic()
        cpu = proc.cpu_seconds(pid)
        time.sleep(options.seconds)
        share = (proc.cpu_seconds(pid) - cpu) / (time.monotonic() - begin)
        print(f"{count} files, quiet for {options.quiet:.0f} s, measured for {options.seconds:.0f} s")
        show("agent, of one core", f"{share * 100:.2f}", "%")
        show("agent, memory", f"{proc.resident_bytes(pid) / MIB:.1f}", "MiB")
        show("agent, open descriptors", f"{len(os.listdir(f'/proc/{pid}/fd'))}", "")
    finally:
        if agent:
            agent.clean_up()
        broker.clean_up()


def write_on_schedule(path, begin, lines):
    """Each line says when its turn was."""
    with open(path, "ab", buffering=0) as file:
        for number in range(lines):
            due = begin + number / LINES_A_SECOND
            while (left := due - time.monotonic()) > 0:
                time.sleep(left)
            head = f"{due:.6f} ".encode()
            file.write(head + b"x" * (LINE_BYTES - len(head) - 1) + b"\n")


def latency(options, folder, linger):
    log = folder / "app.log"
    log.touch()
    broker, agent, reader = Broker(folder), None, None
    lines = int(options.seconds * LINES_A_SECOND)
    try:
        broker.start()
        broker.commands.run("topics", "create", "latency", "--partitions", "1")
        agent = Agent(folder, broker, [log], topic="latency", settings=[f"agent.linger={linger}"])
        agent.start()
        reader = broker.commands.popen("consume", "latency", "--from", "earliest", "--format", "raw",
                                       stdout=subprocess.PIPE, bufsize=0)
        time.sleep(2)  # sessions stand; this is no test
        writer = threading.Thread(target=write_on_schedule,
                                  args=(log, time.monotonic() + 0.5, lines))
        writer.start()
        late, rest = [], b""
        while len(late) < lines:
            data = os.read(reader.stdout.fileno(), 1 << 20)
            now = time.monotonic()
            assert data, "the consumer ended"
            *whole, rest = (rest + data).split(b"\n")
            late += [now - float(line.split(b" ", 1)[0]) for line in whole]
        writer.join()
        late.sort()
        print(f"linger {linger}: {lines} lines, {LINES_A_SECOND} a second")
        show("written to visible, p50", f"{late[len(late) // 2] * 1000:.1f}", "ms")
        show("written to visible, p99", f"{late[len(late) * 99 // 100] * 1000:.1f}", "ms")
        show("written to visible, most", f"{late[-1] * 1000:.1f}", "ms")
    finally:
        if reader:
            reader.terminate()
            reader.wait()
        if agent:
            agent.clean_up()
        broker.clean_up()


def throughput(options, folder):
    path = log_mix.cached(options.folder, options.mb)
    megabytes = path.stat().st_size / MB
    pipe.file_hash(path)  # reads it: all find it in the page cache
    zstd_cpu, _ = pipe.run_zstd(path)
    broker = Broker(folder)
    agent = Agent(folder, broker, [path], topic="throughput")
    try:
        broker.start()
        seconds, peak, counts = pipe.run_agent(agent)
    finally:
        agent.clean_up()
        broker.clean_up()
    agent_cpu = pipe.cpu_of(agent.usage)
    print(f"{megabytes:.0f} MB, {counts.records} lines")
    show("zstd -1 alone, of a CPU second", f"{megabytes / zstd_cpu:.0f}", "MB")
    show("agent, of a CPU second", f"{megabytes / agent_cpu:.0f}", "MB")
    show("agent, of what zstd -1 makes", f"{zstd_cpu / agent_cpu:.2f}", "times")
    show("agent and broker, wall", f"{megabytes / seconds:.0f}", "MB/s")
    show("agent, peak memory", f"{peak / MIB:.1f}", "MiB")
    rsyslog(path, counts.records, folder)


def rsyslog(path, lines, folder):
    programs = list(_PEERS.glob("rsyslog/usr/sbin/rsyslogd"))
    if not programs:
        print("rsyslog: NOT RUN: its package could not be had")
        return
    out = folder / "lines"
    config = folder / "rsyslog.conf"
    config.write_text(
        f'global(workDirectory="{folder}" maxMessageSize="64k")\n'
        'module(load="imfile" mode="inotify")\n'
        'module(load="impstats" interval="1" log.syslog="off" '
        f'log.file="{out}" resetCounters="off")\n'
        'ruleset(name="count" queue.type="direct") { action(name="end" type="omfile" '
        'file="/dev/null") }\n'
        f'input(type="imfile" File="{path}" Tag="x" ruleset="count" '
        'freshStartTail="off" readMode="0")\n', encoding="utf-8")
    libraries = ":".join(str(one) for one in _PEERS.glob("*/usr/lib/x86_64-linux-gnu"))
    process = subprocess.Popen(
        [str(programs[0]), "-n", "-f", str(config), "-i", str(folder / "pid"),
         "-M", str(_PEERS / "rsyslog/usr/lib/x86_64-linux-gnu/rsyslog")],
        env={**os.environ, "LD_LIBRARY_PATH": libraries}, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            counts = re.findall(r"end: .*?processed=(\d+)", out.read_text() if out.exists() else "")
            if counts and int(counts[-1]) >= lines:
                break
            assert process.poll() is None, "rsyslogd ended"
            time.sleep(0.2)
        cpu = proc.cpu_seconds(process.pid)
        show("rsyslog, of a CPU second", f"{path.stat().st_size / MB / cpu:.0f}", "MB")
        show("rsyslog, memory", f"{proc.peak_resident_bytes(process.pid) / MIB:.1f}", "MiB")
    finally:
        process.terminate()
        process.wait()


def main():
    options = parse_arguments()
    options.folder.mkdir(parents=True, exist_ok=True)
    parts = [lambda folder, n=count: idle(options, folder, n) for count in options.files]
    parts += [lambda folder, one=linger: latency(options, folder, one) for linger in options.lingers]
    if options.mb:
        parts.append(lambda folder: throughput(options, folder))
    for part in parts:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="agent-", dir=options.folder))
        try:
            part(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
