"""Each rig answers to its name: ./dev torture RIG --help says what it can do."""
import pathlib
import subprocess
import unittest

_HERE = pathlib.Path(__file__).resolve().parent
_TORTURE = _HERE.parents[1] / "scripts" / "torture.sh"


def torture(*words):
    return subprocess.run(["bash", _TORTURE, *words], capture_output=True, text=True, check=False)


class Rigs(unittest.TestCase):
    def test_each_is_found_by_its_name(self):
        rigs = [path.stem for path in _HERE.glob("*.py") if "\ndef main():" in path.read_text()]
        self.assertIn("power", rigs)
        for rig in rigs:
            answer = torture(rig, "--help")
            self.assertEqual((answer.returncode, answer.stdout.split(" [")[0]),
                             (0, f"usage: ./dev torture {rig}"), answer.stderr)

    def test_another_name_is_told_with_those_there_are(self):
        for name in ("nonsense", "kill power", "verdict"):
            answer = torture(name)
            self.assertEqual(answer.returncode, 2)
            self.assertIn("kill_broker", answer.stderr)


if __name__ == "__main__":
    unittest.main()
