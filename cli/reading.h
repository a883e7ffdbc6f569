// A partition that consume or tail reads, and what they hear of it.
#pragma once

#include <optional>

#include "cli/record_printer.h"
#include "lib/base/types.h"
#include "lib/client/rows.h"
#include "lib/record/batch_view.h"

namespace logboom::cli {

struct Reading {
  RecordOrigin origin;
  std::size_t broker = 0;  // index into the source's
  // As the broker described it before reading began.
  Offset log_start;
  Offset durable_end;
  // Records from here on are another run's. Nothing: all are meant.
  std::optional<Offset> end;
};

// What is found; called from inside of a source's Poll().
class ReadingEvents {
 public:
  virtual ~ReadingEvents() = default;
  // False: no more after this one, please.
  virtual bool TakeRecord(const Reading& reading, const record::Record& record) = 0;
  // Bytes of a source that no record holds: gone, or left out by its agent.
  virtual void TakeRow(const Reading& reading, const client::SourceRow& row) = 0;
  // All before `next` was taken, or can't be.
  virtual void Passed(const Reading& /*reading*/, Offset /*next*/) {}
};

}  // namespace logboom::cli
