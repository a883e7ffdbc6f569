"""The judge of rotated logs: what may be lost is lost, just that, and a gap says so."""
import pathlib
import random
import tempfile
import unittest

from lines import Lines
from rotated_log import Judgement, RotatedLog

LINES = Lines(7)


class World:
    def __init__(self, agent_up, online):
        self.agent_up, self.online = agent_up, online


class TheJudge(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.world = World(True, False)
        self.log = RotatedLog("app", pathlib.Path(folder.name, "app"), 0, LINES, random.Random(7),
                              self.world)
        self.addCleanup(self.log.close)
        self.log.write(5)
        self.log.all_acked()
        self.log.write(5)

    def stored(self, without=(), generations=2):
        return [LINES.make(0, generation, number)
                for generation, one in enumerate(self.log.generations[:generations])
                for number in range(one.lines) if (generation, number) not in without]

    def judged(self, stored, gaps=()):
        return Judgement(self.log, LINES, stored, gaps, files_in_order=True)

    def destroy(self, agent_up=True, online=False):
        """Returns what has to be lost, and the gap."""
        self.world.agent_up, self.world.online = agent_up, online
        self.log.truncate()
        self.log.write(5)
        ends = self.log.generations[0].ends
        return [(0, number) for number in range(5, 10)], (ends[5], ends[10])

    def test_all_of_it_is_well(self):
        self.log.rename(self.log.beside(".1"))
        self.log.write(5)
        self.assertTrue(self.judged(self.stored()).clean)

    def test_a_lost_a_doubled_and_a_moved_line_are_seen(self):
        self.log.rename(self.log.beside(".1"))
        self.log.write(5)
        lost = self.judged(self.stored([(0, 9)]))
        self.assertEqual((lost.lost, lost.clean), (1, False))
        doubled = self.judged(self.stored() + self.stored()[-1:])
        self.assertEqual((doubled.doubled, doubled.clean), (1, False))
        moved = self.judged(self.stored()[10:] + self.stored()[:10])
        self.assertEqual((moved.reordered, moved.clean), (10, False))

    def test_just_what_is_gone_is_lost_and_a_gap_says_so(self):
        gone, gap = self.destroy()
        self.assertTrue(self.judged(self.stored(gone), [gap]).clean)
        self.assertEqual(self.judged(self.stored(gone), [gap]).lost_allowed, 5)
        for stored, gaps in ((self.stored(gone), []), (self.stored(gone), [(gap[0], gap[1] - 1)]),
                             (self.stored(gone), [gap, gap]), (self.stored(gone[1:]), [gap]),
                             (self.stored(gone + [(0, 4)]), [gap]),
                             (self.stored(gone + [(1, 4)]), [gap]), (self.stored(), [gap])):
            self.assertFalse(self.judged(stored, gaps).clean)

    def test_of_what_nobody_saw_there_is_no_gap(self):
        gone, gap = self.destroy(agent_up=False)
        self.assertTrue(self.judged(self.stored(gone)).clean)
        self.assertFalse(self.judged(self.stored(gone), [gap]).clean)

    def test_where_acks_may_have_come_any_end_may_be_lost_and_its_gap_is_due(self):
        self.destroy(online=True)
        ends = self.log.generations[0].ends
        for first in range(5, 11):
            gone = [(0, number) for number in range(first, 10)]
            gaps = [(ends[first], ends[10])] if gone else []
            self.assertTrue(self.judged(self.stored(gone), gaps).clean)
            self.assertFalse(gone and self.judged(self.stored(gone)).clean)
        self.assertFalse(self.judged(self.stored([(0, 7)]), [(ends[7], ends[8])]).clean)

    def test_what_the_agent_alone_holds_goes_with_it(self):
        self.log.unlink()
        self.log.write(5)
        gone = [(0, number) for number in range(5, 10)]
        self.assertTrue(self.judged(self.stored()).clean)
        self.assertFalse(self.judged(self.stored(gone)).clean)
        self.log.knowledge_lost()
        self.assertTrue(self.judged(self.stored(gone)).clean)
        self.assertFalse(self.judged(self.stored()).clean)


if __name__ == "__main__":
    unittest.main()
