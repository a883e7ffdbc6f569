"""Kills a broker (SIGKILL) at random points, under load, and looks whether it kept its promises.

kill_broker.py [COUNT] [--fs none|ext4|xfs] [--seed N]

As the rig `power`, with kills in place of power losses: many in little time. `--fs` puts the data
directory on a file system of its own, so that syncs cost what they cost there (needs root).
"""
import sys

import driven


def main():
    parser = driven.parser("kill_broker", __doc__.split("\n", maxsplit=1)[0], 200,
                           "lives of the broker")
    parser.add_argument("--fs", choices=("none", "ext4", "xfs"), default="none")
    options = parser.parse_args()

    def words(folder):
        return ["rig=kill", *([] if options.fs == "none" else
                              driven.make_image(folder, options.fs))]
    return driven.run(options, words)


if __name__ == "__main__":
    sys.exit(main())
