#include "broker/storage/segment_swap.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "lib/file/trees.h"
#include "lib/segment/log_walk.h"
#include "lib/segment/names.h"
#include "lib/segment/seal.h"

namespace logboom::broker {
namespace {

using segment::kCleanedSuffix;
using segment::kLogSuffix;
using segment::kSwapSuffix;
using segment::SegmentPath;

// What a segment consists of beside its log, as far as a swap makes it anew.
constexpr std::string_view kBesideLog[] = {segment::kOffsetIndexSuffix, segment::kTimeIndexSuffix,
                                           segment::kAppendTimeSuffix, segment::kSealSuffix};

std::string PathWith(const std::string& directory, Offset base_offset, std::string_view suffix,
                     std::string_view state) {
  return SegmentPath(directory, base_offset, suffix).append(state);
}

// `.swap` to the final name; what is not there has it already.
Status RenameIfThere(file::FileSystem& fs, const std::string& directory, Offset base_offset,
                     std::string_view suffix) {
  const Status renamed = fs.Rename(PathWith(directory, base_offset, suffix, kSwapSuffix),
                                   SegmentPath(directory, base_offset, suffix));
  if (!renamed.ok() && renamed.error().code != ErrorCode::kNotFound) return renamed;
  return Ok();
}

// All files of a segment but for those that speak of offsets, and may outlive it.
Status RemoveCovered(file::FileSystem& fs, const std::string& directory,
                     const std::vector<Offset>& covered) {
  if (covered.empty()) return Ok();
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs.List(directory));
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (!name || name->suffix == segment::kSourcesSuffix ||
        name->suffix == segment::kProducerSnapshotSuffix) {
      continue;
    }
    if (!std::binary_search(covered.begin(), covered.end(), name->base_offset)) continue;
    RETURN_IF_ERROR(fs.Remove(fmt::format("{}/{}", directory, entry.name)));
  }
  return fs.SyncDirectory(directory);
}

// ---- at start

// What stands there of one swap.
struct Leftover {
  std::set<std::string> cleaned;  // whole suffixes without the state: ".log", ".index"
  std::set<std::string> swap;
};

bool Strip(std::string_view& suffix, std::string_view state) {
  if (!suffix.ends_with(state)) return false;
  suffix.remove_suffix(state.size());
  return true;
}

std::map<Offset, Leftover> FindLeftovers(const std::vector<file::DirectoryEntry>& entries) {
  std::map<Offset, Leftover> found;
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (!name) continue;
    std::string_view suffix = name->suffix;
    if (Strip(suffix, kCleanedSuffix)) {
      found[name->base_offset].cleaned.emplace(suffix);
    } else if (Strip(suffix, kSwapSuffix)) {
      found[name->base_offset].swap.emplace(suffix);
    }
  }
  return found;
}

// Where the new segment ends, as its seal says. Without one, as far as its batches are whole and
// follow each other: what it covers is removed, and an end too far would take what is not in it.
Result<Offset> EndOfNew(file::FileSystem& fs, const std::string& directory, Offset base_offset) {
  for (const std::string_view state : {kSwapSuffix, std::string_view()}) {
    const Result<Bytes> bytes = file::ReadWholeFile(
        fs, PathWith(directory, base_offset, segment::kSealSuffix, state), 1U << 20U);
    if (!bytes.ok()) continue;
    const Result<segment::Seal> seal = segment::DecodeSeal(*bytes);
    if (seal.ok()) return seal->next_offset;
  }
  ASSIGN_OR_RETURN(
      const std::unique_ptr<file::File> log,
      fs.Open(PathWith(directory, base_offset, kLogSuffix, kSwapSuffix), file::OpenMode::kRead));
  ASSIGN_OR_RETURN(const file::FileStat stat, log->Stat());
  segment::LogWalk walk(
      *log, {.begin = FilePosition(0),
             .end = FilePosition(stat.size_bytes),
             .expected = {.next_offset = base_offset, .epoch_rule = segment::EpochRule::kAny}});
  while (true) {
    ASSIGN_OR_RETURN(const bool more, walk.Next());
    if (!more) return walk.expected().next_offset.value_or(base_offset);
  }
}

Result<std::vector<Offset>> CoveredBy(file::FileSystem& fs, const std::string& directory,
                                      Offset base_offset,
                                      const std::vector<file::DirectoryEntry>& entries) {
  ASSIGN_OR_RETURN(const Offset end, EndOfNew(fs, directory, base_offset));
  std::vector<Offset> bases;
  for (const file::DirectoryEntry& entry : entries) {
    const auto name = segment::ParseSegmentFileName(entry.name);
    if (name && name->suffix == kLogSuffix) bases.push_back(name->base_offset);
  }
  std::ranges::sort(bases);
  // A segment ends where the next one begins; the last is the one that is appended to.
  std::vector<Offset> covered;
  for (std::size_t i = 0; i + 1 < bases.size(); ++i) {
    if (bases[i] > base_offset && bases[i + 1] <= end) covered.push_back(bases[i]);
  }
  return covered;
}

}  // namespace

std::string CleanedPath(const std::string& directory, Offset base_offset, std::string_view suffix) {
  return PathWith(directory, base_offset, suffix, kCleanedSuffix);
}

Status StageSwap(file::FileSystem& fs, const std::string& directory, Offset base_offset) {
  for (const std::string_view suffix : kBesideLog) {
    RETURN_IF_ERROR(fs.Rename(CleanedPath(directory, base_offset, suffix),
                              PathWith(directory, base_offset, suffix, kSwapSuffix)));
  }
  return fs.SyncDirectory(directory);
}

Status CommitSwap(file::FileSystem& fs, const std::string& directory, Offset base_offset) {
  RETURN_IF_ERROR(fs.Rename(CleanedPath(directory, base_offset, kLogSuffix),
                            PathWith(directory, base_offset, kLogSuffix, kSwapSuffix)));
  return fs.SyncDirectory(directory);
}

Status FinishSwap(file::FileSystem& fs, const std::string& directory, Offset base_offset,
                  const std::vector<Offset>& covered) {
  RETURN_IF_ERROR(RemoveCovered(fs, directory, covered));
  for (const std::string_view suffix : kBesideLog) {
    RETURN_IF_ERROR(RenameIfThere(fs, directory, base_offset, suffix));
  }
  return RenameIfThere(fs, directory, base_offset, kLogSuffix);
}

// The .log.cleaned goes last: it says that the others don't count.
Status DropSwap(file::FileSystem& fs, const std::string& directory, Offset base_offset) {
  for (const std::string_view suffix : kBesideLog) {
    for (const std::string_view state : {kCleanedSuffix, kSwapSuffix}) {
      RETURN_IF_ERROR(file::RemoveIfThere(fs, PathWith(directory, base_offset, suffix, state)));
    }
  }
  RETURN_IF_ERROR(fs.SyncDirectory(directory));
  return file::RemoveIfThere(fs, CleanedPath(directory, base_offset, kLogSuffix));
}

Status FinishOrDropSwaps(file::FileSystem& fs, const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<file::DirectoryEntry> entries, fs.List(directory));
  const std::map<Offset, Leftover> leftovers = FindLeftovers(entries);
  for (const auto& [base, left] : leftovers) {
    const std::string log(kLogSuffix);
    if (left.cleaned.contains(log) || left.swap.empty()) {
      RETURN_IF_ERROR(DropSwap(fs, directory, base));
      continue;
    }
    std::vector<Offset> covered;
    if (left.swap.contains(log)) {
      ASSIGN_OR_RETURN(covered, CoveredBy(fs, directory, base, entries));
    }
    RETURN_IF_ERROR(FinishSwap(fs, directory, base, covered));
  }
  return leftovers.empty() ? Ok() : fs.SyncDirectory(directory);
}

}  // namespace logboom::broker
