#include "lib/segment/log_walk.h"

#include <algorithm>
#include <span>

namespace logboom::segment {
namespace {

constexpr std::size_t kVerifyChunkBytes = 2 * record::kBatchBytesMax;
constexpr std::size_t kHeaderChunkBytes = 4096;

bool AllZeros(ByteView bytes) { return bytes.find_first_not_of('\0') == ByteView::npos; }

std::optional<LeaderEpoch> KnownEpoch(const record::BatchHeader& header,
                                      const Expectation& expected) {
  if (expected.epochs == nullptr) return std::nullopt;
  return expected.epochs->EpochAt(header.base_offset);
}

Status CheckEpoch(const record::BatchHeader& header, const Expectation& expected) {
  if (header.leader_epoch < expected.epoch_min) {
    return Fail(ErrorCode::kCorrupt, "leader epoch falls from {} to {}", expected.epoch_min,
                header.leader_epoch);
  }
  const std::optional<LeaderEpoch> due = KnownEpoch(header, expected);
  if (due && expected.epoch_rule == EpochRule::kExact && header.leader_epoch != *due) {
    return Fail(ErrorCode::kCorrupt, "leader epoch is {}, {} is due", header.leader_epoch, *due);
  }
  return Ok();
}

}  // namespace

Status CheckFollows(const record::BatchHeader& header, const Expectation& expected) {
  if (expected.next_offset) {
    const bool contiguous = expected.rule == OffsetRule::kContiguous;
    if (header.base_offset < *expected.next_offset ||
        (contiguous && header.base_offset != *expected.next_offset)) {
      return Fail(ErrorCode::kCorrupt, "base offset is {}, {}{} is due", header.base_offset,
                  contiguous ? "" : "at least ", *expected.next_offset);
    }
  }
  return expected.epoch_rule == EpochRule::kAny ? Ok() : CheckEpoch(header, expected);
}

LogWalk::LogWalk(const file::File& log, const WalkOptions& options)
    : log_(log), options_(options), position_(options.begin), next_position_(options.begin) {}

Result<ByteView> LogWalk::Window(FilePosition position, std::size_t count) {
  // A walk never goes back.
  const std::int64_t skip = position - buffer_begin_;
  if (static_cast<std::size_t>(skip) + count > buffer_filled_) {
    const std::size_t chunk =
        options_.crc == CrcCheck::kVerify ? kVerifyChunkBytes : kHeaderChunkBytes;
    const auto until_end = static_cast<std::size_t>(options_.end - position);
    buffer_.resize(std::min(std::max(chunk, count), until_end));
    buffer_filled_ = 0;
    ASSIGN_OR_RETURN(buffer_filled_, log_.PRead(position.value(), std::span(buffer_)));
    buffer_begin_ = position;
  }
  const auto from = static_cast<std::size_t>(position - buffer_begin_);
  return ByteView(buffer_).substr(from, std::min(count, buffer_filled_ - from));
}

Result<bool> LogWalk::Stop(StopKind kind, std::string reason) {
  stop_ = WalkStop{.kind = kind, .position = next_position_, .reason = std::move(reason)};
  return false;
}

Result<bool> LogWalk::StopAtBadHeader(ByteView head, const Error& error) {
  if (AllZeros(head)) return Stop(StopKind::kZeros, "zeros where a batch is due");
  return Stop(StopKind::kDamaged, error.message);
}

Result<bool> LogWalk::Next() {
  if (left() <= 0) return false;
  const auto head_bytes = std::min<std::int64_t>(left(), record::kBatchHeaderBytes);
  ASSIGN_OR_RETURN(const ByteView head,
                   Window(next_position_, static_cast<std::size_t>(head_bytes)));
  if (head.size() < record::kBatchHeaderBytes) {
    return AllZeros(head) ? Stop(StopKind::kZeros, "zeros where a batch is due")
                          : Stop(StopKind::kIncomplete, "the file ends within a batch header");
  }
  const Result<record::BatchHeader> parsed = record::ParseBatchHeader(head);
  if (!parsed.ok()) return StopAtBadHeader(head, parsed.error());
  if (const Status follows = CheckFollows(*parsed, options_.expected); !follows.ok()) {
    return Stop(StopKind::kDamaged, follows.error().message);
  }
  const std::size_t size = parsed->size_bytes();
  if (static_cast<std::int64_t>(size) > left()) {
    return Stop(StopKind::kIncomplete,
                fmt::format("batch of {} bytes, {} are left in the file", size, left()));
  }
  const bool verify = options_.crc == CrcCheck::kVerify;
  ASSIGN_OR_RETURN(bytes_, Window(next_position_, verify ? size : record::kBatchHeaderBytes));
  if (verify) {
    const Result<record::BatchHeader> verified = record::VerifyBatch(bytes_);
    if (!verified.ok()) return Stop(StopKind::kDamaged, verified.error().message);
  }
  header_ = *parsed;
  position_ = next_position_;
  next_position_ += static_cast<std::int64_t>(size);
  options_.expected.next_offset = header_.next_offset();
  const LeaderEpoch known = KnownEpoch(header_, options_.expected).value_or(header_.leader_epoch);
  options_.expected.epoch_min = std::min(header_.leader_epoch, known);
  return true;
}

}  // namespace logboom::segment
