"""Reads a partition's directory as Kafka would, with another implementation (kafka-python).

kafka_check.py DIRECTORY

Decodes every batch of the .log files, and checks .index and .timeindex as Kafka's sanity checks and its
DumpLogSegments do. Exit 1 where something does not fit.
"""
import glob
import os
import struct
import sys

from kafka.record.memory_records import MemoryRecords


def read(path):
    with open(path, "rb") as file:
        return file.read()


def batches_of(log):
    """Yields (position, last offset, max timestamp of its records) of each batch."""
    position = 0
    records = MemoryRecords(log)
    next_offset = None
    while (batch := records.next_batch()) is not None:
        assert batch.magic == 2 and batch.validate_crc()
        decoded = list(batch)
        if next_offset is not None:
            assert decoded[0].offset == next_offset, (decoded[0].offset, next_offset)
        next_offset = decoded[-1].offset + 1
        yield position, decoded[-1].offset, max(record.timestamp for record in decoded)
        position += 12 + struct.unpack_from(">i", log, position + 8)[0]
    assert position == len(log), "bytes behind the last batch"


def check_segment(log_path):
    stem = log_path[: -len(".log")]
    base = int(os.path.basename(stem))
    by_last_offset = {last: (position, time) for position, last, time in batches_of(read(log_path))}

    index = read(stem + ".index")
    assert len(index) % 8 == 0
    previous = (-1, -1)
    for relative, position in struct.iter_unpack(">ii", index):
        assert by_last_offset[base + relative][0] == position
        assert relative > previous[0] and position > previous[1]
        previous = (relative, position)

    times = read(stem + ".timeindex")
    assert len(times) % 12 == 0
    previous = (-1, -1)
    for timestamp, relative in struct.iter_unpack(">qi", times):
        assert by_last_offset[base + relative][1] == timestamp
        assert timestamp == max(t for last, (_, t) in by_last_offset.items()
                                if last <= base + relative)
        assert timestamp > previous[0] and relative >= previous[1]
        previous = (timestamp, relative)
    return len(by_last_offset), len(index) // 8, len(times) // 12


def main(directory):
    logs = sorted(glob.glob(os.path.join(directory, "*.log")))
    assert logs, f"no .log in {directory}"
    for path in logs:
        batches, entries, times = check_segment(path)
        assert batches > 0 and entries > 0 and times > 0
        print(f"{path}: {batches} batches, {entries} index entries, {times} time index entries")


if __name__ == "__main__":
    main(sys.argv[1])
