"""Checks the style of the house on every file, and each rule on a line that breaks it."""
import unittest

import source_tree
import style

FOLDERS = ("lib", "agent", "broker", "gui", "exporters", "cli", "tests", "bench", "scripts", "cmake",
           "docs", "packaging")
# The rules themselves have to spell what they forbid; test data is what others wrote.
EXEMPT = ("tests/house/style.py", "tests/house/style_test.py", "tests/data/")

# A line that breaks the rule, where, and one nearby that does not.
SAMPLES = {
    "leftover": ("docs/a.md", "// TODO: later", "// XXXXXX is mkdtemp's pattern"),
    "own path": ("tests/a_test.cpp", 'Open("/work/main/a")', 'Open(root / "lib/work/a")'),
    "std::regex": ("lib/parse/a.cpp", "std::regex pattern;", "re2::RE2 regex;"),
    "using namespace": ("lib/base/a.h", "using namespace logboom;",
                        "using namespace std::chrono_literals;"),
    "vague name": ("broker/a.h", "class SegmentManager {", "class Segment {"),
    "skipped test": ("tests/a_test.cpp", "TEST(Log, DISABLED_Works) {", "TEST(Log, Works) {"),
    "sleep in test": ("tests/a_test.cpp", "std::this_thread::sleep_for(1ms);", "clock.Sleep(1);"),
    "output in library": ("lib/base/a.cpp", 'printf("%d", n);', 'snprintf(out, n, "%d", 1);'),
}


class TheTree(unittest.TestCase):
    def test_every_file_keeps_the_style(self):
        paths = [path for path in source_tree.files_below(FOLDERS, style.TEXT)
                 if not path.startswith(EXEMPT)]
        paths += source_tree.files_at_the_root(style.TEXT)
        self.assertTrue(paths)
        complaints = []
        for path in paths:
            text = source_tree.read(path)
            complaints += style.line_complaints(path, text)
            complaints += style.size_complaints(path, text)
        if complaints:
            self.fail("\n" + "\n".join(complaints))


class TheCheckItself(unittest.TestCase):
    """Each rule is broken once, so that it is known to catch it."""

    def test_every_rule_has_a_sample(self):
        self.assertEqual(set(SAMPLES), set(style.RULES))

    def test_every_rule_catches_its_sample_and_says_where(self):
        for name, (path, bad, _) in SAMPLES.items():
            with self.subTest(rule=name):
                complaints = list(style.line_complaints(path, f"\n{bad}\n"))
                self.assertEqual(len(complaints), 1, complaints)
                self.assertTrue(complaints[0].startswith(f"{path}:2: "), complaints)
                self.assertIn(style.RULES[name].why, complaints[0])

    def test_no_rule_catches_what_is_near(self):
        for name, (path, _, good) in SAMPLES.items():
            with self.subTest(rule=name):
                self.assertEqual(list(style.line_complaints(path, good)), [])

    def test_rules_for_a_folder_leave_the_others_alone(self):
        self.assertEqual(list(style.line_complaints("cli/a.cpp", "std::cout << 1;")), [])

    def test_a_file_may_be_as_long_as_the_limit_and_no_longer(self):
        self.assertEqual(list(style.size_complaints("a.cpp", "x\n" * style.FILE_LINES_MAX)), [])
        self.assertEqual(
            len(list(style.size_complaints("a.cpp", "x\n" * (style.FILE_LINES_MAX + 1)))), 1)

    def test_a_line_may_be_as_long_as_the_limit_and_no_longer(self):
        widest = "x" * style.LINE_COLUMNS_MAX
        self.assertEqual(list(style.size_complaints("a.h", widest)), [])
        self.assertEqual(len(list(style.size_complaints("a.h", "\n" + widest + "x"))), 1)
        self.assertEqual(list(style.size_complaints("a.h", widest + " https://kafka.apache.org")), [])


if __name__ == "__main__":
    unittest.main()
