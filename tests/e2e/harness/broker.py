"""A broker on a free port of the loopback interface."""
import json
import pathlib

from harness import places
from harness.commands import Commands
from harness.daemon import Daemon


class Broker(Daemon):
    def __init__(self, folder, name="broker", data_dir=None, settings=(), wrapper=()):
        super().__init__(name, folder, wrapper)
        self.data_dir = pathlib.Path(data_dir or pathlib.Path(folder) / name)
        self.settings = list(settings)
        # Port 0 picks a free one; started again it takes the same, so that agents find it.
        self.address = "tcp://127.0.0.1:0"

    def command(self):
        settings = [word for setting in self.settings for word in ("--set", setting)]
        return [places.program("logboom-broker"), "--data-dir", str(self.data_dir),
                "--listen", self.address, "--set", "metrics.listen=", *settings]

    def wait_ready(self, *arguments):
        super().wait_ready(*arguments)
        self.address = self.ready_addresses()[0]
        return self

    @property
    def commands(self):
        return Commands(self.address)

    def status(self):
        return json.loads(self.commands.run("status", "--format", "json").stdout)

    def conditions(self):
        return {condition["name"] for condition in self.status()["conditions"]}

    def log_files(self, topic=None):
        """The .log files of a topic, or of all, in the order of their offsets."""
        found = []
        for metadata in sorted(self.data_dir.glob("**/partition.metadata")):
            if "quarantine" in metadata.parts:
                continue
            if topic is None or topic.encode() in metadata.read_bytes():
                found += sorted(metadata.parent.glob("*.log"))
        return found
