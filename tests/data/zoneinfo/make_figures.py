"""Writes figures.txt: what Python's zoneinfo says about the zones in this folder.

make_figures.py
"""
import datetime
import pathlib
import random
import zoneinfo

HERE = pathlib.Path(__file__).resolve().parent
SEED = 8536
FROM, TO = -2_900_000_000, 5_700_000_000  # 1878 to 2150
RANDOM_FIGURES = 25
CHANGES = 15
EPOCH = datetime.datetime(1970, 1, 1)


def zones():
    for path in sorted(HERE.glob("*/*")):
        with path.open("rb") as file:
            yield str(path.relative_to(HERE)), zoneinfo.ZoneInfo.from_file(file)


def offset_at(zone, seconds):
    utc = EPOCH.replace(tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return int(utc.astimezone(zone).utcoffset().total_seconds())


def to_utc(zone, seconds):
    local = (EPOCH + datetime.timedelta(seconds=seconds)).replace(tzinfo=zone)
    return seconds - int(local.utcoffset().total_seconds())


def change_between(zone, begin, end):
    """The first second with another offset than `begin`, which `end` has."""
    while end - begin > 1:
        middle = (begin + end) // 2
        if offset_at(zone, middle) == offset_at(zone, begin):
            begin = middle
        else:
            end = middle
    return end


def changes(zone, chosen):
    month = 30 * 86_400
    found = [change_between(zone, at, at + month) for at in range(FROM, TO, month)
             if offset_at(zone, at) != offset_at(zone, at + month)]
    return sorted(chosen.sample(found, min(CHANGES, len(found))))


def main():
    chosen = random.Random(SEED)
    lines = []
    for name, zone in zones():
        instants = [chosen.randrange(FROM, TO) for _ in range(RANDOM_FIGURES)]
        walls = list(instants)
        for change in changes(zone, chosen):
            instants += [change - 1, change]
            for offset in (offset_at(zone, change - 1), offset_at(zone, change)):
                walls += [change + offset - 1, change + offset, change + offset + 60]
        lines += [f"utc {name} {at} {offset_at(zone, at)}" for at in instants]
        lines += [f"local {name} {at} {to_utc(zone, at)}" for at in walls]
    (HERE / "figures.txt").write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
