#include "tests/torture/driver/source_ledger.h"

#include <fmt/format.h>

#include <algorithm>

namespace logboom::torture {

void SourceLedger::Sent(SourcePosition end, std::optional<std::uint64_t> batch) {
  steps_.push_back({end, batch});
}

void SourceLedger::Acked(SourcePosition end) {
  while (!steps_.empty() && steps_.front().end <= end) steps_.pop_front();
  durable_ = std::max(durable_, end);
}

void SourceLedger::Refused(SourcePosition end) {
  while (!steps_.empty() && steps_.back().end >= end) steps_.pop_back();
}

void SourceLedger::Settle(SourcePosition durable,
                          const std::function<bool(std::uint64_t)>& stored) {
  if (durable < durable_) {
    findings_.Add(Fault::kLost, fmt::format("{}: acked up to {}, and the broker is at {}", path_,
                                            durable_, durable));
  }
  bool boundary = durable <= durable_;
  for (const Step& step : steps_) {
    boundary = boundary || step.end == durable;
    if (!step.batch || stored(*step.batch) == (step.end <= durable)) continue;
    findings_.Add(
        step.end <= durable ? Fault::kLost : Fault::kDoubled,
        fmt::format("{}: the broker is at {}, and its log has {} batch {}, up to {}", path_,
                    durable, step.end <= durable ? "not" : "already", *step.batch, step.end));
  }
  if (!boundary) {
    findings_.Add(Fault::kUnknown, fmt::format("{}: the broker is at {}, where nothing that was "
                                               "sent ends",
                                               path_, durable));
  }
  steps_.clear();
  durable_ = durable;
}

}  // namespace logboom::torture
