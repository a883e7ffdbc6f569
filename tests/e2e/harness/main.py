"""Runs tests by name, and tells those that can't run on this machine from those that passed."""
import sys
import unittest

NOT_RUN = 77


def not_run(reason):
    """Ends a test that this machine can't run."""
    raise unittest.SkipTest(reason)


def run(module="__main__"):
    """As unittest.main(), but that a skipped test is `NOT RUN: reason`, and exit code 77."""
    program = unittest.main(module=module, exit=False, verbosity=1, warnings="default")
    result = program.result
    for _, reason in result.skipped:
        print(f"NOT RUN: {reason}", file=sys.stderr)
    if not result.wasSuccessful() or result.testsRun == 0:
        sys.exit(1)
    sys.exit(NOT_RUN if len(result.skipped) == result.testsRun else 0)
