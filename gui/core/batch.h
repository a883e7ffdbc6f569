// What the network thread hands the window at once.
#pragma once

#include <cstdint>
#include <memory>

#include "gui/core/frame.h"
#include "gui/core/line_store.h"

namespace logboom::gui {

struct Batch {
  std::shared_ptr<const Frame> frame;  // nothing where it is as it was
  // Lines of the live tail, of the Follow() with this number.
  std::uint64_t tail = 0;
  LineBlock lines;
  std::int64_t lines_not_shown = 0;  // so far: dropped because the window was busy, or skipped
};

}  // namespace logboom::gui
