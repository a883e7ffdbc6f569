#include "agent/framing/container.h"

#include <array>
#include <utility>

#include "lib/base/check.h"

namespace logboom::agent {
namespace {

constexpr std::array<std::pair<std::string_view, ContainerFormat>, 3> kNames{
    {{"none", ContainerFormat::kNone},
     {"docker", ContainerFormat::kDocker},
     {"cri", ContainerFormat::kCri}}};

parse::TimeParser IsoTimes() {
  auto times = parse::TimeParser::Make("iso", parse::Zone());
  CHECK(times.ok());
  return *std::move(times);
}

std::unique_ptr<parse::Parser> JsonParser() {
  auto parser = parse::MakeParser({.kind = "json", .pattern = ""});
  CHECK(parser.ok());
  return *std::move(parser);
}

// The word at the start of `rest`, which is left behind its blank. Nothing where no blank follows.
std::optional<ByteView> TakeWord(ByteView& rest) {
  const std::size_t blank = rest.find(' ');
  if (blank == ByteView::npos || blank == 0) return std::nullopt;
  const ByteView word = rest.substr(0, blank);
  rest.remove_prefix(blank + 1);
  return word;
}

}  // namespace

Result<ContainerFormat> ParseContainerFormat(std::string_view name) {
  for (const auto& [known, format] : kNames) {
    if (known == name) return format;
  }
  return Fail(ErrorCode::kInvalid, "none, docker or cri");
}

ContainerReader::ContainerReader(ContainerFormat format)
    : format_(format),
      time_(IsoTimes()),
      json_(format == ContainerFormat::kDocker ? JsonParser() : nullptr) {}

std::optional<ContainerLine> ContainerReader::Read(ByteView line) {
  return json_ ? ReadDocker(line) : ReadCri(line);
}

// Its times name their zone: which year it is now is not asked for.
std::optional<TimestampMs> ContainerReader::TimeOf(ByteView text) const {
  return time_.Parse(text, TimestampMs{});
}

std::optional<ContainerLine> ContainerReader::ReadDocker(ByteView line) {
  if (!json_->Parse(line, fields_)) return std::nullopt;
  auto text = fields_.Find("log");
  const auto written = fields_.Find("time");
  const auto time = written ? TimeOf(*written) : std::nullopt;
  if (!text || !time) return std::nullopt;
  const bool partial = !text->ends_with('\n');
  if (!partial) text->remove_suffix(1);
  return ContainerLine{*text, fields_.Find("stream").value_or(ByteView()), *time, partial};
}

// Tags behind the first, which a colon would part from it, are for what is to come.
std::optional<ContainerLine> ContainerReader::ReadCri(ByteView line) const {
  ByteView rest = line;
  const auto written = TakeWord(rest);
  const auto stream = written ? TakeWord(rest) : std::nullopt;
  if (!stream || (*stream != "stdout" && *stream != "stderr")) return std::nullopt;
  const ByteView tags = rest.substr(0, rest.find(' '));
  const ByteView tag = tags.substr(0, tags.find(':'));
  const auto time = TimeOf(*written);
  if (!time || (tag != "P" && tag != "F")) return std::nullopt;
  rest.remove_prefix(std::min(tags.size() + 1, rest.size()));
  return ContainerLine{rest, *stream, *time, tag == "P"};
}

}  // namespace logboom::agent
