"""Prints the record batches of a file as lines of JSON, decoded by kafka-python alone.

One line for each batch, then one for each of its records; bytes are in hexadecimal. It shares no code
with lib/record: what both agree on is Kafka's format. Debian: python3-kafka, python3-lz4,
python3-zstandard.
"""

import json
import sys

from kafka.record.memory_records import MemoryRecords


def hexadecimal(data):
    return None if data is None else data.hex()


def show(row):
    print(json.dumps(row, sort_keys=True, separators=(",", ":")))


def show_batch(batch):
    header = batch._header_data  # base offset, length, leader epoch, magic, CRC, attributes, ...
    show({
        "attributes": batch.attributes,
        "base_offset": batch.base_offset,
        "count": header[12],
        "crc_ok": batch.validate_crc(),
        "last_offset_delta": batch.last_offset_delta,
        "leader_epoch": header[2],
        "magic": batch.magic,
        "max_timestamp": batch.max_timestamp,
        "producer": list(header[9:12]),
    })
    for record in batch:
        show({
            "headers": [[key.encode().hex(), hexadecimal(value)] for key, value in record.headers],
            "key": hexadecimal(record.key),
            "offset": record.offset,
            "timestamp": record.timestamp,
            "value": hexadecimal(record.value),
        })


def main(path):
    with open(path, "rb") as file:
        data = file.read()
    records = MemoryRecords(data)
    if records.valid_bytes() != len(data):
        sys.exit(f"{path}: {len(data) - records.valid_bytes()} bytes are left behind the last batch")
    while records.has_next():
        show_batch(records.next_batch())


main(sys.argv[1])
