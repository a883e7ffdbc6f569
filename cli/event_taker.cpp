#include "cli/event_taker.h"

#include <variant>

namespace logboom::cli {

void EventTaker::Take(const Reading& reading, const client::ConsumerEvent& event) {
  if (const auto* batch = std::get_if<client::FetchedBatch>(&event.what)) {
    TakeBatch(reading, *batch);
  } else if (const auto* range = std::get_if<client::Unreadable>(&event.what)) {
    TellUnreadable(reading, *range);
  } else if (const auto* row = std::get_if<client::SourceRow>(&event.what)) {
    const bool is_told = row->row.kind == client::RowKind::kGap || row->row.end > row->row.begin;
    if (is_told) events_.TakeRow(reading, *row);
  } else if (const auto* failed = std::get_if<client::PartitionFailed>(&event.what)) {
    Trouble(reading, failed->error.message, ExitCodeOf(failed->error));
  }
}

void EventTaker::TakeBatch(const Reading& reading, const client::FetchedBatch& batch) {
  if (Status opened = records_.Open(batch); !opened.ok()) {
    return TellUnreadable(reading, records_.unreadable(opened.error()));
  }
  while (!stopped_) {
    const auto record = records_.Next();
    if (!record.ok()) return TellUnreadable(reading, records_.unreadable(record.error()));
    if (*record == nullptr) return events_.Passed(reading, batch.end_offset);
    if (reading.end && (*record)->offset >= *reading.end) return;
    stopped_ = !events_.TakeRecord(reading, **record);
    events_.Passed(reading, (*record)->offset + 1);
  }
}

void EventTaker::TellUnreadable(const Reading& reading, const client::Unreadable& range) {
  if (reading.end && range.begin >= *reading.end) return;
  Trouble(
      reading,
      fmt::format("records {} to {} can't be read: {}", range.begin, range.end - 1, range.reason),
      ExitCode::kFailed);
  events_.Passed(reading, range.end);
}

void EventTaker::Trouble(const Reading& reading, std::string_view what, ExitCode code) {
  const std::string broker =
      context_.flags.brokers.size() > 1 ? reading.origin.broker + " " : std::string();
  context_.environment.complain(
      fmt::format("{}{}/{}: {}", broker, reading.origin.topic, reading.origin.partition, what));
  Worsen(code);
}

std::string DescribeOutOfRange(const client::OffsetOutOfRange& range) {
  if (range.position > range.durable_end) {
    return fmt::format("there is no offset {} yet: the log ends at {}", range.position,
                       range.durable_end);
  }
  if (range.position >= range.log_start) {
    return fmt::format(
        "the log was cut: other records than those that were read stand at offset {} "
        "and before it; going on at {}",
        range.position, range.log_start);
  }
  return fmt::format("records {} to {} are gone; going on at {}", range.position,
                     range.log_start - 1, range.log_start);
}

}  // namespace logboom::cli
