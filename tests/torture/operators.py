"""Small changes of C++ code, drawn at random: an operator, a bound, a constant, a check.

Whoever reads the code as text does not understand it: some changes do not build, some change nothing that
can be seen. The first are passed over by the caller, the second have to be explained. Left out is only what
can't change what the code does, whatever is around it: comments, messages, the CHECKs of our own mistakes,
what is looked at when compiling, and the room that a container asks for in advance (reserve).
"""
import collections
import difflib
import hashlib
import re

FOLDERS = ("broker/storage", "broker/sources", "lib/segment")
FILES = ("lib/record/span.cpp", "broker/engine/engine_commit.cpp", "broker/engine/engine_open.cpp")

# What is looked for, what takes its place, and how it is called.
_CHANGES = [
    (r"(?<![<>=!\-])<=(?!=)", "<", "<= becomes <"),
    (r"(?<=\s)<(?=\s)", "<=", "< becomes <="),
    (r"(?<![<>=!\-])>=(?!=)", ">", ">= becomes >"),
    (r"(?<=\s)>(?=\s)", ">=", "> becomes >="),
    (r"==", "!=", "== becomes !="),
    (r"!=", "==", "!= becomes =="),
    (r"&&", "||", "&& becomes ||"),
    (r"\|\|", "&&", "|| becomes &&"),
    (r"(?<=\s)\+(?=\s)", "-", "+ becomes -"),
    (r"(?<=\s)-(?=\s)", "+", "- becomes +"),
    (r"\bstd::max\b", "std::min", "max becomes min"),
    (r"\bstd::min\b", "std::max", "min becomes max"),
    (r"\btrue\b", "false", "true becomes false"),
    (r"\bfalse\b", "true", "false becomes true"),
    (r"\bcontinue;", ";", "a continue is dropped"),
    (r"\bif \(!(?=\w)", "if (", "a ! is dropped"),
    (r"^(\s*)RETURN_IF_ERROR\((.*)\);$", r"\1(void)(\2);", "an error is ignored"),
    (r"^(\s*)([a-z_]+(?:\.|->|\()[^=]*\);)$", r"\1;", "a call is dropped"),
    (r"^(\s*)(\+\+|--)[a-z_>.\-]+;$", r"\1;", "a count is dropped"),
]
_SKIPPED = re.compile(r"^\s*(//|#|template|static_assert|using |namespace |CHECK|\}|constexpr|inline|.*\.reserve\()")


def _places(lines):
    """(line number, changed line, what) for every change that the file could take."""
    for number, line in enumerate(lines):
        if _SKIPPED.match(line) or "fmt::" in line or '"' in line or "operator" in line:
            continue
        code = line.split("//")[0]
        for pattern, by, what in _CHANGES:
            for match in re.finditer(pattern, code):
                changed = line[:match.start()] + match.expand(by) + line[match.end():]
                if changed != line:
                    yield number, changed, what


def _patch(name, lines, number, changed):
    after = [*lines[:number], changed, *lines[number + 1:]]
    return "\n".join(difflib.unified_diff(lines, after, f"a/{name}", f"b/{name}", lineterm="", n=2)) + "\n"


def draw(tree, seed):
    """Yields (file, line number, what, patch), each once; every file is as likely as it is long.

    Each place has its own lot, of the seed and of what stands there: a change elsewhere leaves those drawn.
    """
    files = sorted(path for folder in FOLDERS for path in (tree / folder).glob("*.cpp"))
    files += [tree / name for name in FILES]
    places = []
    for path in files:
        name = path.relative_to(tree).as_posix()
        lines = path.read_text().split("\n")
        alike = collections.Counter()
        for number, changed, what in _places(lines):
            text = f"{seed}\0{name}\0{lines[number]}\0{changed}"
            alike[text] += 1
            lot = hashlib.sha256(f"{text}\0{alike[text]}".encode()).digest()
            places.append((lot, name, lines, number, changed, what))
    for _, name, lines, number, changed, what in sorted(places, key=lambda place: place[0]):
        yield name, number + 1, f"{what}: {lines[number].strip()}", _patch(name, lines, number, changed)
