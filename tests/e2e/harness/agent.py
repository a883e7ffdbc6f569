"""An agent that tails files, and one that reads them once."""
import pathlib
import re
import subprocess

from harness import places, waiting
from harness.daemon import Daemon


class Counts:
    """What `--once` says it has done."""

    def __init__(self, text):
        def number(unit):
            match = re.search(rf"\b{unit} (\d+)\b", text)
            if not match:
                raise AssertionError(f"no count of {unit} in: {text!r}")
            return int(match.group(1))
        self.files = number("files")
        self.bytes = number("bytes")
        self.records = number("records")

    def __eq__(self, other):
        return (self.files, self.bytes, self.records) == other

    def __repr__(self):
        return f"{self.files} files, {self.bytes} bytes, {self.records} records"


class Agent(Daemon):
    def __init__(self, folder, broker, inputs=(), topic="logs", name="agent", config=None,
                 agent_id=None, settings=()):
        super().__init__(name, folder)
        self.state_dir = pathlib.Path(folder) / f"{name}-state"
        self.broker = broker
        self.inputs = [str(one) for one in inputs]
        self.topic = topic
        self.config = config  # a TOML file, in place of topic and inputs
        self.agent_id = agent_id
        self.settings = list(settings)

    def command(self):
        words = [places.program("logboom-agent"), "--broker", self.broker.address,
                 "--state-dir", str(self.state_dir), "--set", "metrics.listen="]
        if self.config:
            words += ["--config", str(self.config)]
        else:
            words += ["--topic", self.topic]
        for one in self.inputs:
            words += ["--input", one]
        if self.agent_id:
            words += ["--agent-id", self.agent_id]
        for setting in self.settings:
            words += ["--set", setting]
        return words

    def once(self, seconds=waiting.DEADLINE_S, stdin=subprocess.DEVNULL):
        """Reads all inputs to their ends, waits for the acks, ends; returns the counts."""
        self.start(ready=False, extra=["--once"], stdin=stdin)
        code = self.wait(seconds)
        if code != 0:
            raise AssertionError(f"{self.name} --once ended with {code}:\n{self.stderr_text()}")
        return Counts(self.output().decode())


def write_config(path, inputs):
    """A configuration of (topic, file) pairs, each file into its topic."""
    blocks = [f'[[input]]\nname = "{topic}"\ninclude = ["{file}"]\ntopic = "{topic}"\n'
              'binary = "read"\n'
              for topic, file in inputs]
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path
