"""Breaks the network between agent, reader and broker, and counts what became of every line.

network.py [COUNT] [--seed N] [--rate LINES] [--max-s SECONDS]

The broker stands in a network namespace of its own, the agent and a reader in another; COUNT times the
cable between them loses, delays, damages or doubles frames, is narrow, is cut in one direction or in
both, connections are reset, or one end stands still. Each time it heals, lines must arrive again. At the
end every line that was written must be stored once, and the reader must have had the same.
"""
import argparse
import collections
import random
import shutil
import signal
import subprocess
import sys
import time

import link
from pipe import TOPICS, Pipe, report, seed_of, tell, try_in_folder

from harness import records
from harness.main import NOT_RUN

_BROKER, _AGENT = "127.99.0.1", "127.99.0.2"
_PORT = 4690
_HEALED_S = 30.0
_LOOK_S = 0.1
_PROGRESS_S = 5.0


def _both(**weather):
    return link.Weather(**weather), link.Weather(**weather)


# Each draws the weather towards the broker and back.
_WEATHERS = {
    "loss": lambda chance: _both(lost=chance.uniform(0, 0.2)),
    "delay": lambda chance: _both(delay_ms=chance.uniform(0, 300), jitter_ms=chance.uniform(0, 50)),
    "disorder": lambda chance: _both(jitter_ms=chance.uniform(5, 100)),
    "doubles": lambda chance: _both(doubled=chance.uniform(0, 0.3)),
    "damage": lambda chance: _both(damaged=chance.uniform(0, 0.05)),
    "narrow": lambda chance: _both(bytes_per_s=chance.uniform(20_000, 500_000)),
    "silence": lambda _: (None, None),
    "deaf broker": lambda _: (None, link.Weather()),
    "mute broker": lambda _: (link.Weather(), None),
    "all at once": lambda chance: _both(lost=chance.uniform(0, 0.1), doubled=0.05, damaged=0.01,
                                        delay_ms=chance.uniform(0, 100), jitter_ms=30),
}
_STANDING_STILL = ("broker", "agent")
KINDS = (*_WEATHERS, "reset", *(f"the {name} stands still" for name in _STANDING_STILL))


class Rig(Pipe):
    def __init__(self, options, folder, seed):
        super().__init__(folder, seed, files=4, rate=options.rate, rotation="all")
        self.options = options
        self.chance = random.Random(seed)
        self.here, self.there = link.Namespace(), link.Namespace()
        self.cable = link.Cable(self.there.add_tap("lb0", _AGENT), self.here.add_tap("lb0", _BROKER),
                                seed)
        self.broker.address = f"tcp://{_BROKER}:{_PORT}"
        self.readers = {}
        self.counts = collections.Counter()
        self.healed_s = []

    def start(self):
        self.broker.start()
        with self.there:
            for topic in TOPICS:
                self.broker.commands.run("topics", "create", topic, "--partitions", "1")
                with open(self.folder / f"{topic}.read", "wb") as out, \
                        open(self.folder / "readers.stderr", "ab") as errors:
                    self.readers[topic] = self.broker.commands.popen(
                        "consume", topic, "--from", "earliest", "--format", "json", stdout=out,
                        stderr=errors)
            self.agent.start()
        self.start_writer()

    def clean_up(self):
        for reader in self.readers.values():
            reader.kill()
            reader.wait()
        super().clean_up()

    def once(self):
        with self.there:
            return super().once()

    def break_all(self, begin):
        # Each kind comes before one comes again.
        plan = []
        while len(plan) < self.options.count:
            plan += self.chance.sample(KINDS, len(KINDS))
        told = time.monotonic()
        for done, kind in enumerate(plan[:self.options.count]):
            self._disturb(kind)
            self._await_lines(kind)
            self.counts[kind] += 1
            if time.monotonic() - told > _PROGRESS_S:
                told = time.monotonic()
                tell(f"{told - begin:6.1f} s  {done + 1} of {self.options.count}")

    def _disturb(self, kind):
        for_s = self.chance.uniform(0.05, self.options.max_s)
        for name in _STANDING_STILL:
            if kind == f"the {name} stands still":
                daemon = getattr(self, name)
                daemon.send(signal.SIGSTOP)
                time.sleep(for_s)
                daemon.send(signal.SIGCONT)
                return
        if kind == "reset":
            subprocess.run(["ss", "-t", "-K", "dst", _AGENT], check=True, stdout=subprocess.DEVNULL)
            return
        self.cable.set(*_WEATHERS[kind](self.chance))
        time.sleep(for_s)
        self.cable.set(*_both())

    def _await_lines(self, kind):
        healed, stored = time.monotonic(), self.stored()
        while self.stored() == stored:
            if time.monotonic() - healed > _HEALED_S:
                raise AssertionError(f"nothing arrives {_HEALED_S:.0f} s after '{kind}' is over")
            time.sleep(_LOOK_S)
        self.healed_s.append(time.monotonic() - healed)

    def before_end(self):
        """Where a reader has not had just what is stored."""
        problems = []
        for topic, reader in self.readers.items():
            stored = records.parse(self.broker.commands.consume_json(topic))
            path = self.folder / f"{topic}.read"
            expected = [(one.offset, one.value) for one in stored]
            deadline = time.monotonic() + _HEALED_S
            while path.read_bytes().count(b"\n") < len(expected) and time.monotonic() < deadline:
                time.sleep(_LOOK_S)
            if reader.poll() is not None:
                problems.append(f"the reader of {topic} ended with {reader.returncode}")
            read = [(one.offset, one.value) for one in records.parse(path.read_bytes())]
            if read != expected:
                problems.append(f"the reader of {topic} has read {len(read)} records, "
                                f"{len(expected)} are stored, and they are not the same")
        return problems


def run(rig):
    """Returns whether all is well."""
    begin = time.monotonic()
    with rig.here:
        rig.start()
        rig.break_all(begin)
        verdict, problems = rig.settle()
    frames = rig.cable.close()
    slowest = sorted(rig.healed_s)
    tell(f"seed {rig.seed}; {sum(rig.counts.values())} disturbances: "
         + ", ".join(f"{count} {kind}" for kind, count in sorted(rig.counts.items())))
    tell("frames: " + ", ".join(f"{count} {what}" for what, count in frames.items())
         + f"; first line after healing: median {slowest[len(slowest) // 2]:.1f} s, at most "
         f"{slowest[-1]:.1f} s; {time.monotonic() - begin:.1f} s in all")
    return report(verdict, problems)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev torture network",
                                     description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("count", nargs="?", type=int, default=100, metavar="COUNT",
                        help="disturbances (default 100)")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--rate", type=int, default=2000, help="lines per second (default 2000)")
    parser.add_argument("--max-s", type=float, default=4.0, help="the longest of them (default 4)")
    parser.add_argument("--keep", action="store_true", help="keep the folder also where all is well")
    return parser.parse_args()


def main():
    options = parse_arguments()
    reason = link.missing() or (None if shutil.which("ss") else "ss (iproute2) is not installed")
    if reason:
        print(f"NOT RUN: {reason}", file=sys.stderr)
        return NOT_RUN
    seed = seed_of(options)
    _, well = try_in_folder(lambda folder: Rig(options, folder, seed), run, seed, options.keep)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
