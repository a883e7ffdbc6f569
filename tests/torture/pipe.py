"""Writer, agent and broker in one folder, and what became of every line that was written."""
import json
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from harness import records, waiting  # noqa: E402
from harness.agent import Agent  # noqa: E402
from harness.broker import Broker  # noqa: E402
from harness.daemon import die_with_parent  # noqa: E402
from lines import Lines  # noqa: E402
from verdict import Verdict  # noqa: E402

TOPICS = ("even", "odd")
_STALLED_S = 60.0


def tell(text):
    print(text, flush=True)


class Pipe:
    """Lines of `seed` go from files to the broker; whoever breaks it looks at the end what is left."""

    def __init__(self, folder, seed, files, rate, rotation, rotate_bytes=3_000_000):
        self.folder = folder
        self.seed = seed
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.broker = Broker(folder)
        self.agent = Agent(folder, self.broker, config=self._agent_config())
        self._writer_words = [str(files), str(rate), rotation, str(rotate_bytes)]
        self._writer = None

    def _agent_config(self):
        path = self.folder / "agent.toml"
        path.write_text("".join(
            f'[[input]]\nname = "{topic}"\ntopic = "{topic}"\nbinary = "read"\n'
            f'include = ["{self.logs}/app[{"".join(str(n) for n in range(start, 10, 2))}].log*"]\n'
            for start, topic in enumerate(TOPICS)), encoding="utf-8")
        return path

    def start_writer(self):
        script = pathlib.Path(__file__).with_name("writer.py")
        self._writer = subprocess.Popen(
            [sys.executable, "-B", script, self.logs, str(self.seed), *self._writer_words],
            stdout=subprocess.PIPE, preexec_fn=die_with_parent)

    def stop_writer(self):
        """Returns [file, generation, lines] of all that it wrote."""
        self._writer.send_signal(signal.SIGTERM)
        return json.loads(self._writer.communicate(timeout=60)[0])

    def clean_up(self):
        if self._writer is not None and self._writer.poll() is None:
            self._writer.kill()
            self._writer.wait()
        self.agent.clean_up()
        self.broker.clean_up()

    def stored(self):
        """How many records the broker would serve."""
        ends = self.broker.commands.end_offsets()
        return sum(ends.get(topic, 0) for topic in TOPICS)

    def wait_stored(self, expected):
        """Waits until the broker has so many records, or nothing has come for long."""
        self.broker.wait_ready()
        last, since = -1, time.monotonic()
        while True:
            stored = self.stored()
            if stored >= expected:
                return True
            if stored != last:
                last, since = stored, time.monotonic()
            if time.monotonic() - since > _STALLED_S:
                return False
            time.sleep(0.1)

    def stored_lines(self):
        for topic in TOPICS:
            reader = self.broker.commands.popen("consume", topic, "--from", "earliest", "--until-end",
                                                "--format", "json", stdout=subprocess.PIPE)
            for _, line in records.joined_lines(records.parse_stream(reader.stdout)):
                yield line
            if reader.wait() != 0:
                raise AssertionError(f"consume {topic} ended with {reader.returncode}")

    def settle(self):
        """Lets all that was written arrive and ends both; returns the verdict, and what else is wrong."""
        verdict = Verdict(Lines(self.seed), self.stop_writer())
        problems = []
        if not self.wait_stored(verdict.expected):
            problems.append(f"the agent sent nothing more for {_STALLED_S:.0f} s, and lines were "
                            "missing")
        problems += self.before_end()
        if self.agent.stop() != 0:
            problems.append(f"the agent ended with {self.agent.process.returncode}")
        added = self.once()
        if added.records and not problems:
            problems.append(f"--once found {added.records} more records")
        for line in self.stored_lines():
            verdict.add(line)
        if self.broker.stop() != 0:
            problems.append(f"the broker ended with {self.broker.process.returncode}")
        self.broker.commands.run("segment", "verify", self.broker.data_dir, seconds=600)
        return verdict, problems

    def before_end(self):
        """What is wrong while both still run."""
        return []

    def once(self):
        return self.agent.once(seconds=10 * waiting.DEADLINE_S)


def report(verdict, problems):
    """Tells the counts and examples; returns whether all is well."""
    tell(f"{verdict.expected} lines written, {verdict.rotations} rotations, {verdict.stored} stored: "
         f"{verdict.lost} lost, {verdict.doubled} doubled, {verdict.reordered} out of order, "
         f"{verdict.damaged} damaged")
    for text in verdict.examples + verdict.lost_ranges() + problems:
        tell(text)
    return verdict.clean and not problems


def seed_of(options):
    """The one that was asked for, or a new one."""
    return options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 31)


def try_in_folder(make_rig, run, seed, keep):
    """Runs a rig in a folder of its own, which stays where not all is well; returns it, and whether it is."""
    tell(f"seed {seed}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="logboom-torture-"))
    rig = make_rig(folder)
    well = False
    try:
        well = run(rig)
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        tell(f"FAILED: {error}")
    finally:
        rig.clean_up()
        if well and not keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            tell(f"kept: {folder}")
    return rig, well
