"""Runs the whole of Logboom on simulated machines, with faults, from many seeds, and counts them.

sim.py [COUNT] [--seed FIRST] [--jobs N]

Agents, broker and clients are the real ones; disks, network and time are models. Each run holds every
invariant of docs/reliability.md, or the test says which one broke, and how to see it again: exit 1.
"""
import argparse
import os
import pathlib
import random
import re
import subprocess
import sys
import time

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_BIN = pathlib.Path(os.environ.get("LOGBOOM_BIN") or _ROOT / "build/release/bin")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev torture sim", description=__doc__.split("\n")[0])
    parser.add_argument("count", nargs="?", type=int, default=1000, metavar="COUNT",
                        help="runs (default 1000)")
    parser.add_argument("--seed", type=int, default=None, metavar="FIRST",
                        help="default: a new one, printed; the runs take it and those that follow")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1,
                        help="processes side by side (default: one a core)")
    return parser.parse_args()


def start(first, count):
    environment = dict(os.environ, LOGBOOM_SIM_FIRST=str(first), LOGBOOM_SIM_SEEDS=str(count))
    environment.pop("LOGBOOM_SIM_SEED", None)
    return subprocess.Popen([_BIN / "sim_test", "--gtest_filter=Sim.SeedsHoldAllInvariants"],
                            env=environment, stdout=subprocess.PIPE, text=True)


class Totals:
    """What the parts counted, in sum."""

    def __init__(self):
        self.hours = 0.0
        self.counts, self.faults = {}, {}

    def add(self, output):
        self.hours += sum(float(n) for n in re.findall(r"([\d.]+) simulated hours", output))
        for line in re.findall(r"^(\d+ lines arrived, .*)$", output, re.MULTILINE):
            for count, what in re.findall(r"(\d+) ([^,]+)", line):
                self.counts[what] = self.counts.get(what, 0) + int(count)
        for line in re.findall(r"^faults: (.*)$", output, re.MULTILINE):
            for name, count in re.findall(r"([^,]+?) (\d+)(?:, |$)", line):
                self.faults[name] = self.faults.get(name, 0) + int(count)

    def print(self, took_s):
        print(f"{self.hours:.1f} simulated hours in {took_s:.0f} s, "
              f"{self.hours / took_s * 60:.0f} a minute")
        print(", ".join(f"{count} {what}" for what, count in self.counts.items()))
        for name, count in self.faults.items():
            print(f"{count:>9}  {name}")


def main():
    options = parse_arguments()
    first = random.SystemRandom().randrange(2 ** 48) if options.seed is None else options.seed
    jobs = max(1, min(options.jobs, options.count))
    print(f"{options.count} seeds from {first} (--seed {first}), {jobs} side by side", flush=True)
    begin = time.monotonic()
    ends = [options.count * i // jobs for i in range(jobs + 1)]
    parts = [start(first + a, b - a) for a, b in zip(ends, ends[1:])]
    totals = Totals()
    failed = False
    for part in parts:
        output = part.communicate()[0]
        totals.add(output)
        if part.returncode != 0:
            failed = True
            print(output)
    totals.print(time.monotonic() - begin)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
