// What the agent has to say to its log: gathered here as values, printed by main.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace logboom::agent {

enum class Severity { kInfo, kWarn, kError };

struct Notice {
  Severity severity = Severity::kInfo;
  std::string text;
};

// One owner, one thread. Nothing fails.
class Notices {
 public:
  void Say(Severity severity, std::string text);
  // Once for each `key`, until Forget(key).
  void SayOnce(const std::string& key, Severity severity, std::string text);
  void Forget(const std::string& key) { said_.erase(key); }

  std::vector<Notice> Take();
  std::uint64_t error_count() const { return error_count_; }
  const std::string& last_error() const { return last_error_; }

 private:
  std::vector<Notice> waiting_;
  std::set<std::string> said_;
  std::uint64_t error_count_ = 0;
  std::string last_error_;
};

}  // namespace logboom::agent
