// The source table against a plain model: for each source a list of bytes that the log holds, and
// how many of them are synced.
#include <map>

#include "tests/broker/sources/table_fixture.h"

namespace logboom::broker {
namespace {

const Uuid kTopic = IdOf(77);
const TopicPartition kWhere{kTopic, PartitionIndex{0}};

struct ModelSource {
  std::vector<int> taken;  // how often each byte was taken, by a span or a row
  std::int64_t durable = 0;
  bool known = false;
  bool pending = false;
};

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed), sources_(kSources) {}

  void Run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      switch (random_.Below(6)) {
        case 0:
        case 1: Produce(); break;
        case 2: Sync(); break;
        case 3: SendRows(); break;
        case 4: SettleRows(); break;
        case 5: SaveAndLoad(); break;
      }
      Compare();
    }
  }

 private:
  static constexpr std::size_t kSources = 4;

  std::int64_t Appended(std::size_t source) const {
    return static_cast<std::int64_t>(sources_[source].taken.size());
  }

  // A position near where the source stands: right, below or above.
  std::int64_t Near(std::size_t source) {
    const std::int64_t at = Appended(source);
    if (random_.Below(3) > 0) return at;
    return std::max<std::int64_t>(0, at + static_cast<std::int64_t>(random_.Below(9)) - 6);
  }

  void Produce() {
    std::vector<ProducedSpan> spans;
    std::vector<std::size_t> of;
    for (std::uint64_t i = 0, count = 1 + random_.Below(3); i < count; ++i) {
      const std::size_t source = random_.Below(kSources);
      const std::int64_t begin = Near(source);
      const auto length = static_cast<std::int64_t>(1 + random_.Below(5));
      spans.push_back(FirstSpanOf(source, begin, begin + length));
      of.push_back(source);
    }
    // What must come of it, told from the bytes alone.
    bool all_fresh = true;
    bool all_duplicate = true;
    std::map<std::size_t, std::int64_t> running;
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const ModelSource& source = sources_[of[i]];
      const std::int64_t at = running.contains(of[i])
                                  ? running[of[i]]
                                  : (source.known ? Appended(of[i]) : spans[i].begin.value());
      all_fresh = all_fresh && !source.pending && spans[i].begin.value() == at;
      all_duplicate = all_duplicate && source.known && !source.pending &&
                      spans[i].end.value() <= Appended(of[i]);
      running[of[i]] = spans[i].end.value();
    }
    const Judgement judgement = table_.JudgeSpans(kWhere, "a", spans);
    ASSERT_EQ(judgement.kind == Judgement::Kind::kFresh, all_fresh);
    ASSERT_EQ(judgement.kind == Judgement::Kind::kDuplicate, all_duplicate);
    if (!all_fresh) return;
    table_.Append(kWhere, spans, TimestampMs{1});
    for (std::size_t i = 0; i < spans.size(); ++i) {
      Take(of[i], spans[i].begin.value(), spans[i].end.value());
    }
    unsynced_.push_back(spans);
  }

  void Take(std::size_t number, std::int64_t begin, std::int64_t end) {
    ModelSource& source = sources_[number];
    if (!source.known) {
      // Opened at its own begin: what is below was never there for us.
      source.known = true;
      source.taken.assign(static_cast<std::size_t>(begin), 1);
      source.durable = begin;
    }
    source.taken.resize(std::max(source.taken.size(), static_cast<std::size_t>(end)));
    for (std::int64_t at = begin; at < end; ++at) ++source.taken[static_cast<std::size_t>(at)];
  }

  // The oldest groups become durable, in order.
  void Sync() {
    std::uint64_t groups = random_.Below(unsynced_.size() + 1);
    for (; groups > 0; --groups) {
      table_.MakeDurable(kTopic, unsynced_.front());
      for (const ProducedSpan& span : unsynced_.front()) {
        sources_[Number(span.source_id)].durable = span.end.value();
      }
      unsynced_.erase(unsynced_.begin());
    }
  }

  void SendRows() {
    const std::size_t number = random_.Below(kSources);
    ModelSource& source = sources_[number];
    const std::int64_t begin = Near(number);
    const auto kind = static_cast<RowKind>(random_.Below(3));
    const std::int64_t length =
        kind == RowKind::kClose ? 0 : static_cast<std::int64_t>(1 + random_.Below(5));
    const std::vector rows = {FirstRowOf(number, kind, begin, begin + length)};
    const Judgement judgement = table_.JudgeRows(kWhere, "a", rows);
    const bool fresh = !source.pending && (!source.known || begin == Appended(number));
    if (judgement.kind == Judgement::Kind::kDuplicate) {
      ASSERT_TRUE(source.known && begin + length <= Appended(number));
      return;
    }
    ASSERT_EQ(judgement.kind == Judgement::Kind::kFresh, fresh);
    if (!fresh) return;
    table_.HoldForRows(kWhere, rows, TimestampMs{1});
    source.pending = true;
    pending_.push_back(rows.front());
  }

  // As the caller does it: spans ahead of the row are durable by then.
  void SettleRows() {
    if (pending_.empty()) return;
    Sync();
    const ProgressRow row = pending_.front();
    ModelSource& source = sources_[Number(row.source_id)];
    if (source.known && source.durable != Appended(Number(row.source_id))) return;
    pending_.erase(pending_.begin());
    source.pending = false;
    const bool committed = random_.Below(4) > 0;
    table_.SettleRows(
        kTopic, {row},
        committed ? SourceTable::RowsSettled::kCommitted : SourceTable::RowsSettled::kFailed,
        TimestampMs{1});
    if (!committed) return;
    Take(Number(row.source_id), row.begin.value(), row.end.value());
    source.durable = row.end.value();
  }

  // Power loss: what was durable comes back, through rows; the rest is gone.
  void SaveAndLoad() {
    if (random_.Below(8) > 0) return;
    SourceTable loaded;
    for (std::size_t i = 0; i < kSources; ++i) {
      ModelSource& source = sources_[i];
      source.pending = false;
      const Source* found = table_.Find(kTopic, IdOf(i));
      if (!source.known) continue;
      auto decoded = DecodeSourceRow(SourceRowKey(kTopic, found->source_id),
                                     EncodeSourceRow(*found, found->durable, found->window));
      ASSERT_TRUE(decoded.ok());
      loaded.Merge(*std::move(decoded), SourceTable::KeptIn::kStore);
      source.taken.resize(static_cast<std::size_t>(source.durable));
    }
    table_ = std::move(loaded);
    unsynced_.clear();
    pending_.clear();
  }

  void Compare() {
    for (std::size_t i = 0; i < kSources; ++i) {
      const Source* source = table_.Find(kTopic, IdOf(i));
      ASSERT_EQ(sources_[i].known || sources_[i].pending, source != nullptr);
      if (!sources_[i].known) continue;
      ASSERT_EQ(source->appended.value(), Appended(i));
      ASSERT_EQ(source->durable.value(), sources_[i].durable);
      ASSERT_EQ(source->row_pending, sources_[i].pending);
      if (!source->recent.empty()) {
        ASSERT_EQ(source->recent.back().end, source->appended);
      }
      for (const int times : sources_[i].taken) ASSERT_EQ(times, 1) << "each byte once";
    }
  }

  static std::size_t Number(const Uuid& id) {
    return LoadBig<std::uint64_t>(id.bytes().data() + 8);
  }

  SeededRandom random_;
  SourceTable table_;
  std::vector<ModelSource> sources_;
  std::vector<std::vector<ProducedSpan>> unsynced_;
  std::vector<ProgressRow> pending_;
};

TEST(SourceTableModel, AgreesWithAPlainListOfBytes) {
  const std::uint64_t first = SystemRandom().Next();
  for (std::uint64_t seed = first; seed != first + 300; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Model(seed).Run(300);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace logboom::broker
