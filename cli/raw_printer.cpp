#include <algorithm>
#include <string>

#include "cli/record_printer.h"
#include "lib/record/span.h"

namespace logboom::cli {
namespace {

// lb.more says all by being there: its value does not matter.
bool GoesOn(const record::Record& record) {
  return std::any_of(
      record.headers.begin(), record.headers.end(),
      [](const record::HeaderView& header) { return header.key == record::kMoreHeader; });
}

class RawPrinter final : public RecordPrinter {
 public:
  explicit RawPrinter(Output& out) : out_(out) {}

  void Print(const RecordOrigin& origin, const record::Record& record) override {
    if (newline_waits_) {
      newline_waits_ = false;
      if (!SameSource(origin, record)) out_.Write('\n');
    }
    if (record.value) out_.Write(*record.value);
    if (record.headers.empty() || !GoesOn(record)) {
      out_.Write('\n');
      return;
    }
    newline_waits_ = true;
    origin_ = &origin;
    key_ = record.key.value_or(ByteView());
  }

  void PrintRow(const RecordOrigin&, const client::SourceRow&) override {}

  void Finish() override {
    if (newline_waits_) out_.Write('\n');
    newline_waits_ = false;
  }

 private:
  // An agent's records carry its host and the file's path as their key.
  bool SameSource(const RecordOrigin& origin, const record::Record& record) const {
    return &origin == origin_ && record.key.value_or(ByteView()) == key_;
  }

  Output& out_;
  bool newline_waits_ = false;
  const RecordOrigin* origin_ = nullptr;
  std::string key_;
};

}  // namespace

std::unique_ptr<RecordPrinter> MakeRawPrinter(Output& out) {
  return std::make_unique<RawPrinter>(out);
}

}  // namespace logboom::cli
