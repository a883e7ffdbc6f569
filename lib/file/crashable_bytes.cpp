#include "lib/file/crashable_bytes.h"

#include <algorithm>

#include "lib/file/crash_fate.h"

namespace logboom::file {
namespace {

std::size_t Index(std::int64_t position) { return static_cast<std::size_t>(position); }

void Extend(Bytes& bytes, std::int64_t size) {
  if (bytes.size() < Index(size)) bytes.resize(Index(size), '\0');
}

void Put(Bytes& to, std::int64_t position, ByteView bytes) {
  Extend(to, position + static_cast<std::int64_t>(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), to.begin() + position);
}

}  // namespace

void CrashableBytes::Apply(const Change& change, Bytes& to) {
  switch (change.kind) {
    case Kind::kWrite: Put(to, change.number, change.bytes); break;
    case Kind::kResize: to.resize(Index(change.number), '\0'); break;
    case Kind::kExtend: Extend(to, change.number); break;
  }
}

void CrashableBytes::Write(std::int64_t position, ByteView bytes) {
  if (bytes.empty()) return;
  unsynced_.push_back({Kind::kWrite, position, Bytes(bytes)});
  Put(seen_, position, bytes);
}

void CrashableBytes::Truncate(std::int64_t size_bytes) {
  unsynced_.push_back({Kind::kResize, size_bytes, {}});
  Apply(unsynced_.back(), seen_);
}

void CrashableBytes::Sync() {
  for (const Change& change : unsynced_) Apply(change, synced_);
  unsynced_.clear();
}

void CrashableBytes::LoseUnsynced() {
  for (Change& change : unsynced_) {
    if (change.kind != Kind::kWrite) continue;
    const auto end = change.number + static_cast<std::int64_t>(change.bytes.size());
    change = {Kind::kExtend, end, {}};
  }
}

void CrashableBytes::DropCache() {
  seen_ = synced_;
  for (const Change& change : unsynced_) Apply(change, seen_);
}

void CrashableBytes::Crash(Random& random) {
  Wreck wreck{std::move(synced_), 0};
  wreck.size_bytes = static_cast<std::int64_t>(wreck.bytes.size());
  CrashFates fates(unsynced_.size(), random);
  for (const Change& change : unsynced_) {
    switch (fates.Next()) {
      case CrashFate::kKept: Keep(change, wreck); break;
      case CrashFate::kDropped: break;
      case CrashFate::kDamaged: Damage(change, random, wreck); break;
    }
  }
  wreck.bytes.resize(Index(wreck.size_bytes), '\0');
  unsynced_.clear();
  synced_ = std::move(wreck.bytes);
  seen_ = synced_;
}

void CrashableBytes::Keep(const Change& change, Wreck& wreck) {
  switch (change.kind) {
    case Kind::kWrite: {
      Put(wreck.bytes, change.number, change.bytes);
      const auto end = change.number + static_cast<std::int64_t>(change.bytes.size());
      wreck.size_bytes = std::max(wreck.size_bytes, end);
      break;
    }
    case Kind::kResize:
      // What lay behind the old end without belonging to the file must not come back as its bytes.
      wreck.bytes.resize(Index(std::min(change.number, wreck.size_bytes)), '\0');
      wreck.size_bytes = change.number;
      break;
    case Kind::kExtend: wreck.size_bytes = std::max(wreck.size_bytes, change.number); break;
  }
}

void CrashableBytes::Damage(const Change& change, Random& random, Wreck& wreck) {
  if (change.kind != Kind::kWrite) {
    if (random.Below(2) == 0) Keep(change, wreck);
    return;
  }
  DamageBytes(change, random, wreck.bytes);
  const auto end = change.number + static_cast<std::int64_t>(change.bytes.size());
  const std::int64_t growth = end - wreck.size_bytes;
  if (growth <= 0) return;
  switch (random.Below(3)) {
    case 0: break;
    case 1: wreck.size_bytes = end; break;
    default:
      wreck.size_bytes +=
          static_cast<std::int64_t>(random.Below(static_cast<std::uint64_t>(growth)));
  }
}

void CrashableBytes::DamageBytes(const Change& change, Random& random, Bytes& bytes) {
  const ByteView written = change.bytes;
  switch (random.Below(4)) {
    case 0: Put(bytes, change.number, written); return;
    case 1: return;
    case 2: Put(bytes, change.number, Bytes(written.size(), '\0')); return;
    default: break;
  }
  // Torn: the sectors before, or those after, one boundary inside of the write got there.
  const auto end = change.number + static_cast<std::int64_t>(written.size());
  const std::int64_t first = change.number / kSectorBytes + 1;
  const std::int64_t last = (end - 1) / kSectorBytes;
  if (last < first) return;  // within one sector: all or nothing
  const auto choices = static_cast<std::uint64_t>(last - first + 1);
  const std::int64_t boundary =
      (first + static_cast<std::int64_t>(random.Below(choices))) * kSectorBytes;
  const std::size_t cut = Index(boundary - change.number);
  if (random.Below(2) == 0) {
    Put(bytes, change.number, written.substr(0, cut));
  } else {
    Put(bytes, boundary, written.substr(cut));
  }
}

}  // namespace logboom::file
