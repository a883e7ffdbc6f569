// The APIs and their versions. An API's number is its body's field number in the envelopes.
// Functions without state; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "lib/protocol/messages.pb.h"

namespace logboom::protocol {

struct ApiVersions {
  Request::BodyCase api;
  std::uint32_t min;
  std::uint32_t max;
  std::string_view name;  // "produce"
};

// Every API that this program speaks.
std::span<const ApiVersions> SupportedApis();
// Nothing where `api` is not one of them.
std::optional<ApiVersions> FindApi(std::uint32_t api);

// What a hello says of its side: all of SupportedApis().
void AddSupportedApis(google::protobuf::RepeatedPtrField<VersionRange>& out);

// The newest version that both sides speak; nothing where there is none.
std::optional<std::uint32_t> NewestCommonVersion(
    std::uint32_t api, const google::protobuf::RepeatedPtrField<VersionRange>& theirs);

}  // namespace logboom::protocol
