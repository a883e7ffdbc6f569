// The metadata store: small checksummed rows in tables, changed by transactions that are durable
// when they return. Two kinds: SqliteStore (sqlite_store.h) and MemoryStore (memory_store.h) for
// tests and the simulator. The meaning of keys and values belongs to the rooms above
// (docs/formats/metadata.md).
//
// The broker keeps all rows in memory too: the store is read once, at the start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"

namespace logboom::broker {

// Numbers are on-disk format: never reused.
enum class Table : std::uint8_t {
  kTopic = 1,   // topic number -> name, id, partitions, configuration, whether it is being deleted
  kAgent = 2,   // agent id -> epoch, partition for each topic
  kSource = 3,  // topic id, source id -> identity, position, state
  kSourceRow = 4,        // topic id, partition, offset, sequence -> gap, progress or close
  kPositionStamp = 5,    // topic id, partition -> offset that the positions of its sources reflect
  kCommittedOffset = 6,  // group, topic id, partition -> offset, leader epoch, note, time
  kGroupSleep = 7,       // group -> how long it has been without members and commits
  kProducerIds = 8,      // one row -> the id below which all may be given out
};
inline constexpr std::uint8_t kTableCount = 8;

struct MetadataRow {
  Table table = Table::kTopic;
  Bytes key;
  Bytes value;
  friend bool operator==(const MetadataRow&, const MetadataRow&) = default;
};

struct MetadataWrite {
  Table table = Table::kTopic;
  Bytes key;
  std::optional<Bytes> value;  // nothing: the row is removed
};

// Whole or not at all.
struct MetadataTransaction {
  std::vector<MetadataWrite> writes;
  // An administrative change: the copy is renewed before the transaction counts as done. Where that
  // can't be (a full disk) it counts all the same, and the next renewal has it.
  bool renew_copy = false;
  // Something that the copy does not know at all: it is renewed within kCopySoon.
  bool renew_copy_soon = false;
  // Where given there are no writes: the store as it is behind all before this one, and
  // ahead of all behind it, is copied to this file (MetadataStore::CopyTo).
  std::string copy_to;

  void Put(Table table, Bytes key, Bytes value) {
    writes.push_back({table, std::move(key), std::move(value)});
  }
  void Remove(Table table, Bytes key) { writes.push_back({table, std::move(key), std::nullopt}); }
};

// One thread at a time.
class MetadataStore {
 public:
  virtual ~MetadataStore() = default;
  // In the order of table and key.
  virtual Result<std::vector<MetadataRow>> Load() = 0;
  virtual Status Apply(const MetadataTransaction& transaction) = 0;
  // Renews the copy from which a destroyed database comes back.
  virtual Status RenewCopy() = 0;
  // Writes all rows to a new file from which a store can be opened, and syncs it, but not its
  // directory. What is here stays sound whether or not that succeeds.
  virtual Status CopyTo(const std::string& path) = 0;
};

}  // namespace logboom::broker
