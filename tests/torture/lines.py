"""The lines of the torture: each can be made again from its place, so that every byte is compared."""
import random
import zlib

_BLOB_BYTES = 1 << 21
# One line in so many is long, or too long for one record.
_LONG_EVERY, _LONG_BYTES = 500, 8_000
_HUGE_EVERY, _HUGE_BYTES = 30_000, 1_300_000
_USUAL_BYTES = 180


class Lines:
    """Of one seed. A line's place is its file, the file's generation (one between two rotations) and
    its number in that generation."""

    def __init__(self, seed):
        alphabet = bytes(byte for byte in range(256) if byte != ord("\n"))
        text = bytes(range(32, 127)) * 8 + alphabet  # mostly readable, some of everything
        chance = random.Random(seed)
        self._blob = bytes(chance.choices(text, k=_BLOB_BYTES))
        self._seed = seed

    def make(self, file, generation, number):
        """Without its newline."""
        place = b"%d %d %d" % (file, generation, number)
        chance = zlib.crc32(place, self._seed & 0xFFFFFFFF)
        if chance % _HUGE_EVERY == 1:
            size = _HUGE_BYTES
        elif chance % _LONG_EVERY == 1:
            size = chance % _LONG_BYTES
        else:
            size = (chance >> 16) % _USUAL_BYTES
        begin = chance % (_BLOB_BYTES - _HUGE_BYTES)
        return b"%s %s" % (place, self._blob[begin:begin + size])

    @staticmethod
    def place_of(line):
        """(file, generation, number), or None where no line of ours begins like that."""
        words = line.split(b" ", 3)
        try:
            return tuple(int(word) for word in words[:3]) if len(words) == 4 else None
        except ValueError:
            return None
