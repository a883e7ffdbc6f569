// Rows and columns of text, as wide as the terminal at most.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace logboom::cli {

struct Column {
  enum class Align { kLeft, kRight };
  // Where a cell that does not fit loses its letters: names differ at their start, paths at their
  // end.
  enum class Cut { kEnd, kStart };

  std::string title;
  Align align = Align::kLeft;
  Cut cut = Cut::kEnd;
  // Left out, with its cells: what is the same in every row.
  bool hidden = false;
};

// One owner, one thread.
class Table {
 public:
  explicit Table(const std::vector<Column>& columns);

  // As many cells as columns, hidden ones too. Control characters are made visible.
  void AddRow(const std::vector<std::string>& cells);
  bool empty() const { return rows_.empty(); }

  // Titles and rows, two spaces apart, a newline after each. Where they are wider than the terminal
  // the widest columns are cut until they fit, but not below kColumnsMin.
  static constexpr std::size_t kColumnsMin = 6;
  std::string Format(const Terminal& terminal) const;

 private:
  std::vector<std::size_t> Widths(const Terminal& terminal) const;
  void AppendCell(std::string_view cell, std::size_t column, std::size_t width, bool last,
                  std::string& line) const;

  std::vector<bool> hidden_;
  std::vector<Column> columns_;  // those that are shown
  std::vector<std::vector<std::string>> rows_;
};

// Names and values, one below the other: "disk    1.2 GB of log".
std::string FormatFields(const std::vector<std::pair<std::string, std::string>>& fields,
                         const Terminal& terminal);

}  // namespace logboom::cli
