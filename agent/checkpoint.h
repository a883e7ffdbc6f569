// What an agent remembers between runs. A cache and no more: the broker's positions always win,
// and an agent that finds nothing here loses and doubles nothing. It remembers what the broker
// can't know: in which file a source's bytes were seen last, and how large that was.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/base/result.h"
#include "lib/base/uuid.h"
#include "lib/file/file_system.h"

namespace logboom::agent {

struct CheckpointRow {
  Uuid topic_id;
  Uuid source_id;
  std::string path;
  file::FileIdentity file;
  std::int64_t begin = 0;      // where the source was opened
  std::int64_t size_seen = 0;  // the most that was seen of its file
  bool final = false;
  friend bool operator==(const CheckpointRow&, const CheckpointRow&) = default;
};

// One owner, one thread. Errors are for the log: the agent goes on without it.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;
  virtual Result<std::vector<CheckpointRow>> LoadSources() = 0;
  // Names of inputs that have been used before: `from = end` is for new ones.
  virtual Result<std::vector<std::string>> LoadInputs() = 0;
  // Adds or replaces, and removes sources that are final; all or nothing.
  virtual Status Save(std::span<const CheckpointRow> sources,
                      std::span<const std::string> inputs) = 0;
};

// In memory: for tests and the simulator, and where the state directory can't be used.
class MemoryCheckpoint final : public Checkpoint {
 public:
  Result<std::vector<CheckpointRow>> LoadSources() override;
  Result<std::vector<std::string>> LoadInputs() override;
  Status Save(std::span<const CheckpointRow> sources, std::span<const std::string> inputs) override;

 private:
  std::map<std::pair<Uuid, Uuid>, CheckpointRow> sources_;
  std::vector<std::string> inputs_;
};

// checkpoint.sqlite in the state directory: WAL, synchronous NORMAL, one connection. A file that is
// damaged or of another version is put aside as checkpoint.sqlite.damaged, and a new one begun.
Result<std::unique_ptr<Checkpoint>> OpenSqliteCheckpoint(const std::string& state_directory);

}  // namespace logboom::agent
