"""Checks the verbs of ./dev: that they parse, are listed, refuse what they should, and set up."""
import glob
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import source_tree

ROOT = source_tree.ROOT
SCRIPTS = ["dev", ".ci/run"] + sorted(
    os.path.relpath(path, ROOT) for path in glob.glob(str(ROOT / "scripts/*.sh")))


def run(*command, path=None, cwd=ROOT):
    environment = dict(os.environ, PATH=path or os.environ["PATH"])
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True,
                          timeout=60, check=False)


class Scripts(unittest.TestCase):
    def test_every_script_parses(self):
        for script in SCRIPTS:
            with self.subTest(script=script):
                self.assertEqual(run("bash", "-n", script).stderr, "")

    def test_shellcheck_finds_nothing(self):
        # An extra where it is installed: ./dev lint installs it, the tests do without.
        if shutil.which("shellcheck"):
            self.assertEqual(run("shellcheck", "-x", *SCRIPTS).stdout, "")

    def test_what_is_run_is_executable(self):
        for script in ("dev", ".ci/run"):
            self.assertTrue(os.access(ROOT / script, os.X_OK), script)


class Dispatcher(unittest.TestCase):
    def test_help_lists_each_verb_with_a_line(self):
        listed = run("./dev", "help").stdout.splitlines()
        verbs = {line.split()[1] for line in listed}
        self.assertLessEqual({"build", "fuzz", "package", "test", "lint", "format", "help"}, verbs)
        for verb in verbs:
            self.assertTrue((ROOT / f"scripts/{verb}.sh").is_file(), verb)

    def test_help_of_one_verb_is_its_line(self):
        told = run("./dev", "test", "--help")
        self.assertEqual(told.returncode, 0)
        self.assertTrue(told.stdout.startswith("./dev test [FILTER] [--all]"), told.stdout)

    def test_an_unknown_verb_is_a_usage_error(self):
        for verb in ("nonsense", "setup", "../dev", ".*"):
            with self.subTest(verb=verb):
                told = run("./dev", verb)
                self.assertEqual(told.returncode, 2)
                self.assertIn("unknown verb", told.stderr)

    def test_a_verb_runs_from_any_folder(self):
        self.assertEqual(run(str(ROOT / "dev"), "help", cwd="/").returncode, 0)

    def test_wrong_arguments_are_usage_errors(self):
        for arguments in (("test", "--nonsense"), ("test", "a", "b"), ("build", "nonsense"),
                          ("build", "dev", "release"),
                          ("fuzz", "nonsense"), ("fuzz", "glob", "soon"), ("fuzz", "1", "2"), ("package", "x")):
            with self.subTest(arguments=arguments):
                self.assertEqual(run("./dev", *arguments).returncode, 2)


class SetUp(unittest.TestCase):
    """With commands in place of dpkg-query, id, sudo and apt-get that say what the case needs."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.bin = pathlib.Path(self.folder.name)
        self.list = self.bin / "packages.txt"
        self.list.write_text("# why\nhere  # is installed\nmissing-dev  # is not\n")
        self.calls = self.bin / "calls"
        self.fake("dpkg-query", "echo 'installed here'; echo 'config-files missing-dev'")
        self.fake("id", "echo 0")
        self.fake("apt-get", f'echo "$DEBIAN_FRONTEND $*" >>{self.calls}')

    def tearDown(self):
        self.folder.cleanup()

    def fake(self, name, script):
        (self.bin / name).write_text(f"#!/bin/bash\n{script}\n")
        (self.bin / name).chmod(0o755)

    def ensure_packages(self):
        return run("bash", "-c", f"set -euo pipefail; source scripts/setup.sh; "
                   f"ensure_packages {self.list}", path=f"{self.bin}:{os.environ['PATH']}")

    def test_nothing_missing_is_silent_and_calls_no_apt(self):
        self.list.write_text("here  # is installed\n")
        done = self.ensure_packages()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.assertFalse(self.calls.exists())

    def test_what_is_missing_is_installed_and_nothing_else(self):
        self.assertEqual(self.ensure_packages().returncode, 0)
        update, install = self.calls.read_text().splitlines()
        self.assertIn("update", update)
        self.assertTrue(install.startswith("noninteractive "), install)
        self.assertTrue(install.endswith("install -y --no-install-recommends missing-dev"), install)

    def test_without_root_the_line_to_type_is_told(self):
        self.fake("id", "echo 1000")
        self.fake("sudo", "exit 1")
        done = self.ensure_packages()
        self.assertEqual(done.returncode, 1)
        self.assertIn("sudo apt-get update && sudo apt-get install -y --no-install-recommends "
                      "missing-dev\n", done.stderr)
        self.assertFalse(self.calls.exists())

    def test_sudo_is_used_for_apt_where_it_asks_no_password(self):
        self.fake("id", "echo 1000")
        self.fake("sudo", '[ "$1" = -n ] && shift && "$@"')
        self.assertEqual(self.ensure_packages().returncode, 0)
        self.assertEqual(len(self.calls.read_text().splitlines()), 2)

    def test_a_failure_of_apt_is_shown(self):
        self.fake("apt-get", "echo 'E: no network'; exit 100")
        done = self.ensure_packages()
        self.assertEqual(done.returncode, 1)
        self.assertIn("E: no network", done.stderr)

    def test_another_system_is_told_so(self):
        (self.bin / "bash").symlink_to(shutil.which("bash"))
        (self.bin / "dpkg-query").unlink()
        done = run("bash", "-c", f"source scripts/setup.sh; ensure_packages {self.list}",
                   path=str(self.bin))
        self.assertEqual(done.returncode, 1)
        self.assertIn("Logboom builds on Debian 12", done.stderr)

    def test_every_package_says_why(self):
        for path in map(str, (ROOT / "scripts").glob("packages*.txt")):
            for line in source_tree.read(path).splitlines():
                self.assertRegex(line, r"^#|^[a-z0-9+.-]+ +# \w", path)


class NotRun(unittest.TestCase):
    """What scripts/not_run.py makes of a test that ctest calls skipped."""

    def report(self, output, allowed, status="notrun"):
        with tempfile.TemporaryDirectory() as folder:
            results = pathlib.Path(folder) / "results.xml"
            results.write_text(f'<testsuite><testcase name="A.B" status="{status}"><system-out>'
                               f'{output}</system-out></testcase></testsuite>')
            rules = pathlib.Path(folder) / "allowed.txt"
            rules.write_text(allowed)
            return run("/usr/bin/python3", "-B", "scripts/not_run.py", str(results), str(rules))

    def test_a_reason_and_leave_pass(self):
        told = self.report("NOT RUN: no display\n", "# why\nA\\..*  # why\n")
        self.assertEqual(told.stdout, "NOT RUN: A.B - no display\n")
        self.assertEqual(told.returncode, 0)

    def test_without_leave_it_fails(self):
        told = self.report("NOT RUN: no display\n", "A\n")
        self.assertIn("FAILED: A.B has to run", told.stdout)
        self.assertEqual(told.returncode, 1)

    def test_without_a_reason_it_fails(self):
        told = self.report("[  SKIPPED ] A.B\n", "A.B\n")
        self.assertIn("NOT RUN: A.B - no reason given", told.stdout)
        self.assertEqual(told.returncode, 1)

    def test_a_failure_does_not_hide_behind_the_words(self):
        self.assertEqual(self.report("NOT RUN: x\n[  FAILED  ] A.B\n", "A.B\n").returncode, 1)

    def test_a_test_that_ran_is_not_told(self):
        told = self.report("", "", status="run")
        self.assertEqual((told.returncode, told.stdout), (0, ""))


if __name__ == "__main__":
    unittest.main()
