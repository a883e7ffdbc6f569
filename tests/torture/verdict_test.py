"""The judge itself: each kind of fault is shown to it once."""
import unittest

from lines import Lines
from verdict import Verdict

SEED = 7
LINES = Lines(SEED)
WRITTEN = [[0, 0, 3], [0, 1, 2], [1, 0, 1]]
ALL = [LINES.make(file, generation, number)
       for file, generation, count in WRITTEN for number in range(count)]


def judged(lines):
    verdict = Verdict(LINES, WRITTEN)
    for line in lines:
        verdict.add(line)
    return verdict


def faults(lines):
    verdict = judged(lines)
    return verdict.lost, verdict.doubled, verdict.reordered, verdict.damaged


class TheJudge(unittest.TestCase):
    def test_all_lines_once_are_clean(self):
        verdict = judged(ALL)
        self.assertTrue(verdict.clean)
        self.assertEqual((verdict.expected, verdict.stored), (6, 6))

    def test_files_may_come_in_any_order(self):
        self.assertEqual(faults(ALL[3:] + ALL[:3]), (0, 0, 0, 0))

    def test_a_missing_line_is_lost(self):
        for at in range(len(ALL)):
            self.assertEqual(faults(ALL[:at] + ALL[at + 1:]), (1, 0, 0, 0))
        self.assertEqual(judged(ALL[1:]).lost_ranges(),
                         ["lost: file 0, generation 0: numbers 0 to 0 of 3"])

    def test_a_line_twice_is_doubled(self):
        self.assertEqual(faults(ALL + ALL[:1]), (0, 1, 0, 0))

    def test_lines_of_one_file_that_change_places_are_out_of_order(self):
        self.assertEqual(faults([ALL[1], ALL[0], *ALL[2:]]), (0, 0, 1, 0))

    def test_a_line_with_other_bytes_is_damaged_and_lost(self):
        self.assertEqual(faults([ALL[0][:-1], *ALL[1:]]), (1, 0, 0, 1))
        self.assertEqual(faults([ALL[0] + ALL[1], *ALL[2:]]), (2, 0, 0, 1))

    def test_a_line_that_nobody_wrote_is_damaged(self):
        for line in (b"", b"x", LINES.make(0, 0, 3), LINES.make(5, 0, 0)):
            self.assertEqual(faults(ALL + [line]), (0, 0, 0, 1))

    def test_lines_of_another_seed_are_damaged(self):
        self.assertEqual(faults([Lines(SEED + 1).make(0, 0, number) for number in range(3)])[3], 3)


if __name__ == "__main__":
    unittest.main()
