"""Checks every include against scripts/arrows.txt and scripts/owners.txt, and that all is built."""
import unittest

import arrows
import source_tree
from arrows import Arrows, Owners

BUILT_FOLDERS = (*arrows.PROGRAM_FOLDERS, "tests", "bench")


def exists(path):
    return (source_tree.ROOT / path).is_file()


class TheTree(unittest.TestCase):
    def fail_on(self, complaints):
        complaints = list(complaints)
        if complaints:
            self.fail("\n" + "\n".join(complaints))

    def test_every_include_follows_an_arrow_and_an_owner(self):
        rules = Arrows(source_tree.read_rules("scripts/arrows.txt"))
        owners = Owners(source_tree.read_rules("scripts/owners.txt"))
        sources = source_tree.files_below(arrows.PROGRAM_FOLDERS, (".h", ".cpp"))
        self.assertTrue(sources)
        self.fail_on(complaint for path in sources
                     for complaint in arrows.include_complaints(
                         path, source_tree.read(path), rules, owners, exists))

    def test_every_header_is_included_once(self):
        self.fail_on(complaint for path in source_tree.files_below(BUILT_FOLDERS, (".h",))
                     for complaint in arrows.header_complaints(path, source_tree.read(path)))

    def test_every_source_is_built(self):
        self.fail_on(arrows.build_complaints(
            source_tree.files_below(BUILT_FOLDERS, (".cpp", ".proto", "_test.py")),
            self.cmake_texts()))

    def test_every_folder_is_built(self):
        self.fail_on(arrows.unreached_folders(self.cmake_texts()))

    @staticmethod
    def cmake_texts():
        paths = source_tree.files_below(BUILT_FOLDERS, ("CMakeLists.txt",)) + ["CMakeLists.txt"]
        return {path[:-len("/CMakeLists.txt")] or ".": source_tree.read(path) for path in paths}


class TheCheckItself(unittest.TestCase):
    """Each rule is broken once, so that it is known to catch it."""

    RULES = [("lib/base", []), ("lib/file", ["lib/base"]), ("broker", ["lib/file"]),
             ("agent/...", ["lib/file"]), ("!broker", ["lib/base"])]
    OWNERS = [("zmq", ["lib/file"]), ("zmqfree", ["*"]), ("CLI/", ["broker/main.cpp"]),
              ("lib/base/made.pb.h (headers too)", ["lib/file"])]

    def complaints(self, path, line, present=True):
        return [complaint.split(": ", 1)[1] for complaint in arrows.include_complaints(
            path, line, Arrows(self.RULES), Owners(self.OWNERS), lambda _: present)]

    def assert_allowed(self, path, line):
        self.assertEqual(self.complaints(path, line), [])

    def assert_refused(self, path, line, why, present=True):
        complaints = self.complaints(path, line, present)
        self.assertEqual(len(complaints), 1, complaints)
        self.assertIn(why, complaints[0])

    def test_includes_down_and_in_the_same_room_are_allowed(self):
        self.assert_allowed("lib/file/a.h", '#include "lib/file/b.h"')
        self.assert_allowed("lib/file/a.h", '#include "lib/base/b.h"')

    def test_what_an_arrow_reaches_is_allowed(self):
        self.assert_allowed("agent/a.cpp", '#include "lib/base/b.h"')

    def test_an_include_upwards_is_refused(self):
        self.assert_refused("lib/base/a.h", '#include "lib/file/b.h"',
                            "lib/base may not include lib/file")

    def test_never_is_stronger_than_an_arrow(self):
        self.assert_refused("broker/a.h", '#include "lib/base/b.h"',
                            "broker may not include lib/base")

    def test_the_line_is_told(self):
        text = '#pragma once\n\n#include "lib/file/b.h"\n'
        told = list(arrows.include_complaints("lib/base/a.h", text, Arrows(self.RULES),
                                              Owners(self.OWNERS), lambda _: True))
        self.assertTrue(told[0].startswith("lib/base/a.h:3: "), told)

    def test_subfolders_belong_to_a_room_only_where_it_says_so(self):
        self.assert_allowed("agent/inputs/a.cpp", '#include "agent/b.h"')
        self.assert_refused("broker/new/a.cpp", '#include "lib/file/b.h"', "is no room")

    def test_an_include_that_is_not_from_the_root_is_refused(self):
        self.assert_refused("lib/file/a.cpp", '#include "a.h"', "not a path from the root")
        self.assert_refused("lib/file/a.cpp", '#include "tests/a.h"', "not a path from the root")

    def test_an_include_that_is_not_there_is_refused(self):
        self.assert_refused("lib/file/a.cpp", '#include "lib/base/no.h"', "does not exist", False)

    def test_a_generated_header_stops_at_its_owners(self):
        self.assert_allowed("lib/file/a.h", '#include "lib/base/made.pb.h"')
        self.assert_refused("agent/a.cpp", '#include "lib/base/made.pb.h"', "belongs to lib/file")

    def test_a_library_is_included_by_its_owner_alone(self):
        self.assert_allowed("lib/file/a.cpp", "#include <zmq.hpp>")
        self.assert_refused("lib/base/a.cpp", "#include <zmq.hpp>", "belongs to lib/file")

    def test_a_library_stays_out_of_headers(self):
        self.assert_refused("lib/file/a.h", "#include <zmq.hpp>", ".cpp files only")

    def test_a_file_can_be_an_owner(self):
        self.assert_allowed("broker/main.cpp", "#include <CLI/CLI.hpp>")
        self.assert_refused("broker/other.cpp", "#include <CLI/CLI.hpp>", "belongs to")

    def test_the_longest_prefix_decides(self):
        self.assert_allowed("lib/base/a.h", "#include <zmqfree.h>")

    def test_a_library_without_an_owner_is_refused(self):
        self.assert_refused("lib/base/a.cpp", "#include <boost/any.hpp>", "has no owner")
        self.assert_allowed("lib/base/a.cpp", "#include <vector>")

    def test_a_header_without_pragma_once_is_refused(self):
        self.assertEqual(list(arrows.header_complaints("a.h", "// #pragma once\n")),
                         ["a.h:1: a header needs #pragma once"])
        self.assertEqual(list(arrows.header_complaints("a.h", "// a\n#pragma once\n")), [])

    def test_a_source_that_is_not_built_is_refused(self):
        texts = {".": "", "agent": "logboom_room(a SOURCES a.cpp inputs/b.cpp)  # c.cpp"}
        self.assertEqual(
            list(arrows.build_complaints(["agent/a.cpp", "agent/inputs/b.cpp"], texts)), [])
        self.assertEqual(len(list(arrows.build_complaints(["agent/c.cpp"], texts))), 1)

    def test_a_folder_that_is_not_built_is_refused(self):
        texts = {".": "add_subdirectory(lib/a)\n# add_subdirectory(lib/b)", "lib/a": "", "lib/b": ""}
        self.assertEqual(list(arrows.unreached_folders(texts)),
                         ["lib/b/CMakeLists.txt:1: no add_subdirectory() leads here"])

    def test_a_circle_of_arrows_is_refused(self):
        with self.assertRaisesRegex(ValueError, "a circle: a -> b -> a"):
            Arrows([("a", ["b"]), ("b", ["a"])])

    def test_an_arrow_to_nowhere_is_refused(self):
        with self.assertRaisesRegex(ValueError, "b has no line of its own"):
            Arrows([("a", ["b"])])


if __name__ == "__main__":
    unittest.main()
