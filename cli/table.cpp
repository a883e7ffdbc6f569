#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "lib/base/check.h"
#include "lib/display/utf8.h"
#include "lib/display/visible_text.h"

namespace logboom::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::string_view kEllipsis = "…";

// The longest start of `text` that takes at most `columns`.
std::string_view StartOf(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  std::size_t bytes = 0;
  while (bytes < text.size()) {
    const display::CodePoint point = display::DecodeUtf8(text.substr(bytes));
    const unsigned wide = display::ColumnsOf(point.value);
    if (used + wide > columns) break;
    used += wide;
    bytes += std::max<std::size_t>(point.bytes, 1);
  }
  return text.substr(0, bytes);
}

std::string_view EndOf(std::string_view text, std::size_t columns) {
  while (display::ColumnsOf(text) > columns) {
    text.remove_prefix(std::max<std::size_t>(display::DecodeUtf8(text).bytes, 1));
  }
  return text;
}

std::string Fit(std::string_view text, std::size_t columns, Column::Cut cut) {
  if (display::ColumnsOf(text) <= columns) return std::string(text);
  if (cut == Column::Cut::kStart) {
    return std::string(kEllipsis) + std::string(EndOf(text, columns - 1));
  }
  return std::string(StartOf(text, columns - 1)) + std::string(kEllipsis);
}

}  // namespace

Table::Table(const std::vector<Column>& columns) {
  for (const Column& column : columns) {
    hidden_.push_back(column.hidden);
    if (!column.hidden) columns_.push_back(column);
  }
}

void Table::AddRow(const std::vector<std::string>& cells) {
  CHECK(cells.size() == hidden_.size());
  std::vector<std::string> row;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!hidden_[i]) row.push_back(display::Visible(cells[i]));
  }
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::Widths(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display::ColumnsOf(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display::ColumnsOf(row[i]));
    widths.push_back(width);
  }
  if (!terminal.columns || widths.empty()) return widths;
  const std::size_t gaps = kGap * (widths.size() - 1);
  while (std::accumulate(widths.begin(), widths.end(), gaps) > *terminal.columns) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kColumnsMin) break;
    --*widest;
  }
  return widths;
}

void Table::AppendCell(std::string_view cell, std::size_t column, std::size_t width, bool last,
                       std::string& line) const {
  const std::string text = Fit(cell, width, columns_[column].cut);
  const std::size_t padding = width - display::ColumnsOf(text);
  if (columns_[column].align == Column::Align::kRight) {
    line.append(padding, ' ').append(text);
  } else {
    line.append(text);
    if (!last) line.append(padding, ' ');
  }
  if (!last) line.append(kGap, ' ');
}

std::string Table::Format(const Terminal& terminal) const {
  const std::vector<std::size_t> widths = Widths(terminal);
  std::string titles;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    AppendCell(columns_[i].title, i, widths[i], i + 1 == widths.size(), titles);
  }
  std::string out = Styled(titles, "1", terminal) + "\n";
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      AppendCell(row[i], i, widths[i], i + 1 == widths.size(), out);
    }
    out += '\n';
  }
  return out;
}

std::string FormatFields(const std::vector<std::pair<std::string, std::string>>& fields,
                         const Terminal& terminal) {
  std::size_t width = 0;
  for (const auto& [name, value] : fields) width = std::max(width, display::ColumnsOf(name));
  std::string out;
  for (const auto& [name, value] : fields) {
    out += Styled(name, "1", terminal);
    out.append(width - display::ColumnsOf(name) + kGap, ' ');
    display::AppendVisible(value, out);
    out += '\n';
  }
  return out;
}

}  // namespace logboom::cli
