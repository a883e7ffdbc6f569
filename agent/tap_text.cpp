// How a tapped line is shown.
#include <fmt/chrono.h>
#include <sodium.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "agent/tap.h"
#include "lib/display/utf8.h"
#include "lib/display/visible_text.h"
#include "lib/record/span.h"

namespace logboom::agent {
namespace {

std::string TimeText(TimestampMs time) {
  const std::chrono::sys_time<std::chrono::milliseconds> at{
      std::chrono::milliseconds(time.value())};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), (at - seconds).count());
}

std::string Base64(ByteView bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(),
                    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
                    reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // a NUL
  return text;
}

// The text, and what else a record would have.
std::string Details(const TappedLine& line) {
  std::string details;
  for (const auto& [name, value] : line.headers) {
    if (name == record::kLevelHeader) continue;
    const bool is_label = name.starts_with(record::kLabelHeaderPrefix);
    details +=
        fmt::format(" {}={}", is_label ? name.substr(record::kLabelHeaderPrefix.size()) : name,
                    display::Visible(value));
  }
  if (line.more) details += " (lb.more: the next record goes on with it)";
  if (line.redacted > 0) details += fmt::format(" ({} redacted)", line.redacted);
  return details;
}

}  // namespace

std::string TextOf(const TappedLine& line) {
  const auto level = line.headers.find(std::string(record::kLevelHeader));
  std::string text =
      fmt::format("{:24}  {:5}  ", line.own_time ? TimeText(line.time) : "time of reading",
                  level == line.headers.end() ? "-" : level->second);
  if (line.reason != DropReason::kNone) text += fmt::format("left out by {}: ", KeyOf(line.reason));
  text += display::Visible(line.value);
  text += '\n';
  const std::string details = Details(line);
  return details.empty() ? text : text + fmt::format("{:33}{}\n", "", details);
}

std::string JsonOf(const TappedLine& line) {
  nlohmann::ordered_json json;
  json["path"] = line.path;
  json["input"] = line.input->name;
  json["topic"] = line.input->topic;
  json["position"] = line.position;
  json["timestamp_ms"] =
      line.own_time ? nlohmann::ordered_json(line.time.value()) : nlohmann::ordered_json(nullptr);
  if (display::IsUtf8(line.value)) {
    json["value"] = line.value;
  } else {
    json["value_base64"] = Base64(line.value);
  }
  json["headers"] = line.headers;
  json["more"] = line.more;
  json["left_out_by"] = line.reason == DropReason::kNone
                            ? nlohmann::ordered_json(nullptr)
                            : nlohmann::ordered_json(KeyOf(line.reason));
  json["repeats"] = line.repeats;
  json["redacted"] = line.redacted;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace logboom::agent
