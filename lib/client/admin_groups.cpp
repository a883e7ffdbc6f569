#include <algorithm>

#include "lib/client/admin_state.h"
#include "lib/client/snapshot_pages.h"
#include "lib/client/wire_descriptions.h"

namespace logboom::client {

namespace {

// A broker that lets go of each snapshot between two of its pages is not asked for ever.
constexpr int kSnapshotsMax = 4;

protocol::ResetOffsetsRequest::Target TargetOf(ResetTarget::Kind kind) {
  switch (kind) {
    case ResetTarget::Kind::kEarliest: return protocol::ResetOffsetsRequest::EARLIEST;
    case ResetTarget::Kind::kLatest: return protocol::ResetOffsetsRequest::LATEST;
    case ResetTarget::Kind::kOffset: return protocol::ResetOffsetsRequest::OFFSET;
    case ResetTarget::Kind::kTime: return protocol::ResetOffsetsRequest::BY_TIME;
    case ResetTarget::Kind::kShift: return protocol::ResetOffsetsRequest::SHIFT;
  }
  return protocol::ResetOffsetsRequest::EARLIEST;
}

IfCut IfCutOf(const ResetOffsetsOptions& options) {
  const bool adds_up =
      options.mode == ResetMode::kExecute && options.target.kind == ResetTarget::Kind::kShift;
  return adds_up ? IfCut::kReport : IfCut::kAskAgain;
}

}  // namespace

Result<std::vector<GroupSummary>> Admin::ListGroups() {
  protocol::Request request;
  request.mutable_list_groups();
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCut::kAskAgain));
  std::vector<GroupSummary> groups;
  for (const auto& group : response.list_groups().groups()) groups.push_back(SummaryOf(group));
  std::ranges::sort(groups, {}, &GroupSummary::group);
  return groups;
}

Result<GroupDescription> Admin::DescribeGroup(const std::string& group) {
  RETURN_IF_ERROR(protocol::CheckGroupName(group));
  protocol::Request request;
  request.mutable_describe_group()->set_group(group);
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCut::kAskAgain));
  return DescriptionOf(response.describe_group().group());
}

Result<std::vector<OffsetReset>> Admin::ResetOffsets(const ResetOffsetsOptions& options) {
  RETURN_IF_ERROR(protocol::CheckGroupName(options.group));
  protocol::Request request;
  auto& reset = *request.mutable_reset_offsets();
  reset.set_group(options.group);
  reset.set_topic(protocol::ValidUtf8(options.topic));
  reset.set_partition(options.partition ? options.partition->value() : -1);
  reset.set_target(TargetOf(options.target.kind));
  reset.set_value(options.target.value);
  reset.set_dry_run(options.mode == ResetMode::kDryRun);
  ASSIGN_OR_RETURN(const auto response, state_->Ask(request, IfCutOf(options)));
  std::vector<OffsetReset> resets;
  for (const auto& one : response.reset_offsets().partitions()) resets.push_back(ResetOf(one));
  std::ranges::sort(resets, {}, &OffsetReset::partition);
  return resets;
}

Status Admin::DeleteGroup(const std::string& group) {
  RETURN_IF_ERROR(protocol::CheckGroupName(group));
  protocol::Request request;
  request.mutable_delete_group()->set_group(group);
  RETURN_IF_ERROR(state_->Ask(request, IfCut::kReport));
  return Ok();
}

Result<Snapshot> Admin::TakeSnapshot() {
  SnapshotPages pages;
  for (int taken = 1;;) {
    ASSIGN_OR_RETURN(const auto answer,
                     state_->AskForAnswer(pages.NextRequest(), IfCut::kAskAgain));
    if (!answer.ok()) {
      const auto& error = answer.response.error();
      if (!pages.begun() || !IsSnapshotGone(error) || taken == kSnapshotsMax) return answer.error();
      pages = {};
      ++taken;
      continue;
    }
    RETURN_IF_ERROR(pages.Add(answer.response.snapshot()));
    if (pages.complete()) return pages.Take();
  }
}

}  // namespace logboom::client
