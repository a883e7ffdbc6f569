// What the disk budget took from which topic since the start, and which groups had not read it.
//
// One owner (the server), one thread. Forgotten with the process.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/engine/log_engine.h"
#include "lib/protocol/messages.pb.h"

namespace logboom::broker {

class EvictionBook {
 public:
  static constexpr std::size_t kNewestMax = 16;  // of each topic
  static constexpr std::size_t kGroupsMax = 16;  // of each eviction; the others go untold

  // `behind`: groups that had not read all that went.
  void Note(const Eviction& eviction, std::vector<std::string> behind);
  void Forget(const Uuid& topic_id) { topics_.erase(topic_id); }
  // Nothing where the topic lost nothing.
  void Fill(const Uuid& topic_id, protocol::Topic& out) const;

 private:
  struct Noted {
    Eviction eviction;
    std::vector<std::string> behind;
  };
  struct OfTopic {
    std::uint64_t segments = 0;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::deque<Noted> newest;  // the newest first
  };
  std::unordered_map<Uuid, OfTopic> topics_;
};

}  // namespace logboom::broker
