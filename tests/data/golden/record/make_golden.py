"""Makes the record batches of this folder with kafka-python's own builder.

    /usr/bin/python3 make_golden.py FOLDER

Debian: python3-kafka, python3-lz4, python3-zstandard. The records follow the rules of GoldenRecords()
in tests/lib/record/sample.cpp.
"""

import pathlib
import struct
import sys

import lz4.frame
import zstandard
from kafka.record import default_records
from kafka.record.default_records import DefaultRecordBatchBuilder
from kafka.record.util import calc_crc32c

NONE, GZIP, LZ4, ZSTD = 0, 1, 3, 4
CRC_AT, ATTRIBUTES_AT = 17, 21


def value_of(i):
    if i % 7 == 3:
        return None
    if i % 7 == 5:
        return b""
    return b"line %d " % i + b"\x00\xff\xc3\x28" + b"abcdefgh" * (i % 40)


def records():
    for i in range(60):
        timestamp = 1_700_000_000_000 + i * i * 37 - (i % 3) * 5000
        key = None if i % 5 == 0 else b"host:%d" % i
        headers = [("lb.test", bytes([i])), ("none", None), ("", b"")] if i % 4 == 1 else []
        yield timestamp, key, value_of(i), headers


def build(codec, producer=(-1, -1, -1), transactional=False):
    builder = DefaultRecordBatchBuilder(2, codec, transactional, *producer, 1 << 20)
    for offset, record in enumerate(records()):
        if builder.append(offset, *record) is None:
            sys.exit("the batch is full")
    return bytes(builder.build())


def lz4_linked(data):
    """No content size, checksums, blocks that refer to earlier ones: what our writer leaves out."""
    stream = lz4.frame.LZ4FrameCompressor(block_linked=True, content_checksum=True,
                                          block_checksum=True, auto_flush=True)
    frame = stream.begin()
    for at in range(0, len(data), 1000):
        frame += stream.compress(data[at:at + 1000])
    return frame + stream.flush()


def zstd_stream(data):
    """No content size, as Kafka's own streaming writer leaves it."""
    stream = zstandard.ZstdCompressor(write_content_size=False).compressobj()
    return stream.compress(data[:1000]) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) + \
        stream.compress(data[1000:]) + stream.flush()


def with_codec_function(name, function, codec):
    kept = getattr(default_records, name)
    setattr(default_records, name, function)
    try:
        return build(codec)
    finally:
        setattr(default_records, name, kept)


def append_time(batch):
    """As a broker stores it under message.timestamp.type = LogAppendTime."""
    batch = bytearray(batch)
    struct.pack_into(">q", batch, 0, 4200)
    struct.pack_into(">i", batch, 12, 7)
    attributes, = struct.unpack_from(">h", batch, ATTRIBUTES_AT)
    struct.pack_into(">h", batch, ATTRIBUTES_AT, attributes | 0x08)
    struct.pack_into(">q", batch, 35, 1_800_000_000_000)
    struct.pack_into(">I", batch, CRC_AT, calc_crc32c(bytes(batch[ATTRIBUTES_AT:])))
    return bytes(batch)


def main(folder):
    batches = {
        "none": build(NONE),
        "gzip": build(GZIP),
        "lz4": build(LZ4),
        "zstd": build(ZSTD),
        "lz4_linked": with_codec_function("lz4_encode", lz4_linked, LZ4),
        "zstd_stream": with_codec_function("zstd_encode", zstd_stream, ZSTD),
        "append_time": append_time(build(ZSTD)),
        "transactional": build(NONE, producer=(77, 5, 1000), transactional=True),
    }
    for name, batch in batches.items():
        (pathlib.Path(folder) / f"{name}.batch").write_bytes(batch)


main(sys.argv[1])
