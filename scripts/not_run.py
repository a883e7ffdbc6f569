"""Prints the tests of a ctest run that did not run, and fails where one has no leave to.

not_run.py RESULTS.xml ALLOWED.txt

A test that can't run on a machine prints `NOT RUN: reason` and returns (or exits 77). Each is listed
as `NOT RUN: test - reason`. ALLOWED.txt holds the tests that may: one regular expression of the whole
name a line, `#` begins a comment. Exit 1 where a test is not among them, or gives no reason.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree


def read_allowed(path):
    with open(path, encoding="utf-8") as lines:
        rules = (line.split("#")[0].strip() for line in lines)
        return [re.compile(rule) for rule in rules if rule]


def tests_not_run(results_path):
    """Yields (name, reason or None) of each test that was skipped, disabled or not found."""
    for case in ElementTree.parse(results_path).getroot().iter("testcase"):
        if case.get("status") in ("run", "fail"):
            continue
        output = case.findtext("system-out") or ""
        reason = re.search(r"NOT RUN: *(.+)", output)
        # ctest takes the words for the outcome, also of a test that went on and failed.
        failed = re.search(r"\[  FAILED  \]|Sanitizer:", output)
        yield case.get("name"), reason.group(1).strip() if reason and not failed else None


def main(results_path, allowed_path):
    allowed = read_allowed(allowed_path)
    refused = []
    for name, reason in sorted(tests_not_run(results_path)):
        print(f"NOT RUN: {name} - {reason or 'no reason given'}")
        if reason is None or not any(rule.fullmatch(name) for rule in allowed):
            refused.append(name)
    for name in refused:
        print(f"FAILED: {name} has to run: give its reason as 'NOT RUN: reason' and its name in "
              f"{allowed_path}, or make it run")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
