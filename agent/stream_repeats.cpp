#include "agent/stream_repeats.h"

namespace logboom::agent {

void StreamRepeats::Hold(const StreamEntry& entry, std::uint64_t window) {
  if (count_++ > 0) {
    entry_.end = entry.end;
    entry_.time = entry.time;
    return;
  }
  window_before_ = window;
  entry_ = entry;
  source_.assign(entry.source);
  value_.assign(entry.value);
  stream_.assign(entry.stream);
  headers_.clear();
  for (const record::HeaderView& header : entry.headers) {
    headers_.emplace_back(header.key, header.value);
  }
}

StreamEntry StreamRepeats::entry() const {
  header_views_.clear();
  for (const auto& [key, value] : headers_) {
    header_views_.push_back({.key = key, .value = value});
  }
  StreamEntry entry = entry_;
  entry.source = source_;
  entry.value = value_;
  entry.stream = stream_;
  entry.headers = header_views_;
  return entry;
}

// No two lists of headers are joined alike: sizes stand before names and values.
Bytes StreamRepeats::Joined(std::span<const record::HeaderView> headers) {
  Bytes joined;
  for (const record::HeaderView& header : headers) {
    const ByteView value = header.value.value_or(ByteView());
    joined += fmt::format("{} {} ", header.key.size(), header.value ? value.size() + 1 : 0);
    joined.append(header.key).append(value);
  }
  return joined;
}

}  // namespace logboom::agent
