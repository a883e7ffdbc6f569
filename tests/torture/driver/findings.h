// What a rig found wrong, by kind, with the first few in words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace logboom::torture {

enum class Fault {
  kLost,        // acknowledged or served, and not there
  kDoubled,     // there twice
  kOutOfOrder,  // there, ahead of what was sent before it
  kReused,      // an offset or a position that stood for something else before
  kStale,       // gone by compaction, and back, or older than what was the newest of its key
  kUnknown,     // there, and nobody sent it, or what was sent was other bytes
  kBroken,      // the broker ended, refused or answered as it must not
};

std::string FaultName(Fault fault);

// One owner, one thread.
class Findings {
 public:
  void Add(Fault fault, std::string text);
  bool clean() const { return counts_.empty(); }
  std::uint64_t count(Fault fault) const;
  const std::vector<std::string>& texts() const { return texts_; }
  // "0 lost, 0 doubled, ...", of all kinds.
  std::string Summary() const;

 private:
  static constexpr std::size_t kTextsMax = 20;
  std::map<Fault, std::uint64_t> counts_;
  std::vector<std::string> texts_;
};

}  // namespace logboom::torture
