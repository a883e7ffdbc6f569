#include <iterator>

#include "cli/record_printer.h"
#include "cli/time_text.h"
#include "lib/display/visible_text.h"

namespace logboom::cli {
namespace {

class TextPrinter final : public RecordPrinter {
 public:
  TextPrinter(Output& out, const PrintOptions& options) : out_(out), options_(options) {}

  void Print(const RecordOrigin& origin, const record::Record& record) override {
    std::string& line = out_.buffer();
    AppendPlace(origin, record.timestamp, record.offset, line);
    if (record.key) {
      line += ' ';
      display::AppendVisible(*record.key, line);
    }
    line += " |";
    if (options_.terminal.colour) line += "\x1b[0m";
    line += ' ';
    if (record.value) display::AppendVisible(*record.value, line);
    line += '\n';
    out_.WriteDone();
  }

  void PrintRow(const RecordOrigin& origin, const client::SourceRow& row) override {
    std::string& line = out_.buffer();
    AppendPlace(origin, row.time, row.offset, line);
    const bool is_gap = row.row.kind == client::RowKind::kGap;
    if (options_.terminal.colour) line += is_gap ? "\x1b[0;31m" : "\x1b[0;33m";
    line += is_gap ? " GAP " : " LEFT OUT ";
    display::AppendVisible(DescribeRow(row), line);
    if (options_.terminal.colour) line += "\x1b[0m";
    line += '\n';
    out_.WriteDone();
  }

  void Finish() override {}

 private:
  void AppendPlace(const RecordOrigin& origin, TimestampMs time, Offset offset, std::string& line) {
    if (options_.terminal.colour) line += "\x1b[2m";
    AppendUtc(time, line);
    line += ' ';
    if (options_.show_broker) {
      display::AppendVisible(origin.broker, line);
      line += ' ';
    }
    if (options_.show_topic) line.append(origin.topic) += '/';
    fmt::format_to(std::back_inserter(line), "{}:{}", origin.partition.value(), offset.value());
  }

  Output& out_;
  PrintOptions options_;
};

}  // namespace

std::unique_ptr<RecordPrinter> MakeTextPrinter(Output& out, const PrintOptions& options) {
  return std::make_unique<TextPrinter>(out, options);
}

}  // namespace logboom::cli
