"""Kills broker and agent at random points, under load, and counts what became of every line.

kill.py [COUNT] [--lose-state] [--lose-database] [--rotation none|rename|copytruncate|all] ...

Broker and agent are killed (SIGKILL) COUNT times each, or one of them alone. At the end every line that was
written is looked for: exit 0 where none is lost, doubled, out of order in its file, or damaged. Many kills are
done in rounds, each with a folder and a seed of its own: an agent that starts looks at every file there is.
"""
import argparse
import random
import shutil
import sys
import time

from pipe import Pipe, report, seed_of, tell, try_in_folder

NAMES = ("broker", "agent")
# How often what can be lost is lost, at a kill.
_LOSE_STATE = 0.3
_LOSE_DATABASE = 0.2
# How often a killed one is left to come up before the next kill is drawn, and how often both lie dead.
_AWAIT_READY = 0.5
_KILL_BOTH = 0.2
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
    parser.add_argument("--rotate-kb", type=int, default=3000,
                        help="rotate a file at so many kB at most, half of it on average (default 3000)")
    parser.add_argument("--interval-ms", type=int, nargs=2, default=(10, 600), metavar=("MIN", "MAX"),
                        help="between two kills (default 10 600)")
    parser.add_argument("--lose-state", action="store_true",
                        help="delete the agent's state directory at some of its kills")
    parser.add_argument("--lose-database", action="store_true",
                        help="delete the broker's metadata.sqlite (not its copy) at some of its kills")
    parser.add_argument("--keep", action="store_true", help="keep the folder also where all is well")
    return parser.parse_args()


class Rig(Pipe):
    """A pipe whose ends are killed."""

    def __init__(self, options, count, folder, seed):
        super().__init__(folder, seed, options.files, options.rate, options.rotation,
                         options.rotate_kb * 1000)
        self.options = options
        self.count = count
        self.chance = random.Random(seed)
        self.kills = {"broker": 0, "agent": 0}
        self.losses = {"state directories": 0, "databases": 0}

    def start(self):
        self.broker.start()
        self.agent.start()
        self.start_writer()

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


def run(rig, begin):
    """Returns whether all is well."""
    rig.start()
    rig.kill_all(lambda text: tell(f"{time.monotonic() - begin:6.1f} s  {text}"))
    killed_s = time.monotonic() - begin
    verdict, problems = rig.settle()
    lost_things = ", ".join(f"{count} {name} deleted" for name, count in rig.losses.items() if count)
    tell(f"seed {rig.seed}; kill -9: {rig.kills['broker']} of the broker, {rig.kills['agent']} of the "
         f"agent{'; ' + lost_things if lost_things else ''}; {killed_s:.1f} s of kills, "
         f"{time.monotonic() - begin:.1f} s in all")
    return report(verdict, problems)


def run_round(options, count, seed):
    rig, well = try_in_folder(lambda folder: Rig(options, count, folder, seed),
                              lambda rig: run(rig, time.monotonic()), seed, options.keep)
    return well, rig.kills


def main():
    options = parse_arguments()
    seed = seed_of(options)
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
