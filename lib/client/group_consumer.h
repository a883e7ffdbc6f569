// Reads topics as a member of a consumer group: the broker says which partitions are its own, it
// goes on where the group has committed, and commits what its caller has handled.
//
// At least once. A record comes again where its member died, was silent for too long, or the broker
// restarted before what it handled was committed; a record comes once where nobody dies and the
// caller says Handled() of all that Next() gave it before it calls Poll() again: a partition that
// moves is committed before the next member gets it. Nothing is passed over: an offset that
// retention overtook comes as OffsetOutOfRange, and reading goes on where the log begins.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/client/consumer.h"
#include "lib/transport/transport.h"

namespace logboom::client {

struct GroupConsumerOptions {
  std::string group;
  std::vector<std::string> topics;  // that exist or will
  // For a partition of which the group has committed nothing. That place is committed before
  // anything is read there: whoever gets the partition next does not begin at another, and the
  // group's lag is known. A broker that refuses the commit does not stop the reading.
  StartAt start{};
  // Who this is, for people.
  std::string client_id{};
  std::string host{};
  // Silence after which the group gives the member's partitions to others; 0: the broker's default.
  std::chrono::milliseconds session_timeout{0};
  // "range" or "sticky"; empty: any. The group's is what most of its members name.
  std::string assignor{};
  // A name of this reader's own that outlives its process; empty: none. Who joins under it takes
  // over what the reader before had, and that one fails: kBusy. A reader that has it and leaves
  // keeps its partitions until the session timeout is over.
  std::string instance_id{};
  std::chrono::milliseconds commit_interval{1'000};
  ConsumerOptions reading{};
};

// The broker will not take a commit of this partition, whoever asks: it is not tried again.
struct RefusedCommit {
  TopicPartition partition;
  Offset offset;
  Error error;
};

struct GroupConsumerCounters {
  std::uint64_t grants = 0;   // of partitions
  std::uint64_t commits = 0;  // of partitions, acknowledged
  // The group took this member for gone: it joined again, and records may have come again.
  std::uint64_t rejoins = 0;
};

// Two connections, so that no heartbeat waits behind records. One owner, one thread.
class GroupConsumer {
 public:
  // `random` must outlive it.
  GroupConsumer(std::unique_ptr<transport::ClientTransport> coordination,
                std::unique_ptr<transport::ClientTransport> data,
                const GroupConsumerOptions& options, Random& random);
  ~GroupConsumer();

  // At least once a second: a member that is silent is taken for gone.
  void Poll(Instant now);
  // As Consumer::Wait().
  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors = {});
  // As Consumer::Next(). After OffsetOutOfRange it goes on by itself.
  std::optional<ConsumerEvent> Next();

  // The caller has done with all before `next`. Of a partition that moved meanwhile it counts for
  // nothing.
  void Handled(const TopicPartition& partition, Offset next);
  // At the next Poll(), before the interval is over.
  void CommitNow();
  // The broker has acknowledged all that was handled.
  bool all_committed() const;
  // Stops reading, commits what was handled, and leaves; go on calling Poll() until finished().
  void Leave();
  // Has left; or there is a failure().
  bool finished() const;

  bool joined() const;
  // As the broker said last: each member of the group owns what it should, this one what Owned()
  // says.
  bool settled() const;
  // The partitions that are its own now, in order.
  std::vector<TopicPartition> Owned() const;
  // Nothing for a partition that is not its own.
  std::optional<PartitionProgress> Progress(const TopicPartition& partition) const;
  const std::string& member_id() const;
  // Each once.
  std::vector<RefusedCommit> TakeRefusedCommits();
  const GroupConsumerCounters& counters() const;

  // The broker said a no that stays: the group's name, not authorised, or another reader took the
  // instance id over; or it forgot the member
  // before what was handled last was committed, while it was leaving.
  std::optional<Error> failure() const;
  bool connected() const;
  // Why there is no session; nothing where there is one, or where it was not tried yet.
  std::optional<Error> last_error() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logboom::client
