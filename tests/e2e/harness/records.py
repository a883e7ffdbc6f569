"""Records as `consume --format json` prints them."""
import base64
import dataclasses
import json


@dataclasses.dataclass
class Record:
    offset: int
    key: bytes
    value: bytes
    more: bool  # the line goes on in the next record of the same source


def _bytes_of(row, name):
    if f"{name}_base64" in row:
        return base64.b64decode(row[f"{name}_base64"])
    text = row.get(name)
    return b"" if text is None else text.encode("utf-8")


def record_of(row):
    headers = row.get("headers") or {}
    return Record(row["offset"], _bytes_of(row, "key"), _bytes_of(row, "value"),
                  any(name.startswith("lb.more") for name in headers))


def parse(output):
    """As parse_stream, of all the output at once."""
    # Not splitlines(): it takes more than newlines for ends of lines.
    return parse_stream(output.split(b"\n")[:-1])


def parse_stream(lines):
    """The records among the lines (rows of gaps are passed over)."""
    for line in lines:
        row = json.loads(line)
        if "gap" not in row:
            yield record_of(row)


def joined_lines(records):
    """Yields (key, line); a line in parts is whole again, in the place of its last part."""
    parts = {}
    for record in records:
        parts.setdefault(record.key, []).append(record.value)
        if not record.more:
            yield record.key, b"".join(parts.pop(record.key))
    for key, rest in parts.items():
        yield key, b"".join(rest)
