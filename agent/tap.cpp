#include "agent/tap.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <utility>

#include "agent/binary_files.h"
#include "agent/discovery.h"
#include "agent/input_lines.h"
#include "agent/limits.h"
#include "agent/notices.h"

namespace logboom::agent {
namespace {

// One file's lines, read as an agent reads them that finds it for the first time.
class FileTap {
 public:
  FileTap(const AgentOptions& options, const InputOptions& input, std::string path,
          const file::File& file)
      : input_(input), path_(std::move(path)), file_(file), lines_(options, &input) {}

  Status Read(const TapRequest& request, Instant now) {
    ASSIGN_OR_RETURN(const file::FileStat stat, file_.Stat());
    ASSIGN_OR_RETURN(FramingPlace place, BeginOf(request, stat.size_bytes));
    lines_.BeginTurn(path_, stat.size_bytes, now.monotonic, state_);
    // Where reading begins amid a file, it may be amid a line: that one is not shown.
    bool is_part = place.position > 0;
    std::vector<char> buffer(kReadBytes);
    while (place.position < stat.size_bytes) {
      ASSIGN_OR_RETURN(const std::size_t got, file_.PRead(place.position, buffer));
      const bool ends = place.position + static_cast<std::int64_t>(got) >= stat.size_bytes;
      const std::int64_t begin = place.position;
      ByteView bytes(buffer.data(), got);
      while (const auto line =
                 lines_.Next(bytes, place, ends ? RestRule::kSentWithMore : RestRule::kWaits,
                             {Uuid(), now.wall, state_})) {
        if (!std::exchange(is_part, false)) Keep(*line, place.position, request);
        if (request.from == StartFrom::kStart && kept_.size() >= request.lines) return Ok();
        lines_.Done(*line, counters_, state_);
        bytes.remove_prefix(line->piece.consumed);
        place.position += static_cast<std::int64_t>(line->piece.consumed);
      }
      if (ends || place.position == begin) break;
    }
    return Ok();
  }
  const std::deque<TappedLine>& kept() const { return kept_; }

 private:
  Result<FramingPlace> BeginOf(const TapRequest& request, std::int64_t size) {
    FramingPlace place{.encoding = lines_.encoding(), .position = 0};
    if (place.encoding == Encoding::kUtf16) {
      std::array<char, 2> head{};
      ASSIGN_OR_RETURN(const std::size_t got, file_.PRead(0, head));
      place.encoding = ResolveByteOrder(place.encoding, ByteView(head.data(), got));
    }
    if (request.from == StartFrom::kStart) return place;
    // UTF-16 has a unit at each second byte.
    place.position =
        std::max<std::int64_t>(0, size - static_cast<std::int64_t>(kReadBytes)) / 2 * 2;
    return place;
  }

  void Keep(const InputLine& line, std::int64_t position, const TapRequest& request) {
    TappedLine kept{.path = path_,
                    .input = &input_,
                    .position = position,
                    .time = line.time,
                    .own_time = line.place.own_time.has_value(),
                    .value = std::string(line.piece.value),
                    .headers = {},
                    .more = line.piece.more,
                    .reason = line.reason,
                    .repeats = line.repeats,
                    .redacted = line.redacted};
    for (const record::HeaderView& header : line.headers) {
      kept.headers[std::string(header.key)] = header.value.value_or(ByteView());
    }
    kept_.push_back(std::move(kept));
    if (kept_.size() > request.lines) kept_.pop_front();
  }

  const InputOptions& input_;
  std::string path_;
  const file::File& file_;
  InputLines lines_;
  ShapingState state_;
  Counters counters_;
  std::deque<TappedLine> kept_;
};

Result<std::vector<CompiledInput>> InputsOf(const AgentOptions& options, const TapRequest& request,
                                            Tapped& tapped) {
  std::vector<CompiledInput> inputs;
  for (const InputOptions& input : options.inputs) {
    ASSIGN_OR_RETURN(CompiledInput compiled, CompileInput(input));
    const bool named = input.name == request.input;
    if (!request.input.empty() && !named && !compiled.Matches(request.input)) continue;
    if (input.kind == InputKind::kFiles) {
      inputs.push_back(std::move(compiled));
    } else {
      tapped.complaints.push_back("input '" + input.name + "' is no files: not shown");
    }
  }
  if (inputs.empty() && tapped.complaints.empty()) {
    return Fail(ErrorCode::kNotFound, "no input is called '{}', and none reads that path",
                request.input);
  }
  return inputs;
}

Status TapFile(file::FileSystem& fs, const AgentOptions& options, const FoundFile& found,
               const std::string& path, const TapRequest& request, Instant now,
               const std::function<void(const TappedLine&)>& show) {
  WatchedFile file;
  file.input = found.input;
  file.named = found.named;
  ASSIGN_OR_RETURN(file.handle, fs.Open(path, file::OpenMode::kRead));
  if (IsLeftAlone(file)) {
    return Fail(ErrorCode::kInvalid, "{}: holds NUL bytes, so it is no text and is not read", path);
  }
  FileTap tap(options, *found.input, path, *file.handle);
  RETURN_IF_ERROR(tap.Read(request, now));
  for (const TappedLine& line : tap.kept()) show(line);
  return Ok();
}

}  // namespace

std::string_view KeyOf(DropReason reason) {
  switch (reason) {
    case DropReason::kNone: return "";
    case DropReason::kDropPattern: return "drop";
    case DropReason::kNotKept: return "keep";
    case DropReason::kSampled: return "sample";
    case DropReason::kRateLimit: return "rate_limit";
    case DropReason::kRepeated: return "dedupe";
    case DropReason::kOwnUnit: return "journal";
  }
  return "";
}

Result<Tapped> Tap(file::FileSystem& fs, const AgentOptions& options, const TapRequest& request,
                   Instant now, const std::function<void(const TappedLine&)>& show) {
  Tapped tapped;
  ASSIGN_OR_RETURN(std::vector<CompiledInput> inputs, InputsOf(options, request, tapped));
  const bool one_path = request.input.starts_with('/') &&
                        std::none_of(inputs.begin(), inputs.end(), [&](const auto& input) {
                          return input.options->name == request.input;
                        });
  // An agent's topics don't know of each other: a file may be of an input in each.
  std::map<std::string, std::vector<CompiledInput>> by_topic;
  for (CompiledInput& input : inputs) by_topic[input.options->topic].push_back(std::move(input));
  Notices notices;
  for (auto& [topic, of_topic] : by_topic) {
    Discovery discovery(fs, nullptr, std::move(of_topic), notices);
    for (const auto& [path, found] : discovery.Scan(ScanDepth::kSizes)) {
      if (one_path && path != request.input) continue;
      const Status shown = TapFile(fs, options, found, path, request, now, show);
      ++tapped.files;
      if (!shown.ok()) tapped.complaints.push_back(shown.error().message);
    }
    for (const auto& [path, why] : discovery.unreadable()) {
      tapped.complaints.push_back(fmt::format("{}: {}", path, why));
    }
    if (one_path) continue;
    for (const std::string& pattern : discovery.Unmatched()) {
      tapped.complaints.push_back(pattern + ": no such file");
    }
  }
  if (one_path && tapped.files == 0 && tapped.complaints.empty()) {
    tapped.complaints.push_back(request.input + ": no such file");
  }
  return tapped;
}

}  // namespace logboom::agent
