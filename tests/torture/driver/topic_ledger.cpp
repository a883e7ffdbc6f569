#include "tests/torture/driver/topic_ledger.h"

#include <fmt/format.h>

namespace logboom::torture {

void TopicLedger::Created(const std::string& name, const Bytes& id) {
  topics_[name] = {State::kExists, id};
  auto [known, is_new] = ids_.emplace(id, name);
  if (!is_new && known->second != name) {
    findings_->Add(Fault::kReused,
                   fmt::format("topic {} has the id of topic {}", name, known->second));
  }
}

void TopicLedger::Refused(const std::string& name) {
  auto topic = topics_.find(name);
  if (topic == topics_.end()) return;
  if (topic->second.state == State::kCreating) {
    topics_.erase(topic);
  } else {
    topic->second.state = State::kExists;
  }
}

void TopicLedger::SettleOne(const std::string& name, const Bytes& id) {
  auto topic = topics_.find(name);
  if (topic == topics_.end()) {
    findings_->Add(Fault::kBroken, fmt::format("topic {} is there, deleted or never made", name));
  } else if (!topic->second.id.empty() && topic->second.id != id) {
    findings_->Add(Fault::kLost, fmt::format("topic {} is another one of that name", name));
  } else {
    Created(name, id);
  }
}

void TopicLedger::Settle(const std::map<std::string, Bytes>& found) {
  for (const auto& [name, id] : found) SettleOne(name, id);
  for (auto topic = topics_.begin(); topic != topics_.end();) {
    if (found.contains(topic->first)) {
      ++topic;
      continue;
    }
    if (topic->second.state == State::kExists) {
      findings_->Add(Fault::kLost,
                     fmt::format("topic {} was made, and is not there", topic->first));
    }
    topic = topics_.erase(topic);
  }
}

std::map<std::string, Bytes> TopicLedger::Existing() const {
  std::map<std::string, Bytes> existing;
  for (const auto& [name, topic] : topics_) {
    if (topic.state == State::kExists) existing[name] = topic.id;
  }
  return existing;
}

}  // namespace logboom::torture
