"""The base of the tests: a folder of its own, and nothing left behind."""
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

from harness.agent import Agent
from harness.broker import Broker
from harness.exporter import Exporter


class ProcessCase(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.daemons = []
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="logboom-e2e-"))
        self.addCleanup(self._clean_up)
        self.logs = self.folder / "logs"
        self.logs.mkdir()

    def _clean_up(self):
        if not self._outcome.success:
            self.report_daemons()
        for daemon in reversed(self.daemons):
            daemon.clean_up()
        if os.environ.get("LOGBOOM_KEEP"):
            print(f"kept: {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def report_daemons(self):
        """What the daemons said, for a failure."""
        for daemon in self.daemons:
            if daemon.stderr_path.exists():
                text = daemon.stderr_path.read_text(encoding="utf-8", errors="replace")
                print(f"--- stderr of {daemon.name}\n{text[-6000:]}", file=sys.stderr)

    def broker(self, **options):
        """A broker of this test, not started."""
        daemon = Broker(self.folder, **options)
        self.daemons.append(daemon)
        return daemon

    def agent(self, broker, *inputs, **options):
        """An agent of this test, not started."""
        daemon = Agent(self.folder, broker, inputs, **options)
        self.daemons.append(daemon)
        return daemon

    def exporter(self, *brokers, **options):
        """An exporter of this test, not started."""
        daemon = Exporter(self.folder, brokers, **options)
        self.daemons.append(daemon)
        return daemon

    def log(self, name, data=b""):
        """A file below the folder of logs."""
        path = self.logs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def assert_stopped_cleanly(self, *daemons):
        for daemon in daemons:
            self.assertEqual(daemon.stop(), 0, daemon.stderr_text())

    def assert_verified(self, broker):
        """Every checksum of every file of a broker that has stopped."""
        self.assertFalse(broker.running())
        broker.commands.run("segment", "verify", broker.data_dir)
