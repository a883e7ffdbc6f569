"""Fills a small file system under a broker and frees it again, and looks whether anything is lost.

enospc.py [COUNT] [--fs ext4|xfs] [--seed N]

Each round fills the disk three times, to the last byte or to some megabytes, logs and database alike,
under load; at half of them the broker is killed and started with the disk full. It must not end by
itself, must have all that it acknowledged, and must acknowledge again once there is room.
"""
import sys

import driven


def main():
    parser = driven.parser("enospc", __doc__.split("\n", maxsplit=1)[0], 10, "rounds")
    parser.add_argument("--fs", choices=("ext4", "xfs"), default="ext4")
    options = parser.parse_args()

    def words(_):
        driven.need_mkfs(options.fs)
        return ["rig=full", f"fs={options.fs}"]
    return driven.run(options, words)


if __name__ == "__main__":
    sys.exit(main())
