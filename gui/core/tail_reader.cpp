#include "gui/core/tail_reader.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "gui/core/limits.h"
#include "lib/display/human.h"

namespace logboom::gui {
namespace {

using std::chrono::milliseconds;

// While several brokers are waited for, each in turn.
constexpr milliseconds kTurn{10};

// Rows of `lines` in the order of their times; those of one time stay in order.
LineBlock SortedByTime(const LineBlock& lines) {
  std::vector<const LineRow*> order;
  order.reserve(lines.rows.size());
  for (const LineRow& row : lines.rows) order.push_back(&row);
  std::stable_sort(order.begin(), order.end(),
                   [](const LineRow* a, const LineRow* b) { return a->time < b->time; });
  LineBlock sorted{.bytes = lines.bytes, .rows = {}};
  sorted.rows.reserve(order.size());
  for (const LineRow* row : order) sorted.rows.push_back(*row);
  return sorted;
}

std::string DescribeGap(const client::SourceRow& gap) {
  const auto bytes = gap.row.end - gap.row.begin;
  return fmt::format("gap: {}{} of {} on {} could not be read: {}",
                     gap.row.end_is_exact ? "" : "at least ", display::HumanBytes(bytes), gap.path,
                     gap.agent_id, gap.row.reason);
}

}  // namespace

TailReader::TailReader(ConnectTransport connect, client::ClientIdentity identity, Random& random)
    : connect_(std::move(connect)), identity_(std::move(identity)), random_(random) {}

TailReader::~TailReader() = default;

void TailReader::Follow(std::string topic, std::int64_t history_rows, Instant now) {
  Stop();
  topic_ = std::move(topic);
  history_rows_ = history_rows;
  began_ = now.monotonic;
}

void TailReader::Stop() {
  topic_.clear();
  sources_.clear();
  history_ = {};
  live_ = false;
  skipped_ = 0;
}

void TailReader::Update(const std::vector<BrokerView>& brokers) {
  if (!following()) return;
  for (std::size_t i = 0; i < brokers.size(); ++i) {
    UpdateBroker(static_cast<std::uint16_t>(i), brokers[i]);
  }
}

void TailReader::UpdateBroker(std::uint16_t index, const BrokerView& broker) {
  const client::TopicDescription* topic = FindTopic(broker, topic_);
  if (topic == nullptr) return;
  Source* source = FindOrConnect(index, broker);
  if (source == nullptr) return;
  for (const client::PartitionDescription& one : topic->partitions) {
    const client::TopicPartition partition{topic_, one.index};
    const bool known = std::any_of(
        source->readings.begin(), source->readings.end(),
        [&partition](const Reading& reading) { return reading.partition == partition; });
    if (known) continue;
    source->readings.push_back({partition, one.durable_end});
    source->consumer->Assign(partition, StartOf(one));
  }
}

TailReader::Source* TailReader::FindOrConnect(std::uint16_t index, const BrokerView& broker) {
  for (Source& source : sources_) {
    if (source.broker == index) return &source;
  }
  auto transport = connect_(broker.address);
  // An address that is none: the broker's own state says it already.
  if (!transport.ok()) return nullptr;
  auto consumer = std::make_unique<client::Consumer>(
      *std::move(transport), client::ConsumerOptions{.identity = identity_, .with_rows = true},
      random_);
  return &sources_.emplace_back(Source{index, std::move(consumer), {}});
}

client::StartAt TailReader::StartOf(const client::PartitionDescription& partition) const {
  if (live_) return client::StartAt::At(partition.log_start);
  return client::StartAt::At(std::max(partition.log_start, partition.durable_end - history_rows_));
}

bool TailReader::Poll(Instant now, LineBlock& out) {
  bool any = false;
  LineBlock fresh;
  for (Source& source : sources_) any = PollSource(source, now, live_ ? fresh : history_) || any;
  if (!fresh.empty()) out.Append(sources_.size() > 1 ? SortedByTime(fresh) : fresh);
  if (!live_ && HistoryIsComplete(now)) {
    ShowHistory(out);
    any = true;
  }
  return any;
}

bool TailReader::PollSource(Source& source, Instant now, LineBlock& out) {
  source.consumer->Poll(now);
  bool any = false;
  // A bound for each turn: the window gets its batch while a long past is still being read.
  while (out.rows.size() < kWaitingRowsMax) {
    const auto event = source.consumer->Next();
    if (!event) break;
    any = true;
    Handle(source, *event, now, out);
  }
  if (live_) SkipWhereBehind(source, now, out);
  return any;
}

void TailReader::SkipWhereBehind(Source& source, Instant now, LineBlock& out) {
  for (const Reading& reading : source.readings) {
    const auto progress = source.consumer->Progress(reading.partition);
    if (!progress || !progress->position || !progress->durable_end) continue;
    const std::int64_t behind = *progress->durable_end - *progress->position;
    if (behind <= kTailBehindMax) continue;
    skipped_ += behind;
    out.Add({.time = now.wall,
             .offset = *progress->position,
             .partition = reading.partition.partition,
             .broker = source.broker,
             .kind = LineKind::kNotice},
            {},
            fmt::format("{} lines were skipped to keep up",
                        display::HumanCount(static_cast<std::uint64_t>(behind))));
    source.consumer->Assign(reading.partition, client::StartAt::At(*progress->durable_end));
  }
}

void TailReader::Handle(Source& source, const client::ConsumerEvent& event, Instant now,
                        LineBlock& out) {
  const LineRow notice{.time = now.wall,
                       .offset = {},
                       .partition = event.from.partition,
                       .broker = source.broker,
                       .kind = LineKind::kNotice};
  if (const auto* batch = std::get_if<client::FetchedBatch>(&event.what)) {
    HandleBatch(source, event.from, *batch, out);
  } else if (const auto* range = std::get_if<client::Unreadable>(&event.what)) {
    out.Add(notice, {},
            fmt::format("records {} to {} can't be read: {}", range->begin, range->end - 1,
                        range->reason));
  } else if (const auto* row = std::get_if<client::SourceRow>(&event.what)) {
    if (row->row.kind == client::RowKind::kGap) out.Add(notice, {}, DescribeGap(*row));
  } else if (const auto* gone = std::get_if<client::OffsetOutOfRange>(&event.what)) {
    HandleOutOfRange(source, event.from, *gone, now, out);
  } else if (const auto* failed = std::get_if<client::PartitionFailed>(&event.what)) {
    out.Add(notice, {}, fmt::format("can't be read: {}", failed->error.message));
  }
}

void TailReader::HandleBatch(const Source& source, const client::TopicPartition& from,
                             const client::FetchedBatch& batch, LineBlock& out) {
  LineRow row{.time = {},
              .offset = {},
              .partition = from.partition,
              .broker = source.broker,
              .kind = LineKind::kRecord};
  Status status = records_.Open(batch);
  while (status.ok()) {
    const auto record = records_.Next();
    if (!record.ok()) {
      status = record.error();
      break;
    }
    if (*record == nullptr) return;
    row.time = (*record)->timestamp;
    row.offset = (*record)->offset;
    out.Add(row, (*record)->key.value_or(ByteView()), (*record)->value.value_or(ByteView()));
  }
  row.kind = LineKind::kNotice;
  const client::Unreadable lost = records_.unreadable(status.error());
  out.Add(row, {},
          fmt::format("records {} to {} can't be read: {}", lost.begin, lost.end - 1, lost.reason));
}

// Retention has taken them, or the broker is another one than it was: both are told, and reading
// goes on at the nearest place that exists.
void TailReader::HandleOutOfRange(Source& source, const client::TopicPartition& from,
                                  const client::OffsetOutOfRange& range, Instant now,
                                  LineBlock& out) {
  const bool gone = range.position < range.log_start;
  const Offset next = gone ? range.log_start : range.durable_end;
  out.Add({.time = now.wall,
           .offset = next,
           .partition = from.partition,
           .broker = source.broker,
           .kind = LineKind::kNotice},
          {},
          gone ? fmt::format("records {} to {} are gone; going on at {}", range.position,
                             range.log_start - 1, next)
               : fmt::format("the log ends at {} now, before {}: the broker has lost records", next,
                             range.position));
  source.consumer->Assign(from, client::StartAt::At(next));
}

bool TailReader::HistoryIsComplete(Instant now) const {
  if (sources_.empty()) return false;
  if (now.monotonic - began_ >= kTailHistoryPatience.count()) return true;
  return std::all_of(sources_.begin(), sources_.end(), [](const Source& source) {
    return std::all_of(source.readings.begin(), source.readings.end(), [&](const Reading& reading) {
      const auto progress = source.consumer->Progress(reading.partition);
      return progress && (progress->failed ||
                          (progress->position && *progress->position >= reading.history_end));
    });
  });
}

// A partition holds its records in order, whatever their times say; over several, time decides.
void TailReader::ShowHistory(LineBlock& out) {
  const std::size_t partitions =
      sources_.size() == 1 ? sources_.front().readings.size() : sources_.size();
  LineBlock lines = partitions > 1 ? SortedByTime(history_) : std::move(history_);
  const auto wanted = static_cast<std::size_t>(history_rows_);
  if (lines.rows.size() > wanted) {
    lines.rows.erase(lines.rows.begin(), lines.rows.end() - static_cast<std::ptrdiff_t>(wanted));
  }
  out.Append(lines);
  history_ = {};
  live_ = true;
}

void TailReader::Wait(milliseconds timeout) {
  const milliseconds each = sources_.size() <= 1 ? timeout : std::min(timeout, kTurn);
  for (Source& source : sources_) source.consumer->Wait(each);
}

}  // namespace logboom::gui
