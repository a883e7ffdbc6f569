// Administrative requests, one at a time, each waiting for its answer: what the command line calls.
//
// Errors are the program's codes with the broker's message and code name: kUnavailable and kTimeout
// mean that no broker was reached, or that it is not serving; kPermission that the caller may not;
// all others that the broker refused.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "lib/client/descriptions.h"
#include "lib/client/groups.h"
#include "lib/client/options.h"
#include "lib/client/snapshot.h"
#include "lib/transport/transport.h"

namespace logboom::client {

struct AdminOptions {
  ClientIdentity identity{};
  // The wait for a session: connecting and hello.
  std::chrono::milliseconds timeout{3'000};
  // The wait for the answer of a request that a live session has sent.
  std::chrono::milliseconds answer_timeout{30'000};
};

// One connection. One owner, one thread. Reads are asked again where the session ends before the
// answer; what would do more when asked twice (creating, deleting, moving offsets by a shift) is
// not, and says so (kUnavailable).
class Admin {
 public:
  // `random` must outlive it.
  Admin(std::unique_ptr<transport::ClientTransport> transport, AdminOptions options, Clock clock,
        Random& random);
  ~Admin();

  // Says hello where that is still to do.
  Result<BrokerIdentity> Connect();

  // In the order of their names.
  Result<std::vector<TopicDescription>> ListTopics();
  // kNotFound where there is none of that name.
  Result<TopicDescription> DescribeTopic(const std::string& name);
  // As DescribeTopic, and makes the topic where the broker allows that.
  Result<TopicDescription> DescribeOrCreateTopic(const std::string& name);
  Result<Uuid> CreateTopic(const NewTopic& topic);
  Status AlterTopic(const TopicChange& change);
  Status DeleteTopic(const std::string& name);
  // In the order of the partitions.
  Result<std::vector<PartitionTrim>> TrimTopic(const TrimOptions& options);
  Result<FoundOffset> ListOffset(const Uuid& topic_id, PartitionIndex partition,
                                 const OffsetQuery& query);

  // In the order of their ids.
  Result<std::vector<AgentDescription>> ListAgents();
  // With all files, over as many pages as it takes.
  Result<AgentDetails> DescribeAgent(const std::string& agent_id);
  Result<BrokerStatus> GetStatus();
  // Into a directory of the broker's machine. kBusy where one is under way.
  Result<BackupProgress> StartBackup(const std::string& directory);
  Result<BackupProgress> GetBackup();

  // In the order of their names.
  Result<std::vector<GroupSummary>> ListGroups();
  // kNotFound where the group has neither members nor committed offsets.
  Result<GroupDescription> DescribeGroup(const std::string& group);
  // What was moved, or would be, by partition. kBusy while the group has members and it is no dry
  // run.
  Result<std::vector<OffsetReset>> ResetOffsets(const ResetOffsetsOptions& options);
  // Its committed offsets. kBusy while it has members.
  Status DeleteGroup(const std::string& group);

  // All pages of one snapshot; another is taken where the broker let go of it between two pages.
  Result<Snapshot> TakeSnapshot();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logboom::client
