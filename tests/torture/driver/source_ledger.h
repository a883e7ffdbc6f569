// What must hold of one tailed file: its position at the broker is one that was acknowledged or was
// under way behind it, and the log has exactly the batches that lead there.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "lib/base/types.h"
#include "lib/base/uuid.h"
#include "tests/torture/driver/findings.h"

namespace logboom::torture {

// One owner, one thread. Faults go to `findings`, which must outlive it.
class SourceLedger {
 public:
  SourceLedger(Uuid id, std::string path, Findings& findings)
      : id_(id), path_(std::move(path)), findings_(findings) {}

  // From sent() to `end`: by a run in the batch that begins with record `batch`, or by a row.
  void Sent(SourcePosition end, std::optional<std::uint64_t> batch);
  // The step that ends there is durable, with all before it.
  void Acked(SourcePosition end);
  // The step that ends there is not in the log, nor are those behind it: the next begins there.
  void Refused(SourcePosition end);
  // What a broker that started says; 0 where it does not know the source. `stored`: whether the log
  // has the batch.
  void Settle(SourcePosition durable, const std::function<bool(std::uint64_t batch)>& stored);

  const Uuid& id() const { return id_; }
  const std::string& path() const { return path_; }
  SourcePosition durable() const { return durable_; }
  SourcePosition sent() const { return steps_.empty() ? durable_ : steps_.back().end; }
  bool idle() const { return steps_.empty(); }

 private:
  struct Step {
    SourcePosition end;
    std::optional<std::uint64_t> batch;
  };

  Uuid id_;
  std::string path_;
  Findings& findings_;
  SourcePosition durable_;
  std::deque<Step> steps_;
};

}  // namespace logboom::torture
