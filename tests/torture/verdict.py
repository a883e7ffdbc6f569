"""What became of the lines that were written."""
import itertools


class Verdict:
    """Compares lines as they come with those that were written; `written` as the writer says it."""

    def __init__(self, lines, written):
        self._lines = lines
        self._seen = {(file, generation): bytearray(count) for file, generation, count in written}
        self._last = {}
        self.expected = sum(count for _, _, count in written)
        self.stored = self.doubled = self.reordered = self.damaged = 0
        self.examples = []

    def add(self, line):
        self.stored += 1
        place = self._lines.place_of(line)
        seen = self._seen.get(place[:2]) if place else None
        if seen is None or place[2] >= len(seen) or self._lines.make(*place) != line:
            self.damaged += 1
            self._note(f"damaged: {line[:100]!r}")
            return
        generation, number = place[:2], place[2]
        if seen[number]:
            self.doubled += 1
            self._note(f"doubled: file, generation, number {place}")
        elif number < self._last.get(generation, -1):
            self.reordered += 1
            self._note(f"reordered: {place} after number {self._last[generation]}")
        seen[number] = 1
        self._last[generation] = max(number, self._last.get(generation, -1))

    @property
    def rotations(self):
        return len(self._seen) - len({file for file, _ in self._seen})

    @property
    def lost(self):
        return sum(seen.count(0) for seen in self._seen.values())

    def missing(self):
        """(file, generation, first, end, count) of each run of numbers that is lost."""
        for (file, generation), seen in sorted(self._seen.items()):
            at = seen.find(0)
            while at >= 0:
                end = seen.find(1, at)
                end = len(seen) if end < 0 else end
                yield file, generation, at, end, len(seen)
                at = seen.find(0, end)

    def lost_ranges(self, at_most=20):
        """Texts like 'file 1, generation 3: 17 to 40 of 1000'."""
        return [f"lost: file {file}, generation {generation}: numbers {at} to {end - 1} of {count}"
                for file, generation, at, end, count in itertools.islice(self.missing(), at_most)]

    @property
    def clean(self):
        return not (self.lost or self.doubled or self.reordered or self.damaged)

    def _note(self, text):
        if len(self.examples) < 20:
            self.examples.append(text)
