"""Flips bytes in the files of a data directory, one at a time, and compares what the broker serves.

bitflip.py [COUNT] [--seed SEED] [--files TEXT]

Each flip hits a copy of a cleanly stopped directory: logs, indexes, side-cars, manifest, superblock, the
database and its copy. The broker must start, serve nothing wrong, tell what it can't read, and serve all
that was not touched: else exit 1.
"""
import argparse
import os
import pathlib
import random
import subprocess
import sys

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_BIN = pathlib.Path(os.environ.get("LOGBOOM_BIN") or _ROOT / "build/release/bin")


def main():
    parser = argparse.ArgumentParser(prog="./dev torture bitflip",
                                     description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("count", nargs="?", type=int, default=2000, metavar="COUNT",
                        help="flips (default 2000)")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--files", default=None, metavar="TEXT",
                        help="only files whose name holds it")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(2 ** 48) if options.seed is None else options.seed
    print(f"{options.count} flips (--seed {seed})", flush=True)
    environment = dict(os.environ, LOGBOOM_FLIPS=str(options.count), LOGBOOM_FLIP_SEED=str(seed))
    if options.files:
        environment["LOGBOOM_FLIP_FILES"] = options.files
    return subprocess.run([_BIN / "bitflip_test"], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
