"""The packages as a user gets them: what is in them, and that the programs run from where they lie.

LOGBOOM_PACKAGES names the folder that build_packages.py made.
"""
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import main, places
from harness.case import ProcessCase

PACKAGES = pathlib.Path(os.environ["LOGBOOM_PACKAGES"])
DAEMONS = ("agent", "broker", "exporter")
PACKAGED = {"agent", "broker", "cli", "console"}  # at least
# How much a unit may do: systemd-analyze security's number times ten. Best in Debian: 12.
EXPOSURE_MAX = 17


def output(*command):
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout


def packages(kind):
    found = sorted((PACKAGES / kind).glob(f"*.{kind}"))
    if not found:
        main.not_run(f"this machine has no tools for .{kind}")
    return found


def tree(kind):
    packages(kind)
    return PACKAGES / f"{kind}-tree"


def daemons(kind):
    return [name for name in DAEMONS if (tree(kind) / f"usr/bin/logboom-{name}").exists()]


def version():
    text = (places.SOURCE / "CMakeLists.txt").read_text(encoding="utf-8")
    return re.search(r"project\(logboom VERSION ([0-9.]+)", text)[1]


class FromTheTree(ProcessCase):
    """A line's way through the packaged programs."""

    def setUp(self):
        super().setUp()
        self.addCleanup(setattr, places, "BIN", places.BIN)

    def gather_and_read(self, kind):
        places.BIN = tree(kind) / "usr/bin"
        config = tree(kind) / "etc/logboom/broker.toml"
        broker = self.broker().start(extra=["--config", config])
        path = self.log("a.log", b"one\ntwo\n")
        self.assertEqual(self.agent(broker, path).once(), (1, 8, 2))
        self.assertEqual(broker.commands.consume_raw("logs"), b"one\ntwo\n")
        broker.stop()
        self.assert_stopped_cleanly(broker)

    def test_programs_of_the_deb_gather_and_read(self):
        self.gather_and_read("deb")

    def test_programs_of_the_rpm_gather_and_read(self):
        self.gather_and_read("rpm")


class Contents(unittest.TestCase):
    def test_each_program_has_a_deb_and_an_rpm_of_this_version(self):
        names = {path.name for path in packages("deb")}
        architecture = output("dpkg", "--print-architecture").strip()
        for package in PACKAGED:
            self.assertIn(f"logboom-{package}_{version()}_{architecture}.deb", names)
        rpms = {output("rpm", "-qp", "--qf", "%{NAME} %{VERSION}", path) for path in packages("rpm")}
        self.assertEqual(rpms, {name.rsplit("_", 1)[0].replace("_", " ") for name in names})

    def test_every_dependency_of_a_deb_is_a_package_of_debian(self):
        # The programs were built here: what they need is installed, by its name or as a provider.
        known = set(re.findall(r"[a-z][a-z0-9.+-]+", output(
            "dpkg-query", "-Wf", "${db:Status-Status}=${Package}, ${Provides}\n")))
        known |= {"systemd", "systemd-standalone-sysusers"}
        for path in packages("deb"):
            depends = output("dpkg-deb", "-f", path, "Depends")
            names = {re.match(r"[a-z0-9.+-]+", one)[0] for one in re.split(r"[,|] *", depends)}
            self.assertLessEqual({"libc6", "libstdc++6", "libfmt9"}, names, path.name)
            self.assertEqual(names - known, set(), path.name)

    def test_configuration_is_kept_on_upgrades(self):
        for path in packages("deb"):
            conffiles = self.control(path, "conffiles")
            held = output("dpkg-deb", "-c", path)
            self.assertEqual(re.findall(r"\./(etc/.*[^/])$", held, re.MULTILINE),
                             [line[1:] for line in conffiles.split()])
        for path in packages("rpm"):
            self.assertEqual(output("rpm", "-qpc", path).split(),
                             [one for one in output("rpm", "-qpl", path).split()
                              if one.startswith("/etc/") and one.endswith(".toml")])

    def test_scripts_of_packages_parse(self):
        for path in packages("deb"):
            for script in ("postinst", "prerm", "postrm"):
                text = self.control(path, script)
                self.assertNotIn("@", text)
                done = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True,
                                      check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    @staticmethod
    def control(path, name):
        """A file of a package's control part; empty where it has none."""
        done = subprocess.run(["dpkg-deb", "-I", str(path), name], capture_output=True, text=True,
                              check=False)
        return done.stdout

    def test_every_program_has_a_manual_page_and_a_copyright(self):
        for program in (tree("deb") / "usr/bin").iterdir():
            pages = list((tree("deb") / "usr/share/man").glob(f"*/{program.name}.[18].gz"))
            self.assertEqual(len(pages), 1, program.name)
            with gzip.open(pages[0], "rt") as page:
                self.assertIn(version(), page.readline())
        for path in packages("deb"):
            doc = tree("deb") / "usr/share/doc" / path.name.split("_")[0]
            self.assertIn("Apache", (doc / "copyright").read_text(encoding="utf-8"))
            self.assertTrue((doc / "changelog.gz").exists())

    def test_completions_parse(self):
        script = tree("deb") / "usr/share/bash-completion/completions/logboom"
        self.assertEqual(output("bash", "-n", script), "")
        self.assertIn("consume", script.read_text(encoding="utf-8"))
        self.assertIn("#compdef logboom",
                      (tree("deb") / "usr/share/zsh/vendor-completions/_logboom").read_text())
        self.assertTrue((tree("deb") / "usr/share/fish/vendor_completions.d/logboom.fish").exists())

    def test_sample_configurations_pass_as_they_are(self):
        for name in daemons("deb"):
            output(tree("deb") / f"usr/bin/logboom-{name}", "--check-config",
                   "--config", tree("deb") / f"etc/logboom/{name}.toml")

    def test_programs_are_stripped_and_find_their_libraries_in_the_system(self):
        for program in (tree("deb") / "usr/bin").iterdir():
            sections = output("readelf", "-SdW", program)
            self.assertNotIn(".symtab", sections)
            self.assertNotRegex(sections, r"RUNPATH|RPATH")


class Units(unittest.TestCase):
    def setUp(self):
        if not shutil.which("systemd-analyze"):
            main.not_run("systemd-analyze is not installed")

    def units(self):
        found = sorted((tree("deb") / "usr/lib/systemd/system").glob("*.service"))
        self.assertEqual([unit.stem for unit in found],
                         [f"logboom-{name}" for name in daemons("deb")])
        return found

    def test_units_are_right(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "root"
            shutil.copytree(tree("deb"), root, symlinks=True)
            (root / "bin").mkdir(exist_ok=True)
            shutil.copy("/bin/sh", root / "bin/sh")  # the system's, which a unit may call
            for unit in self.units():
                done = subprocess.run(
                    ["systemd-analyze", "verify", f"--root={root}", "--man=no",
                     "--recursive-errors=no", unit.name],
                    capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""), unit.name)

    def test_units_may_do_little(self):
        for unit in self.units():
            done = subprocess.run(
                ["systemd-analyze", "security", "--offline=true", "--no-pager",
                 f"--threshold={EXPOSURE_MAX}", unit], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_units_allow_what_libzmq_does(self):
        # It lists interfaces where it binds, and sets the scheduling of its threads.
        for unit in self.units():
            text = unit.read_text(encoding="utf-8")
            self.assertRegex(text, r"RestrictAddressFamilies=.*\bAF_NETLINK\b")
            self.assertNotRegex(text, r"SystemCallFilter=~.*@resources")

    def test_an_agent_that_was_fenced_is_not_started_again(self):
        for unit in self.units():
            text = unit.read_text(encoding="utf-8")
            self.assertIn("Type=notify\n", text)
            self.assertIn("Restart=on-failure\n", text)
            self.assertIn("RestartPreventExitStatus=2\n", text)
            self.assertEqual("RestartPreventExitStatus=3\n" in text, "agent" in unit.name)


class Lintian(unittest.TestCase):
    def test_lintian_finds_nothing(self):
        if not shutil.which("lintian"):
            main.not_run("lintian is not installed (./dev package installs it)")
        done = subprocess.run(["lintian", "--allow-root", *map(str, packages("deb"))],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


if __name__ == "__main__":
    main.run()
