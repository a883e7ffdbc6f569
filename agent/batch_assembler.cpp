#include "agent/batch_assembler.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace logboom::agent {
namespace {

using record::HeaderView;

// What lb.span holds until the run is complete.
constexpr char kSpanPlaceholder[record::kSpanBytes] = {};
// A header without a value of its own: that it is there says all.
constexpr ByteView kNoValue{};

HeaderView MoreHeader() { return {.key = record::kMoreHeader, .value = kNoValue}; }

}  // namespace

BatchAssembler::BatchAssembler(record::BatchBuilderOptions options) : builder_(options) {}

void BatchAssembler::BeginRun(const RunStart& run) {
  CHECK(!run_);
  run_ = run;
  run_records_ = 0;
  run_left_out_ = run.left_out;
}

bool BatchAssembler::Fits(const record::RecordView& record) const {
  if (!builder_.Fits(record)) return false;
  return builder_.empty() ||
         builder_.raw_bytes() + record::BatchBuilder::SizeOf(record) <= raw_bytes_max_;
}

bool BatchAssembler::Add(const Piece& piece, TimestampMs time,
                         std::span<const HeaderView> headers) {
  record::RecordView record{
      .timestamp = time, .key = run_->key, .value = piece.value, .headers = headers};
  if (run_records_ == 0) return AddFirst(record, piece.more);
  if (piece.more) {
    headers_.assign({MoreHeader()});
    headers_.insert(headers_.end(), headers.begin(), headers.end());
    record.headers = headers_;
  }
  if (!Fits(record)) return false;
  builder_.Add(record);
  ++run_records_;
  return true;
}

bool BatchAssembler::AddFirst(const record::RecordView& record, bool more) {
  headers_.assign(
      {{.key = record::kSpanHeader, .value = ByteView(kSpanPlaceholder, record::kSpanBytes)}});
  Bytes identity;
  if (run_->identity) {
    identity = record::EncodeSourceIdentity(*run_->identity);
    headers_.push_back({.key = record::kSourceHeader, .value = ByteView(identity)});
  }
  if (more) headers_.push_back(MoreHeader());
  headers_.insert(headers_.end(), record.headers.begin(), record.headers.end());
  record::RecordView first = record;
  first.headers = headers_;
  if (full() || !Fits(first)) return false;
  span_slot_ = builder_.AddWithSlot(first, 0);
  ++run_records_;
  return true;
}

std::optional<std::uint32_t> BatchAssembler::EndRun(const client::SpanEnd& end) {
  CHECK(run_);
  const RunStart run = *std::exchange(run_, std::nullopt);
  if (run_records_ == 0) return run_left_out_;
  client::ProduceSpan produce;
  produce.span = {.log_tag = run.log_tag,
                  .source_id = run.source_id,
                  .begin = run.begin,
                  .end = end.end,
                  .window = end.window,
                  .records = run_records_,
                  .dropped = run_left_out_};
  produce.identity = run.identity;
  builder_.PatchHeader(span_slot_, record::EncodeSpan(produce.span));
  spans_.push_back(std::move(produce));
  return std::nullopt;
}

Result<AssembledBatch> BatchAssembler::Finish() {
  CHECK(!run_ && !builder_.empty());
  const auto records = static_cast<std::uint32_t>(builder_.record_count());
  ASSIGN_OR_RETURN(const ByteView batch, builder_.Finish());
  return AssembledBatch{
      .bytes = Bytes(batch), .spans = std::exchange(spans_, {}), .records = records};
}

}  // namespace logboom::agent
