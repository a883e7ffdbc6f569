"""The rules for includes, as functions from rules and text to complaints ('file:line: why')."""
import pathlib
import re

PROGRAM_FOLDERS = ("lib", "agent", "broker", "gui", "exporters", "cli")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


class Arrows:
    """Which room may include which (scripts/arrows.txt)."""

    def __init__(self, rules):
        self.direct = {}
        self.never = {}
        self.with_subfolders = set()
        for key, rooms in rules:
            if key.startswith("!"):
                self.never.setdefault(key[1:], set()).update(rooms)
                continue
            if key.endswith("/..."):
                key = key[:-len("/...")]
                self.with_subfolders.add(key)
            if key in self.direct:
                raise ValueError(f"arrows.txt names {key} twice")
            self.direct[key] = list(rooms)
        named = {room for rooms in self.direct.values() for room in rooms}
        for room in named | set(self.never) | {r for rooms in self.never.values() for r in rooms}:
            if room not in self.direct:
                raise ValueError(f"arrows.txt: {room} has no line of its own")
        self.reached = {room: self._reach(room, ()) for room in self.direct}

    def _reach(self, room, path):
        if room in path:
            raise ValueError("arrows.txt: a circle: " + " -> ".join((*path, room)))
        below = set(self.direct[room])
        for other in self.direct[room]:
            below |= self._reach(other, (*path, room))
        return below

    def room_of(self, path):
        """The room of a file, or None where its folder is none."""
        folder = str(pathlib.PurePosixPath(path).parent)
        if folder in self.direct:
            return folder
        parents = map(str, pathlib.PurePosixPath(folder).parents)
        return next((parent for parent in parents if parent in self.with_subfolders), None)

    def allows(self, room, other):
        if other in self.never.get(room, ()):
            return False
        return room == other or other in self.reached[room]


class Owners:
    """Which room may include which header from outside the tree (scripts/owners.txt)."""

    def __init__(self, rules):
        self.rules = {}
        for key, owners in rules:
            prefix = key.removesuffix("(headers too)").strip()
            self.rules[prefix] = (owners, key.endswith("(headers too)"))

    def complaint(self, header, path, room):
        """Why `path`, a file of `room`, may not include `header`; None where it may."""
        matching = [prefix for prefix in self.rules if header.startswith(prefix)]
        if not matching:
            if "." in header or "/" in header:
                return f"<{header}> has no owner in scripts/owners.txt"
            return None
        owners, headers_too = self.rules[max(matching, key=len)]
        if "*" in owners:
            return None
        if room not in owners and path not in owners:
            return f"<{header}> belongs to {', '.join(owners)} (scripts/owners.txt)"
        if path.endswith(".h") and not headers_too:
            return f"<{header}> may be included in .cpp files only (scripts/owners.txt)"
        return None


def include_complaints(path, text, arrows, owners, exists):
    """Yields what is wrong with the includes of one file; `exists` tells whether a path is a file."""
    room = arrows.room_of(path)
    if room is None:
        yield f"{path}:1: its folder is no room of scripts/arrows.txt"
        return
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            why = _include_complaint(match[1] == '"', match[2], path, room, arrows, owners, exists)
            if why:
                yield f"{path}:{number}: {why}"


def _include_complaint(quoted, header, path, room, arrows, owners, exists):
    if not quoted:
        return owners.complaint(header, path, room)
    other = arrows.room_of(header)
    if other is None or header.split("/")[0] not in PROGRAM_FOLDERS:
        return f'"{header}" is not a path from the root to a room of scripts/arrows.txt'
    if not arrows.allows(room, other):
        return f"{room} may not include {other} (scripts/arrows.txt)"
    if header.endswith(".pb.h"):
        return owners.complaint(header, path, room)
    if not exists(header):
        return f'"{header}" does not exist'
    return None


def header_complaints(path, text):
    if not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield f"{path}:1: a header needs #pragma once"


def build_complaints(sources, cmake_texts):
    """Yields sources that no CMakeLists.txt builds.

    `cmake_texts` maps a folder to the text of its CMakeLists.txt. A source is named by that of its
    folder, or of a folder above it by a relative path.
    """
    here = "${CMAKE_CURRENT_SOURCE_DIR}/"
    words = {folder: set(re.split(r"[\s()\"]+", re.sub(r"#.*", "", text).replace(here, "")))
             for folder, text in cmake_texts.items()}
    for source in sources:
        path = pathlib.PurePosixPath(source)
        if not any(str(path.relative_to(folder)) in words.get(str(folder), ())
                   for folder in path.parents):
            yield f"{source}:1: no CMakeLists.txt in its folder or above names it"


def unreached_folders(cmake_texts):
    """Yields folders whose CMakeLists.txt no add_subdirectory() above leads to."""
    for folder in cmake_texts:
        if folder == ".":
            continue
        path = pathlib.PurePosixPath(folder)
        named = any(re.search(rf"^\s*add_subdirectory\({re.escape(str(path.relative_to(above)))}\)",
                              cmake_texts.get(str(above), ""), re.MULTILINE)
                    for above in path.parents)
        if not named:
            yield f"{folder}/CMakeLists.txt:1: no add_subdirectory() leads here"
