"""What a broker carries, beside what the machine itself can do, in one run.

Four producers send batches of 256 KiB raw (zstd, made before the clock runs) to a topic of eight
partitions: as fast as they are acknowledged as synced, then at a fixed rate (open loop: a batch's
latency counts from the moment at which it was due; beside it 4 KiB are synced each 10 ms, so that the
disk's own stalls are told from the broker's), then acknowledged as written. At the end a reader
fetches the sealed segments. Exit 1 where something fails, not where it is slow.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SOURCE / "tests/e2e"))

from harness import places, proc  # noqa: E402
from harness.broker import Broker  # noqa: E402
import log_mix  # noqa: E402

PARTITIONS = 8
SYNC_CHUNK_KIB = 1024
MESSAGE_KIB = 64
FETCH_MESSAGE_KIB = 1024
OPEN_LOOP_MB_PER_S = 50
_LINES_MB = 20


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench broker", description=__doc__.split("\n")[0])
    parser.add_argument("--mb", type=int, default=1000,
                        help="bytes of batches that each step sends (default 1000)")
    parser.add_argument("--rate", type=float, default=OPEN_LOOP_MB_PER_S, metavar="MB_PER_S",
                        help=f"of the open loop (default {OPEN_LOOP_MB_PER_S})")
    parser.add_argument("--folder", type=pathlib.Path, default=SOURCE / "build/bench",
                        help="where the data is while it runs")
    return parser.parse_args()


def start_load(*words):
    return subprocess.Popen([places.program("broker_load"), *map(str, words)],
                            stdout=subprocess.PIPE, text=True)


def answer_of(process):
    out, _ = process.communicate()
    if process.returncode != 0:
        sys.exit(process.returncode)
    return json.loads(out)


def load(*words):
    return answer_of(start_load(*words))


def show(name, value, unit, beside=""):
    print(f"  {name:<46} {value:>8} {unit:<5} {beside}".rstrip(), flush=True)


def share(figure, limit):
    return f"{100 * figure['mb_per_s'] / limit['mb_per_s']:.0f} % of the machine's"


class Measured:
    """A step's answer, and what the broker paid for it."""

    def __init__(self, broker, step):
        cpu = proc.cpu_seconds(broker.pid)
        syncs = broker.status()["syncs"]
        self.answer = step()
        self.cpu = proc.cpu_seconds(broker.pid) - cpu
        self.syncs = broker.status()["syncs"] - syncs


def topic_id_of(broker, topic):
    topics = json.loads(broker.commands.run("topics", "list", "--format", "json").stdout)
    return next(row["topic_id"] for row in topics if row["name"] == topic)


def make_topic(broker, name):
    # Small segments, so that nearly all that is fetched is sealed.
    broker.commands.run("topics", "create", name, "--partitions", PARTITIONS,
                        "--set", "segment.bytes=33554432")
    return topic_id_of(broker, name)


def run(options, folder, lines):
    writes = load("writes", folder, options.mb, SYNC_CHUNK_KIB)
    loopback = load("loopback", options.mb, MESSAGE_KIB)
    fetch_loopback = load("loopback", options.mb, FETCH_MESSAGE_KIB)
    print(f"{options.mb} MB a step, {PARTITIONS} partitions, {os.cpu_count()} processors")
    show(f"machine: write and fdatasync, {SYNC_CHUNK_KIB} KiB", writes["mb_per_s"], "MB/s")
    show(f"machine: ZeroMQ loopback, {MESSAGE_KIB} KiB", loopback["mb_per_s"], "MB/s")
    show(f"machine: ZeroMQ loopback, {FETCH_MESSAGE_KIB} KiB", fetch_loopback["mb_per_s"], "MB/s")
    broker = Broker(folder)
    try:
        broker.start()
        topic = make_topic(broker, "bench")

        def produce(acks, rate, mb):
            return Measured(broker, lambda: load("produce", broker.address, topic, lines, mb, acks,
                                                 rate))

        synced = produce("synced", 0, options.mb)
        figure = synced.answer
        show("produce, acked as synced", figure["mb_per_s"], "MB/s", share(figure, writes))
        show("  of raw lines", figure["raw_mb_per_s"], "MB/s")
        show("  batches a sync", f"{figure['batches'] / max(synced.syncs, 1):.1f}", "")
        show("  broker's CPU of a GB", f"{1000 * synced.cpu / options.mb:.2f}", "s")
        paced_mb = max(options.mb // 2, 1)
        beside = start_load("pulse", folder, paced_mb / options.rate)
        paced = produce("synced", options.rate, paced_mb).answer
        pulse = answer_of(beside)

        def show_latency(name, which):
            show(name, paced[which], "ms", f"the machine's, at the same time: {pulse[which]} ms")
        show_latency(f"ack at {options.rate:g} MB/s, open loop, p50", "p50_ms")
        show_latency("  p99", "p99_ms")
        show_latency("  max", "max_ms")
        written = produce("written", 0, options.mb).answer
        show("produce, acked as written", written["mb_per_s"], "MB/s", share(written, loopback))
        fetched = Measured(broker, lambda: load("fetch", broker.address, topic))
        show("fetch, sealed", fetched.answer["mb_per_s"], "MB/s",
             share(fetched.answer, fetch_loopback))
        show("  broker's CPU of a GB", f"{1e9 * fetched.cpu / fetched.answer['bytes']:.2f}", "s")
        show("broker, peak memory", f"{proc.peak_resident_bytes(broker.pid) / (1 << 20):.1f}", "MiB")
        assert broker.stop() == 0, broker.stderr_text()
    finally:
        broker.clean_up()


def main():
    options = parse_arguments()
    lines = log_mix.cached(options.folder, _LINES_MB)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="run-", dir=options.folder))
    try:
        run(options, folder, lines)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
