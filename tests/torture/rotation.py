"""Rotates logs in every style, through every kind of outage, and demands just what the design allows.

rotation.py [--only STYLE/OUTAGE/STATE] [--smoke] [--seed N] [--verbose] ...

A cell of the matrix is a style of rotation, an outage (the broker down, the agent down, both, the network cut,
none) and what becomes of the agent's state directory (kept, lost). In each a log is written and acked; the outage
begins; it is written, rotated once or three times, written; the outage ends; it is written again. Then no line
may be lost, doubled or out of order, but for those whose bytes are truly gone: just these must be lost, and
stand in a gap where the agent saw their file as large as it was.

All styles share the broker, the agent and the outages of a round. With the state directory lost the agent, where
the outage is not its own, is killed and started anew once all is rotated. Where there is no outage, what is
destroyed may have been sent just before: then the end of it may be lost, and the gap begins just there.
"""
import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import sqlite3
import sys
import tempfile
import time

import link
from lines import Lines
from pipe import TOPICS, Pipe, seed_of, tell, try_in_folder
from rotated_log import Judgement, RotatedLog
from rotation_styles import STYLES

from harness import records, waiting
from harness.main import NOT_RUN

OUTAGES = ("broker", "agent", "both", "network", "none")
STATES = ("kept", "lost")
_ROTATIONS = (1, 3)
_BROKER, _AGENT = "127.99.0.1", "127.99.0.2"
_PORT = 4691
# After all has arrived, before the agent is asked whether it has more: a copy settles for 5 s.
_QUIET_S, _QUIET_SMOKE_S = 7.0, 1.0
_SMOKE = ("both", "lost")
# A real program does not rotate twice in a tick of the kernel's clock: files are ordered by their times.
_TICK_S = 0.02
_LOOK_S = 0.1
# A copy may be found while the original stands, or not.
_COPY_STANDS_S = (0.0, 0.6)
_PROBLEMS_SHOWN = 5  # of a log

Cell = collections.namedtuple("Cell", "log style rotations judgement")


def _file_of(path):
    stat = os.stat(path)
    return stat.st_dev, stat.st_ino


class Round(Pipe):
    """All styles through one kind of outage."""

    def __init__(self, outage, state, styles, quiet_s, folder, seed):
        self.outage, self.state = outage, state
        self.quiet_s = quiet_s
        self.chance = random.Random(seed)
        self.agent_up = self.online = False
        self.inodes_reused = 0
        self.lines = Lines(seed)
        self.plan = [(style, count) for style in styles for count in _ROTATIONS]
        self.rotated = []
        self.sentinels = []
        self.there = self.cable = None
        super().__init__(folder, seed, 0, 0, "none")

    def _agent_config(self):
        """Makes the logs as well: each has an input of its own."""
        text = []
        names = [f"{style}.{count}" for style, count in self.plan] + [f"calm.{t}" for t in TOPICS]
        for number, name in enumerate(names):
            style = STYLES.get(name.split(".")[0])
            include = style.include if style else ("app.log",)
            patterns = ", ".join(f'"{self.logs / name / one}"' for one in include)
            text.append(f'[[input]]\nname = "{name}"\ntopic = "{TOPICS[number % 2]}"\n'
                        f'binary = "read"\ninclude = [{patterns}]\n')
            log = RotatedLog(name, self.logs / name, number, self.lines, self.chance, self,
                             style is not None and style.banner)
            (self.rotated if style else self.sentinels).append(log)
        path = self.folder / "agent.toml"
        path.write_text("".join(text), encoding="utf-8")
        return path

    @property
    def all_logs(self):
        return self.rotated + self.sentinels

    # ---- the course of a round

    def run(self):
        """Returns the cells, and what is wrong beside them."""
        self.broker.start()
        self._start_agent()
        self.online = True
        self._prepare()
        self._begin_outage()
        self._write(self.all_logs)
        for turn in range(max(_ROTATIONS)):
            self._rotate([log for log, (_, count) in zip(self.rotated, self.plan) if turn < count])
        if self.state == "lost":
            self._lose_state()
        self._write(self.all_logs)
        self._end_outage()
        self._write(self.all_logs)
        return self._settle()

    def _prepare(self):
        self._write(self.all_logs)
        self._await_acks()
        for turn in range(max(STYLES[style].prepared for style, _ in self.plan)):
            logs = [log for log, (style, _) in zip(self.rotated, self.plan)
                    if turn < STYLES[style].prepared]
            self._rotate(logs)
            self._await_acks()

    def _await_acks(self):
        if not self.wait_stored(sum(one.records for log in self.all_logs for one in log.generations)):
            raise AssertionError("lines did not arrive before anything went wrong")
        for log in self.all_logs:
            log.all_acked()

    def _write(self, logs):
        for log in logs:
            log.write_late(self.chance.randrange(1, 10))
            log.write(self.chance.randrange(1, 60))
        self._await_seen()

    def _rotate(self, logs):
        time.sleep(_TICK_S)
        if self.online:
            time.sleep(self.chance.choice((0.0, 0.4, 1.2)))
        styles = [STYLES[log.name.split(".")[0]] for log in logs]
        copied = [(log, style) for log, style in zip(logs, styles) if style.copy]
        for log in logs:
            log.turn += 1
        for log, style in copied:
            style.copy(log)
        if copied and self.agent_up:
            time.sleep(self.chance.choice(_COPY_STANDS_S))
        for log, style in zip(logs, styles):
            style.rotate(log)
        self._write(logs)

    # ---- outages

    def _begin_outage(self):
        if self.outage in ("agent", "both"):
            self.agent.kill()
            self.agent_up = False
            if self.state == "lost":
                shutil.rmtree(self.agent.state_dir)
        if self.outage in ("broker", "both"):
            self.broker.kill()
        if self.outage == "network":
            self.cable.set(None, None)
        self.online = self.outage == "none"

    def _lose_state(self):
        if self.outage in ("agent", "both"):
            return  # it was lost at the outage's begin
        self.agent.kill()
        shutil.rmtree(self.agent.state_dir)
        for log in self.all_logs:
            log.knowledge_lost()
        self._start_agent(ready=self.online)

    def _end_outage(self):
        if self.outage in ("broker", "both"):
            self.broker.start()
        if self.outage == "network":
            self.cable.set(link.Weather(), link.Weather())
        if self.outage in ("agent", "both"):
            self._start_agent()
        self.online = True

    def _start_agent(self, ready=True):
        with self.there or contextlib.nullcontext():
            self.agent.start(ready=ready)
        self.agent_up = True

    # ---- what the agent has seen

    def _await_seen(self):
        """The agent has open what stands, and has noted how large it is."""
        if not self.agent_up:
            return
        for log in self.sentinels:
            log.write(1)
        waiting.wait_until("the agent has opened each file", self._all_open, interval=_LOOK_S)
        if self.outage != "none" and not self.online and not self._anew():
            # Changes are told to it in their order: who has seen the last one has seen all.
            waiting.wait_until("the agent has seen what was written", self._sentinels_seen,
                               interval=_LOOK_S)
        time.sleep(_LOOK_S)

    def _anew(self):
        """It has noted nothing yet: it knows no source before it meets the broker."""
        return not any(size for _, size in self._noted())

    def _all_open(self):
        folder = pathlib.Path(f"/proc/{self.agent.pid}/fd")
        held = set()
        for descriptor in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                held.add(_file_of(descriptor))
        missing = [log.name for log in self.rotated if _file_of(log.path) not in held]
        return not missing, missing

    def _noted(self):
        """(path, size) of each source: of a copy, since the agent has the database for itself."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            for path in self.agent.state_dir.glob("checkpoint.sqlite*"):
                shutil.copy(path, folder)
            path = pathlib.Path(folder, "checkpoint.sqlite")
            with contextlib.closing(sqlite3.connect(path)) as database:
                return [(bytes(path).decode(), size) for path, size in
                        database.execute("SELECT path, size_seen FROM source")]

    def _sentinels_seen(self):
        noted = dict(self._noted())
        sizes = {str(log.path): log.current.ends[-1] for log in self.sentinels}
        return all(noted.get(path) == size for path, size in sizes.items()), sizes, noted

    # ---- the end

    def _settle(self):
        problems = []
        least = sum(one.surely_stored for log in self.all_logs for one in log.generations)
        if not self.wait_stored(least):
            problems.append("the agent sent nothing more, and lines were missing")
        self._await_quiet()
        if self.agent.stop() != 0:
            problems.append(f"the agent ended with {self.agent.process.returncode}")
        problems += self._ask_for_more("--once")
        shutil.rmtree(self.agent.state_dir)
        problems += self._ask_for_more("--once without its state")
        cells = self._judge(problems)
        if self.broker.stop() != 0:
            problems.append(f"the broker ended with {self.broker.process.returncode}")
        self.broker.commands.run("segment", "verify", self.broker.data_dir)
        return cells, problems

    def _await_quiet(self):
        stored, since = self.stored(), time.monotonic()
        while time.monotonic() - since < self.quiet_s:
            time.sleep(_LOOK_S)
            now = self.stored()
            if now != stored:
                stored, since = now, time.monotonic()

    def _ask_for_more(self, how):
        added = self.once()
        return [f"{how} found {added.records} more records"] if added.records else []

    def once(self):
        with self.there or contextlib.nullcontext():
            return super().once()

    def _judge(self, problems):
        stored, gaps = collections.defaultdict(list), collections.defaultdict(list)
        for topic in TOPICS:
            output = self.broker.commands.run("consume", topic, "--from", "earliest", "--until-end",
                                              "--format", "json", "--show-gaps").stdout
            rows = [json.loads(line) for line in output.split(b"\n")[:-1]]
            found = [records.record_of(row) for row in rows if "gap" not in row]
            for _, line in records.joined_lines(found):
                place = Lines.place_of(line.removeprefix(b"# "))
                stored[place[0] if place else None].append(line)
            for gap in (row["gap"] for row in rows if "gap" in row):
                gaps[pathlib.Path(gap["path"]).relative_to(self.logs).parts[0]].append(
                    (gap["begin"], gap["end"]))
        known = {log.number for log in self.all_logs}
        nobodys = [line for number in stored.keys() - known for line in stored[number]]
        problems += [f"a line of nobody: {line[:80]!r}" for line in nobodys[:_PROBLEMS_SHOWN]]
        plan = [*self.plan, *(("calm", 0) for _ in self.sentinels)]
        return [Cell(log, style, count,
                     Judgement(log, self.lines, stored[log.number], gaps[log.name],
                               style in STYLES and STYLES[style].ordered))
                for log, (style, count) in zip(self.all_logs, plan)]

    def clean_up(self):
        for log in self.all_logs:
            log.close()
        super().clean_up()


class NetworkRound(Round):
    """Broker and agent in network namespaces of their own."""

    def __init__(self, *words):
        super().__init__(*words)
        self.here, self.there = link.Namespace(), link.Namespace()
        self.cable = link.Cable(self.there.add_tap("lb0", _AGENT), self.here.add_tap("lb0", _BROKER),
                                self.seed)
        self.broker.address = f"tcp://{_BROKER}:{_PORT}"

    def run(self):
        with self.here:
            return super().run()


# ---- the matrix


class Matrix:
    """Counts over all rounds."""

    def __init__(self):
        self.cells = {}  # (style, outage, state) -> "" where all is well
        self.counts = collections.Counter()
        self.not_run = ""

    def add(self, outage, state, cells):
        for log, style, rotations, judged in cells:
            for what in ("written", "lost", "doubled", "reordered", "damaged", "lost_allowed",
                         "gaps_allowed", "gaps_not_allowed"):
                self.counts[what] += getattr(judged, what)
            if style in STYLES:
                cell = (style, outage, state)
                self.cells[cell] = self.cells.get(cell, True) and judged.clean
            for text in judged.problems[:_PROBLEMS_SHOWN]:
                tell(f"{style}/{outage}/{state}, {rotations} rotations ({log.name}): {text}")

    def table(self):
        columns = sorted({cell[1:] for cell in self.cells},
                         key=lambda one: (OUTAGES.index(one[0]), STATES.index(one[1])))
        wide = max(len(style) for style, _, _ in self.cells)
        rows = [" " * wide + "".join(f"  {outage + ' ' + state:>12}" for outage, state in columns)]
        for style in dict.fromkeys(cell[0] for cell in self.cells):
            marks = {True: "well", False: "FAILED", None: "-"}
            rows.append(f"{style:<{wide}}" + "".join(
                f"  {marks[self.cells.get((style, *column))]:>12}" for column in columns))
        return "\n".join(rows)

    def summary(self):
        counts = self.counts
        failed = sum(not well for well in self.cells.values())
        return (f"{len(self.cells)} cells, {failed} failed; {counts['written']} lines: "
                f"{counts['lost']} lost, {counts['doubled']} doubled, {counts['reordered']} out of "
                f"order, {counts['damaged']} damaged; {counts['lost_allowed']} lost as the design "
                f"allows, {counts['gaps_allowed']} gaps that tell of them, "
                f"{counts['gaps_not_allowed']} gaps not allowed")


def run_round(matrix, options, outage, state, styles, seed):
    """Returns whether all is well."""
    kind = NetworkRound if outage == "network" else Round
    quiet_s = _QUIET_SMOKE_S if options.smoke else _QUIET_S
    begin = time.monotonic()

    def run(rig):
        cells, problems = rig.run()
        matrix.add(outage, state, cells)
        for text in problems:
            tell(text)
        well = not problems and all(cell.judgement.clean for cell in cells)
        tell(f"{outage}, state {state}: {'well' if well else 'FAILED'}, {rig.inodes_reused} inodes "
             f"reused, {time.monotonic() - begin:.1f} s")
        if rig.cable:
            rig.cable.close()
        return well

    _, well = try_in_folder(lambda folder: kind(outage, state, styles, quiet_s, folder, seed), run,
                            seed, options.keep)
    return well


def chosen(options):
    """(styles, outages, states)."""
    if options.smoke:
        return list(STYLES), [_SMOKE[0]], [_SMOKE[1]]
    words = (options.only or "all/all/all").split("/")
    sets = (list(STYLES), list(OUTAGES), list(STATES))
    if len(words) != len(sets):
        sys.exit("rotation: --only takes STYLE/OUTAGE/STATE; 'all' stands for each")
    for word, known in zip(words, sets):
        if word not in (*known, "all"):
            sys.exit(f"rotation: no '{word}'; there are: all, {', '.join(known)}")
    return [known if word == "all" else [word] for word, known in zip(words, sets)]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev torture rotation",
                                     description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", metavar="STYLE/OUTAGE/STATE",
                        help="some cells alone; 'all' stands for each: rename/all/lost")
    parser.add_argument("--smoke", action="store_true",
                        help="one round, with little patience: all styles, both down, the state lost")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--verbose", action="store_true", help="show the table of the cells")
    parser.add_argument("--keep", action="store_true", help="keep the folders also where all is well")
    return parser.parse_args()


def main():
    options = parse_arguments()
    styles, outages, states = chosen(options)
    reason = link.missing()
    seed, begin = seed_of(options), time.monotonic()
    matrix, well = Matrix(), True
    for outage in outages:
        if outage == "network" and reason:
            print(f"NOT RUN: {len(styles) * len(states)} cells of the network: {reason}",
                  file=sys.stderr)
            continue
        for state in states:
            well = run_round(matrix, options, outage, state, styles, seed) and well
    if not matrix.cells:
        return NOT_RUN if well else 1
    if options.verbose:
        tell(matrix.table())
    tell(f"seed {seed}; {matrix.summary()}; {time.monotonic() - begin:.0f} s")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
