"""Kills broker and agent at random points, under load, and counts what became of every line.

kill.py [COUNT] [--lose-state] [--lose-database] [--rotation none|rename|copytruncate|all] ...

Broker and agent are killed (SIGKILL) COUNT times each, or one of them alone. At the end every line that was
written is looked for: exit 0 where none is lost, doubled, out of order in its file, or damaged. Many kills are
done in rounds, each with a folder and a seed of its own: an agent that starts looks at every file there is.
"""
import argparse
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
NAMES = ("broker", "agent")
# How often what can be lost is lost, at a kill.
_LOSE_STATE = 0.3
_LOSE_DATABASE = 0.2
# How often a killed one is left to come up before the next kill is drawn, and how often both lie dead.
_AWAIT_READY = 0.5
_KILL_BOTH = 0.2
_STALLED_S = 60.0
_PROGRESS_S = 5.0


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev torture kill", description=__doc__.split("\n")[0])
    parser.add_argument("count", nargs="?", type=int, default=20, metavar="COUNT",
                        help="kills of the broker, and of the agent (default 20)")
    parser.add_argument("--seed", type=int, default=None, help="default: a new one, printed")
    parser.add_argument("--only", choices=NAMES, help="kill that one alone")
    parser.add_argument("--round", type=int, default=500, metavar="COUNT",
                        help="kills of each in a round (default 500)")
    parser.add_argument("--files", type=int, default=4)
    parser.add_argument("--rate", type=int, default=20_000, help="lines per second (default 20000)")
    parser.add_argument("--rotation", choices=("none", "rename", "copytruncate", "all"),
                        default="all")
    parser.add_argument("--interval-ms", type=int, nargs=2, default=(10, 600), metavar=("MIN", "MAX"),
                        help="between two kills (default 10 600)")
    parser.add_argument("--lose-state", action="store_true",
                        help="delete the agent's state directory at some of its kills")
    parser.add_argument("--lose-database", action="store_true",
                        help="delete the broker's metadata.sqlite (not its copy) at some of its kills")
    parser.add_argument("--keep", action="store_true", help="keep the folder also where all is well")
    return parser.parse_args()


class Rig:
    """Writer, agent and broker in one folder."""

    def __init__(self, options, count, folder, seed):
        self.options = options
        self.count = count
        self.folder = folder
        self.seed = seed
        self.chance = random.Random(seed)
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.broker = Broker(folder)
        self.agent = Agent(folder, self.broker, config=self._agent_config())
        self.writer = None
        self.kills = {"broker": 0, "agent": 0}
        self.losses = {"state directories": 0, "databases": 0}

    def _agent_config(self):
        path = self.folder / "agent.toml"
        path.write_text("".join(
            f'[[input]]\nname = "{topic}"\ntopic = "{topic}"\n'
            f'include = ["{self.logs}/app[{"".join(str(n) for n in range(start, 10, 2))}].log*"]\n'
            for start, topic in enumerate(TOPICS)), encoding="utf-8")
        return path

    def start(self):
        self.broker.start()
        self.agent.start()
        script = pathlib.Path(__file__).with_name("writer.py")
        self.writer = subprocess.Popen(
            [sys.executable, "-B", script, self.logs, str(self.seed), str(self.options.files),
             str(self.options.rate), self.options.rotation],
            stdout=subprocess.PIPE, preexec_fn=die_with_parent)

    def stop_writer(self):
        """Returns [file, generation, lines] of all that it wrote."""
        self.writer.send_signal(signal.SIGTERM)
        return json.loads(self.writer.communicate(timeout=60)[0])

    def clean_up(self):
        if self.writer is not None and self.writer.poll() is None:
            self.writer.kill()
            self.writer.wait()
        self.agent.clean_up()
        self.broker.clean_up()

    def kill_all(self, tell):
        plan = ([self.options.only] if self.options.only else list(NAMES)) * self.count
        self.chance.shuffle(plan)
        low, high = self.options.interval_ms
        told = time.monotonic()
        killed = 0
        while killed < len(plan):
            time.sleep(self.chance.uniform(low, high) / 1000)
            names = plan[killed:killed + 1]
            # The other one's turn, taken early: both are dead at the same time.
            if plan[killed + 1:killed + 2] not in ([], names) and self.chance.random() < _KILL_BOTH:
                names = plan[killed:killed + 2]
            killed += len(names)
            for one in names:
                self._kill(one)
            for one in self.chance.sample(names, len(names)):
                self._restart(one)
            if time.monotonic() - told > _PROGRESS_S:
                told = time.monotonic()
                tell(f"{killed} of {len(plan)} kills")

    def _kill(self, name):
        daemon = getattr(self, name)
        if not daemon.running():
            raise AssertionError(f"the {name} ended by itself with {daemon.process.returncode}:\n"
                                 f"{daemon.stderr_text()[-3000:]}")
        daemon.kill()
        self.kills[name] += 1
        if name == "agent" and self.options.lose_state and self.chance.random() < _LOSE_STATE:
            shutil.rmtree(self.agent.state_dir, ignore_errors=True)
            self.losses["state directories"] += 1
        if name == "broker" and self.options.lose_database and \
                self.chance.random() < _LOSE_DATABASE:
            for path in self.broker.data_dir.glob("metadata.sqlite*"):
                path.unlink()
            self.losses["databases"] += 1

    def _restart(self, name):
        daemon = getattr(self, name)
        # The broker's port is known from its first start: nobody has to wait for it.
        daemon.start(ready=self.chance.random() < _AWAIT_READY)

    def wait_stored(self, expected):
        """Waits until the broker has so many records, or nothing has come for long."""
        self.broker.wait_ready()
        last, since = -1, time.monotonic()
        while True:
            stored = sum(self.broker.commands.end_offset(topic) for topic in TOPICS)
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


def tell(text):
    print(text, flush=True)


def run(rig, begin):
    """Returns whether all is well."""
    rig.start()
    rig.kill_all(lambda text: tell(f"{time.monotonic() - begin:6.1f} s  {text}"))
    killed_s = time.monotonic() - begin
    written = rig.stop_writer()
    verdict = Verdict(Lines(rig.seed), written)
    problems = []
    if not rig.wait_stored(verdict.expected):
        problems.append(f"the agent sent nothing more for {_STALLED_S:.0f} s, and lines were missing")
    if rig.agent.stop() != 0:
        problems.append(f"the agent ended with {rig.agent.process.returncode}")
    added = rig.agent.once(seconds=10 * waiting.DEADLINE_S)
    if added.records and not problems:
        problems.append(f"--once found {added.records} more records")
    for line in rig.stored_lines():
        verdict.add(line)
    if rig.broker.stop() != 0:
        problems.append(f"the broker ended with {rig.broker.process.returncode}")
    rig.broker.commands.run("segment", "verify", rig.broker.data_dir, seconds=600)
    report(rig, verdict, killed_s, time.monotonic() - begin)
    for text in verdict.examples + verdict.lost_ranges() + problems:
        tell(text)
    return verdict.clean and not problems


def report(rig, verdict, killed_s, all_s):
    lost_things = ", ".join(f"{count} {name} deleted" for name, count in rig.losses.items() if count)
    tell(f"seed {rig.seed}; kill -9: {rig.kills['broker']} of the broker, {rig.kills['agent']} of the "
         f"agent{'; ' + lost_things if lost_things else ''}")
    tell(f"{verdict.expected} lines written, {verdict.stored} stored: {verdict.lost} lost, "
         f"{verdict.doubled} doubled, {verdict.reordered} out of order, {verdict.damaged} damaged; "
         f"{killed_s:.1f} s of kills, {all_s:.1f} s in all")


def run_round(options, count, seed):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="logboom-torture-"))
    tell(f"seed {seed}")
    rig = Rig(options, count, folder, seed)
    well = False
    try:
        well = run(rig, time.monotonic())
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        tell(f"FAILED: {error}")
    finally:
        rig.clean_up()
        if well and not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            tell(f"kept: {folder}")
    return well, rig.kills


def main():
    options = parse_arguments()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 31)
    kills, done, begin = dict.fromkeys(NAMES, 0), 0, time.monotonic()
    while done < options.count:
        count = min(options.round, options.count - done)
        well, killed = run_round(options, count, seed)
        kills = {name: kills[name] + killed[name] for name in NAMES}
        if not well:
            return 1
        done, seed = done + count, seed + 1
    if options.count > options.round:
        tell(f"in all: kill -9: {kills['broker']} of the broker, {kills['agent']} of the agent, nothing "
             f"lost, doubled, out of order or damaged; {time.monotonic() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
