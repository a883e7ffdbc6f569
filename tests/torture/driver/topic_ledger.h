// What must hold of topics that come and go: one whose creation was acknowledged is there, one
// whose deletion was is not, and an id never stands for a second topic.
#pragma once

#include <map>
#include <set>
#include <string>

#include "lib/base/bytes.h"
#include "tests/torture/driver/findings.h"

namespace logboom::torture {

// One owner, one thread. Faults go to `findings`, which must outlive it.
class TopicLedger {
 public:
  explicit TopicLedger(Findings& findings) : findings_(&findings) {}

  void CreationAsked(const std::string& name) { topics_[name].state = State::kCreating; }
  void Created(const std::string& name, const Bytes& id);
  void DeletionAsked(const std::string& name) { topics_[name].state = State::kDeleting; }
  void Deleted(const std::string& name) { topics_.erase(name); }
  // Creation or deletion was refused, and nothing of it is done.
  void Refused(const std::string& name);
  // What a broker that started says: all its topics, ids by name.
  void Settle(const std::map<std::string, Bytes>& found);

  // Names and ids of those that are there for certain.
  std::map<std::string, Bytes> Existing() const;
  std::size_t size() const { return topics_.size(); }

 private:
  enum class State { kCreating, kExists, kDeleting };
  struct Topic {
    State state = State::kCreating;
    Bytes id;
  };
  void SettleOne(const std::string& name, const Bytes& id);

  Findings* findings_;
  std::map<std::string, Topic> topics_;
  std::map<Bytes, std::string> ids_;  // all that ever were
};

}  // namespace logboom::torture
