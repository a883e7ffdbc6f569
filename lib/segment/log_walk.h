// Walks the batches of a segment's log, front to back, checking what lies outside of the batches'
// own checksums: offsets follow on, the leader epoch does not fall, each batch ends within the
// file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"
#include "lib/record/batch_header.h"
#include "lib/segment/leader_epoch_checkpoint.h"

namespace logboom::segment {

enum class CrcCheck { kVerify, kSkip };
enum class OffsetRule {
  kContiguous,  // base offset == last offset + 1
  kGrowing,     // base offset > last offset: a compacted segment
};

enum class EpochRule {
  kExact,     // the one that is known, and none below that of the batch before
  kMayRotUp,  // the one that is known or above it, which the next batch does not follow
  kAny,       // not looked at
};

// What the next batch must fit.
struct Expectation {
  std::optional<Offset> next_offset = std::nullopt;  // nothing: any
  LeaderEpoch epoch_min{-1};
  OffsetRule rule = OffsetRule::kContiguous;
  // Borrowed; may be null. Which epoch each batch has: so a wrong one is seen where it stands, and
  // not at the next batch.
  const LeaderEpochs* epochs = nullptr;
  EpochRule epoch_rule = EpochRule::kExact;
};

// Whether a header may stand where `expected` says; kCorrupt says why not.
Status CheckFollows(const record::BatchHeader& header, const Expectation& expected);

enum class StopKind {
  kIncomplete,  // the last batch goes on behind the end of the file
  kZeros,       // no batch, but zeros: preallocated or never written
  kDamaged,     // anything else that is no batch, or the wrong one
};

struct WalkStop {
  StopKind kind = StopKind::kDamaged;
  FilePosition position;  // where the batch would begin
  std::string reason;
};

struct WalkOptions {
  FilePosition begin;
  FilePosition end;  // of the file, or of the part to walk
  Expectation expected;
  CrcCheck crc = CrcCheck::kVerify;
};

// One owner, one thread; `log` outlives it. One buffer is reused: with kVerify up to two batches
// large, else 4 KiB. A read error is an error and no stop.
class LogWalk {
 public:
  LogWalk(const file::File& log, const WalkOptions& options);

  // Steps to the next batch; false at the end and at a stop.
  Result<bool> Next();

  const record::BatchHeader& header() const { return header_; }
  FilePosition position() const { return position_; }
  // The whole batch with kVerify, at least its header with kSkip. Valid until the next step.
  ByteView bytes() const { return bytes_; }

  // Where the next batch begins: the end of the valid part, once Next() said false.
  FilePosition next_position() const { return next_position_; }
  const Expectation& expected() const { return options_.expected; }
  const std::optional<WalkStop>& stop() const { return stop_; }

 private:
  std::int64_t left() const { return options_.end - next_position_; }
  Result<ByteView> Window(FilePosition position, std::size_t count);
  Result<bool> Stop(StopKind kind, std::string reason);
  Result<bool> StopAtBadHeader(ByteView head, const Error& error);

  const file::File& log_;
  WalkOptions options_;
  record::BatchHeader header_;
  FilePosition position_;
  FilePosition next_position_;
  ByteView bytes_;
  std::optional<WalkStop> stop_;
  Bytes buffer_;
  FilePosition buffer_begin_;
  std::size_t buffer_filled_ = 0;
};

}  // namespace logboom::segment
