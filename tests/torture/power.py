"""Takes a broker's power away at random points, under load, and looks whether it kept its promises.

power.py [COUNT] [--fs ext4|xfs] [--seed N]

The data directory, database included, is on a file system of its own on a loop device. A cycle
starts the broker, compares all that it shows with all that was acknowledged or served before, loads
it, and shuts the file system down: what was not synced never was. Exit 0 where nothing is lost,
doubled or out of order, and no offset was used twice.
"""
import sys

import driven


def main():
    parser = driven.parser("power", __doc__.split("\n", maxsplit=1)[0], 100, "lives of the broker")
    parser.add_argument("--fs", choices=("ext4", "xfs"), default="ext4")
    options = parser.parse_args()
    return driven.run(options,
                      lambda folder: ["rig=power", *driven.make_image(folder, options.fs)],
                      driven.LIVES_OF_A_DISK)


if __name__ == "__main__":
    sys.exit(main())
