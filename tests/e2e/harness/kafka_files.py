"""Segment files as another implementation of Kafka's formats reads them (Debian: python3-kafka)."""
from kafka.record.memory_records import MemoryRecords


def values(paths):
    """Yields each record's value; fails where a checksum, an offset or the framing is wrong."""
    next_offset = None
    for path in paths:
        data = path.read_bytes()
        batches = MemoryRecords(data)
        if batches.valid_bytes() != len(data):
            raise AssertionError(f"{path}: {len(data) - batches.valid_bytes()} bytes behind the "
                                 "last batch")
        while batches.has_next():
            batch = batches.next_batch()
            if not batch.validate_crc():
                raise AssertionError(f"{path}: wrong checksum at offset {batch.base_offset}")
            for record in batch:
                if next_offset is not None and record.offset != next_offset:
                    raise AssertionError(f"{path}: offset {record.offset} where {next_offset} "
                                         "should be")
                next_offset = record.offset + 1
                yield record.value
