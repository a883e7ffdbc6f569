"""System calls of a traced program: strace's output as calls with a begin and an end."""
import dataclasses
import re


@dataclasses.dataclass
class Call:
    name: str
    arguments: str
    result: int
    begin: int  # numbers of lines: they give the order in which the kernel was entered and left
    end: int

    @property
    def path(self):
        """Of the first argument, with strace's -y."""
        match = re.match(r"\d+<([^>]*)>", self.arguments)
        return _unescaped(match.group(1)).decode("utf-8", "replace") if match else ""

    @property
    def data(self):
        """All strings among the arguments, one behind the other, with strace's -xx."""
        return b"".join(map(_unescaped, re.findall(r'"((?:\\x[0-9a-f]{2})*)"', self.arguments)))


def _unescaped(text):
    return bytes.fromhex(text.replace("\\x", ""))


_WHOLE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+|\?)")
_BEGUN = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
_ENDED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?)")


def command(output):
    """The words before a program's own that trace its writes, syncs and sends."""
    calls = "write,writev,pwrite64,pwritev,pwritev2,fdatasync,fsync,syncfs,sendto,sendmsg"
    return ["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={calls}",
            "-e", "signal=none", "-o", str(output)]


def read_calls(path):
    """The finished calls, in the order of their ends."""
    begun, calls = {}, []
    with open(path, encoding="ascii", errors="replace") as lines:
        for number, line in enumerate(lines):
            line = line.rstrip("\n")
            if match := _BEGUN.match(line):
                begun[match[1], match[2]] = (number, match[3])
            elif match := _ENDED.match(line):
                begin, arguments = begun.pop((match[1], match[2]))
                calls.append(Call(match[2], arguments + match[3], _number(match[4]), begin, number))
            elif match := _WHOLE.match(line):
                calls.append(Call(match[2], match[3], _number(match[4]), number, number))
    return calls


def _number(text):
    return -1 if text == "?" else int(text)
