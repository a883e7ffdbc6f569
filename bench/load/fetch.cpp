#include "bench/load/fetch.h"

#include "bench/load/lane.h"

namespace logboom::load {
namespace {

class Reader {
 public:
  Reader(Lane& lane, const Uuid& topic_id, std::uint32_t fetch_bytes_max)
      : lane_(lane), topic_id_(topic_id), fetch_bytes_max_(fetch_bytes_max) {}

  // False where the queue to the broker is full.
  bool Ask(std::int32_t partition, std::int64_t offset) {
    protocol::Request request;
    protocol::FetchRequest& fetch = *request.mutable_fetch();
    fetch.set_topic_id(std::string(topic_id_.bytes().data(), 16));
    fetch.set_partition(partition);
    fetch.set_offset(offset);
    fetch.set_bytes_max(fetch_bytes_max_);
    fetch.set_leader_epoch(-1);
    auto done = [this, partition](Result<client::Answer> answer) {
      if (!answer.ok()) return lane_.Fail(answer.error());
      if (!answer->ok()) return lane_.Fail(answer->error());
      Take(partition, *answer);
    };
    const bool sent = lane_.session().Send(std::move(request), {}, done, client::IfLost::kTell);
    if (sent) ++under_way_;
    return sent;
  }

  void Take(std::int32_t partition, const client::Answer& answer) {
    --under_way_;
    bytes_ += answer.payload.size();
    const protocol::FetchResponse& fetch = answer.response.fetch();
    if (fetch.next_offset() >= fetch.durable_end_offset()) return;
    if (!Ask(partition, fetch.next_offset())) {
      lane_.Fail(Fail(ErrorCode::kBusy, "the queue to the broker is full"));
    }
  }

  int under_way() const { return under_way_; }
  std::size_t bytes() const { return bytes_; }

 private:
  Lane& lane_;
  Uuid topic_id_;
  std::uint32_t fetch_bytes_max_;
  int under_way_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<FetchReport> FetchAll(const std::string& address, const Uuid& topic_id,
                             std::int32_t partitions, std::uint32_t fetch_bytes_max) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Lane> lane, Lane::Open(address));
  Reader reader(*lane, topic_id, fetch_bytes_max);
  const std::int64_t begin_us = MonotonicUs();
  for (std::int32_t partition = 0; partition < partitions; ++partition) {
    if (!reader.Ask(partition, 0)) return Fail(ErrorCode::kBusy, "the queue is full");
  }
  while (reader.under_way() > 0) RETURN_IF_ERROR(lane->Turn(std::chrono::milliseconds(100)));
  return FetchReport{static_cast<double>(MonotonicUs() - begin_us) / 1e6, reader.bytes()};
}

}  // namespace logboom::load
