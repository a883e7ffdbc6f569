"""Breaks the code on purpose, one place at a time, and sees whether the tests notice.

mutations.py [COUNT] [--seed N] [--only NAME] [--random] [--under PATH] [--check]

The named mutations are the patches of tests/mutations: mistakes that somebody could make, each with the
invariant of docs/reliability.md that it breaks. COUNT more are drawn at random: an operator, a constant
or a check in the code of storage and spans is changed. Each is built in a copy of the tree, warnings as
errors, and the tests that are nearest to it run until one fails: those of its own room first. Exit 1
where a named one is not found, or fewer than nine of ten random ones.

That the tests pass without any mutation is tried once for each tree.
"""
import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import time

import operators

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_PATCHES = _ROOT / "tests/mutations"
_WORK = _ROOT / "build/mutations"
_TREE = _WORK / "tree"
_BUILD = _TREE / "build/release"
_INVARIANTS = [f"I{number}" for number in range(1, 11)]
_NAMED_PER_INVARIANT_MIN = 2
_RANDOM_SCORE_MIN = 0.9
_TEST_TIMEOUT_MIN_S = 30
_SLOWER_MAX = 10  # than without a mutation: it hangs
_SIM_SEEDS = 300
_PASSED = _WORK / "passed.json"

# What is asked about a change in a folder, in this order; the simulator is asked about all.
_NEAREST = {
    "agent": ["agent_test"],
    "broker/engine": ["broker_engine_test", "broker_server_test"],
    "broker/groups": ["broker_groups_test"],
    "broker/server": ["broker_server_test"],
    "broker/sources": ["broker_sources_test"],
    "broker/storage": ["broker_storage_test", "broker_engine_test", "broker_sources_test"],
    "lib/record": ["record_test", "broker_sources_test"],
    "lib/segment": ["segment_test", "broker_storage_test"],
}
_SIM = "sim_test"

Mutation = collections.namedtuple("Mutation", "name invariant what files patch")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev torture mutations",
                                     description=__doc__.split("\n")[0])
    parser.add_argument("count", nargs="?", type=int, default=0, metavar="COUNT",
                        help="random mutations beside the named ones (default 0)")
    parser.add_argument("--seed", type=int, default=None, help="of the random ones; default: a new one")
    parser.add_argument("--only", metavar="NAME", help="one of the named mutations alone")
    parser.add_argument("--random", action="store_true", help="the random ones alone")
    parser.add_argument("--under", metavar="PATH", default="",
                        help="random ones of this file or folder alone: to look at it closely, not to score")
    parser.add_argument("--check", action="store_true",
                        help="build nothing: do the patches fit, are there enough?")
    return parser.parse_args()


def read_patch(path):
    """Invariant on the first line, what it does on those before the empty one, then the diff."""
    text = path.read_text()
    head, _, diff = text.partition("\n\n")
    invariant, *what = head.split("\n")
    files = [line[len("+++ b/"):] for line in diff.split("\n") if line.startswith("+++ b/")]
    return Mutation(path.stem, invariant.removeprefix("Invariant: "), " ".join(what), files, diff)


def named_mutations():
    return [read_patch(path) for path in sorted(_PATCHES.glob("*.patch"))]


def apply_patch(patch, tree, *options):
    """As a plain patch: a surrounding repository would be looked at otherwise."""
    environment = dict(os.environ, GIT_CEILING_DIRECTORIES=str(tree.resolve().parent))
    environment.pop("GIT_DIR", None)
    return subprocess.run(["git", "apply", *options, "-"], input=patch, text=True, cwd=tree,
                          env=environment, capture_output=True, check=False)


def check(mutations):
    """What is wrong with the patches themselves."""
    complaints = []
    _WORK.mkdir(parents=True, exist_ok=True)
    refresh_tree()
    for mutation in mutations:
        applied = apply_patch(mutation.patch, _TREE, "--check")
        if applied.returncode != 0:
            complaints.append(f"{mutation.name} does not fit any more: {applied.stderr.strip()}")
        if mutation.invariant not in _INVARIANTS:
            complaints.append(f"{mutation.name} names no invariant")
    for invariant in _INVARIANTS:
        count = sum(mutation.invariant == invariant for mutation in mutations)
        if count < _NAMED_PER_INVARIANT_MIN:
            complaints.append(f"{invariant} has {count} mutations, {_NAMED_PER_INVARIANT_MIN} are due")
    return complaints


def refresh_tree():
    """Files that did not change keep their times, so that little is built anew."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=_ROOT, capture_output=True, text=True, check=True).stdout
    wanted = {name for name in listed.split("\0") if name and (_ROOT / name).is_file()}
    for name in wanted:
        source, copy = _ROOT / name, _TREE / name
        content = source.read_bytes()
        if copy.is_file() and copy.read_bytes() == content:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
        copy.chmod(source.stat().st_mode)
    for copy in _TREE.rglob("*"):
        name = copy.relative_to(_TREE).as_posix()
        if copy.is_file() and not name.startswith("build/") and name not in wanted:
            copy.unlink()


def build(*targets):
    """None where it builds, else what the compiler says."""
    done = subprocess.run(["ninja", "-C", _BUILD, *targets], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stdout


def configure():
    subprocess.run(["cmake", "-S", _TREE, "-B", _BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                    "-DLOGBOOM_WERROR=ON"],
                   check=True, stdout=subprocess.DEVNULL)


def killers_of(mutation):
    tests = []
    for file in mutation.files:
        for folder, nearest in _NEAREST.items():
            if file.startswith(folder + "/"):
                tests += [test for test in nearest if test not in tests]
    return [*tests, _SIM]


def fails(test, timeout_s=None):
    """Whether it notices; one that does not end, or dies, does."""
    command = [_BUILD / "bin" / test, "--gtest_fail_fast"]
    environment = dict(os.environ, LOGBOOM_SIM_SEEDS=str(_SIM_SEEDS), LOGBOOM_SIM_FIRST="1")
    if test == _SIM:
        command.append("--gtest_filter=Sim.SeedsHoldAllInvariants")
    try:
        done = subprocess.run(command, env=environment, cwd=_WORK, timeout=timeout_s,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


class Outcome:
    """`found_by` is the test, or None; `broken` what the compiler says where it does not build."""

    def __init__(self, mutation):
        self.mutation = mutation
        self.found_by = self.broken = None
        self.seconds = 0.0


def try_one(mutation, seconds_unbroken):
    outcome = Outcome(mutation)
    begin = time.monotonic()
    applied = apply_patch(mutation.patch, _TREE)
    if applied.returncode != 0:
        sys.exit(f"mutations: {mutation.name} does not fit: {applied.stderr.strip()}")
    try:
        for test in killers_of(mutation):
            outcome.broken = build(test)
            if outcome.broken:
                break
            if fails(test, max(_TEST_TIMEOUT_MIN_S, _SLOWER_MAX * seconds_unbroken[test])):
                outcome.found_by = test
                break
    finally:
        undone = apply_patch(mutation.patch, _TREE, "--reverse")
        assert undone.returncode == 0, undone.stderr
    outcome.seconds = time.monotonic() - begin
    return outcome


def show(outcome):
    verdict = outcome.found_by or ("DOES NOT BUILD" if outcome.broken else "NOT FOUND")
    print(f"  {outcome.mutation.invariant:<4} {outcome.mutation.name:<34} {verdict:<22} "
          f"{outcome.seconds:4.0f} s", flush=True)


def tree_digest():
    digest = hashlib.sha256()
    for path in sorted(path for path in _TREE.rglob("*") if path.is_file()):
        name = path.relative_to(_TREE).as_posix()
        if not name.startswith("build/"):
            digest.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def must_pass_unbroken(mutations):
    """A test that fails by itself would find everything. Returns how long each took, in seconds."""
    tests = sorted({test for mutation in mutations for test in killers_of(mutation)})
    digest = tree_digest()
    known = json.loads(_PASSED.read_text()) if _PASSED.exists() else {}
    seconds = known.get(digest, {})
    broken = build(*tests)
    if broken:
        sys.exit(f"mutations: the tree does not build:\n{broken}")
    for test in tests:
        if test in seconds:
            continue
        begin = time.monotonic()
        if fails(test):
            sys.exit(f"mutations: {test} fails without any mutation")
        seconds[test] = time.monotonic() - begin
        _PASSED.write_text(json.dumps({digest: seconds}))
    return seconds


def run(mutations):
    seconds = must_pass_unbroken(mutations)
    outcomes = []
    for mutation in mutations:
        outcomes.append(try_one(mutation, seconds))
        show(outcomes[-1])
    return outcomes


def tell_survivors(outcomes):
    for outcome in outcomes:
        if outcome.found_by is None and not outcome.broken:
            print(f"\nNOT FOUND: {outcome.mutation.name}: {outcome.mutation.what}")
            print(outcome.mutation.patch.rstrip())
        elif outcome.broken:
            print(f"\nDOES NOT BUILD: {outcome.mutation.name}\n{outcome.broken[-2000:]}")


def score_named(mutations):
    print(f"{len(mutations)} named mutations, {_SIM_SEEDS} seeds of the simulator")
    outcomes = run(mutations)
    found = sum(outcome.found_by is not None for outcome in outcomes)
    print(f"{found} of {len(outcomes)} found")
    tell_survivors(outcomes)
    return found == len(outcomes)


def score_random(count, seed, under):
    print(f"{count} random mutations, seed {seed}{', under ' + under if under else ''}")
    outcomes = []
    anywhere = [*(f"{folder}/any.cpp" for folder in operators.FOLDERS), *operators.FILES]
    seconds = must_pass_unbroken([Mutation("", "", "", anywhere, "")])
    for file, line, what, patch in operators.draw(_TREE, seed):
        if not file.startswith(under):
            continue
        mutation = Mutation(f"{pathlib.Path(file).name}:{line}", "", what, [file], patch)
        outcome = try_one(mutation, seconds)
        if outcome.broken:
            continue  # no mutation at all
        show(outcome)
        outcomes.append(outcome)
        if len(outcomes) == count:
            break
    if not outcomes:
        sys.exit(f"mutations: nothing to change under '{under}': a file of {', '.join(anywhere)}?")
    found = sum(outcome.found_by is not None for outcome in outcomes)
    print(f"{found} of {len(outcomes)} found")
    tell_survivors(outcomes)
    return found >= _RANDOM_SCORE_MIN * len(outcomes)


def main():
    options = parse_arguments()
    mutations = named_mutations()
    complaints = check(mutations)
    if complaints:
        print("\n".join(complaints), file=sys.stderr)
        return 1
    if options.check:
        print(f"{len(mutations)} mutations fit the tree")
        return 0
    if options.only:
        mutations = [mutation for mutation in mutations if mutation.name == options.only]
        if not mutations:
            sys.exit(f"mutations: none is named '{options.only}': see tests/mutations")
    configure()
    good = options.random or score_named(mutations)
    if options.count > 0:
        seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 31)
        good = score_random(options.count, seed, options.under) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
