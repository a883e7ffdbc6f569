#include "agent/source.h"

#include <algorithm>

#include "agent/limits.h"

namespace logboom::agent {
namespace {

std::optional<client::SpanEnd> Find(const std::vector<client::SpanEnd>& ends,
                                    SourcePosition position) {
  const auto found = std::find_if(ends.begin(), ends.end(),
                                  [position](const auto& end) { return end.end == position; });
  if (found == ends.end()) return std::nullopt;
  return *found;
}

}  // namespace

std::optional<record::SourceIdentity> Source::IdentityToSend() const {
  if (identity_sent) return std::nullopt;
  return origin.Identity();
}

void Source::BeginAt(const client::SpanEnd& end) {
  begin = durable = end;
  ReadOnFrom(end);
}

ShapingState& Source::BeginShaping(MonotonicMs waiting_since) {
  if (!shaped) shaped = std::make_unique<Shaped>();
  if (!shaped->now.reads_again) shaped->now.waits_since = waiting_since;
  if (under_way.empty()) shaped->to_rewind = shaped->now;
  return shaped->now;
}

void Source::Sent(const client::SpanEnd& end) {
  under_way.push_back(end);
  ReadOnFrom(end);
  identity_sent = true;
  size_seen = std::max(size_seen, end.end.value());
}

void Source::LeftOut(const client::SpanEnd& end, std::uint32_t lines, MonotonicMs now) {
  if (!has_left_out()) left_out_since = now;
  read = end;
  read_window_known = true;
  left_out = lines;
  size_seen = std::max(size_seen, end.end.value());
}

void Source::ReadOnFrom(const client::SpanEnd& end) {
  read = end;
  read_window_known = true;
  sent = end.end;
  left_out = 0;
}

void Source::ReadAgainFrom(const client::SpanEnd& end) {
  if (shaped && end.end < read.end) {
    shaped->now = shaped->to_rewind;
    shaped->now.reads_again = true;
  }
  ReadOnFrom(end);
}

void Source::Acked(const client::SpanEnd& end) {
  std::erase_if(under_way, [&end](const auto& each) { return each.end <= end.end; });
  opened = true;
  if (end.end > durable.end) {
    durable = end;
    recent.push_back(end);
    if (recent.size() > kRecentSpansMax) recent.erase(recent.begin());
    checkpoint_due = true;
    if (shaped) shaped->now.reads_again = false;
    if (shaped) shaped->to_rewind = shaped->now;
  }
  durable_max = std::max(durable_max, durable.end);
  if (read.end <= durable.end) {
    ReadOnFrom(durable);
  } else if (sent < durable.end) {
    sent = durable.end;
  }
}

void Source::Restart(const client::SpanEnd& broker_durable) {
  opened = true;
  StandAt(broker_durable);
}

void Source::StandAt(const client::SpanEnd& broker_durable) {
  if (broker_durable.end < durable.end) {
    row.reset();
    close_wanted = false;
    given_up = false;
  }
  durable = broker_durable;
  durable_max = std::max(durable_max, durable.end);
  Rewind();
}

void Source::Rewind() {
  under_way.clear();
  row_under_way = false;
  identity_sent = false;
  ReadAgainFrom(durable);
}

void Source::RewindTo(SourcePosition appended) {
  const auto is_sent = Find(under_way, appended);
  const auto acked = Find(recent, appended);
  const bool is_durable = appended == durable.end;
  under_way.clear();
  identity_sent = false;
  ReadAgainFrom(is_sent      ? *is_sent
                : acked      ? *acked
                : is_durable ? durable
                             : client::SpanEnd{appended, 0});
  read_window_known = is_sent || acked || is_durable;
}

void Source::Reopen() {
  opened = false;
  recent.clear();
  StandAt(begin);
}

void Source::Revive() {
  final = false;
  given_up = false;
}

Source NewSource(const Uuid& id, const Origin& origin, const client::SpanEnd& begin) {
  Source source;
  source.id = id;
  source.origin = origin;
  source.file = origin.file;
  source.BeginAt(begin);
  source.size_seen = begin.end.value();
  return source;
}

}  // namespace logboom::agent
