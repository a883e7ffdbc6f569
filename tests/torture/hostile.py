"""Peers that no client of ours is like, in numbers, beside an agent whose lines must all arrive.

hostile.py [SECONDS] [--seed N] [--peers N] [--rate LINES]

For SECONDS some PEERS connections at a time, each closed and made anew all the time, send garbage, half
greetings, envelopes cut and bent, floods whose answers nobody reads, batches beyond their credit,
frames without end. Now and then one sends a message of parts without end, which libzmq collects until it
is out of memory: the broker has a limit of memory then, as its unit sets one, may end by it, and is
started again. At the end every line that was written must be stored once; that lines ever stood still for
long fails it too.
"""
import argparse
import random
import resource
import sys
import time

import crowd
from pipe import Pipe, report, seed_of, tell, try_in_folder

from harness import proc

# What the broker has. Without a message without end it needs far less: the receive budget, and what an
# idle one takes.
_MEMORY_BYTES = 512 << 20
_PEAK_BYTES = 300 << 20
_WITHOUT_END = "message without end"
_WITHOUT_END_LIFE_S = 30.0
_STOOD_STILL_S = 20.0
_LOOK_S = 0.25
_PROGRESS_S = 5.0


class Rig(Pipe):
    def __init__(self, options, folder, seed):
        super().__init__(folder, seed, files=4, rate=options.rate, rotation="all")
        self.options = options
        self.chance = random.Random(seed)
        self.crowd = crowd.Crowd(options.peers, self.chance, options.life_s)
        self.ended = 0  # by its limit of memory
        self.peak_bytes = 0
        self.longest_s = 0.0  # without a new line
        self.unanswered = 0  # looks at how many lines there are
        self._without_end = False

    def start(self):
        self._start_broker()
        self.agent.start()
        self.start_writer()

    def _start_broker(self):
        self.broker.start()
        resource.prlimit(self.broker.pid, resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))

    def besiege(self):
        begin = time.monotonic()
        # Two messages without end; what comes before the first is measured.
        due = [begin + self.options.seconds * part for part in (0.3, 0.7)]
        last, since, told = self.stored(), begin, begin
        while (now := time.monotonic()) < begin + self.options.seconds:
            if due and now >= due[0]:
                due.pop(0)
                self._look_at_memory()
                self._without_end = True
                self.crowd.add(self.broker.address, _WITHOUT_END,
                               crowd.message_without_end(2 * _MEMORY_BYTES), _WITHOUT_END_LIFE_S)
            self.crowd.turn(self.broker.address, _LOOK_S)
            if not self.broker.running():
                self._start_again()
                since = time.monotonic()
            stored = self._stored_or_nothing()
            self.longest_s = max(self.longest_s, time.monotonic() - since)
            if stored not in (None, last):
                last, since = stored, time.monotonic()
            if self.longest_s > _STOOD_STILL_S:
                raise AssertionError(f"no line arrived for {_STOOD_STILL_S:.0f} s")
            if now - told > _PROGRESS_S:
                told = now
                tell(f"{now - begin:6.1f} s  {last} lines, {self.crowd.made.total()} peers")
        self.crowd.leave()
        self.stored()  # what is still under way of the last message may end it yet

    def stored(self):
        """Waits for a broker that is busy, and starts one again that its limit of memory ended."""
        begin = time.monotonic()
        while (stored := self._stored_or_nothing()) is None:
            if not self.broker.running():
                self._start_again()
            elif time.monotonic() - begin > _STOOD_STILL_S:
                raise AssertionError(f"the broker gave no answer for {_STOOD_STILL_S:.0f} s")
        return stored

    def _stored_or_nothing(self):
        """Nothing where the broker ended, or had no time for one more: what stands still tells."""
        try:
            return super().stored()
        except AssertionError:
            self.unanswered += 1
            return None

    def _look_at_memory(self):
        if not self._without_end:
            self.peak_bytes = max(self.peak_bytes, proc.peak_resident_bytes(self.broker.pid))

    def _start_again(self):
        if not self._without_end:
            raise AssertionError(f"the broker ended by itself with {self.broker.process.returncode}:"
                                 f"\n{self.broker.stderr_text()[-3000:]}")
        self.ended += 1
        self._without_end = False
        self.crowd.leave()
        self._start_broker()

    def before_end(self):
        self._look_at_memory()
        if self.peak_bytes < _PEAK_BYTES:
            return []
        return [f"the broker took {self.peak_bytes >> 20} MiB, {_PEAK_BYTES >> 20} are the limit"]


def run(rig):
    """Returns whether all is well."""
    begin = time.monotonic()
    rig.start()
    rig.besiege()
    verdict, problems = rig.settle()
    tell(f"seed {rig.seed}; {rig.crowd.made.total()} peers: "
         + ", ".join(f"{count} {kind}" for kind, count in sorted(rig.crowd.made.items())))
    tell(f"the broker took {rig.peak_bytes / (1 << 20):.0f} MiB at most, and ended {rig.ended} times by "
         f"its limit of {_MEMORY_BYTES >> 20} MiB; at most {rig.longest_s:.1f} s without a new line; "
         f"{rig.unanswered} looks unanswered; "
         f"{time.monotonic() - begin:.1f} s in all")
    return report(verdict, problems)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev torture hostile",
                                     description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("seconds", nargs="?", type=float, default=60, metavar="SECONDS",
                        help="how long (default 60)")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--peers", type=int, default=200, help="at a time (default 200)")
    parser.add_argument("--life-s", type=float, default=5.0, help="of a peer, at most (default 5)")
    parser.add_argument("--rate", type=int, default=2000, help="lines per second (default 2000)")
    parser.add_argument("--keep", action="store_true", help="keep the folder also where all is well")
    return parser.parse_args()


def main():
    options = parse_arguments()
    seed = seed_of(options)
    _, well = try_in_folder(lambda folder: Rig(options, folder, seed), run, seed, options.keep)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
