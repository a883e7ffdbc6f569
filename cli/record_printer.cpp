#include "cli/record_printer.h"

#include <algorithm>

#include "lib/record/span.h"

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

std::string DescribeRow(const client::SourceRow& row) {
  const std::string what =
      fmt::format("{} of agent {}: bytes {} to {}{}", row.path, row.agent_id, row.row.begin,
                  row.row.end_is_exact ? "" : "at least ", row.row.end);
  if (row.row.kind != client::RowKind::kGap) {
    return fmt::format("{}: {} lines left out", what, row.row.dropped);
  }
  return fmt::format("{} are missing: {}", what,
                     row.row.reason.empty() ? "no reason given" : row.row.reason);
}

std::optional<client::SourceRow> LeftOutOf(const record::Record& record) {
  const auto header = record.Header(record::kSpanHeader);
  const auto span = header ? record::DecodeSpan(*header) : Fail(ErrorCode::kNotFound, "no span");
  if (!span || span->dropped == 0) return std::nullopt;
  const std::string key(record.key.value_or(ByteView()));
  const std::size_t colon = std::min(key.find(':'), key.size());
  client::SourceRow row{.offset = record.offset,
                        .agent_id = key.substr(0, colon),
                        .path = key.substr(std::min(colon + 1, key.size())),
                        .time = record.timestamp,
                        .row = {}};
  row.row.begin = span->begin;
  row.row.end = span->end;
  row.row.dropped = span->dropped;
  return row;
}

}  // namespace logboom::cli
