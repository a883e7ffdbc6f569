"""The styles of rotation. One more is one more function here, with a line in STYLES.

A style does one rotation of a RotatedLog; `log.turn` counts them. It says by which of the log's methods what
becomes of the bytes, and so what may be lost.
"""
import collections
import gzip
import os
import shutil

# `include`: patterns below the log's folder. `prepared`: rotations before anything goes wrong. `ordered`: its
# files come in the order in which they were written. `banner`: they all begin with the same 2 KB. `copy`: what
# comes first, and stands for a while before `rotate`.
Style = collections.namedtuple("Style", "rotate include prepared ordered banner copy",
                               defaults=(("app.log*",), 0, True, False, None))

_LIVE_ONLY = ("app.log",)
_CHAIN_KEPT = 3
_INODE_TRIES = 64


def _rename(log):
    log.rename(log.beside(f".{log.turn}"))


def _rename_out(log):
    log.rename_out(log.beside(f".{log.turn}"))


def _compress(log):
    """As logrotate does: the archive gets the file's times, and takes its place."""
    rotated = log.beside(f".{log.turn}")
    log.rename(rotated)
    archive = log.beside(f".{log.turn}.gz")
    archive.write_bytes(gzip.compress(rotated.read_bytes()))
    shutil.copystat(rotated, archive)
    rotated.unlink()


def _dated(log):
    log.rename(log.beside(f"-202601{log.turn:02}"))


def _dated_live(log):
    """The program itself goes on under the next day's name."""
    log.go_on_at(log.folder / f"app-2026-01-{log.turn:02}.log")


def _make_room(log, kept=_CHAIN_KEPT):
    """app.log.2 becomes .3, .1 becomes .2; the last one is deleted."""
    for age in range(kept, 0, -1):
        path = log.beside(f".{age}")
        if not path.exists():
            continue
        if age == kept:
            log.unlink_rotated(path, log.generations[-1 - kept])
        else:
            os.rename(path, log.beside(f".{age + 1}"))


def _chain(log):
    _make_room(log)
    log.rename(log.beside(".1"))


def _chain_too_short(log):
    """The one file that is kept goes, whether it was read or not."""
    _make_room(log, kept=1)
    log.rename(log.beside(".1"))


def _chain_out(log):
    _make_room(log)
    log.rename_out(log.beside(".1"))


def _moved(log):
    log.rename(log.folder / "archive" / f"app.log.{log.turn}")


def _moved_out(log):
    log.rename(log.folder / "elsewhere" / f"app.log.{log.turn}", findable=False)


def _copy(log):
    log.copy(log.beside(f".{log.turn}"))


def _copy_into_chain(log):
    _make_room(log)
    log.copy(log.beside(".1"))


def _copy_out(log):
    log.copy_out(log.folder / f"old-app.log.{log.turn}")


def _truncate_copied(log):
    log.truncate_copied()


def _truncate(log):
    log.truncate()


def _truncate_and_regrow(log):
    size = log.current.ends[-1]
    log.truncate()
    log.write_past(size)


def _create(log):
    log.unlink()


def _inode_reuse(log):
    """Files are made until one has the inode; where the agent holds the old file none can."""
    inode = os.stat(log.path).st_ino

    def make():
        made = []
        for number in range(_INODE_TRIES):
            made.append(log.folder / f"try-{number}")
            made[-1].touch()
            if made[-1].stat().st_ino == inode:
                log.world.inodes_reused += 1
                break
        os.rename(made.pop(), log.path)
        for path in made:
            path.unlink()

    log.unlink(make=make)


def _unlink_while_open(log):
    log.unlink(keeps_writing=True)


def _late_writes(log):
    log.rename(log.beside(f".{log.turn}"), keeps_writing=True)


STYLES = {
    "rename": Style(_rename),
    "rename_out": Style(_rename_out, _LIVE_ONLY),
    "chain": Style(_chain, prepared=_CHAIN_KEPT),
    "chain_too_short": Style(_chain_too_short, prepared=1),
    "chain_out": Style(_chain_out, _LIVE_ONLY, prepared=_CHAIN_KEPT),
    "compressed": Style(_compress, ordered=False),
    "dated": Style(_dated),
    "dated_live": Style(_dated_live, ("app*.log",), ordered=False),
    "moved": Style(_moved, ("app.log", "archive/app.log*")),
    "moved_out": Style(_moved_out, _LIVE_ONLY),
    "copytruncate": Style(_truncate_copied, ordered=False, copy=_copy),
    "copytruncate_chain": Style(_truncate_copied, prepared=_CHAIN_KEPT, ordered=False,
                                copy=_copy_into_chain),
    "copytruncate_out": Style(_truncate_copied, _LIVE_ONLY, ordered=False, copy=_copy_out),
    "copytruncate_none": Style(_truncate),
    "truncate_regrow": Style(_truncate_and_regrow),
    "create": Style(_create),
    "inode_reuse": Style(_inode_reuse),
    "rename_alike": Style(_rename, banner=True),
    "copytruncate_alike": Style(_truncate_copied, ordered=False, banner=True, copy=_copy),
    "truncate_alike": Style(_truncate_and_regrow, banner=True),
    "create_alike": Style(_create, banner=True),
    "unlink_open": Style(_unlink_while_open, ordered=False),
    "late_writes": Style(_late_writes, ordered=False),
}
