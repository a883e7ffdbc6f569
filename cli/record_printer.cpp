#include "cli/record_printer.h"

namespace logboom::cli {

std::unique_ptr<RecordPrinter> MakePrinter(Format format, Output& out,
                                           const PrintOptions& options) {
  switch (format) {
    case Format::kText: return MakeTextPrinter(out, options);
    case Format::kJson: return MakeJsonPrinter(out, options);
    case Format::kRaw: return MakeRawPrinter(out);
  }
  return nullptr;
}

std::string DescribeGap(const client::SourceRow& row) {
  return fmt::format("{} of agent {}: bytes {} to {}{} are missing: {}", row.path, row.agent_id,
                     row.row.begin, row.row.end_is_exact ? "" : "at least ", row.row.end,
                     row.row.reason.empty() ? "no reason given" : row.row.reason);
}

}  // namespace logboom::cli
