"""Where things are: the source tree, the programs under test, the sample logs."""
import os
import pathlib

SOURCE = pathlib.Path(__file__).resolve().parents[3]
LOGS = SOURCE / "tests/data/logs"
BIN = pathlib.Path(os.environ.get("LOGBOOM_BIN") or SOURCE / "build/release/bin").resolve()
# Programs built with sanitizers are slower and larger: waits are longer, limits aren't measured.
SANITIZED = bool(os.environ.get("LOGBOOM_SANITIZE"))


def program(name):
    """The path of one of the programs; an error that says what to do where it is missing."""
    path = BIN / name
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is missing: ./dev build makes it, and LOGBOOM_BIN names "
                                "another folder of programs")
    return str(path)
