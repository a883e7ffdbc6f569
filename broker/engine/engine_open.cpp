// How the embedded engine starts: rows, directories and logs are brought to agree.
//
// The truth of a topic is its row; a directory without one (the database was lost) brings its topic
// back from partition.metadata, with default configuration. A row without a directory (a crash
// between the two) gets an empty one. What a row marks as being deleted or made is finished off.
#include <algorithm>
#include <ranges>
#include <unordered_map>

#include "broker/engine/embedded_engine.h"
#include "lib/segment/names.h"

namespace logboom::broker {
namespace {

// Whether a directory, which need not be there, has a log with bytes in it.
Result<bool> HoldsRecords(file::FileSystem& fs, const std::string& directory) {
  const auto entries = fs.List(directory);
  if (!entries.ok() && entries.error().code == ErrorCode::kNotFound) return false;
  if (!entries.ok()) return entries.error();
  for (const file::DirectoryEntry& entry : *entries) {
    if (!entry.name.ends_with(segment::kLogSuffix)) continue;
    ASSIGN_OR_RETURN(const file::FileStat stat,
                     fs.Stat(fmt::format("{}/{}", directory, entry.name)));
    if (stat.size_bytes > 0) return true;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<EmbeddedEngine>> EmbeddedEngine::Open(
    std::unique_ptr<DataDirectory> directory, EngineParts parts, Instant now,
    std::function<void(std::int64_t)> progress) {
  std::unique_ptr<EmbeddedEngine> engine(
      new EmbeddedEngine(std::move(directory), std::move(parts)));
  engine->now_ = now;
  RETURN_IF_ERROR(engine->LoadTopics());
  RETURN_IF_ERROR(engine->OpenPartitions(now, progress));
  RETURN_IF_ERROR(engine->OpenAgeClock(now));
  RETURN_IF_ERROR(engine->LoadProducerIds());
  // From here on a crash leaves more than the clean manifest tells. Where there is no room for
  // another one, none is left: a broker on a full disk has to start, so that it can be emptied.
  Status told = engine->directory_->WriteManifest(engine->CurrentManifest(/*clean=*/false));
  if (!told.ok() && told.error().code == ErrorCode::kNoSpace) {
    told = engine->directory_->RemoveManifest();
  }
  RETURN_IF_ERROR(told);
  if (engine->directory_->failed()) {
    engine->report_.notes.push_back(
        fmt::format("the last run ended with a failed sync ({}); everything was read back from the "
                    "device and synced again",
                    *engine->directory_->failed()));
    RETURN_IF_ERROR(engine->directory_->ClearFailed());
  }
  engine->writer_ = engine->parts_.make_writer(std::move(engine->parts_.store));
  engine->committer_ = engine->parts_.make_committer();
  engine->background_ = engine->parts_.make_background();
  engine->MakeUpkeep();
  engine->WatchSpace(now);
  engine->StartScrubber(now);
  return engine;
}

Status EmbeddedEngine::LoadTopics() {
  ASSIGN_OR_RETURN(loaded_rows_, parts_.store->Load());
  MetadataTransaction finish;
  for (const MetadataRow& row : TakeRows(Table::kTopic)) {
    ASSIGN_OR_RETURN(DecodedTopicRow decoded, DecodeTopicRow(row.key, row.value));
    next_topic_number_ = std::max(next_topic_number_, decoded.topic.number + 1);
    ASSIGN_OR_RETURN(const bool gone, IsToGo(decoded.topic, decoded.state));
    if (gone) {
      RETURN_IF_ERROR(RemoveLeftovers(decoded.topic));
      finish.Remove(Table::kTopic, row.key);
      continue;
    }
    if (decoded.state != TopicRowState::kLive) {
      finish.Put(Table::kTopic, row.key, EncodeTopicRow(decoded.topic, TopicRowState::kLive));
    }
    names_[decoded.topic.topic_id] = decoded.topic.name;
    names_by_number_[decoded.topic.number] = decoded.topic.name;
    topics_[decoded.topic.name] = std::move(decoded.topic);
  }
  return ApplyWhereThereIsRoom(finish, "the rows of deleted topics stay until then");
}

// What the next start would find and do just so, which may wait: a broker must start on a full
// disk, so that it can be emptied.
Status EmbeddedEngine::ApplyWhereThereIsRoom(const MetadataTransaction& transaction,
                                             std::string_view otherwise) {
  if (transaction.writes.empty()) return Ok();
  Status applied = parts_.store->Apply(transaction);
  if (applied.ok() || applied.error().code != ErrorCode::kNoSpace) return applied;
  report_.notes.push_back(
      fmt::format("the metadata has no room for what this start corrected ({}); the next start "
                  "does it again, {}",
                  applied.error().message, otherwise));
  return Ok();
}

// One that was being made has no records, unless the store came back from a copy that is older than
// they are. A directory that does not say whose it is counts by its name.
Result<bool> EmbeddedEngine::IsToGo(const Topic& topic, TopicRowState state) {
  if (state != TopicRowState::kMaking) return state == TopicRowState::kDeleting;
  for (const std::int32_t i : std::views::iota(0, topic.partitions)) {
    const auto found = directory_->FindPartition(topic.number, PartitionIndex{i});
    if (!found.ok() && found.error().code != ErrorCode::kCorrupt &&
        found.error().code != ErrorCode::kNotFound) {
      return found.error();
    }
    if (found.ok() && found->identity.topic_id != topic.topic_id) continue;
    ASSIGN_OR_RETURN(
        const bool holds_records,
        HoldsRecords(parts_.fs, directory_->PartitionPath(topic.number, PartitionIndex{i})));
    if (holds_records) return false;
  }
  return true;
}

// Of a topic whose deletion, or making, a crash has cut short.
Status EmbeddedEngine::RemoveLeftovers(const Topic& topic) {
  ASSIGN_OR_RETURN(std::vector<DataDirectory::PartitionDirectory> left,
                   directory_->ListPartitions());
  for (const auto& [identity, path] : left) {
    if (identity.topic_id == topic.topic_id) RETURN_IF_ERROR(directory_->DeletePartition(path));
  }
  return Ok();
}

Status EmbeddedEngine::OpenPartitions(Instant now,
                                      const std::function<void(std::int64_t)>& progress) {
  const Manifest manifest = directory_->ReadManifest();
  if (manifest.broken) {
    report_.notes.push_back(fmt::format(
        "the manifest can't be read ({}): logs were scanned from their last seals on, and the "
        "newest records there count as appended now",
        *manifest.broken));
  }
  std::unordered_map<TopicPartition, FoundPartition> found;
  for (const PartitionCheckpoint& one : manifest.partitions) {
    found[{one.topic_id, one.partition}] = {{}, &one, manifest.clean};
  }
  ASSIGN_OR_RETURN(std::vector<DataDirectory::PartitionDirectory> directories,
                   directory_->ListPartitions([&](std::uint32_t number, PartitionIndex index) {
                     return KnownIdentity(number, index, found);
                   }));
  NoteUnchecked(directories, found);
  names_by_number_.clear();
  RETURN_IF_ERROR(MendDirectories(directories));
  RETURN_IF_ERROR(AdoptDirectories(directories));
  for (auto& one : directories) {
    found[{one.identity.topic_id, one.identity.partition}].path = std::move(one.path);
  }
  // A new data directory has no manifest, and nothing to recover either.
  report_.clean_start = manifest.clean || directories.empty();
  for (const auto& [name, topic] : topics_) {
    for (const std::int32_t i : std::views::iota(0, topic.partitions)) {
      const FoundPartition& one = found[{topic.topic_id, PartitionIndex{i}}];
      RETURN_IF_ERROR(one.path.empty()
                          ? MakeMissingPartition(topic, PartitionIndex{i}, now)
                          : OpenPartition(topic, PartitionIndex{i}, one, now, progress));
    }
  }
  return SyncOpenedLogs();
}

// Few by themselves: a file system that others use may have much more to write.
Status EmbeddedEngine::SyncOpenedLogs() {
  constexpr std::size_t kOneByOneMax = 100;
  const std::vector<std::string> logs = std::exchange(unsynced_logs_, {});
  if (logs.size() > kOneByOneMax) return parts_.fs.SyncFileSystem(directory_->path());
  for (const std::string& path : logs) {
    ASSIGN_OR_RETURN(const std::unique_ptr<file::File> log,
                     parts_.fs.Open(path, file::OpenMode::kReadWrite));
    RETURN_IF_ERROR(log->Sync());
  }
  return Ok();
}

// A broker must start on a full disk, so that it can be emptied; nothing was in there.
Status EmbeddedEngine::MakeMissingPartition(const Topic& topic, PartitionIndex index, Instant now) {
  Status made = MakePartition(topic, index, now);
  if (made.ok() || made.error().code != ErrorCode::kNoSpace) return made;
  report_.notes.push_back(fmt::format(
      "topic '{}' has no partition {}: there is no room for it; the next start tries again",
      topic.name, index));
  return Ok();
}

// A clock that is lost or broken costs what was skipped before the newest record.
Status EmbeddedEngine::OpenAgeClock(Instant now) {
  TimestampMs newest{-1};
  for (const auto& [where, partition] : partitions_) {
    newest = std::max(newest, partition.log->last_append_time());
  }
  Result<AgeClockState> stored = ReadAgeClock(parts_.fs, directory_->path());
  if (!stored.ok()) {
    if (stored.error().code == ErrorCode::kIo) return stored.error();
    stored = AgeClockState{};
  }
  age_clock_ = AgeClock(std::move(*stored), newest, now);
  return Ok();
}

// Directories that do not say any more whose they are: their name and the topic's row do.
Status EmbeddedEngine::MendDirectories(std::vector<DataDirectory::PartitionDirectory>& found) {
  for (const DataDirectory::UnreadablePartition& one : directory_->unreadable_partitions()) {
    const auto named = std::find_if(topics_.begin(), topics_.end(), [&](const auto& entry) {
      return entry.second.number == one.topic_number;
    });
    if (named == topics_.end()) {
      report_.notes.push_back(fmt::format(
          "{}, and no topic is known that it could belong to: it is left alone", one.reason));
      continue;
    }
    const Topic& topic = named->second;
    const PartitionIdentity identity{topic.name, topic.topic_id, topic.number, one.partition};
    const Status mended = directory_->MendIdentity(one.path, identity);
    if (!mended.ok() && mended.error().code != ErrorCode::kNoSpace) return mended;
    report_.notes.push_back(fmt::format("{}: it is partition {} of topic '{}', and says so again",
                                        one.reason, one.partition, topic.name));
    found.push_back({identity, one.path});
  }
  return Ok();
}

// Topics that have directories and no row, or more directories than their row tells.
Status EmbeddedEngine::AdoptDirectories(
    const std::vector<DataDirectory::PartitionDirectory>& found) {
  std::set<std::string> changed;
  for (const auto& [identity, path] : found) {
    next_topic_number_ = std::max(next_topic_number_, identity.topic_number + 1);
    auto [entry, added] = topics_.try_emplace(identity.topic_name);
    Topic& topic = entry->second;
    if (added) {
      topic = Topic{identity.topic_name, identity.topic_id, identity.topic_number, 1, {}};
      names_[topic.topic_id] = topic.name;
      changed.insert(topic.name);
      report_.notes.push_back(
          fmt::format("topic '{}' came back from {}: its configuration is the default one now",
                      topic.name, path));
    } else if (topic.topic_id != identity.topic_id) {
      report_.notes.push_back(
          fmt::format("{} holds another topic of the name '{}' and is left alone: move it out of "
                      "the data directory if it is not wanted",
                      path, topic.name));
      continue;
    }
    if (topic.partitions <= identity.partition.value()) {
      topic.partitions = identity.partition.value() + 1;
      changed.insert(topic.name);
    }
  }
  MetadataTransaction adopt;
  for (const std::string& name : changed) {
    const Topic& topic = topics_.at(name);
    adopt.Put(Table::kTopic, TopicRowKey(topic.number),
              EncodeTopicRow(topic, TopicRowState::kLive));
  }
  adopt.renew_copy = true;
  return ApplyWhereThereIsRoom(adopt, "as the directories tell");
}

// A settled partition of a topic with a row is what its directory's name says: partition.metadata
// is for a lost database.
std::optional<PartitionIdentity> EmbeddedEngine::KnownIdentity(std::uint32_t number,
                                                               PartitionIndex index,
                                                               const FoundPartitions& found) const {
  auto name = names_by_number_.find(number);
  if (name == names_by_number_.end()) return std::nullopt;
  const Topic& topic = topics_.at(name->second);
  auto one = found.find({topic.topic_id, index});
  if (one == found.end() || one->second.checkpoint->settled == nullptr) return std::nullopt;
  return PartitionIdentity{topic.name, topic.topic_id, number, index};
}

// Whether their partition.metadata says the same is looked at beside the loop.
void EmbeddedEngine::NoteUnchecked(
    const std::vector<DataDirectory::PartitionDirectory>& directories,
    const FoundPartitions& found) {
  for (const DataDirectory::PartitionDirectory& one : directories) {
    const auto& identity = one.identity;
    if (KnownIdentity(identity.topic_number, identity.partition, found)) unchecked_.push_back(one);
  }
}

Status EmbeddedEngine::OpenPartition(const Topic& topic, PartitionIndex index,
                                     const FoundPartition& found, Instant now,
                                     const std::function<void(std::int64_t)>& progress) {
  const auto checkpoint =
      found.checkpoint == nullptr ? std::nullopt : std::optional(*found.checkpoint);
  auto log =
      PartitionLog::Open(parts_.fs, found.path, directory_->path() + "/quarantine",
                         LogOptions(topic.config), checkpoint, found.clean, now.wall, progress);
  if (!log.ok()) {
    return log.error().Within(fmt::format("topic '{}', partition {}", topic.name, index));
  }
  if ((*log)->recovery().scanned) {
    report_.scanned.push_back({topic.name, index, (*log)->recovery()});
  }
  if (const std::string& unsynced = (*log)->recovery().unsynced_log; !unsynced.empty()) {
    unsynced_logs_.push_back(unsynced);
  }
  const TopicPartition where{topic.topic_id, index};
  AddPartition(where, *std::move(log), found.path);
  return Ok();
}

}  // namespace logboom::broker
