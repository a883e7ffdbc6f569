#include "lib/client/send_window.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "lib/record/stamp_producer.h"

namespace logboom::client {
namespace {

constexpr std::uint32_t kSequenceMask = 0x7FFF'FFFF;

}  // namespace

void SendWindow::Push(const RecordGroup& group, transport::Payload payload) {
  ready_.push_back(std::make_shared<OutgoingBatch>(
      OutgoingBatch{.group = group, .payload = std::move(payload)}));
}

bool SendWindow::WantsId() const {
  return idempotence_ == Idempotence::kOn && id_ < 0 && !ready_.empty();
}

void SendWindow::SetId(std::int64_t producer_id) {
  id_ = producer_id;
  last_id_ = producer_id;
  epoch_ = 0;
  next_sequence_ = 0;
}

SendWindow::Batch SendWindow::Next(MonotonicMs now) {
  if (ready_.empty() || now < retry_at_ || draining_ || under_way_.size() >= kUnderWayMax) {
    return nullptr;
  }
  if (idempotence_ == Idempotence::kOn) {
    if (id_ < 0) return nullptr;
    if (ready_.front()->order == 0) Stamp(*ready_.front());
  }
  return ready_.front();
}

// Bytes that were handed out may still be read by the transport: they are not written to again.
void SendWindow::Stamp(OutgoingBatch& batch) {
  if (batch.was_sent) batch.payload = transport::Payload(Bytes(batch.payload.view()));
  record::StampProducer(batch.payload.data(), batch.payload.size(), id_, epoch_, next_sequence_);
  next_sequence_ = static_cast<std::int32_t>((static_cast<std::uint32_t>(next_sequence_) +
                                              static_cast<std::uint32_t>(batch.group.records)) &
                                             kSequenceMask);
  batch.order = ++last_order_;
}

void SendWindow::Sent() {
  ready_.front()->was_sent = true;
  under_way_.push_back(std::move(ready_.front()));
  ready_.pop_front();
}

SendWindow::Batch SendWindow::SentForGood() {
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  return batch;
}

void SendWindow::Delivered(const Batch& batch) {
  std::erase(under_way_, batch);
  if (under_way_.empty()) draining_ = false;
}

std::vector<SendWindow::Batch> SendWindow::Refused(const Batch& batch, RefusalKind kind,
                                                   MonotonicMs now) {
  std::erase(under_way_, batch);
  const bool of_sequence =
      kind == RefusalKind::kOutOfOrder || kind == RefusalKind::kProducerUnknown;
  // One that stands behind another that was refused is taken once that one is.
  const bool ends_sequences = of_sequence && IsOldest(*batch);
  if (ends_sequences) anew_ = kind == RefusalKind::kOutOfOrder ? Anew::kEpoch : Anew::kId;
  if (kind == RefusalKind::kPasses || ends_sequences) retry_at_ = now + kRetryPause.count();
  draining_ = true;
  std::vector<Batch> failed;
  if (kind == RefusalKind::kFinal || (ends_sequences && batch->uncertain)) {
    failed.push_back(batch);
  } else {
    Return(batch);
  }
  for (Batch& one : GoOn()) failed.push_back(std::move(one));
  return failed;
}

// Without sequences a batch that was refused comes first, as ever.
void SendWindow::Return(const Batch& batch) {
  const auto behind = std::ranges::find_if(
      ready_, [&](const Batch& one) { return one->order == 0 || one->order > batch->order; });
  ready_.insert(behind, batch);
}

bool SendWindow::IsOldest(const OutgoingBatch& batch) const {
  const auto is_older = [&](const Batch& one) {
    return one->order != 0 && one->order < batch.order;
  };
  return std::ranges::none_of(ready_, is_older) && std::ranges::none_of(under_way_, is_older);
}

std::vector<SendWindow::Batch> SendWindow::SessionLost() {
  while (!under_way_.empty()) {
    Batch batch = std::move(under_way_.back());
    under_way_.pop_back();
    // Behind one that was refused for its sequence nothing can have been appended.
    if (anew_ == Anew::kNo) batch->uncertain = true;
    Return(batch);
  }
  return GoOn();
}

std::vector<SendWindow::Batch> SendWindow::GoOn() {
  if (!under_way_.empty()) return {};
  draining_ = false;
  return anew_ == Anew::kNo ? std::vector<Batch>() : BeginAnew();
}

std::vector<SendWindow::Batch> SendWindow::BeginAnew() {
  if (anew_ == Anew::kId || epoch_ == std::numeric_limits<std::int16_t>::max()) {
    id_ = -1;
  } else {
    ++epoch_;
  }
  next_sequence_ = 0;
  anew_ = Anew::kNo;
  std::vector<Batch> failed;
  for (const Batch& batch : ready_) {
    if (batch->uncertain) failed.push_back(batch);
    batch->order = 0;
  }
  std::erase_if(ready_, [](const Batch& batch) { return batch->uncertain; });
  return failed;
}

SendWindow::Batch SendWindow::TakeOlderThan(MonotonicMs since) {
  if (ready_.empty() || ready_.front()->group.oldest > since) return nullptr;
  return SentForGood();
}

std::vector<SendWindow::Batch> SendWindow::TakeReady() {
  std::vector<Batch> all(ready_.begin(), ready_.end());
  ready_.clear();
  return all;
}

}  // namespace logboom::client
