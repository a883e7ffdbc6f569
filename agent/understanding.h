// What an input makes of the text of its lines, where it was asked to: the line's own time, its
// level, and fields as headers. The line itself goes through as it is, whatever it says; what can't
// be understood is counted. docs/parsing.md has the kinds, the formats and the rules.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/counters.h"
#include "agent/framing/piece.h"
#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "lib/parse/parser.h"
#include "lib/parse/timestamp.h"
#include "lib/record/batch_builder.h"

namespace logboom::agent {

// Immutable once it is made; shared by all topics of an input.
struct Understanding {
  std::unique_ptr<parse::Parser> parser;  // null: lines are not parsed
  std::vector<std::string> fields;        // become the headers lb.label.NAME
  std::optional<parse::TimeParser> time;  // nothing: records have the time of reading
  bool level = false;                     // becomes the header lb.level
  // Its fields in a file's path become labels of the file's lines.
  std::unique_ptr<parse::Parser> path_labels;

  bool asks_for_nothing() const { return !parser && !time && !level; }
};

struct Understood {
  TimestampMs time;
  std::span<const record::HeaderView> headers;
  NotUnderstood not_understood;  // of this line
  bool has_own_time = false;     // `time` is not that of reading
  std::size_t file_headers = 0;  // of `headers`: all lines of the file have them
};

// Not before 2000, nor much later than it was read: else it is a mistake rather than a time.
bool CanBeTimeOfRecord(TimestampMs time, TimestampMs read_time);

// Reads line after line of one input. One owner, one thread.
class LineUnderstanding {
 public:
  // `understanding` may be null: nothing is asked for.
  explicit LineUnderstanding(std::shared_ptr<const Understanding> understanding);

  // The headers of all lines of `path`: `labels`, and what the path says. Both must outlive the
  // reading of its lines.
  void BeginFile(ByteView path, std::span<const record::HeaderView> labels);
  std::span<const record::HeaderView> file_headers() const {
    return std::span(headers_).first(file_headers_);
  }
  // What it gives is valid until the next call; its views are of `piece`, too. What a
  // container's runtime says of a line's time counts where the line itself is not asked.
  Understood Read(const Piece& piece, TimestampMs read_time);

 private:
  std::optional<TimestampMs> TimeOf(ByteView line, bool parsed, TimestampMs read_time);
  void AddTime(TimestampMs time);
  void AddLevel(ByteView line, bool parsed);
  void AddFields();
  void AddPathLabels(ByteView path);
  void Add(ByteView name, ByteView value);

  std::shared_ptr<const Understanding> understanding_;
  std::vector<std::string> field_headers_;  // "lb.label.NAME", as understanding_->fields
  parse::Fields fields_;
  parse::Fields path_fields_;
  std::vector<std::string> path_headers_;
  std::vector<record::HeaderView> headers_;
  std::size_t file_headers_ = 0;  // of headers_, those of the file
  std::size_t header_bytes_ = 0;  // of those that the path added, or the line
  std::array<char, 8> own_time_ = {};
  NotUnderstood not_understood_;
};

}  // namespace logboom::agent
