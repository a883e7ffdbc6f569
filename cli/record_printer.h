// How records reach standard output: as lines for people, as JSON, or as the bytes that they are.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/output.h"
#include "cli/terminal.h"
#include "lib/base/types.h"
#include "lib/client/rows.h"
#include "lib/record/batch_view.h"

namespace logboom::cli {

enum class Format { kText, kJson, kRaw };

// The partition that a record comes from. Lives as long as its printer.
struct RecordOrigin {
  std::string broker;
  std::string topic;
  PartitionIndex partition;
};

// What a reader already knows, and needs not be told with each record.
struct PrintOptions {
  bool show_broker = false;  // several are read
  bool show_topic = false;   // likewise
  Terminal terminal = {};
};

// One owner, one thread. Writes to an Output that outlives it.
class RecordPrinter {
 public:
  virtual ~RecordPrinter() = default;
  virtual void Print(const RecordOrigin& origin, const record::Record& record) = 0;
  // In place of bytes that are gone, or of lines that their agent left out.
  virtual void PrintRow(const RecordOrigin& origin, const client::SourceRow& row) = 0;
  // Nothing more comes.
  virtual void Finish() = 0;
};

// `2026-11-22T20:29:15.123Z 0:1234 host:/var/log/x | the line`; "0" is "topic/0" or "broker
// topic/0" where there are several. Control characters are made visible.
std::unique_ptr<RecordPrinter> MakeTextPrinter(Output& out, const PrintOptions& options);

// One object a line: topic partition offset timestamp_ms key value headers (and broker, where there
// are several). Bytes that are not UTF-8 come as key_base64, value_base64, NAME_base64.
std::unique_ptr<RecordPrinter> MakeJsonPrinter(Output& out, const PrintOptions& options);

// The value and a newline. After a record that goes on in the next one (lb.more) the newline waits:
// the next record of the same source joins on, a record of another source or Finish() prints it
// first. Rows are no data: nothing is printed for them.
std::unique_ptr<RecordPrinter> MakeRawPrinter(Output& out);

std::unique_ptr<RecordPrinter> MakePrinter(Format format, Output& out, const PrintOptions& options);

// "/var/log/x of agent web-1: bytes 10 to 20 are missing: rotated away", or "... bytes 10 to 20: 3
// lines left out".
std::string DescribeRow(const client::SourceRow& row);

// What the span that begins with `record` leaves out, as a row ahead of it: its agent is told by
// the host in the record's key. Nothing where it leaves nothing out, or none begins.
std::optional<client::SourceRow> LeftOutOf(const record::Record& record);

}  // namespace logboom::cli
