// Requests about consumer groups: between the protocol's messages and Groups.
//
// A part of the server: same owner, same thread, same life. A member is known by its id, not by its
// session: a lost connection ends no membership, silence does.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "broker/engine/log_engine.h"
#include "broker/groups/groups.h"
#include "broker/server/call.h"
#include "lib/protocol/messages.pb.h"

namespace logboom::broker {

class GroupHandlers {
 public:
  GroupHandlers(LogEngine& engine, Groups& groups, Answers& answers)
      : engine_(engine), groups_(groups), answers_(answers) {}
  GroupHandlers(const GroupHandlers&) = delete;
  GroupHandlers& operator=(const GroupHandlers&) = delete;

  // `request` has a body that is about groups.
  void Handle(const Call& call, const protocol::Request& request);

 private:
  // group_handlers.cpp
  void HandleJoin(const Call& call, const protocol::JoinGroupRequest& request);
  void HandleHeartbeat(const Call& call, const protocol::HeartbeatRequest& request);
  void HandleLeave(const Call& call, const protocol::LeaveGroupRequest& request);
  void HandleCommit(const Call& call, const protocol::CommitOffsetsRequest& request);
  void HandleFetchOffsets(const Call& call, const protocol::FetchOffsetsRequest& request);
  // False: refused, and answered.
  bool MayUse(const Call& call, Operation operation, const std::string& group);
  bool IsItself(const Call& call, const std::string& group, const std::string& member_id,
                const std::string& instance_id);
  bool JoinIsSound(const Call& call, const protocol::JoinGroupRequest& request);
  // Nothing: it may be committed.
  std::optional<protocol::Error> CommitRefused(const Call& call,
                                               const protocol::OffsetCommit& commit) const;

  // group_admin_handlers.cpp
  void HandleList(const Call& call);
  void HandleDescribe(const Call& call, const protocol::DescribeGroupRequest& request);
  void HandleReset(const Call& call, const protocol::ResetOffsetsRequest& request);
  void HandleDelete(const Call& call, const protocol::DeleteGroupRequest& request);

  // False: as many commits are under way as may be, and that is answered.
  bool BeginCommit(const Call& call, std::size_t bytes);
  void EndCommit(const Uuid& session, std::size_t bytes);

  LogEngine& engine_;
  Groups& groups_;
  Answers& answers_;
  std::map<Uuid, std::size_t> commits_under_way_;  // by session; above 0
  std::size_t commit_bytes_under_way_ = 0;
};

}  // namespace logboom::broker
