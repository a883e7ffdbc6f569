#include "bench/load/produce.h"

#include <algorithm>
#include <latch>
#include <thread>

#include "bench/load/lane.h"
#include "lib/record/batch_header.h"
#include "lib/record/stamp_producer.h"

namespace logboom::load {
namespace {

protocol::Acks ToWire(client::Acks acks) {
  return acks == client::Acks::kSynced ? protocol::SYNCED : protocol::WRITTEN;
}

// One of the producers.
class Sender {
 public:
  Sender(const ProduceOptions& options, const Batches& batches, int number)
      : options_(options),
        batches_(batches),
        sequences_(static_cast<std::size_t>(options.partitions), 0),
        next_batch_(static_cast<std::size_t>(number) * 7),
        next_partition_(static_cast<std::size_t>(number * options.partitions / options.producers)),
        bytes_to_send_(options.bytes / static_cast<std::size_t>(options.producers)) {
    if (options.bytes_per_second) {
      us_per_byte_ = 1e6 * options.producers / *options.bytes_per_second;
    }
  }

  Status Run(std::latch& all_open) {
    auto lane = Lane::Open(options_.address);
    all_open.arrive_and_wait();
    if (!lane.ok()) return lane.error();
    lane_ = *std::move(lane);
    RETURN_IF_ERROR(AskForId());
    lane_->session().SetWantedCredit(options_.window * record::kBatchBytesMax);
    due_us_ = static_cast<double>(MonotonicUs());
    while (bytes_ < bytes_to_send_ || under_way_ > 0) {
      SendDue();
      RETURN_IF_ERROR(lane_->Turn(UntilDue()));
    }
    return Ok();
  }

  std::size_t bytes() const { return bytes_; }
  const std::vector<std::int64_t>& latencies_us() const { return latencies_us_; }

 private:
  bool MaySend() const {
    if (bytes_ >= bytes_to_send_) return false;
    if (us_per_byte_) return due_us_ <= static_cast<double>(MonotonicUs());
    return under_way_ < options_.window;
  }

  std::chrono::milliseconds UntilDue() const {
    if (!us_per_byte_ || bytes_ >= bytes_to_send_) return std::chrono::milliseconds(100);
    const double wait_us = due_us_ - static_cast<double>(MonotonicUs());
    return std::chrono::milliseconds(wait_us > 0 ? static_cast<std::int64_t>(wait_us / 1000) : 0);
  }

  void SendDue() {
    while (MaySend() && SendOne()) {
    }
  }

  Status AskForId() {
    protocol::Request request;
    request.mutable_init_producer_id();
    auto done = [this](Result<client::Answer> answer) {
      if (!answer.ok()) return lane_->Fail(answer.error());
      if (!answer->ok()) return lane_->Fail(answer->error());
      producer_id_ = answer->response.init_producer_id().producer_id();
    };
    lane_->session().Send(std::move(request), {}, done, client::IfLost::kTell);
    while (producer_id_ < 0) RETURN_IF_ERROR(lane_->Turn(std::chrono::milliseconds(20)));
    return Ok();
  }

  // As every idempotent producer does: its id and the sequence stand in the batch.
  transport::Payload MakeNext() {
    Bytes batch = batches_.batches[next_batch_ % batches_.batches.size()];
    std::int32_t& sequence = sequences_[next_partition_];
    record::StampProducer(batch.data(), batch.size(), producer_id_, 0, sequence);
    sequence += record::ParseBatchHeader(batch)->record_count;
    ++next_batch_;
    return transport::Payload(std::move(batch));
  }

  // False where it was not taken; then it is the next one still.
  bool SendOne() {
    if (next_.empty()) next_ = MakeNext();
    protocol::Request request;
    protocol::ProduceRequest& produce = *request.mutable_produce();
    produce.set_topic_id(std::string(options_.topic_id.bytes().data(), 16));
    produce.set_partition(static_cast<std::int32_t>(next_partition_));
    produce.set_acks(ToWire(options_.acks));
    const auto begin_us = us_per_byte_ ? static_cast<std::int64_t>(due_us_) : MonotonicUs();
    auto done = [this, begin_us](Result<client::Answer> answer) {
      --under_way_;
      if (!answer.ok()) return lane_->Fail(answer.error());
      if (!answer->ok()) return lane_->Fail(answer->error());
      latencies_us_.push_back(MonotonicUs() - begin_us);
    };
    if (!lane_->session().Send(std::move(request), next_, done, client::IfLost::kTell)) {
      return false;
    }
    ++under_way_;
    next_partition_ = (next_partition_ + 1) % sequences_.size();
    bytes_ += next_.size();
    if (us_per_byte_) due_us_ += *us_per_byte_ * static_cast<double>(next_.size());
    next_ = {};
    return true;
  }

  const ProduceOptions& options_;
  const Batches& batches_;
  std::unique_ptr<Lane> lane_;
  std::int64_t producer_id_ = -1;
  std::vector<std::int32_t> sequences_;  // by partition
  transport::Payload next_;              // empty: to be made
  std::size_t next_batch_;
  std::size_t next_partition_;
  std::size_t bytes_to_send_;
  std::size_t bytes_ = 0;
  std::size_t under_way_ = 0;
  std::optional<double> us_per_byte_;
  double due_us_ = 0;
  std::vector<std::int64_t> latencies_us_;
};

}  // namespace

Result<ProduceReport> Produce(const ProduceOptions& options, const Batches& batches) {
  std::vector<Sender> senders;
  for (int i = 0; i < options.producers; ++i) senders.emplace_back(options, batches, i);
  std::vector<Status> outcomes(senders.size(), Ok());
  std::latch all_open(options.producers + 1);
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < senders.size(); ++i) {
    threads.emplace_back([&, i] { outcomes[i] = senders[i].Run(all_open); });
  }
  all_open.arrive_and_wait();
  const std::int64_t begin_us = MonotonicUs();
  threads.clear();  // joins
  ProduceReport report;
  report.seconds = static_cast<double>(MonotonicUs() - begin_us) / 1e6;
  for (const Status& outcome : outcomes) RETURN_IF_ERROR(outcome);
  for (const Sender& sender : senders) {
    report.bytes += sender.bytes();
    report.batches += sender.latencies_us().size();
    report.latencies_us.insert(report.latencies_us.end(), sender.latencies_us().begin(),
                               sender.latencies_us().end());
  }
  std::sort(report.latencies_us.begin(), report.latencies_us.end());
  return report;
}

}  // namespace logboom::load
