#include "agent/streams/held_entries.h"

#include <algorithm>
#include <utility>

namespace logboom::agent {

std::size_t HeldEntries::Weight(const HeldEntry& entry) {
  return sizeof(HeldEntry) + entry.value.size() + entry.peer.size();
}

std::size_t HeldEntries::WireBytes(const HeldEntry& entry) {
  return static_cast<std::size_t>(entry.end - entry.begin);
}

void HeldEntries::Add(ByteView message, std::size_t wire_bytes, std::size_t value_bytes_max,
                      const HeldEntry& like) {
  const std::int64_t end = end_ + static_cast<std::int64_t>(wire_bytes);
  while (true) {
    HeldEntry entry = like;
    entry.value = message.substr(0, value_bytes_max);
    message.remove_prefix(entry.value.size());
    entry.more = !message.empty();
    entry.begin = end_;
    end_ = entry.more ? end_ + static_cast<std::int64_t>(entry.value.size()) : end;
    entry.end = end_;
    held_bytes_ += Weight(entry);
    unread_bytes_ += WireBytes(entry);
    const bool more = entry.more;
    entries_.push_back(std::move(entry));
    if (!more) return;
  }
}

void HeldEntries::Advance() {
  unread_bytes_ -= WireBytes(entries_[at_]);
  ++at_;
}

SourcePosition HeldEntries::Seek(SourcePosition position) {
  const auto first =
      std::find_if(entries_.begin(), entries_.end(),
                   [position](const HeldEntry& entry) { return entry.begin >= position.value(); });
  at_ = static_cast<std::size_t>(first - entries_.begin());
  unread_bytes_ = 0;
  for (auto each = first; each != entries_.end(); ++each) unread_bytes_ += WireBytes(*each);
  return SourcePosition(first == entries_.end() ? end_ : first->begin);
}

void HeldEntries::Release(SourcePosition durable) {
  while (at_ > 0 && entries_.front().end <= durable.value()) {
    released_ = entries_.front().end;
    held_bytes_ -= Weight(entries_.front());
    entries_.pop_front();
    --at_;
  }
}

}  // namespace logboom::agent
