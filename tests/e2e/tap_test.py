"""`logboom-agent tap`: what the inputs would send, without a broker."""
import json
import subprocess

from harness import main, places
from harness.case import ProcessCase


class Tap(ProcessCase):
    def setUp(self):
        super().setUp()
        self.config = self.folder / "agent.toml"
        self.state = self.folder / "state"
        self.log("a.log", b"level=info user=eve\nlevel=info path=/health\n")
        self.log("b.log", b"1\n2\n3\n")
        self.config.write_text(
            f'[agent]\nstate_dir = "{self.state}"\n'
            f'[[input]]\nname = "a"\ninclude = ["{self.logs}/a.log"]\ntopic = "t"\n'
            'parser = "logfmt"\nfields = ["user"]\nlevel = true\ndrop = ["/health"]\n'
            f'[[input]]\nname = "b"\ninclude = ["{self.logs}/b*"]\ntopic = "t"\n',
            encoding="utf-8")

    def tap(self, *words, code=0):
        done = subprocess.run([places.program("logboom-agent"), "tap", "--config",
                               str(self.config), *words], capture_output=True, timeout=60,
                              check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout.decode(), done.stderr.decode()

    def test_lines_come_with_what_is_made_of_them_and_nothing_is_noted(self):
        shown = [json.loads(line) for line in self.tap("--json", "--input", "a")[0].splitlines()]
        self.assertEqual([line["value"] for line in shown],
                         ["level=info user=eve", "level=info path=/health"])
        self.assertEqual(shown[0]["headers"], {"lb.label.user": "eve", "lb.level": "info"})
        self.assertEqual([line["left_out_by"] for line in shown], [None, "drop"])
        text, _ = self.tap("--input", str(self.logs / "b.log"), "--lines", "2")
        self.assertIn("2\n", text)
        self.assertNotIn("eve", text)
        self.assertFalse(self.state.exists())

    def test_exit_codes(self):
        self.assertIn("no input is called 'x'", self.tap("--input", "x", code=2)[1])
        self.assertIn("--lines takes", self.tap("--lines", "0", code=2)[1])
        self.assertIn("no such file", self.tap("--input", str(self.logs / "bb"), code=1)[1])
        self.assertIn("logboom-agent tap", self.tap("--help")[0])


if __name__ == "__main__":
    main.run()
