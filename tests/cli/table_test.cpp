#include "cli/table.h"

#include <gtest/gtest.h>

#include <sstream>

#include "lib/display/utf8.h"

namespace logboom::cli {
namespace {

Table Example(bool hidden = false) {
  Table table({{.title = "BROKER", .hidden = hidden},
               {.title = "PATH", .cut = Column::Cut::kStart},
               {.title = "SIZE", .align = Column::Align::kRight}});
  table.AddRow({"b1", "/var/log/nginx/access.log", "1.2 GB"});
  table.AddRow({"b2", "x", "9 B"});
  return table;
}

TEST(Table, ColumnsAreAsWideAsTheirWidestCell) {
  EXPECT_EQ(Example().Format({}),
            "BROKER  PATH                         SIZE\n"
            "b1      /var/log/nginx/access.log  1.2 GB\n"
            "b2      x                             9 B\n");
}

TEST(Table, HiddenColumnsAreLeftOut) {
  EXPECT_EQ(Example(true).Format({}),
            "PATH                         SIZE\n"
            "/var/log/nginx/access.log  1.2 GB\n"
            "x                             9 B\n");
}

TEST(Table, WidestColumnIsCutToTheTerminal) {
  EXPECT_EQ(Example().Format({.is_terminal = true, .columns = 30}),
            "BROKER  PATH              SIZE\n"
            "b1      …nx/access.log  1.2 GB\n"
            "b2      x                  9 B\n");
}

TEST(Table, NoLineIsWiderThanTheTerminalWhereColumnsCanStillShrink) {
  for (std::size_t columns = 22; columns < 60; ++columns) {
    std::istringstream lines(Example().Format({.is_terminal = true, .columns = columns}));
    for (std::string line; std::getline(lines, line);)
      EXPECT_LE(display::ColumnsOf(line), columns) << line;
  }
}

TEST(Table, WideLettersAndControlsKeepTheColumnsStraight) {
  Table table({{.title = "A"}, {.title = "B"}});
  table.AddRow({"木木", "1"});
  table.AddRow({"e\u0301", "2"});
  table.AddRow({"\x1b", "3"});
  EXPECT_EQ(table.Format({}), "A     B\n木木  1\ne\u0301     2\n\\x1b  3\n");
}

TEST(Table, TitlesAreBoldOnlyInColour) {
  EXPECT_EQ(Example().Format({.is_terminal = true}).find('\x1b'), std::string::npos);
  EXPECT_TRUE(Example().Format({.is_terminal = true, .colour = true}).starts_with("\x1b[1m"));
}

TEST(Fields, NamesAreAligned) {
  EXPECT_EQ(FormatFields({{"a", "1"}, {"long", "2\n"}}, {}), "a     1\nlong  2\\n\n");
}

TEST(Utf8, OnlyWholeShortestFormsCount) {
  EXPECT_TRUE(display::IsUtf8("plain ascii of some length, größer, 木, 🪵"));
  EXPECT_TRUE(display::IsUtf8(""));
  for (const std::string_view bad :
       {"\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x9f\xaa",
        "ascii before \x80", "\xc3"}) {
    EXPECT_FALSE(display::IsUtf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace logboom::cli
