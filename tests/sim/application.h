// A program that writes one log, and what rotates it. Keeps the oracle's books of what it does.
//
// It does nothing that the manual calls a limit: it finishes its line before its log is rotated;
// of what no agent had the time to ship one rotation by copy, or two by rename, are all; a log
// that nobody has seen is copied to where the agent looks. Where it destroys bytes that are not
// shipped, the books say so, and the log must hold a gap, unless nobody is left who knew of them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "tests/sim/sim_agent.h"
#include "tests/sim/source_fold.h"
#include "tests/sim/stage.h"
#include "tests/sim/written_files.h"

namespace logboom::sim {

// One owner, one thread.
class Application {
 public:
  Application(Stage& stage, SimAgent& agent, WrittenFiles& written, std::string name,
              const std::string& topic);

  void Write();
  void FinishLine();
  void Rotate(const SourceFold& fold);
  // Removes or truncates its log, whatever is unread.
  void Destroy(const SourceFold& fold);
  // What had arrived may have to come again: files that stand are not touched until it has, and
  // those that are gone have nobody who could say so for sure.
  void BrokerRestored();
  // Looks whether all that was written so far has arrived.
  void Look(const SourceFold& fold);

  const std::string& name() const { return name_; }
  std::uint64_t lines_written() const { return next_; }
  std::string Missing(const SourceFold& fold) const;

 private:
  static constexpr int kKept = 4;
  static constexpr int kUnseenMax = 2;

  std::string Line();
  void Append(const std::string& bytes);
  bool Exists(const std::string& path) { return agent_.disk().Stat(path).ok(); }
  void Rename(const std::string& from, const std::string& to);
  void Remove(const std::string& path);
  void Truncate();
  void MakeRoom();
  void RotateByRename();
  void RotateByCopy();
  void Copy(const std::string& to);
  void Begin(const file::FileIdentity& file);
  bool Arrived(const Incarnation& incarnation, const SourceFold& fold) const;
  void NoteDestroyed(const SourceFold& fold);

  Stage& stage_;
  SimAgent& agent_;
  WrittenFiles& written_;
  std::string name_;
  std::string path_;
  std::string half_;
  std::uint64_t next_ = 0;
  int copies_ = 0;
  Incarnation* current_ = nullptr;     // what stands at path_
  std::vector<Incarnation*> waiting_;  // that have not arrived whole when they were looked at
  // All that its log holds, or less, has been shipped: the agent knows the file.
  bool seen_ = false;
  int unseen_rotations_ = 0;
  bool unseen_copy_ = false;
  // What was destroyed counts as unknown to all where knowledge was lost since.
  struct Destroyed {
    Incarnation* incarnation;
    int losses_of_knowledge;
  };
  std::vector<Destroyed> destroyed_;
};

}  // namespace logboom::sim
