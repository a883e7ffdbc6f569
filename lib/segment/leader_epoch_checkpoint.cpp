#include "lib/segment/leader_epoch_checkpoint.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "lib/base/check.h"
#include "lib/segment/leader_epochs_side_car.h"
#include "lib/segment/limits.h"
#include "lib/segment/names.h"
#include "lib/segment/side_car.h"

namespace logboom::segment {
namespace {

constexpr SideCarFormat kFormat{.magic = "LBle", .version = 1};
constexpr std::int64_t kEpochMax = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kOffsetMax = std::numeric_limits<std::int64_t>::max();

std::string PathOf(const std::string& directory) {
  return fmt::format("{}/{}", directory, kLeaderEpochCheckpointName);
}

std::string SideCarPathOf(const std::string& directory) {
  return fmt::format("{}/{}", directory, kLeaderEpochsName);
}

Result<LeaderEpochs> ReadText(file::FileSystem& fs, const std::string& directory) {
  const std::string path = PathOf(directory);
  ASSIGN_OR_RETURN(const Bytes text, file::ReadWholeFile(fs, path, kTextBytesMax));
  Result<LeaderEpochs> epochs = LeaderEpochs::Parse(text);
  if (!epochs.ok()) return epochs.error().Within(path);
  return epochs;
}

bool IsBroken(const Result<LeaderEpochs>& read) {
  return !read.ok() && read.error().code != ErrorCode::kIo;
}

// Takes a number from 0 to `max` and the `separator` behind it off the front of `text`.
Result<std::int64_t> TakeNumber(std::string_view& text, char separator, std::int64_t max) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != separator || number < 0 ||
      number > max) {
    return Fail(ErrorCode::kCorrupt, "no number from 0 to {} where one is due", max);
  }
  text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()) + 1);
  return number;
}

}  // namespace

Result<LeaderEpochs> LeaderEpochs::Parse(std::string_view text) {
  ASSIGN_OR_RETURN(const std::int64_t version, TakeNumber(text, '\n', kEpochMax));
  if (version != 0) return Fail(ErrorCode::kUnsupported, "version {}, 0 is known", version);
  ASSIGN_OR_RETURN(const std::int64_t count, TakeNumber(text, '\n', kEpochMax));
  LeaderEpochs epochs;
  for (std::int64_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const std::int64_t epoch, TakeNumber(text, ' ', kEpochMax));
    ASSIGN_OR_RETURN(const std::int64_t start, TakeNumber(text, '\n', kOffsetMax));
    const EpochStart next{LeaderEpoch(static_cast<std::int32_t>(epoch)), Offset(start)};
    if (!epochs.empty() && (next.epoch <= epochs.current() ||
                            next.start_offset <= epochs.starts_.back().start_offset)) {
      return Fail(ErrorCode::kCorrupt, "epoch {} at offset {} does not grow", epoch, start);
    }
    epochs.starts_.push_back(next);
  }
  if (!text.empty()) return Fail(ErrorCode::kCorrupt, "more lines than the count says");
  return epochs;
}

std::string LeaderEpochs::Format() const {
  std::string text = fmt::format("0\n{}\n", starts_.size());
  for (const EpochStart& start : starts_) {
    text += fmt::format("{} {}\n", start.epoch, start.start_offset);
  }
  return text;
}

LeaderEpoch LeaderEpochs::current() const {
  return starts_.empty() ? LeaderEpoch(-1) : starts_.back().epoch;
}

void LeaderEpochs::Begin(LeaderEpoch epoch, Offset start_offset) {
  CHECK(epoch > current());
  while (!starts_.empty() && starts_.back().start_offset >= start_offset) starts_.pop_back();
  starts_.push_back({epoch, start_offset});
}

EpochEnd LeaderEpochs::EndOf(LeaderEpoch epoch, Offset log_end) const {
  const auto next = std::upper_bound(
      starts_.begin(), starts_.end(), epoch,
      [](LeaderEpoch value, const EpochStart& start) { return value < start.epoch; });
  if (next == starts_.begin()) return {LeaderEpoch(-1), Offset(-1)};
  return {(next - 1)->epoch, next == starts_.end() ? log_end : next->start_offset};
}

std::optional<LeaderEpoch> LeaderEpochs::EpochAt(Offset offset) const {
  std::optional<LeaderEpoch> epoch;
  for (const EpochStart& start : starts_) {
    if (start.start_offset > offset) break;
    epoch = start.epoch;
  }
  return epoch;
}

Result<LeaderEpochs> ReadLeaderEpochsSideCar(file::FileSystem& fs, const std::string& directory) {
  const std::string path = SideCarPathOf(directory);
  ASSIGN_OR_RETURN(const Bytes text, ReadSideCar(fs, path, kFormat));
  Result<LeaderEpochs> epochs = LeaderEpochs::Parse(text);
  if (!epochs.ok()) return epochs.error().Within(path);
  return epochs;
}

Result<LeaderEpochs> ReadLeaderEpochs(file::FileSystem& fs, const std::string& directory) {
  Result<LeaderEpochs> side_car = ReadLeaderEpochsSideCar(fs, directory);
  return IsBroken(side_car) ? ReadText(fs, directory) : side_car;
}

Status MendLeaderEpochs(file::FileSystem& fs, const std::string& directory,
                        const LeaderEpochs& epochs) {
  const Result<LeaderEpochs> text = ReadText(fs, directory);
  const Result<LeaderEpochs> side_car = ReadLeaderEpochsSideCar(fs, directory);
  const auto holds = [&](const Result<LeaderEpochs>& read) {
    return read.ok() && read->starts() == epochs.starts();
  };
  return holds(text) && holds(side_car) ? Ok() : WriteLeaderEpochs(fs, directory, epochs);
}

Status WriteLeaderEpochs(file::FileSystem& fs, const std::string& directory,
                         const LeaderEpochs& epochs) {
  const std::string text = epochs.Format();
  RETURN_IF_ERROR(file::ReplaceFile(fs, SideCarPathOf(directory), EncodeSideCar(kFormat, text)));
  return file::ReplaceFile(fs, PathOf(directory), text);
}

}  // namespace logboom::segment
