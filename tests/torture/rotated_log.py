"""A log that is rotated, what of it may be lost, and whether just that is lost.

The books say of each generation (what stood in the file between two rotations) where its bytes are: they stand
where the agent looks, or nothing but the agent's own handle and memory is left of them, or they are gone. Of
what is gone, just the lines are lost that were not acked before, and a gap says so where somebody was left who
had seen them.
"""
import enum
import os
import shutil

from verdict import Verdict

_RECORD_BYTES_MAX = 1_000_000
# What a program writes whenever it begins a file: more than the agent takes for the head of a file.
_BANNER_LINES, _BANNER_BYTES = 20, 2_000


class Fate(enum.Enum):
    STANDS = "stands"
    HELD = "held by the agent alone"
    GONE = "gone"


class Gap(enum.Enum):
    DUE = "due"
    MAY_BE = "may be"
    NONE = "none"


def banner_of(number):
    """The lines of that log's banner, alike in all of its files."""
    return [b"# %d 0 %d %s" % (number, at, b"-" * (_BANNER_BYTES // _BANNER_LINES))
            for at in range(_BANNER_LINES)]


class Generation:
    def __init__(self, number, banner):
        self.number = number
        self.ends = [sum(len(line) + 1 for line in banner)]  # of the banner, and of each line, in bytes
        self.records = len(banner)
        self.acked = 0  # lines
        self.fate = Fate.STANDS
        self.gap = Gap.NONE
        # Acks may have come until it was gone: any number of its last lines may be lost.
        self.racing = False

    @property
    def lines(self):
        return len(self.ends) - 1

    @property
    def surely_stored(self):
        """Records that must arrive; lines are no shorter than records where some may be lost."""
        return self.acked if self.fate == Fate.GONE else self.records


class RotatedLog:
    """One log in a folder of its own. `world` says who of agent and broker is there."""

    def __init__(self, name, folder, number, lines, chance, world, has_banner=False):
        self.name = name
        self.folder = folder
        self.path = folder / "app.log"
        self.number = number
        self.world = world
        self.generations = []
        self.turn = 0  # rotations so far
        self.late = []  # (file, generation) that a stubborn writer has still open
        self._lines = lines
        self._chance = chance
        self._file = None
        self.banner = banner_of(number) if has_banner else []
        folder.mkdir(parents=True)
        self.open()

    # ---- the program that writes it

    def open(self):
        self._file = open(self.path, "ab", buffering=0)
        self._begin_generation()

    def _begin_generation(self):
        self.generations.append(Generation(len(self.generations), self.banner))
        self._file.write(b"".join(line + b"\n" for line in self.banner))

    @property
    def current(self):
        return self.generations[-1]

    def write(self, count):
        self._write(self._file, self.current, count)

    def write_late(self, count):
        for file, generation in self.late:
            self._write(file, generation, count)

    def write_past(self, size):
        """Until the file is longer than so many bytes."""
        while self.current.ends[-1] <= size:
            self.write(20)

    def _write(self, file, generation, count):
        lines = [self._lines.make(self.number, generation.number, generation.lines + at) + b"\n"
                 for at in range(count)]
        for line in lines:
            generation.ends.append(generation.ends[-1] + len(line))
            generation.records += max(1, -(-(len(line) - 1) // _RECORD_BYTES_MAX))
        data = b"".join(lines)
        cut = self._chance.randrange(len(data))
        for part in (data[:cut], data[cut:]):
            while part:
                part = part[file.write(part):]

    # ---- what a rotation does

    def beside(self, ending):
        return self.path.with_name(self.path.name + ending)

    def rename(self, to, findable=True, keeps_writing=False):
        """`findable`: in the patterns, or beside the old place."""
        to.parent.mkdir(exist_ok=True)
        os.rename(self.path, to)
        if not findable:
            self._leaves(self.current)
        self._reopen(keeps_writing)

    def go_on_at(self, path):
        """The file stays where it is, and the program begins another."""
        self.path = path
        self._reopen(keeps_writing=False)

    def rename_out(self, to):
        """Out of the patterns, beside the old place: what the broker knows is found by its inode."""
        if not self.current.acked:
            self._leaves(self.current)
        self.rename(to)

    def unlink(self, keeps_writing=False, make=None):
        os.unlink(self.path)
        self._leaves(self.current)
        self._reopen(keeps_writing, make)

    def unlink_rotated(self, path, generation):
        """A rotated file, at the end of its chain."""
        os.unlink(path)
        if generation.acked < generation.lines:
            self._leaves(generation)

    def truncate(self):
        """Nothing holds the bytes."""
        self._gone(self.current)
        self._begin_anew()

    def copy(self, to):
        shutil.copyfile(self.path, to)

    def copy_out(self, to):
        """Out of the patterns: it is looked for where the agent knows what it should hold."""
        if not self.current.acked:
            self._leaves(self.current)
        self.copy(to)

    def truncate_copied(self):
        self._begin_anew()

    def _begin_anew(self):
        os.ftruncate(self._file.fileno(), 0)
        self._begin_generation()

    def _reopen(self, keeps_writing, make=None):
        if keeps_writing:
            self.late.append((self._file, self.current))
        else:
            self._file.close()
        if make:
            make()
        self.open()

    def close(self):
        for file in (self._file, *(file for file, _ in self.late)):
            file.close()

    # ---- the books

    def _leaves(self, generation):
        """Only an agent that has it open, or has noted what it saw, can still tell of it."""
        if self.world.agent_up:
            generation.fate = Fate.HELD
        else:
            self._gone(generation)

    def _gone(self, generation):
        generation.fate = Fate.GONE
        generation.gap = Gap.DUE if self.world.agent_up else Gap.NONE
        generation.racing = self.world.online

    def all_acked(self):
        for generation in self.generations:
            if generation.fate != Fate.GONE:
                generation.acked = generation.lines

    def knowledge_lost(self):
        """The agent is killed, and its state deleted."""
        for generation in self.generations:
            if generation.acked == generation.lines:
                continue
            if generation.fate == Fate.HELD:
                self._gone(generation)
            if generation.fate == Fate.GONE:
                generation.gap = Gap.MAY_BE if generation.racing else Gap.NONE


class Judgement:
    """What became of one log."""

    def __init__(self, log, lines, stored, gaps, files_in_order):
        """`stored`: its lines in the order of the log. `gaps`: (begin, end) of its rows."""
        self._log = log
        self.written = sum(one.lines for one in log.generations)
        self.problems = []
        self.gaps_allowed = self.lost_allowed = 0
        self._verdict = Verdict(lines, [[log.number, one.number, one.lines]
                                        for one in log.generations])
        newest = older = 0
        banners = 0
        for line in stored:
            if line in log.banner:
                banners += 1
                continue
            self._verdict.add(line)
            place = lines.place_of(line)
            generation = place[1] if place else newest
            older += generation < newest
            newest = max(newest, generation)
        self._judge_banners(banners)
        if older and files_in_order:
            self.problems.append(f"{older} lines of older files behind a newer one")
        self._left = list(gaps)
        missing = {}
        for _, generation, first, end, _ in self._verdict.missing():
            missing.setdefault(generation, []).append((first, end))
        for generation in log.generations:
            self._judge(generation, missing.get(generation.number, []))
        for begin, end in self._left:
            self.problems.append(f"a gap [{begin}, {end}) where nothing is lost, or not that")
        self.gaps_not_allowed = len(self._left)
        verdict = self._verdict
        self.doubled, self.damaged = verdict.doubled, verdict.damaged
        self.reordered = verdict.reordered + (older if files_in_order else 0)
        self.problems += verdict.examples

    def _judge_banners(self, stored):
        """They are alike: only how many there are can be told."""
        most = len(self._log.generations)
        least = sum(one.fate != Fate.GONE or one.acked > 0 for one in self._log.generations)
        if not least * _BANNER_LINES <= stored <= most * _BANNER_LINES and self._log.banner:
            self.problems.append(f"{stored} lines of banners, of {least} to {most} whole ones")

    @property
    def lost(self):
        """Lines that should not be."""
        return self._verdict.lost - self.lost_allowed

    @property
    def clean(self):
        return not self.problems

    def _judge(self, generation, missing):
        lost = sum(end - first for first, end in missing)
        if generation.fate != Fate.GONE:
            if lost:
                self._complain(generation, f"numbers {missing} are lost, and nothing of it is gone")
            return
        first = generation.lines - lost
        is_its_end = not missing or missing == [(first, generation.lines)]
        as_many = first >= generation.acked if generation.racing else first == generation.acked
        if not is_its_end or not as_many:
            self._complain(generation, f"numbers {missing} are lost; those from {generation.acked} "
                                       f"on {'may be' if generation.racing else 'have to be'}")
            return
        self.lost_allowed += lost
        if lost:
            self._take_gap(generation, first)

    def _take_gap(self, generation, first):
        # The banner of a file of which nothing was sent is lost with it.
        begin, size = generation.ends[first] if first else 0, generation.ends[-1]
        found = [gap for gap in self._left if gap[0] == begin and self._ends_right(gap, generation)]
        if found and generation.gap != Gap.NONE:
            self._left.remove(found[0])
            self.gaps_allowed += 1
        elif generation.gap == Gap.DUE:
            self._complain(generation, f"the gap [{begin}, {size}) is missing; there are {self._left}")

    @staticmethod
    def _ends_right(gap, generation):
        """The last size that was seen: all of it, where the rig had waited for that."""
        size = generation.ends[-1]
        return gap[1] <= size if generation.racing else gap[1] == size

    def _complain(self, generation, text):
        self.problems.append(f"generation {generation.number} of {len(self._log.generations)} "
                             f"({generation.lines} lines, {generation.acked} acked before, "
                             f"{generation.fate.value}): {text}")
