// All sources of one topic that the broker or this agent knows, final ones too: they prove that a
// copy has been read.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "agent/checkpoint.h"
#include "agent/source.h"
#include "lib/client/agent_link.h"

namespace logboom::agent {

// Whether it is a file's: sources of other inputs have no path.
bool IsFileSource(const client::KnownSource& source);

// Owns its sources; pointers to them stay until Clear(). One thread.
class SourceRegistry {
 public:
  Source& Add(Source source);
  Source* Find(const Uuid& id);
  void Clear();

  // What the last run remembered of this topic; before the first Merge.
  void Remember(const std::vector<CheckpointRow>& rows);

  // The broker's look-up, after a session began: its positions win, everything under way is
  // forgotten. False where a source that the broker had is not among them and `with_final` was not
  // asked for: ask again with it.
  bool Merge(const std::vector<client::KnownSource>& known, bool with_final);
  // The same from a broker that was restored from a backup, with all it knows: sources that had
  // ended behind the backup are open again, from where the broker has them. Returns those.
  std::vector<Source*> MergeRestored(const std::vector<client::KnownSource>& known);

  // Open ones that no file is bound to.
  std::vector<Source*> Unbound();
  std::vector<Source*> All();  // in the order of their ids
  // In no order, and at no cost.
  void ForEach(const std::function<void(Source&)>& visit) {
    for (const auto& [id, source] : sources_) visit(*source);
  }
  void ForEach(const std::function<void(const Source&)>& visit) const {
    for (const auto& [id, source] : sources_) visit(*source);
  }
  std::size_t size() const { return sources_.size(); }

  // Every session's first step, and its end.
  void RewindAll();

 private:
  Source FromBroker(const client::KnownSource& known);

  std::unordered_map<Uuid, std::unique_ptr<Source>> sources_;
  std::unordered_map<Uuid, CheckpointRow> remembered_;
  OriginHosts hosts_;
};

}  // namespace logboom::agent
