#include "lib/client/snapshot_pages.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "lib/client/wire_descriptions.h"

namespace logboom::client {

namespace {

template <typename T>
void Append(std::vector<T>& to, std::vector<T> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// A topic or group that goes on where the page before ended joins what is there of it.
void Add(std::vector<TopicDescription>& topics, TopicDescription topic) {
  if (topics.empty() || topics.back().name != topic.name) return topics.push_back(std::move(topic));
  Append(topics.back().partitions, std::move(topic.partitions));
}

// A member of very many partitions comes in parts, also on one page.
void Add(std::vector<GroupMember>& members, GroupMember member) {
  if (members.empty() || members.back().member_id != member.member_id) {
    return members.push_back(std::move(member));
  }
  members.back().partitions_owned += member.partitions_owned;
}

void Add(std::vector<GroupDescription>& groups, GroupDescription group) {
  auto members = std::exchange(group.members, {});
  if (groups.empty() || groups.back().summary.group != group.summary.group) {
    groups.push_back(std::move(group));
  } else {
    Append(groups.back().partitions, std::move(group.partitions));
  }
  for (GroupMember& member : members) Add(groups.back().members, std::move(member));
}

bool IsEmpty(const protocol::SnapshotResponse& page) {
  return !page.has_status() && page.topics().empty() && page.groups().empty() &&
         page.agents().empty();
}

}  // namespace

bool IsSnapshotGone(const protocol::Error& error) {
  return error.code() == protocol::INVALID_REQUEST;
}

protocol::Request SnapshotPages::NextRequest() const {
  protocol::Request request;
  request.mutable_snapshot()->set_snapshot_id(id_);
  request.mutable_snapshot()->set_page(pages_);
  return request;
}

Status SnapshotPages::Add(const protocol::SnapshotResponse& page) {
  if (begun() && page.snapshot_id() != id_) {
    return Fail(ErrorCode::kCorrupt, "page {} of snapshot {} came from snapshot {}", pages_, id_,
                page.snapshot_id());
  }
  // An empty page that promises more would go on for ever.
  if (page.more() && (page.snapshot_id() == 0 || IsEmpty(page))) {
    return Fail(ErrorCode::kCorrupt, "page {} of a snapshot holds nothing and promises more",
                pages_);
  }
  if (!begun()) {
    id_ = page.snapshot_id();
    snapshot_.time = TimestampMs(page.time_ms());
    snapshot_.status = StatusOf(page.status());
  }
  ++pages_;
  for (const auto& topic : page.topics()) client::Add(snapshot_.topics, DescriptionOf(topic));
  for (const auto& group : page.groups()) client::Add(snapshot_.groups, DescriptionOf(group));
  for (const auto& agent : page.agents()) snapshot_.agents.push_back(DescriptionOf(agent));
  complete_ = !page.more();
  return Ok();
}

Snapshot SnapshotPages::Take() {
  Snapshot snapshot = std::move(std::exchange(*this, {}).snapshot_);
  std::ranges::sort(snapshot.topics, {}, &TopicDescription::name);
  std::ranges::sort(snapshot.groups, {}, [](const auto& group) { return group.summary.group; });
  std::ranges::sort(snapshot.agents, {}, &AgentDescription::agent_id);
  return snapshot;
}

}  // namespace logboom::client
