#include "broker/storage/key_map.h"

#include <utility>

namespace logboom::broker {
namespace {

// Three quarters full: probes stay short.
bool IsFull(std::size_t size, std::size_t entries) { return 4 * (size + 1) > 3 * entries; }

}  // namespace

KeyMap::KeyMap(std::size_t bytes_max, std::uint64_t seed)
    : bytes_max_(bytes_max), seed_(seed), entries_(kEntriesMin) {}

std::size_t KeyMap::keys_max() const {
  std::size_t entries = entries_.size();
  while (2 * entries * sizeof(Entry) <= bytes_max_) entries *= 2;
  return 3 * entries / 4;
}

const KeyMap::Entry& KeyMap::Slot(const record::KeyHash& hash) const {
  const std::size_t mask = entries_.size() - 1;
  std::size_t at = static_cast<std::size_t>(hash.low) & mask;
  while (entries_[at].offset >= 0 && entries_[at].hash != hash) at = (at + 1) & mask;
  return entries_[at];
}

KeyMap::Entry& KeyMap::Slot(const record::KeyHash& hash) {
  const std::size_t mask = entries_.size() - 1;
  std::size_t at = static_cast<std::size_t>(hash.low) & mask;
  while (entries_[at].offset >= 0 && entries_[at].hash != hash) at = (at + 1) & mask;
  return entries_[at];
}

bool KeyMap::MakeRoom() {
  if (!IsFull(size_, entries_.size())) return true;
  if (2 * entries_.size() * sizeof(Entry) > bytes_max_) return false;
  std::vector<Entry> old(2 * entries_.size());
  std::swap(old, entries_);
  for (const Entry& entry : old) {
    if (entry.offset >= 0) Slot(entry.hash) = entry;
  }
  return true;
}

bool KeyMap::Put(ByteView key, Offset offset) {
  const record::KeyHash hash = record::HashKey(key, seed_);
  if (Entry& known = Slot(hash); known.offset >= 0) {
    known.offset = offset.value();
    return true;
  }
  if (!MakeRoom()) return false;
  Slot(hash) = {hash, offset.value()};
  ++size_;
  return true;
}

std::optional<Offset> KeyMap::LastOf(ByteView key) const {
  const Entry& entry = Slot(record::HashKey(key, seed_));
  if (entry.offset < 0) return std::nullopt;
  return Offset(entry.offset);
}

}  // namespace logboom::broker
