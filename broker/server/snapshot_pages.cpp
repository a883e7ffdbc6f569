#include "broker/server/snapshot_pages.h"

#include <utility>

namespace logboom::broker {
namespace {

// Tag and length of an entry, and of the message that it stands in.
constexpr std::size_t kEntryBytes = 16;
// Of one member on one page.
constexpr int kOwnedMax = 5'000;

// A member's facts, and its owned partitions from `begin` on, as many as fit together.
protocol::GroupMember MemberPart(const protocol::GroupMember& member, int begin) {
  protocol::GroupMember part;
  if (begin == 0) {
    part = member;
    part.clear_owned();
  }
  part.set_member_id(member.member_id());
  for (int i = begin; i < member.owned_size() && i < begin + kOwnedMax; ++i) {
    *part.add_owned() = member.owned(i);
  }
  return part;
}

}  // namespace

bool SnapshotPages::Reserve(std::size_t bytes) {
  const std::size_t needed = bytes + kEntryBytes;
  const bool fits = page_bytes_ == 0 || page_bytes_ + needed <= page_bytes_max_;
  if (!fits) ClosePage();
  page_bytes_ += needed;
  return fits;
}

void SnapshotPages::ClosePage() {
  pages_.push_back(page_.SerializeAsString());
  bytes_ += pages_.back().size();
  page_.Clear();
  page_bytes_ = 0;
}

void SnapshotPages::Add(protocol::StatusResponse status) {
  Reserve(status.ByteSizeLong());
  *page_.mutable_status() = std::move(status);
}

void SnapshotPages::Add(protocol::Topic topic) {
  Reserve(topic.ByteSizeLong());
  *page_.add_topics() = std::move(topic);
}

void SnapshotPages::Add(protocol::Agent agent) {
  // Labels are the agent's own words, without a bound: a page has one.
  if (agent.ByteSizeLong() > page_bytes_max_) agent.clear_labels();
  Reserve(agent.ByteSizeLong());
  *page_.add_agents() = std::move(agent);
}

void SnapshotPages::Add(const protocol::Group& group) {
  const std::size_t bytes = group.ByteSizeLong();
  if (page_bytes_ + bytes + kEntryBytes > page_bytes_max_) {
    AddInParts(group);
    return;
  }
  Reserve(bytes);
  *page_.add_groups() = group;
}

void SnapshotPages::AddInParts(const protocol::Group& group) {
  Reserve(group.summary().ByteSizeLong());
  protocol::Group* part = page_.add_groups();
  *part->mutable_summary() = group.summary();
  auto make_room = [&](std::size_t bytes) {
    if (Reserve(bytes)) return;
    part = page_.add_groups();
    part->mutable_summary()->set_group(group.summary().group());
    page_bytes_ += part->ByteSizeLong() + kEntryBytes;
  };
  for (const protocol::GroupMember& member : group.members()) {
    for (int begin = 0; begin == 0 || begin < member.owned_size(); begin += kOwnedMax) {
      protocol::GroupMember one = MemberPart(member, begin);
      make_room(one.ByteSizeLong());
      *part->add_members() = std::move(one);
    }
  }
  for (const protocol::GroupPartition& one : group.partitions()) {
    make_room(one.ByteSizeLong());
    *part->add_partitions() = one;
  }
}

std::vector<Bytes> SnapshotPages::Finish() {
  if (page_bytes_ > 0 || pages_.empty()) ClosePage();
  return std::move(pages_);
}

}  // namespace logboom::broker
