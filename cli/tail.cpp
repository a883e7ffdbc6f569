#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "cli/subscription.h"
#include "cli/verbs.h"

namespace logboom::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWait{1'000};
constexpr std::uint64_t kLinesMax = 100'000;

struct TailFlags {
  std::vector<std::string> topics;
  std::uint64_t lines = 10;
};

// A record that outlives its batch.
class KeptRecord {
 public:
  KeptRecord(const Reading& reading, const record::Record& record)
      : reading_(&reading), record_(record) {
    Own(record_.key);
    Own(record_.value);
    for (record::HeaderView& header : record_.headers) {
      header.key = bytes_.emplace_back(header.key);
      Own(header.value);
    }
  }
  KeptRecord(KeptRecord&&) = default;
  KeptRecord& operator=(KeptRecord&&) = default;

  const Reading& reading() const { return *reading_; }
  const record::Record& record() const { return record_; }

 private:
  void Own(std::optional<ByteView>& view) {
    if (view) view = bytes_.emplace_back(*view);
  }

  const Reading* reading_;
  record::Record record_;
  std::deque<std::string> bytes_;  // its elements stay where they are when it is moved
};

// The last lines of each topic, gathered from all of its partitions, then all that comes.
class Tail final : public ReadingEvents {
 public:
  Tail(Context& context, const TailFlags& flags)
      : context_(context),
        flags_(flags),
        out_(context.environment.out),
        subscription_(context, *this) {}

  ExitCode Run() {
    if (ExitCode code = subscription_.Find(flags_.topics, std::nullopt); code != ExitCode::kDone) {
      return code;
    }
    printer_ = MakePrinter(context_.flags.format, out_,
                           {.show_broker = context_.flags.brokers.size() > 1,
                            .show_topic = flags_.topics.size() > 1,
                            .terminal = context_.environment.terminal});
    const auto start = [this](const Reading& reading) { return StartOf(reading); };
    ExitCode code = subscription_.Begin(start, {.with_rows = true, .until_end = false});
    if (code == ExitCode::kDone) Loop();
    printer_->Finish();
    return Worse(code, subscription_.code());
  }

  bool TakeRecord(const Reading& reading, const record::Record& record) override {
    if (live_) {
      printer_->Print(reading.origin, record);
    } else if (record.offset < reading.durable_end) {
      Keep(KeptRecord(reading, record));
    } else {
      newer_.emplace_back(reading, record);
    }
    return true;
  }

  void TakeRow(const Reading& reading, const client::SourceRow& row) override {
    if (!live_) return;
    if (context_.flags.format == Format::kRaw) {
      context_.environment.complain(DescribeRow(row));
    } else {
      printer_->PrintRow(reading.origin, row);
    }
  }

 private:
  client::StartAt StartOf(const Reading& reading) const {
    const Offset wanted = reading.durable_end - static_cast<std::int64_t>(flags_.lines);
    return client::StartAt::At(std::max(reading.log_start, wanted));
  }

  void Loop() {
    while (out_.writable() && !subscription_.interrupted()) {
      const bool any = subscription_.Poll();
      if (!live_ && HistoryIsComplete()) PrintHistory();
      out_.Flush();
      if (subscription_.AllFailed()) break;
      if (!any) subscription_.Wait(kWait);
    }
  }

  bool HistoryIsComplete() const {
    return std::all_of(
        subscription_.readings().begin(), subscription_.readings().end(),
        [this](const Reading& reading) {
          const auto progress = subscription_.Progress(reading);
          return progress && (progress->failed ||
                              (progress->position && *progress->position >= reading.durable_end));
        });
  }

  void Keep(KeptRecord record) {
    auto& kept = history_[record.reading().origin.topic];
    kept.push_back(std::move(record));
  }

  // A partition holds its records in order, whatever their times say; over several, time decides.
  void PrintHistory() {
    for (auto& [topic, kept] : history_) {
      if (PartitionsOf(topic) > 1) SortByTime(kept);
      const std::size_t skip = kept.size() > flags_.lines ? kept.size() - flags_.lines : 0;
      for (std::size_t i = skip; i < kept.size(); ++i) {
        printer_->Print(kept[i].reading().origin, kept[i].record());
      }
    }
    for (const KeptRecord& record : newer_) {
      printer_->Print(record.reading().origin, record.record());
    }
    history_.clear();
    newer_.clear();
    live_ = true;
  }

  std::ptrdiff_t PartitionsOf(const std::string& topic) const {
    const auto& readings = subscription_.readings();
    return std::count_if(readings.begin(), readings.end(), [&topic](const Reading& reading) {
      return reading.origin.topic == topic;
    });
  }

  static void SortByTime(std::vector<KeptRecord>& records) {
    std::stable_sort(records.begin(), records.end(), [](const KeptRecord& a, const KeptRecord& b) {
      return a.record().timestamp < b.record().timestamp;
    });
  }

  Context& context_;
  const TailFlags& flags_;
  Output& out_;
  Subscription subscription_;
  std::unique_ptr<RecordPrinter> printer_;
  bool live_ = false;
  std::map<std::string, std::vector<KeptRecord>> history_;
  std::vector<KeptRecord> newer_;  // came while the history was still being read
};

}  // namespace

void AddTailVerb(CLI::App& app, Choice& choice) {
  const auto flags = std::make_shared<TailFlags>();
  CLI::App& verb = *app.add_subcommand("tail", "print the last records of topics, then what comes");
  verb.add_option("TOPIC", flags->topics, "what to follow")->required();
  verb.add_option("-n,--lines", flags->lines, "how many records of each topic's past [10]")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{0}, kLinesMax).description(""));
  verb.callback([&choice, flags] {
    choice.takes_raw = true;
    choice.run = [flags](Context& context) { return Tail(context, *flags).Run(); };
  });
}

}  // namespace logboom::cli
