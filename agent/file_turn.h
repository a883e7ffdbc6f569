// One file's turn: reads up to kReadBytes at its read position, checks in the same read that the
// bytes before the position are still those that were sent, cuts records and puts them into
// batches.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/batch_assembler.h"
#include "agent/counters.h"
#include "agent/input_lines.h"
#include "agent/options.h"
#include "agent/watched_file.h"
#include "lib/base/types.h"

namespace logboom::agent {

enum class TurnEnd {
  kAllRead,    // nothing is left now, or only an unterminated rest
  kMore,       // there is more to read
  kBlocked,    // the window is full
  kTruncated,  // the bytes before the position have changed
  kFailed,     // the read failed; `error` says why
};

struct TurnOutcome {
  TurnEnd end = TurnEnd::kAllRead;
  std::optional<Error> error = {};
};

// What the turn does with a batch that is full.
class BatchTarget {
 public:
  virtual ~BatchTarget() = default;
  // `source` has a run in the batch being assembled.
  virtual void RunAdded(Source& source) = 0;
  // Sends the assembled batch. True: another may be begun now.
  virtual bool SendBatch() = 0;
};

// Owns the one read buffer that all files share, from a turn on until Rest(). One owner, one
// thread.
class FileTurn {
 public:
  FileTurn(const AgentOptions& options, Counters& counters);

  // The file has a handle and is kReading. A run may be left in the assembler: its caller sends
  // what is there once all files have had their turn.
  TurnOutcome Take(WatchedFile& file, std::uint64_t log_tag, BatchAssembler& assembler,
                   BatchTarget& target, Instant now);
  // No turn comes soon.
  void Rest() { buffer_.reset(); }

 private:
  struct Chunk {
    ByteView bytes;          // with the window ahead of it
    std::size_t window = 0;  // bytes before the read position
    bool ends_file = false;
  };
  Result<Chunk> Read(WatchedFile& file);
  RestRule RuleFor(const WatchedFile& file, std::int64_t end_of_chunk) const;
  void BeginRun(WatchedFile& file, std::uint64_t log_tag, BatchAssembler& assembler);
  void EndRun(Source& source, const Chunk& chunk, std::size_t at, BatchAssembler& assembler,
              BatchTarget& target, MonotonicMs now);
  InputLines& LinesOf(const InputOptions* input);
  static Result<FramingPlace> PlaceOf(const WatchedFile& file, Encoding encoding);

  const AgentOptions& options_;
  Counters& counters_;
  std::unique_ptr<char[]> buffer_;
  std::size_t run_at_ = 0;  // in the chunk: where the run that is open begins
  std::string key_;
  std::unordered_map<const InputOptions*, InputLines> inputs_;
};

}  // namespace logboom::agent
