// Puts runs of lines of several files into one batch: the header lb.span (and lb.source, where the
// run opens its source) in the first record of each run, lb.more and labels where they belong.
//
//   assembler.BeginRun(...); while (assembler.Add(line)) ...; assembler.EndRun(...); Finish()
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "agent/framing/piece.h"
#include "agent/limits.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/client/agent_link.h"
#include "lib/record/batch_builder.h"
#include "lib/record/span.h"

namespace logboom::agent {

// Everything it points to must stay until EndRun.
struct RunStart {
  std::uint64_t log_tag = 0;
  Uuid source_id;
  SourcePosition begin;
  std::optional<record::SourceIdentity> identity;  // opens the source
  ByteView key;
  std::uint32_t left_out = 0;  // lines between `begin` and its first record that no record holds
};

struct AssembledBatch {
  Bytes bytes;
  std::vector<client::ProduceSpan> spans;
  std::uint32_t records = 0;
};

// One owner, one thread.
class BatchAssembler {
 public:
  explicit BatchAssembler(record::BatchBuilderOptions options);

  // Records beyond it don't fit, save the first: a batch always takes one.
  void SetRawBytesMax(std::size_t bytes) { raw_bytes_max_ = bytes; }

  void BeginRun(const RunStart& run);
  // False: the batch is full, and nothing was added. `headers` stand behind those of our own.
  bool Add(const Piece& piece, TimestampMs time, std::span<const record::HeaderView> headers);
  // Lines were read that no record holds.
  void LeaveOut(std::uint32_t lines) { run_left_out_ += lines; }
  // The run ends before `end`. How many lines it leaves out, where it has no record and so leaves
  // no trace: those of its start, too.
  std::optional<std::uint32_t> EndRun(const client::SpanEnd& end);

  bool empty() const { return builder_.empty(); }
  bool full() const { return spans_.size() >= kRunsPerBatchMax; }
  std::size_t raw_bytes() const { return builder_.raw_bytes(); }
  // The batch must not be empty, and no run open. The error is a codec that can't be written.
  Result<AssembledBatch> Finish();

 private:
  bool AddFirst(const record::RecordView& record, bool more);
  bool Fits(const record::RecordView& record) const;

  record::BatchBuilder builder_;
  std::size_t raw_bytes_max_ = record::kBatchBytesMax;
  std::vector<client::ProduceSpan> spans_;

  std::optional<RunStart> run_;
  std::uint32_t run_records_ = 0;
  std::uint32_t run_left_out_ = 0;
  record::HeaderSlot span_slot_;
  std::vector<record::HeaderView> headers_;  // reused
};

}  // namespace logboom::agent
