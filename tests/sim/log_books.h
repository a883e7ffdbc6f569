// The oracle's books of the broker: looks at it after each of its turns, reads what became durable,
// and compares it with what was written, and with itself after a crash.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "broker/broker.h"
#include "tests/sim/clients.h"
#include "tests/sim/log_archive.h"
#include "tests/sim/source_fold.h"
#include "tests/sim/stage.h"

namespace logboom::sim {

// One owner, one thread.
class LogBooks {
 public:
  // `fs` is the broker's disk, as another process sees it. Records of `plain_topic` have no spans.
  LogBooks(Stage& stage, file::FileSystem& fs, const WrittenFiles& written,
           std::string plain_topic);

  // After each turn.
  void Look(const broker::Broker& broker);
  // Before a process is gone.
  void Remember(const broker::Broker& broker);
  // Behind a crash, before a new process has touched the disk.
  void CompareDisk();
  // All that is durable now is in this backup, once it is done.
  void NoteBackup(const std::string& backup);
  // The disk holds what came back from it, and no process has touched it.
  void CheckRestored(const std::string& backup);
  // The disk holds another log from here on, which came back from a backup: it is read from its
  // start, and nothing that stood in the one before counts.
  void BeginAnew();
  // After a new process has opened. `database_kept`: with all that it was told to keep.
  void CheckStart(const broker::Broker& broker, bool database_kept);

  // An administrator was told that the topic has so many.
  void NotePartitions(const std::string& topic, std::int32_t partitions) {
    partitions_[topic] = std::max(partitions_[topic], partitions);
  }

  const SourceFold& fold() const { return *fold_; }
  const std::vector<PlainRecords>& plain() const { return plain_; }
  PartitionArchive* Find(const client::TopicPartition& partition);
  std::uint64_t records_compacted() const;
  // Of all partitions, in order: tells runs apart.
  std::string Describe() const;

 private:
  struct Position {
    std::int64_t appended = 0;
    std::int64_t durable = 0;
    bool row_pending = false;
  };

  Rewriting RewritingOf(const broker::Topic& topic) const;
  PartitionArchive& ArchiveOf(const broker::Topic& topic, const broker::TopicPartition& where);
  void LookAt(const broker::Broker& broker, const broker::Topic& topic,
              const broker::TopicPartition& where);
  void TakeRows(const broker::Broker& broker, const broker::TopicPartition& where,
                const broker::PartitionState& state);
  void TakePlain(PartitionIndex partition, ByteView batch);
  void CheckLogStart(const PartitionArchive& archive, const broker::PartitionState& state);
  void CheckSource(const broker::Source& source, bool database_kept);
  template <typename Each>
  static void ForEachPartition(const broker::Broker& broker, Each each);

  Stage& stage_;
  file::FileSystem& fs_;
  std::string plain_topic_;
  const broker::Broker* looked_at_ = nullptr;
  const WrittenFiles& written_;
  std::optional<SourceFold> fold_;
  bool all_gaps_due_ = false;
  bool came_back_ = false;
  std::map<broker::TopicPartition, PartitionArchive> archives_;
  std::vector<PlainRecords> plain_;
  std::map<std::string, std::int32_t> partitions_;
  // By backup: where the logs ended when it began.
  std::map<std::string, std::map<broker::TopicPartition, Offset>> backups_;
  using GapKey = std::tuple<Uuid, Uuid, std::int64_t, std::int64_t>;
  std::set<GapKey> gaps_;
  std::uint64_t gaps_counted_ = 0;
  std::map<std::pair<Uuid, Uuid>, Position> positions_;    // of the process before
  std::map<std::pair<Uuid, Uuid>, std::int64_t> highest_;  // durable, of all processes
};

}  // namespace logboom::sim
