// A log that is rotated by script, with the oracle's books of it: which of its bytes stand where
// the agent looks, which nobody but the agent holds, and which are gone. Of what is gone, just the
// lines may be lost that were not acked before, and a gap is due where the agent had seen them.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/sim_agent.h"
#include "tests/sim/source_fold.h"
#include "tests/sim/written_files.h"

namespace logboom::sim {

// What a file begins with, whenever its program begins one.
enum class Beginning { kAnything, kBanner };

// One owner, one thread. The agent and the books outlive it.
class RotatedLog {
 public:
  RotatedLog(SimAgent& agent, WrittenFiles& written, std::string name, Beginning beginning);

  // ---- its program
  void Write(int lines);
  // To files that were rotated and that it has still open.
  void WriteLate(int lines);
  // Until the file is longer than so many bytes.
  void WritePast(std::int64_t size_bytes);
  std::int64_t size_bytes() const;

  // ---- what a rotation does
  std::string Beside(const std::string& ending) const { return path_ + ending; }
  bool Exists(const std::string& path) const { return agent_.disk().Stat(path).ok(); }
  void MoveRotated(const std::string& from, const std::string& to);
  // A rotated file: that of `generations_ago`.
  void RemoveRotated(const std::string& path, std::size_t generations_ago);
  enum class Writer { kReopens, kGoesOn };
  enum class Finds { kAlways, kIfAcked, kNever };  // the agent a file under its new name
  void Rename(const std::string& to, Finds finds, Writer writer = Writer::kReopens);
  void Remove(Writer writer = Writer::kReopens);
  // The file stays where it is, and the program begins another.
  void GoOnAt(const std::string& path);
  void Truncate();
  void Copy(const std::string& to, Finds finds);
  void TruncateCopied();

  // ---- the books
  void AllAcked();
  // The agent is killed, and its state lost.
  void KnowledgeLost();
  std::size_t gaps_due() const;
  // All that is not gone, and what of it had been acked.
  std::string Missing(const SourceFold& fold) const;
  int turn = 0;  // rotations so far

 private:
  enum class Fate { kStands, kHeld, kGone };
  struct Generation {
    Incarnation* written = nullptr;
    std::unique_ptr<file::File> file;  // while it is written to
    std::string path;
    std::size_t acked = 0;  // lines
    Fate fate = Fate::kStands;
    bool gap_due = false;
  };

  void Begin();
  void Append(Generation& generation, const std::string& bytes);
  std::string Lines(int count);
  void Reopen(Writer writer);
  void Leaves(Generation& generation);
  void Gone(Generation& generation);
  Generation& current() { return generations_.back(); }

  SimAgent& agent_;
  WrittenFiles& written_;
  std::string name_;
  std::string path_;
  std::string banner_;
  std::uint64_t next_ = 0;
  std::deque<Generation> generations_;
  std::vector<Generation*> late_;
};

}  // namespace logboom::sim
