"""The measuring tools themselves: what they would miss, every other test here would miss."""
import pathlib
import tempfile
import unittest

from harness import main, protobuf, records, trace, waiting, zmtp


class Harness(unittest.TestCase):
    def test_a_wait_ends_with_what_was_last_seen(self):
        with self.assertRaisesRegex(waiting.WaitedInVain, "the moon.*17"):
            waiting.wait_until("the moon is full", lambda: (False, 17), seconds=0.01)
        self.assertEqual(waiting.wait_until("five", lambda: 5), 5)

    def test_parts_of_lines_are_joined_within_their_source(self):
        rows = [(b"a", b"1", True), (b"b", b"x", False), (b"a", b"2", True), (b"a", b"3", False),
                (b"b", b"open", True)]
        made = [records.Record(at, *row) for at, row in enumerate(rows)]
        self.assertEqual(list(records.joined_lines(made)),
                         [(b"b", b"x"), (b"a", b"123"), (b"b", b"open")])

    def test_values_that_are_no_text_are_read(self):
        line = b'{"offset": 3, "key": "k", "value_base64": "//4=", "headers": {"lb.more": ""}}\n'
        self.assertEqual(list(records.parse(line)), [records.Record(3, b"k", b"\xff\xfe", True)])

    def test_protobuf_comes_back(self):
        encoded = protobuf.encode({1: 300, 2: "text", 3: {1: [1, 2]}, 4: protobuf.Fixed64(9), 5: -1})
        decoded = protobuf.decode(encoded)
        self.assertEqual(decoded[1], [300])
        self.assertEqual(decoded[2], [b"text"])
        self.assertEqual(protobuf.decode(decoded[3][0]), {1: [1, 2]})
        self.assertEqual((decoded[4], decoded[5]), ([9], [(1 << 64) - 1]))

    def test_frames_are_split_and_the_rest_is_kept(self):
        data = zmtp.frame(b"a" * 300, zmtp.MORE) + zmtp.frame(b"b") + b"\x00\x05half"
        frames = list(zmtp.split_frames(data))
        self.assertEqual(frames, [(zmtp.MORE | zmtp.LONG, b"a" * 300), (0, b"b"),
                                  (None, b"\x00\x05half")])

    def test_calls_that_others_interrupt_keep_begin_and_end(self):
        text = ('7 pwrite64(3<\\x2f\\x64>, "\\x61\\x62", 2, 0) = 2\n'
                '8 fdatasync(3<\\x2f\\x64> <unfinished ...>\n'
                '7 sendto(9<\\x73>, "\\x00", 1, 0, NULL, 0) = 1\n'
                '8 <... fdatasync resumed>) = 0 (DELAYED)\n')
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "calls"
            path.write_text(text, encoding="ascii")
            calls = trace.read_calls(path)
        self.assertEqual([(one.name, one.begin, one.end) for one in calls],
                         [("pwrite64", 0, 0), ("sendto", 2, 2), ("fdatasync", 1, 3)])
        self.assertEqual((calls[0].path, calls[0].data, calls[0].result), ("/d", b"ab", 2))


if __name__ == "__main__":
    main.run()
