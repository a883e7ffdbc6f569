"""Rigs that torture-driver does: options, a folder, a file system in a file, and what is left of them.

The driver's mounts are its own, and the kernel takes them and the loop device away with it, however
it ends: there is nothing to clean up but the folder.
"""
import argparse
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import places  # noqa: E402
from harness.daemon import die_with_parent  # noqa: E402
from harness.main import NOT_RUN  # noqa: E402

# XFS takes no less than 300 MB.
_IMAGE_BYTES = 400 << 20
_MKFS = {"ext4": ["mkfs.ext4", "-q", "-m", "0"], "xfs": ["mkfs.xfs", "-q"]}
# A disk in memory syncs at once: what is tried is the order of things, not the patience of a disk.
_MEMORY = pathlib.Path("/dev/shm")
# Lives of one file system.
LIVES_OF_A_DISK = 1000


class NotRun(Exception):
    """This machine can't run the rig; the text says why."""


def parser(rig, description, count, counted):
    made = argparse.ArgumentParser(prog=f"./dev torture {rig}", description=description)
    made.add_argument("count", nargs="?", type=int, default=count, metavar="COUNT",
                      help=f"{counted} (default {count})")
    made.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    made.add_argument("--keep", action="store_true", help="keep the folder also where all is well")
    return made


def make_folder():
    room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > 2 * _IMAGE_BYTES
    folder = pathlib.Path(tempfile.mkdtemp(prefix="logboom-torture-",
                                           dir=_MEMORY if room else None))
    (folder / "data").mkdir()
    return folder


def need_mkfs(file_system):
    """The command that makes such a file system; NotRun where this machine can't."""
    if os.geteuid() != 0:
        raise NotRun("mounting a file system needs root")
    command = _MKFS[file_system]
    if not shutil.which(command[0]):
        raise NotRun(f"{command[0]} is not installed")
    return command


def make_image(folder, file_system):
    """The words that tell the driver of it."""
    command = need_mkfs(file_system)
    image = folder / "disk.img"
    with open(image, "wb") as file:
        file.truncate(_IMAGE_BYTES)
    subprocess.run([*command, image], check=True, stdout=subprocess.DEVNULL)
    return [f"fs={file_system}", f"image={image}"]


def _drive(words):
    driver = subprocess.Popen([places.program("torture-driver"), *words],
                              preexec_fn=die_with_parent)
    try:
        return driver.wait()
    except KeyboardInterrupt:
        driver.send_signal(signal.SIGTERM)
        driver.wait()
        raise


def run(options, words_of, in_rounds_of=None):
    """Runs the driver with what `words_of` says of a folder; returns the exit code.

    Each round has a folder, a file system and a seed of its own: after some thousand power losses ext4
    itself is no longer sound, and says so.
    """
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 31)
    in_rounds_of = in_rounds_of or max(options.count, 1)
    for at in range(0, max(options.count, 1), in_rounds_of):
        code = _run_round(options, words_of, seed, min(in_rounds_of, options.count - at))
        if code != 0:
            return code
        seed += 1
    return 0


def _run_round(options, words_of, seed, count):
    print(f"seed {seed}", flush=True)
    folder = make_folder()
    code = 1
    try:
        code = _drive([f"folder={folder}", f"broker={places.program('logboom-broker')}",
                       f"seed={seed}", f"count={count}", *words_of(folder)])
    except NotRun as reason:
        print(f"NOT RUN: {reason}", file=sys.stderr)
        code = NOT_RUN
    except (OSError, subprocess.SubprocessError) as error:
        print(f"FAILED: {error}")
    finally:
        if code in (0, NOT_RUN) and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            print(f"kept: {folder}")
    return code
