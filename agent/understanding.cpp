#include "agent/understanding.h"

#include <utility>

#include "agent/limits.h"
#include "lib/base/bytes.h"
#include "lib/parse/level.h"
#include "lib/record/span.h"

namespace logboom::agent {
namespace {

constexpr TimestampMs kEarliest{946'684'800'000};  // 2000-01-01
constexpr std::int64_t kAheadMaxMs = 3'600'000;

}  // namespace

bool CanBeTimeOfRecord(TimestampMs time, TimestampMs read_time) {
  return time >= kEarliest && time - read_time <= kAheadMaxMs;
}

LineUnderstanding::LineUnderstanding(std::shared_ptr<const Understanding> understanding)
    : understanding_(std::move(understanding)) {
  if (!understanding_) return;
  for (const std::string& name : understanding_->fields) {
    field_headers_.push_back(record::LabelHeader(name));
  }
}

void LineUnderstanding::BeginFile(ByteView path, std::span<const record::HeaderView> labels) {
  headers_.assign(labels.begin(), labels.end());
  header_bytes_ = 0;
  if (understanding_ && understanding_->path_labels) AddPathLabels(path);
  file_headers_ = headers_.size();
}

void LineUnderstanding::AddPathLabels(ByteView path) {
  if (!understanding_->path_labels->Parse(path, path_fields_)) return;
  path_headers_.clear();
  for (const parse::Field& field : path_fields_) {
    path_headers_.push_back(record::LabelHeader(field.name));
  }
  for (std::size_t i = 0; i < path_headers_.size(); ++i) {
    Add(path_headers_[i], path_fields_[i].value);
  }
}

Understood LineUnderstanding::Read(const Piece& piece, TimestampMs read_time) {
  const bool asks = understanding_ && !understanding_->asks_for_nothing();
  if (!asks && !piece.time && !piece.as_is) {
    return {.time = read_time,
            .headers = headers_,
            .not_understood = {},
            .file_headers = file_headers_};
  }
  headers_.resize(file_headers_);
  header_bytes_ = 0;
  not_understood_ = {};
  bool parsed = false;
  if (asks && understanding_->parser) parsed = understanding_->parser->Parse(piece.value, fields_);
  if (piece.as_is || (asks && understanding_->parser && !parsed)) {
    ++not_understood_.lines_not_parsed;
  }
  auto time = asks ? TimeOf(piece.value, parsed, read_time) : std::nullopt;
  if (!time) time = piece.time;
  const bool is_sane = time && CanBeTimeOfRecord(*time, read_time);
  if (time && !is_sane) AddTime(*time);
  if (!piece.stream.empty()) Add(record::kStreamHeader, piece.stream);
  if (asks && understanding_->level) AddLevel(piece.value, parsed);
  if (parsed) AddFields();
  return {.time = is_sane ? *time : read_time,
          .headers = headers_,
          .not_understood = not_understood_,
          .has_own_time = is_sane,
          .file_headers = file_headers_};
}

std::optional<TimestampMs> LineUnderstanding::TimeOf(ByteView line, bool parsed,
                                                     TimestampMs read_time) {
  if (!understanding_->time) return std::nullopt;
  const auto field = parsed ? parse::FindTime(fields_) : std::nullopt;
  const auto time = field ? understanding_->time->Parse(*field, read_time)
                          : understanding_->time->ParseAtStart(line, read_time);
  if (!time) ++not_understood_.times_not_found;
  return time;
}

void LineUnderstanding::AddTime(TimestampMs time) {
  StoreBig(own_time_.data(), time.value());
  Add(record::kTimeHeader, ByteView(own_time_.data(), own_time_.size()));
}

void LineUnderstanding::AddLevel(ByteView line, bool parsed) {
  auto level = parsed ? parse::LevelOf(fields_) : std::nullopt;
  if (!level) level = parse::DetectLevel(line);
  if (level) Add(record::kLevelHeader, parse::LevelName(*level));
}

void LineUnderstanding::AddFields() {
  for (std::size_t i = 0; i < field_headers_.size(); ++i) {
    const auto value = fields_.Find(understanding_->fields[i]);
    if (value) Add(field_headers_[i], *value);
  }
}

// A record has room for a whole line and so much beside it.
void LineUnderstanding::Add(ByteView name, ByteView value) {
  if (header_bytes_ + name.size() + value.size() > kFieldBytesMax) {
    ++not_understood_.fields_left_out;
    return;
  }
  header_bytes_ += name.size() + value.size();
  headers_.push_back({.key = name, .value = value});
}

}  // namespace logboom::agent
