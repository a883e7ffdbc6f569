"""What the pipe carries: file -> agent -> broker -> disk -> consumer, and each byte compared.

One agent reads a file once, into one topic of one broker on the same machine, every batch acknowledged
after its sync; then a consumer reads it all back. Beside it `zstd -1` alone on the same bytes, in the
same run, so that the figures of two machines can be compared. Exit 1 where the bytes differ.
"""
import argparse
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SOURCE / "tests/e2e"))

from harness import proc  # noqa: E402
from harness.agent import Agent, Counts  # noqa: E402
from harness.broker import Broker  # noqa: E402
import log_mix  # noqa: E402

MB = 1_000_000
MIB = 1 << 20
_READ_BYTES = 1 << 20
_SAMPLE_S = 0.02
TOPIC = "bench"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench pipe", description=__doc__.split("\n")[0])
    parser.add_argument("--mb", type=int, default=1000, help="size of the file (default 1000)")
    parser.add_argument("--runs", type=int, default=1, help="how often (default 1)")
    parser.add_argument("--folder", type=pathlib.Path, default=SOURCE / "build/bench",
                        help="where the file is kept, and the data while it runs")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
                        help="a configuration key of the agent")
    return parser.parse_args()


def cpu_of(usage):
    return usage.ru_utime + usage.ru_stime


def drained(stream, take):
    """Hands `take` all that comes, and returns how many bytes it was."""
    total = 0
    while data := stream.read(_READ_BYTES):
        take(data)
        total += len(data)
    return total


def run_zstd(path):
    """(CPU seconds, bytes) of zstd -1 on the file, alone on one thread."""
    process = subprocess.Popen(["zstd", "-1", "--single-thread", "-q", "-c", str(path)],
                               stdout=subprocess.PIPE)
    size = drained(process.stdout, lambda data: None)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    assert process.returncode == 0, "zstd failed"
    return cpu_of(usage), size


def run_agent(agent):
    """Runs it to its end; returns (seconds, peak memory, counts)."""
    begin, peak = time.monotonic(), 0
    agent.start(ready=False, extra=["--once"])
    while agent.running():
        try:
            peak = max(peak, proc.peak_resident_bytes(agent.process.pid))
        except (FileNotFoundError, ProcessLookupError):
            pass  # it ended in between
        time.sleep(_SAMPLE_S)
    seconds = time.monotonic() - begin
    assert agent.process.returncode == 0, agent.stderr_text()
    return seconds, peak, Counts(agent.output().decode())


def run_consumer(broker):
    """(seconds, CPU seconds, hash) of reading it all as raw lines."""
    begin, sha256 = time.monotonic(), hashlib.sha256()
    process = broker.commands.popen("consume", TOPIC, "--from", "earliest", "--until-end",
                                    "--format", "raw", stdout=subprocess.PIPE)
    drained(process.stdout, sha256.update)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    assert process.returncode == 0, "consume failed"
    return time.monotonic() - begin, cpu_of(usage), sha256.hexdigest()


def file_hash(path):
    """Read before the run: the file is then in the page cache, for zstd and the agent alike."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def show(name, value, unit):
    print(f"  {name:<42} {value:>12} {unit}", flush=True)


def run(options, path, folder):
    """One run; returns whether the bytes came back."""
    wanted, size = file_hash(path), path.stat().st_size
    zstd_cpu, zstd_bytes = run_zstd(path)
    broker = Broker(folder)
    agent = Agent(folder, broker, [path], topic=TOPIC, settings=options.settings)
    try:
        broker.start()
        syncs = broker.status()["syncs"]
        broker_cpu = proc.cpu_seconds(broker.pid)
        seconds, agent_peak, counts = run_agent(agent)
        broker_cpu = proc.cpu_seconds(broker.pid) - broker_cpu
        syncs = broker.status()["syncs"] - syncs
        stored = sum(file.stat().st_size for file in broker.log_files(TOPIC))
        read_seconds, read_cpu, got = run_consumer(broker)
        broker_peak = proc.peak_resident_bytes(broker.pid)
        assert broker.stop() == 0, broker.stderr_text()
    finally:
        agent.clean_up()
        broker.clean_up()
    agent_cpu = cpu_of(agent.usage)
    print(f"{size / MB:.0f} MB, {counts.records} lines, {os.cpu_count()} processors")
    show("pipe, wall", f"{size / MB / seconds:.0f}", "MB/s")
    show("pipe, lines", f"{counts.records / seconds / 1e6:.2f}", "M/s")
    show("agent, of a CPU second", f"{size / MB / agent_cpu:.0f}", "MB")
    show("agent, peak memory", f"{agent_peak / MIB:.1f}", "MiB")
    show("broker, CPU of a GB", f"{broker_cpu / size * 1000 * MB:.2f}", "s")
    show("broker, peak memory (with the reading)", f"{broker_peak / MIB:.1f}", "MiB")
    show("stored", f"{stored / MB:.0f}", "MB")
    show("syncs", f"{syncs}", "")
    show("consume --format raw, wall", f"{size / MB / read_seconds:.0f}", "MB/s")
    show("consume --format raw, of a CPU second", f"{size / MB / read_cpu:.0f}", "MB")
    show("zstd -1 alone, of a CPU second", f"{size / MB / zstd_cpu:.0f}", "MB")
    show("zstd -1 alone, size", f"{zstd_bytes / MB:.0f}", "MB")
    show("agent's CPU time to zstd's", f"{agent_cpu / zstd_cpu:.2f}", "times")
    show("stored to zstd's size", f"{stored / zstd_bytes:.2f}", "times")
    show("bytes that came back", "the same" if got == wanted else "OTHERS", "")
    return got == wanted


def main():
    options = parse_arguments()
    path = log_mix.cached(options.folder, options.mb)
    for _ in range(options.runs):
        # On the same disk as the file: /tmp may be memory.
        folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=options.folder))
        try:
            if not run(options, path, folder):
                return 1
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
