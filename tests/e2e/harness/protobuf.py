"""Protocol buffers' wire format, as far as the envelopes need it."""
import struct


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Fixed64(int):
    """An integer that goes as fixed64."""


def encode(fields):
    """Of {number: value}: int as varint, Fixed64, bytes or str, dict as a message, list as repeated."""
    out = b""
    for number, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            out += _field(number, one)
    return out


def _field(number, value):
    if isinstance(value, Fixed64):
        return varint(number << 3 | 1) + struct.pack("<Q", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = encode(value) if isinstance(value, dict) else value
    data = data.encode() if isinstance(data, str) else data
    return varint(number << 3 | 2) + varint(len(data)) + data


def decode(data):
    """{number: [value, ...]}: ints, and bytes that may be messages."""
    fields, at = {}, 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _read_varint(data, at)
        elif kind == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        elif kind == 2:
            size, at = _read_varint(data, at)
            value, at = data[at:at + size], at + size
        elif kind == 5:
            value, at = struct.unpack_from("<I", data, at)[0], at + 4
        else:
            raise ValueError(f"wire type {kind} at {at}")
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
