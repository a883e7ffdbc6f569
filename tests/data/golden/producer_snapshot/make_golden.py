"""Makes the snapshot of this folder from Kafka's schema (ProducerStateManager), with none of our code.

    /usr/bin/python3 make_golden.py FOLDER

Debian: python3-kafka, for its CRC-32C.
"""

import pathlib
import struct
import sys

from kafka.record.util import calc_crc32c

# id, epoch, last sequence, last offset, offset delta, timestamp, coordinator epoch, transaction
PRODUCERS = [
    (0, 0, 0, 0, 0, 1_700_000_000_000, -1, -1),
    (7, 3, 2**31 - 1, 411, 11, 1_700_000_000_500, -1, -1),
    (4000, 32767, 4, 499, 9, 1_700_000_001_000, -1, -1),
    (2**62, 1, -1, -1, 0, 1_700_000_001_001, -1, -1),
]


def main(folder):
    body = struct.pack(">i", len(PRODUCERS))
    for producer in PRODUCERS:
        body += struct.pack(">qhiqiqiq", *producer)
    snapshot = struct.pack(">hI", 1, calc_crc32c(body)) + body
    (pathlib.Path(folder) / "00000000000000000500.snapshot").write_bytes(snapshot)


if __name__ == "__main__":
    main(sys.argv[1])
