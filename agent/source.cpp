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

void Source::Sent(const client::SpanEnd& end) {
  under_way.push_back(end);
  read = end;
  read_window_known = true;
  identity_sent = true;
  size_seen = std::max(size_seen, end.end.value());
}

void Source::Acked(const client::SpanEnd& end) {
  std::erase_if(under_way, [&end](const auto& sent) { return sent.end <= end.end; });
  opened = true;
  if (end.end > durable.end) {
    durable = end;
    recent.push_back(end);
    if (recent.size() > kRecentSpansMax) recent.erase(recent.begin());
    checkpoint_due = true;
  }
  durable_max = std::max(durable_max, durable.end);
  if (read.end < durable.end) {
    read = durable;
    read_window_known = true;
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
  identity_sent = opened;
  read = durable;
  read_window_known = true;
}

void Source::RewindTo(SourcePosition appended) {
  const auto sent = Find(under_way, appended);
  const auto acked = Find(recent, appended);
  const bool is_durable = appended == durable.end;
  under_way.clear();
  identity_sent = opened;
  read_window_known = sent || acked || is_durable;
  read = sent ? *sent : acked ? *acked : is_durable ? durable : client::SpanEnd{appended, 0};
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

Source NewSource(const Uuid& id, const record::SourceIdentity& identity,
                 const client::SpanEnd& begin) {
  Source source;
  source.id = id;
  source.identity = identity;
  source.path = identity.path;
  source.file = {identity.device, identity.inode, identity.birth_time_ns};
  source.begin = begin;
  source.durable = begin;
  source.read = begin;
  source.size_seen = begin.end.value();
  return source;
}

}  // namespace logboom::agent
