#include "lib/protocol/api.h"

#include <algorithm>
#include <array>

namespace logboom::protocol {

namespace {

constexpr std::array kApis = {
    ApiVersions{Request::kHello, 1, 1, "hello"},
    ApiVersions{Request::kProduce, 1, 1, "produce"},
    ApiVersions{Request::kFetch, 1, 1, "fetch"},
    ApiVersions{Request::kListOffsets, 1, 1, "list offsets"},
    ApiVersions{Request::kMetadata, 1, 1, "metadata"},
    ApiVersions{Request::kCreateTopic, 1, 1, "create topic"},
    ApiVersions{Request::kAlterTopic, 1, 1, "alter topic"},
    ApiVersions{Request::kDeleteTopic, 1, 1, "delete topic"},
    ApiVersions{Request::kListSources, 1, 1, "list sources"},
    ApiVersions{Request::kSourceProgress, 1, 1, "source progress"},
    ApiVersions{Request::kAgentReport, 1, 1, "agent report"},
    ApiVersions{Request::kListAgents, 1, 1, "list agents"},
    ApiVersions{Request::kDescribeAgent, 1, 1, "describe agent"},
    ApiVersions{Request::kStatus, 1, 1, "status"},
    ApiVersions{Request::kKeepAlive, 1, 1, "keep alive"},
    ApiVersions{Request::kJoinGroup, 1, 1, "join group"},
    ApiVersions{Request::kHeartbeat, 1, 1, "heartbeat"},
    ApiVersions{Request::kLeaveGroup, 1, 1, "leave group"},
    ApiVersions{Request::kCommitOffsets, 1, 1, "commit offsets"},
    ApiVersions{Request::kFetchOffsets, 1, 1, "fetch offsets"},
    ApiVersions{Request::kListGroups, 1, 1, "list groups"},
    ApiVersions{Request::kDescribeGroup, 1, 1, "describe group"},
    ApiVersions{Request::kResetOffsets, 1, 1, "reset offsets"},
    ApiVersions{Request::kDeleteGroup, 1, 1, "delete group"},
    ApiVersions{Request::kSnapshot, 1, 1, "snapshot"},
    ApiVersions{Request::kGoodbye, 1, 1, "goodbye"},
    ApiVersions{Request::kTrimTopic, 1, 1, "trim topic"},
    ApiVersions{Request::kInitProducerId, 1, 1, "init producer id"},
    ApiVersions{Request::kBackup, 1, 1, "backup"},
};

}  // namespace

std::span<const ApiVersions> SupportedApis() { return kApis; }

std::optional<ApiVersions> FindApi(std::uint32_t api) {
  for (const ApiVersions& known : kApis) {
    if (static_cast<std::uint32_t>(known.api) == api) return known;
  }
  return std::nullopt;
}

void AddSupportedApis(google::protobuf::RepeatedPtrField<VersionRange>& out) {
  for (const ApiVersions& known : kApis) {
    VersionRange& range = *out.Add();
    range.set_api(static_cast<std::uint32_t>(known.api));
    range.set_min(known.min);
    range.set_max(known.max);
  }
}

std::optional<std::uint32_t> NewestCommonVersion(
    std::uint32_t api, const google::protobuf::RepeatedPtrField<VersionRange>& theirs) {
  const auto ours = FindApi(api);
  if (!ours) return std::nullopt;
  for (const VersionRange& range : theirs) {
    if (range.api() != api) continue;
    const std::uint32_t newest = std::min(ours->max, range.max());
    if (newest >= ours->min && newest >= range.min()) return newest;
  }
  return std::nullopt;
}

}  // namespace logboom::protocol
