"""Writes numbered lines to several files, rotating them, until SIGTERM; then prints what it wrote.

writer.py FOLDER SEED FILES LINES_PER_SECOND ROTATION ROTATE_BYTES

ROTATION is none, rename, copytruncate or all, at ROTATE_BYTES at most, half of that on average. The last line
of output is JSON: a list of [file, generation, lines]. Nothing is ever deleted, so that every line can be
found.
"""
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import time

from lines import Lines

_BURST_LINES_MAX = 400
_TURN_S = 0.01


class LogFile:
    """One file with its rotated ones beside it: NAME.log, NAME.log.1 ..."""

    def __init__(self, folder, number, lines, rotation, rotate_bytes, chance):
        self.path = folder / f"app{number}.log"
        self.number = number
        self.lines = lines
        self.rotation = rotation
        self.rotate_bytes = rotate_bytes
        self.chance = chance
        self.generation = 0
        self.written = 0  # lines of this generation
        self.done = []
        self.size = 0
        self.rotate_at = self._next_rotation()
        self.file = open(self.path, "ab", buffering=0)

    def write_burst(self, count):
        data = b"".join(self.lines.make(self.number, self.generation, self.written + at) + b"\n"
                        for at in range(count))
        # Lines arrive in pieces, as from any program with a buffer.
        cut = self.chance.randrange(len(data))
        self._write_all(data[:cut])
        self._write_all(data[cut:])
        self.written += count
        self.size += len(data)
        if self.rotation and self.size >= self.rotate_at:
            self._rotate()

    def summary(self):
        return self.done + [[self.number, self.generation, self.written]]

    def _write_all(self, data):
        while data:
            data = data[self.file.write(data):]

    def _next_rotation(self):
        return self.chance.randrange(1, self.rotate_bytes)

    def _rotate(self):
        old_name = self._free_name()
        if self.chance.choice(self.rotation) == "copytruncate":
            shutil.copyfile(self.path, old_name)
            os.ftruncate(self.file.fileno(), 0)
        else:
            self._reopen(old_name)
        self.done.append([self.number, self.generation, self.written])
        self.generation += 1
        self.written = self.size = 0
        self.rotate_at = self._next_rotation()

    def _free_name(self):
        """Odd files are numbered as by logrotate, each older one moving on; even ones count up."""
        if self.number % 2 == 0:
            return f"{self.path}.{self.generation}"
        for age in range(self.generation, 0, -1):
            if os.path.exists(f"{self.path}.{age}"):
                os.rename(f"{self.path}.{age}", f"{self.path}.{age + 1}")
        return f"{self.path}.1"

    def _reopen(self, old_name):
        os.rename(self.path, old_name)
        self.file.close()
        self.file = open(self.path, "ab", buffering=0)


ROTATIONS = {"none": (), "rename": ("rename",), "copytruncate": ("copytruncate",),
             "all": ("rename", "copytruncate")}


def main(folder, seed, files, lines_per_second, rotation, rotate_bytes):
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    chance = random.Random(int(seed))
    lines = Lines(int(seed))
    logs = [LogFile(pathlib.Path(folder), number, lines, ROTATIONS[rotation],
                    int(rotate_bytes), chance)
            for number in range(int(files))]
    begin, written = time.monotonic(), 0
    while not stopping:
        due = (time.monotonic() - begin) * int(lines_per_second)
        if written >= due:
            time.sleep(_TURN_S)
            continue
        count = chance.randrange(1, _BURST_LINES_MAX)
        chance.choice(logs).write_burst(count)
        written += count
    print(json.dumps([row for log in logs for row in log.summary()]))


if __name__ == "__main__":
    main(*sys.argv[1:])
