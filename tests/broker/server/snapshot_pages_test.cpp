#include "broker/server/snapshot_pages.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace logboom::broker {
namespace {

constexpr std::size_t kPageBytes = 2'000;

std::vector<protocol::SnapshotResponse> Pages(SnapshotPages& pages) {
  std::vector<protocol::SnapshotResponse> read;
  for (const Bytes& bytes : pages.Finish()) {
    EXPECT_TRUE(read.emplace_back().ParseFromString(bytes));
  }
  return read;
}

protocol::Topic TopicOf(const std::string& name, int partitions) {
  protocol::Topic topic;
  topic.set_name(name);
  for (int i = 0; i < partitions; ++i) topic.add_partitions()->set_index(i);
  return topic;
}

protocol::Group GroupOf(const std::string& name, int members, int owned, int partitions) {
  protocol::Group group;
  group.mutable_summary()->set_group(name);
  group.mutable_summary()->set_assignor("range");
  for (int i = 0; i < members; ++i) {
    protocol::GroupMember& member = *group.add_members();
    member.set_member_id(fmt::format("member-{}", i));
    member.set_host("host");
    for (int k = 0; k < owned; ++k) member.add_owned()->set_partition(k);
  }
  for (int i = 0; i < partitions; ++i) {
    protocol::GroupPartition& partition = *group.add_partitions();
    partition.set_topic("web");
    partition.set_partition(i);
    partition.set_metadata(std::string(50, 'm'));
  }
  return group;
}

TEST(SnapshotPages, ThereIsAlwaysAPage) {
  SnapshotPages pages(kPageBytes);
  EXPECT_EQ(Pages(pages).size(), 1U);
}

TEST(SnapshotPages, WhatFitsStandsOnOnePage) {
  SnapshotPages pages(kPageBytes);
  protocol::StatusResponse status;
  status.set_broker_name("b");
  pages.Add(status);
  pages.Add(TopicOf("web", 3));
  pages.Add(GroupOf("g", 2, 3, 4));
  protocol::Agent agent;
  agent.set_agent_id("a");
  pages.Add(agent);
  const auto read = Pages(pages);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].status().broker_name(), "b");
  EXPECT_EQ(read[0].topics(0).partitions_size(), 3);
  EXPECT_EQ(read[0].groups(0).members(1).owned_size(), 3);
  EXPECT_EQ(read[0].agents(0).agent_id(), "a");
}

TEST(SnapshotPages, NoPageIsLongerThanTheLimitAndNothingIsLost) {
  SnapshotPages pages(kPageBytes);
  for (int i = 0; i < 40; ++i) {
    pages.Add(TopicOf(fmt::format("topic-{}", i), 20));
    pages.Add(GroupOf(fmt::format("group-{}", i), i % 4, 5, i * 3));
  }
  EXPECT_GT(pages.bytes(), 10 * kPageBytes);
  int topics = 0;
  std::map<std::string, std::set<int>> partitions;
  std::map<std::string, std::set<std::string>> members;
  std::set<std::string> summaries;
  for (const protocol::SnapshotResponse& page : Pages(pages)) {
    EXPECT_LE(page.ByteSizeLong(), kPageBytes);
    topics += page.topics_size();
    for (const protocol::Group& group : page.groups()) {
      const std::string& name = group.summary().group();
      if (!group.summary().assignor().empty()) {
        EXPECT_TRUE(summaries.insert(name).second) << name;
      }
      for (const auto& member : group.members()) members[name].insert(member.member_id());
      for (const auto& one : group.partitions()) {
        EXPECT_TRUE(partitions[name].insert(one.partition()).second) << name;
      }
    }
  }
  EXPECT_EQ(topics, 40);
  EXPECT_EQ(summaries.size(), 40U);
  for (int i = 0; i < 40; ++i) {
    const std::string name = fmt::format("group-{}", i);
    EXPECT_EQ(partitions[name].size(), static_cast<std::size_t>(i * 3));
    EXPECT_EQ(members[name].size(), static_cast<std::size_t>(i % 4));
  }
}

TEST(SnapshotPages, OwnedPartitionsOfAMemberGoOnUnderItsId) {
  SnapshotPages pages(std::size_t{50'000});
  pages.Add(GroupOf("g", 2, 12'000, 1));
  std::map<std::string, int> owned;
  int hosts = 0;
  const auto read = Pages(pages);
  EXPECT_GT(read.size(), 1U);
  for (const protocol::SnapshotResponse& page : read) {
    EXPECT_LE(page.ByteSizeLong(), 50'000U);
    for (const protocol::Group& group : page.groups()) {
      for (const auto& member : group.members()) {
        owned[member.member_id()] += member.owned_size();
        hosts += member.host().empty() ? 0 : 1;
      }
    }
  }
  EXPECT_EQ(owned, (std::map<std::string, int>{{"member-0", 12'000}, {"member-1", 12'000}}));
  EXPECT_EQ(hosts, 2);
}

TEST(SnapshotPages, AnAgentOfTooManyLabelsIsShownWithoutThem) {
  SnapshotPages pages(kPageBytes);
  protocol::Agent agent;
  agent.set_agent_id("a");
  (*agent.mutable_labels())["long"] = std::string(kPageBytes, 'l');
  pages.Add(agent);
  const auto read = Pages(pages);
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].agents(0).agent_id(), "a");
  EXPECT_TRUE(read[0].agents(0).labels().empty());
}

}  // namespace
}  // namespace logboom::broker
