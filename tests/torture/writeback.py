"""Lets writes fail behind the broker's back: the device is smaller than its file system believes.

writeback.py [COUNT] [--fs xfs|ext4] [--seed N]

Each round loads a broker until a sync fails: then it must end with 1, acknowledge nothing more, and
leave its mark. The device is given room, the broker starts again, with the file system mounted anew or
with the kernel's cache of what never was written, and must have all that it acknowledged, remove the
mark, and go on.
"""
import sys

import driven


def main():
    parser = driven.parser("writeback", __doc__.split("\n", maxsplit=1)[0], 5, "rounds")
    parser.add_argument("--fs", choices=("xfs", "ext4"), default="xfs")
    options = parser.parse_args()

    def words(_):
        driven.need_mkfs(options.fs)
        return ["rig=thin", f"fs={options.fs}"]
    return driven.run(options, words)


if __name__ == "__main__":
    sys.exit(main())
