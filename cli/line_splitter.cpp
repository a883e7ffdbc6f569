#include "cli/line_splitter.h"

namespace logboom::cli {

void LineSplitter::Keep(ByteView part) {
  if (too_long_) return;
  if (held_.size() + part.size() > kLineBytesMax) {
    too_long_ = true;
    held_.clear();
    return;
  }
  held_.append(part);
}

void LineSplitter::EndLine(ByteView part) {
  if (held_.empty() && !too_long_ && part.size() <= kLineBytesMax) {
    events_.line(number_, part);
  } else {
    Keep(part);
    if (too_long_) {
      events_.too_long(number_);
    } else {
      events_.line(number_, held_);
    }
  }
  held_.clear();
  too_long_ = false;
  ++number_;
}

void LineSplitter::Add(ByteView bytes) {
  while (true) {
    const std::size_t newline = bytes.find('\n');
    if (newline == ByteView::npos) break;
    EndLine(bytes.substr(0, newline));
    bytes.remove_prefix(newline + 1);
  }
  Keep(bytes);
}

void LineSplitter::Finish() {
  if (!held_.empty() || too_long_) EndLine({});
}

}  // namespace logboom::cli
