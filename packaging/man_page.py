"""Makes a manual page of what a program says of itself.

man_page.py PROGRAM SECTION OUT.gz: runs PROGRAM --help and --version.
"""
import gzip
import pathlib
import subprocess
import sys


# What a program does beside its main work, each with a --help of its own.
VERBS = {"logboom-agent": ("tap",), "logboom-broker": ("backup", "restore")}


def escaped(line):
    """A line that troff leaves as it is."""
    line = line.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + line if line.startswith((".", "'")) else line


def page(name, section, version, help_text, verb_texts):
    first, _, rest = help_text.strip().partition("\n")
    what = first.rstrip(".")
    what = what[:1].lower() + what[1:]
    lines = [f'.TH {name.upper()} {section} "" "{version}" "Logboom"',
             ".SH NAME", f"{escaped(name)} \\- {escaped(what)}",
             ".SH SYNOPSIS", f".B {escaped(name)}", "[options]",
             ".SH DESCRIPTION", escaped(first), ".PP", ".nf"]
    lines += [*map(escaped, rest.strip("\n").splitlines()), ".fi"]
    for text in verb_texts:
        usage, _, rest = text.strip().partition("\n")
        lines += [f".SH {escaped(usage.split()[1].upper())}", f".B {escaped(usage)}", ".PP", ".nf",
                  *map(escaped, rest.strip("\n").splitlines()), ".fi"]
    return "\n".join([*lines, ""])


def main(program, section, out):
    def said(*words):
        return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout
    name = pathlib.Path(program).name
    verbs = [said(verb, "--help") for verb in VERBS.get(name, ())]
    text = page(name, section, said("--version").strip(), said("--help"), verbs)
    # No time, no name: the same input makes the same bytes.
    with open(out, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as zipped:
        zipped.write(text.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
