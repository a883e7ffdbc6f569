"""What slow agents cost on the disk: 300 of them, at 1, 10 and 100 lines a second each, beside one fast one.

The batches that they would send with the default linger are made and stored without waiting for real
time; then finished segments are rewritten as the broker does it in the background. The figure is stored
bytes for each byte of the lines.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import log_mix

SOURCE = pathlib.Path(__file__).resolve().parents[1]


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev bench slow_agents", description=__doc__.split("\n")[0])
    parser.add_argument("--mb", type=int, default=40, help="size of the lines (default 40)")
    parser.add_argument("--folder", type=pathlib.Path, default=SOURCE / "build/bench",
                        help="where the lines and the segments are kept while it runs")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    binaries = pathlib.Path(os.environ.get("LOGBOOM_BIN", SOURCE / "build/release/bin"))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        lines = folder / "lines"
        log_mix.make(lines, arguments.mb)
        output = subprocess.run([binaries / "slow_agents_bench", lines, folder / "log"], check=True,
                                stdout=subprocess.PIPE, text=True).stdout
    finally:
        shutil.rmtree(folder)
    rows = [tuple(map(int, line.split())) for line in output.splitlines()]
    _, raw, _, fast = rows[0]
    print(f"{'agents':>22} {'stored':>8} {'rewritten':>10} {'to fast':>8}   (bytes for each raw byte)")
    for rate, raw, stored, rewritten in rows:
        name = "one fast" if rate == 0 else f"300 at {rate} lines/s"
        print(f"{name:>22} {stored / raw:8.3f} {rewritten / raw:10.3f} "
              f"{rewritten / raw / (fast / rows[0][1]):8.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
