"""The files of the source tree, as the tests of the house see them."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files_below(folders, suffixes, root=ROOT):
    """Paths relative to `root` of the files below `folders` with one of `suffixes`, sorted."""
    found = []
    for folder in folders:
        for at, names, files in os.walk(root / folder):
            names[:] = [name for name in names if name != "__pycache__" and not name.startswith(".")]
            found += [os.path.relpath(os.path.join(at, name), root)
                      for name in files if name.endswith(tuple(suffixes))]
    return sorted(found)


def files_at_the_root(suffixes, root=ROOT):
    return sorted(path.name for path in root.iterdir()
                  if path.is_file() and path.name.endswith(tuple(suffixes)))


def read(path, root=ROOT):
    return (root / path).read_text(encoding="utf-8", errors="replace")


def read_rules(path):
    """Yields (key, [values]) of the `key: value ...` lines of a rule file."""
    for line in read(path).splitlines():
        line = line.split("#")[0].strip()
        if line:
            key, values = line.split(":", 1)
            yield key.strip(), values.split()
