#include "tests/sim/trace.h"

#include <cstdio>
#include <cstdlib>

#include "lib/record/span.h"

namespace logboom::sim {

Trace::Trace() : prints_(std::getenv("LOGBOOM_SIM_TRACE") != nullptr) {}

void Trace::Add(std::string event) {
  if (prints_) fmt::print(stderr, "{}\n", event);
  hash_ = record::HashBytes(fmt::format("{} {}", hash_, event));
  last_.push_back(std::move(event));
  if (last_.size() > kKept) last_.pop_front();
}

std::string Trace::Tail() const {
  std::string text;
  for (const std::string& event : last_) text += event + "\n";
  return text;
}

}  // namespace logboom::sim
