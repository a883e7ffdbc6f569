"""The style of the house, as rules over lines and files: functions that yield 'file:line: why'."""
import re

CPP = (".h", ".cpp")
TEXT = (*CPP, ".py", ".sh", ".txt", ".cmake", ".proto", ".md", ".toml", ".service", ".json")
FILE_LINES_MAX = 600
LINE_COLUMNS_MAX = 100


class Rule:
    """A pattern that no line of the files it applies to may hold."""

    def __init__(self, pattern, why, folders=(), suffixes=CPP):
        self.pattern = re.compile(pattern)
        self.why = why
        self.folders = folders
        self.suffixes = suffixes

    def applies(self, path):
        return (path.endswith(self.suffixes) and
                (not self.folders or path.startswith(self.folders)))


RULES = {
    "leftover": Rule(r"\b(TODO|FIXME|XXX|HACK)\b", "a leftover: do it now, or leave it out",
                     suffixes=TEXT),
    "own path": Rule(r"(?<![\w.}~])/(work|workspace|Users|home/[a-z]+)/",
                     "a path of one machine", suffixes=TEXT),
    "std::regex": Rule(r"\bstd::w?regex\b|<regex>", "std::regex overflows the stack on long lines"),
    "using namespace": Rule(r"\busing\s+namespace\s+(?!std::(\w+::)*\w*literals;)",
                            "name what is used; only literals come by namespace"),
    "vague name": Rule(r"\b(class|struct)\s+\w*(Manager|Helper|Utils?|Impl)\b",
                       "a name that says nothing: what is it?"),
    "skipped test": Rule(r"\bGTEST_SKIP\b|\bDISABLED_", "print 'NOT RUN: reason' and return",
                         folders=("tests/",)),
    "sleep in test": Rule(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.:>])sleep\(",
                          "wait for what you wait for, with a deadline, or pass the time in",
                          folders=("tests/",)),
    "output in library": Rule(r"\bstd::cout\b|\bprintf\(|\bputs\(|\bfmt::print\((?!stderr)",
                              "libraries return values; programs print", folders=("lib/",)),
}


def line_complaints(path, text):
    """Yields what the rules find in a file."""
    rules = [rule for rule in RULES.values() if rule.applies(path)]
    for number, line in enumerate(text.splitlines(), 1):
        for rule in rules:
            match = rule.pattern.search(line)
            if match:
                yield f"{path}:{number}: '{match[0].strip()}': {rule.why}"


def size_complaints(path, text):
    """Yields where C++ is too long: a file in lines, a line in columns."""
    if not path.endswith(CPP):
        return
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        yield (f"{path}:{FILE_LINES_MAX + 1}: {len(lines)} lines; a file holds one idea in at most "
               f"{FILE_LINES_MAX}")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS_MAX and "://" not in line:
            yield f"{path}:{number}: {len(line)} columns, at most {LINE_COLUMNS_MAX}"
