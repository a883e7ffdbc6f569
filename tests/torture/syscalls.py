"""Kills a broker at every file call of a script, or fails that call, and looks at what is kept.

syscalls.py [COUNT] [--errors] [--fs none|ext4|xfs] [--skip RUNS] [--seed N]

The script is two lives of a broker: topics, batches with and without spans, a row, a commit, a segment
that rolls, a checkpoint, retention, a topic made and deleted. COUNT runs at calls drawn at random;
0 is each call once with each action: killed in place of it, and behind it with a write half done;
with --errors EIO, ENOSPC and a short write, once and from there on. With --fs each run ends by a power
loss in place of a kill, so that an acknowledgement of what was not synced is found out.
"""
import pathlib
import sys

import driven
from harness import places


def main():
    parser = driven.parser("syscalls", __doc__.split("\n", maxsplit=1)[0], 100,
                           "runs at calls drawn at random; 0: at every call")
    parser.add_argument("--errors", action="store_true", help="fail the calls; else kill at them")
    parser.add_argument("--fs", choices=("none", "ext4", "xfs"), default="none")
    parser.add_argument("--skip", type=int, default=0, metavar="RUNS",
                        help="of COUNT 0: leave out the first ones, to go on where another run ended")
    options = parser.parse_args()

    def words(folder):
        shim = pathlib.Path(places.program("torture-driver")).with_name("torture-shim.so")
        return [f"rig={'errors' if options.errors else 'calls'}", f"shim={shim}", f"skip={options.skip}",
                *([] if options.fs == "none" else driven.make_image(folder, options.fs))]
    return driven.run(options, words)


if __name__ == "__main__":
    sys.exit(main())
