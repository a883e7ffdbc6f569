// The window of one topic: batches under way to the broker, and what becomes of them.
//
// After a conflict or a refusal nothing new is sent until every batch under way is answered; only
// then is it known where each source stands, and reading goes on from there. Answers that the
// broker gave before it refused are so never mistaken for newer ones.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/backoff.h"
#include "agent/batch_assembler.h"
#include "agent/counters.h"
#include "agent/notices.h"
#include "agent/source.h"
#include "lib/client/agent_link.h"

namespace logboom::agent {

// One owner, one thread. Must outlive the link, or at least its sessions.
class Shipper {
 public:
  Shipper(std::string topic, Counters& counters, Notices& notices);

  // A session began: where batches go.
  void Start(const Uuid& topic_id, PartitionIndex partition);
  // The session ended: everything under way is forgotten.
  void Forget();

  // A new batch may be built now.
  bool CanSend(const client::AgentLink& link, MonotonicMs now) const;
  // `sources` in the order of batch.spans. A batch that the link doesn't take waits here.
  void Send(client::AgentLink& link, AssembledBatch batch, std::vector<Source*> sources);
  // Offers the waiting batch again, and ends a drain. Returns sources whose reading goes on from
  // an earlier position.
  std::vector<Source*> Poll(client::AgentLink& link, MonotonicMs now);

  bool idle() const { return under_way_ == 0 && !outbox_ && !draining_; }
  int under_way() const { return under_way_; }
  std::size_t bytes_under_way() const { return bytes_under_way_; }
  // When a wait after a refusal is over; nothing where there is none.
  std::optional<MonotonicMs> waits_until(MonotonicMs now) const;
  // The broker does not know the topic any more: a new hello would help.
  bool TakeTopicLost();

 private:
  struct Run {
    Source* source = nullptr;
    SourcePosition begin;
    client::SpanEnd end;
    std::uint32_t records = 0;
  };
  struct Sent {
    std::uint64_t number = 0;
    std::size_t bytes = 0;
    std::vector<Run> runs;
  };
  struct Outbox {
    std::vector<client::ProduceSpan> spans;
    transport::Payload payload;
    std::shared_ptr<Sent> sent;
  };
  // Where a source goes on after the drain; nothing: at its durable position.
  struct Recut {
    std::uint64_t number = 0;
    std::optional<SourcePosition> appended;
  };

  bool Offer(client::AgentLink& link);
  void Answered(const Sent& sent, const client::ProduceOutcome& outcome);
  void Durable(const Sent& sent);
  void Conflict(const Sent& sent, const client::ProduceOutcome& outcome);
  void Refused(const Sent& sent, const client::ProduceOutcome& outcome);

  std::string topic_;
  Counters& counters_;
  Notices& notices_;
  Uuid topic_id_;
  PartitionIndex partition_;

  // Answers of a session that ended carry an older number, and are ignored.
  std::uint64_t session_ = 0;
  std::uint64_t next_number_ = 1;
  int under_way_ = 0;
  std::size_t bytes_under_way_ = 0;
  std::optional<Outbox> outbox_;
  bool draining_ = false;
  std::map<Source*, Recut> recuts_;
  Backoff backoff_;
  bool topic_lost_ = false;
  MonotonicMs now_;
};

}  // namespace logboom::agent
