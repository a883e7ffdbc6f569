#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "cli/subscription.h"
#include "cli/time_text.h"
#include "cli/verbs.h"
#include "lib/base/check.h"

namespace logboom::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWait{1'000};
// A read to the end gives up on a broker that has been silent for so long, or --timeout if that is
// more.
constexpr milliseconds kSilenceMax{10'000};

struct ConsumeFlags {
  std::vector<std::string> topics;
  std::int32_t partition = -1;
  std::string from = "latest";
  bool until_end = false;
  std::uint64_t max = 0;
  bool has_max = false;
  bool show_gaps = false;
};

class Consumption final : public SubscriptionEvents {
 public:
  Consumption(Context& context, const ConsumeFlags& flags, client::StartAt start)
      : context_(context),
        flags_(flags),
        start_(start),
        out_(context.environment.out),
        subscription_(context, *this) {}

  ExitCode Run() {
    const auto partition =
        flags_.partition < 0 ? std::nullopt : std::optional<std::int32_t>(flags_.partition);
    if (ExitCode code = subscription_.Find(flags_.topics, partition); code != ExitCode::kDone) {
      return code;
    }
    if (flags_.has_max && flags_.max == 0) return subscription_.code();
    printer_ = MakePrinter(context_.flags.format, out_,
                           {.show_broker = context_.flags.brokers.size() > 1,
                            .show_topic = flags_.topics.size() > 1,
                            .terminal = context_.environment.terminal});
    ExitCode code =
        subscription_.Begin([this](const Reading&) { return start_; }, flags_.show_gaps);
    if (code == ExitCode::kDone) code = Loop();
    printer_->Finish();
    return Worse(code, subscription_.code());
  }

  bool TakeRecord(const Reading& reading, const record::Record& record) override {
    if (flags_.until_end && IsPastEnd(reading, record.offset)) return true;
    printer_->Print(reading.origin, record);
    ++printed_;
    return !flags_.has_max || printed_ < flags_.max;
  }

  void TakeGap(const Reading& reading, const client::SourceRow& row) override {
    if (context_.flags.format == Format::kRaw) {
      context_.environment.complain(DescribeGap(row));
    } else {
      printer_->PrintGap(reading.origin, row);
    }
  }

 private:
  ExitCode Loop() {
    while (out_.writable() && !subscription_.interrupted()) {
      const bool any = subscription_.Poll();
      if (subscription_.stopped() || subscription_.AllFailed()) break;
      if (flags_.until_end && subscription_.ReachedEndAtStart()) break;
      if (flags_.until_end &&
          subscription_.AloneFor(std::max(kSilenceMax, context_.flags.timeout))) {
        return ExitCode::kNotReached;
      }
      // A reader to the end wants large pieces, one that follows wants each line now.
      if (!any || !flags_.until_end) out_.Flush();
      if (!any) subscription_.Wait(kWait);
    }
    return ExitCode::kDone;
  }

  // Records that came in after the start are another run's.
  bool IsPastEnd(const Reading& reading, Offset offset) {
    if (ended_reading_ != &reading || !end_) {
      const auto progress = subscription_.Progress(reading);
      ended_reading_ = &reading;
      end_ = progress ? progress->end_at_start : std::nullopt;
    }
    return end_ && offset >= *end_;
  }

  Context& context_;
  const ConsumeFlags& flags_;
  client::StartAt start_;
  Output& out_;
  Subscription subscription_;
  std::unique_ptr<RecordPrinter> printer_;
  std::uint64_t printed_ = 0;
  const Reading* ended_reading_ = nullptr;
  std::optional<Offset> end_;
};

ExitCode Consume(Context& context, const ConsumeFlags& flags) {
  const auto start = ParseStart(flags.from, context.environment.clock().wall);
  CHECK(start.ok());  // it was checked when the command line was parsed
  return Consumption(context, flags, *start).Run();
}

std::string CheckStart(const std::string& text) {
  const auto start = ParseStart(text, TimestampMs(0));
  return start.ok() ? std::string() : start.error().message;
}

}  // namespace

void AddConsumeVerb(CLI::App& app, Choice& choice) {
  const auto flags = std::make_shared<ConsumeFlags>();
  CLI::App& verb = *app.add_subcommand("consume", "print records as they come, or those there are");
  verb.add_option("TOPIC", flags->topics, "what to read")->required();
  verb.add_option("--partition", flags->partition, "this one alone")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber.description(""));
  verb.add_option("--from", flags->from,
                  "earliest, latest, an offset, a time (RFC 3339), or how long ago (10m, 2h, 3d) "
                  "[latest]")
      ->type_name("WHERE")
      ->check(CheckStart);
  verb.add_flag("--until-end", flags->until_end, "end at what is the end now");
  CLI::Option* max =
      verb.add_option("--max", flags->max, "end after so many records")->type_name("N");
  verb.add_flag("--show-gaps", flags->show_gaps, "show where bytes of a source are missing");
  verb.callback([&choice, flags, max] {
    flags->has_max = max->count() > 0;
    choice.takes_raw = true;
    choice.run = [flags](Context& context) { return Consume(context, *flags); };
  });
}

}  // namespace logboom::cli
