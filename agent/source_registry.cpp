#include "agent/source_registry.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "lib/base/check.h"

namespace logboom::agent {
namespace {

void Update(Source& source, const client::KnownSource& known) {
  source.recent = known.recent;
  source.Restart({known.durable, known.window});
  if (known.final) {
    source.final = true;
    source.row.reset();
    source.close_wanted = false;
  }
}

}  // namespace

bool IsFileSource(const client::KnownSource& source) {
  return source.identity.path.starts_with('/');
}

Source& SourceRegistry::Add(Source source) {
  auto owned = std::make_unique<Source>(std::move(source));
  Source& added = *owned;
  added.origin.ShareHost(hosts_);
  const bool is_new = sources_.emplace(added.id, std::move(owned)).second;
  CHECK(is_new);
  return added;
}

Source* SourceRegistry::Find(const Uuid& id) {
  const auto found = sources_.find(id);
  return found == sources_.end() ? nullptr : found->second.get();
}

void SourceRegistry::Clear() {
  sources_.clear();
  hosts_.clear();
  remembered_.clear();
}

void SourceRegistry::Remember(const std::vector<CheckpointRow>& rows) {
  for (const CheckpointRow& row : rows) remembered_[row.source_id] = row;
}

Source SourceRegistry::FromBroker(const client::KnownSource& known) {
  Source source = NewSource(known.source_id, Origin(known.identity), {});
  source.begin.window = record::HashBytes({});
  Update(source, known);
  source.size_seen = known.durable.value();
  const auto remembered = remembered_.find(known.source_id);
  if (remembered != remembered_.end()) {
    const CheckpointRow& row = remembered->second;
    source.SetPath(row.path);
    source.file = row.file;
    source.size_seen = std::max(source.size_seen, row.size_seen);
    remembered_.erase(remembered);
  }
  return source;
}

bool SourceRegistry::Merge(const std::vector<client::KnownSource>& known, bool with_final) {
  std::unordered_set<Uuid> listed;
  for (const client::KnownSource& each : known) {
    listed.insert(each.source_id);
    if (Source* source = Find(each.source_id)) {
      Update(*source, each);
    } else {
      Add(FromBroker(each));
    }
  }
  const bool complete =
      with_final || std::all_of(sources_.begin(), sources_.end(), [&listed](const auto& entry) {
        return !entry.second->opened || entry.second->final || listed.contains(entry.first);
      });
  if (!complete) return false;
  for (const auto& [id, source] : sources_) {
    if (!listed.contains(id) && !source->final) source->Reopen();
  }
  return true;
}

std::vector<Source*> SourceRegistry::MergeRestored(const std::vector<client::KnownSource>& known) {
  std::unordered_map<Uuid, bool> final_there;
  for (const client::KnownSource& each : known) final_there[each.source_id] = each.final;
  std::vector<Source*> revived;
  for (Source* source : All()) {
    const auto there = final_there.find(source->id);
    if (!source->final || (there != final_there.end() && there->second)) continue;
    source->Revive();
    revived.push_back(source);
  }
  Merge(known, /*with_final=*/true);
  return revived;
}

std::vector<Source*> SourceRegistry::All() {
  std::vector<Source*> all;
  for (const auto& [id, source] : sources_) all.push_back(source.get());
  // In an order that does not depend on the hash: a simulator replays it.
  std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  return all;
}

std::vector<Source*> SourceRegistry::Unbound() {
  std::vector<Source*> unbound = All();
  std::erase_if(unbound,
                [](const Source* source) { return source->final || source->bound != nullptr; });
  return unbound;
}

void SourceRegistry::RewindAll() {
  for (const auto& [id, source] : sources_) {
    if (!source->final) source->Rewind();
  }
}

}  // namespace logboom::agent
