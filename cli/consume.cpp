#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <utility>

#include "cli/group_subscription.h"
#include "cli/number_check.h"
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
  std::string group;
  bool has_group = false;
  std::string assignor;
  std::string instance_id;
  std::uint32_t session_timeout_seconds = 0;
  std::string from = "latest";
  bool until_end = false;
  std::uint64_t max = 0;
  bool has_max = false;
  bool show_gaps = false;
};

class Consumption final : public ReadingEvents {
 public:
  Consumption(Context& context, const ConsumeFlags& flags, client::StartAt start)
      : context_(context), flags_(flags), start_(start), out_(context.environment.out) {}

  ExitCode Run() {
    printer_ = MakePrinter(context_.flags.format, out_,
                           {.show_broker = context_.flags.brokers.size() > 1,
                            .show_topic = flags_.topics.size() > 1,
                            .terminal = context_.environment.terminal});
    ExitCode code = flags_.has_group ? BeginAsMember() : BeginAlone();
    if (code != ExitCode::kDone) return code;
    if (!flags_.has_max || flags_.max > 0) code = Loop();
    printer_->Finish();
    out_.Flush();
    source_->WrittenOut();
    source_->End();
    return Worse(code, source_->code());
  }

  bool TakeRecord(const Reading& reading, const record::Record& record) override {
    if (flags_.show_gaps) {
      if (const auto left_out = LeftOutOf(record)) TakeRow(reading, *left_out);
    }
    printer_->Print(reading.origin, record);
    ++printed_;
    return !flags_.has_max || printed_ < flags_.max;
  }

  void TakeRow(const Reading& reading, const client::SourceRow& row) override {
    if (context_.flags.format == Format::kRaw) {
      context_.environment.complain(DescribeRow(row));
    } else {
      printer_->PrintRow(reading.origin, row);
    }
  }

 private:
  ExitCode BeginAlone() {
    auto subscription = std::make_unique<Subscription>(context_, *this);
    const auto partition =
        flags_.partition < 0 ? std::nullopt : std::optional<std::int32_t>(flags_.partition);
    if (ExitCode code = subscription->Find(flags_.topics, partition); code != ExitCode::kDone) {
      return code;
    }
    const ExitCode code =
        subscription->Begin([this](const Reading&) { return start_; },
                            {.with_rows = flags_.show_gaps, .until_end = flags_.until_end});
    source_ = std::move(subscription);
    return code;
  }

  ExitCode BeginAsMember() {
    auto subscription = std::make_unique<GroupSubscription>(
        context_, *this,
        GroupSubscriptionOptions{
            .group = flags_.group,
            .topics = flags_.topics,
            .start = start_,
            .assignor = flags_.assignor,
            .instance_id = flags_.instance_id,
            .session_timeout = std::chrono::seconds(flags_.session_timeout_seconds),
            .with_rows = flags_.show_gaps,
            .until_end = flags_.until_end});
    const ExitCode code = subscription->Begin();
    source_ = std::move(subscription);
    return code;
  }

  ExitCode Loop() {
    while (out_.writable() && !source_->interrupted()) {
      const bool any = source_->Poll();
      if (source_->stopped() || source_->AllFailed()) break;
      if (flags_.until_end && source_->ReachedEnd()) break;
      if (flags_.until_end && source_->AloneFor(std::max(kSilenceMax, context_.flags.timeout))) {
        return ExitCode::kNotReached;
      }
      // A reader to the end wants large pieces, one that follows wants each line now, and what a
      // group shall commit must be out.
      if (!any || !flags_.until_end || flags_.has_group) {
        out_.Flush();
        source_->WrittenOut();
      }
      if (!any) source_->Wait(kWait);
    }
    return ExitCode::kDone;
  }

  Context& context_;
  const ConsumeFlags& flags_;
  client::StartAt start_;
  Output& out_;
  std::unique_ptr<RecordSource> source_;
  std::unique_ptr<RecordPrinter> printer_;
  std::uint64_t printed_ = 0;
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
  CLI::Option* partition = verb.add_option("--partition", flags->partition, "this one alone")
                               ->type_name("N")
                               ->check(WholeNumberFrom(0));
  CLI::Option* group =
      verb.add_option("--group", flags->group,
                      "share the partitions with the other readers of this group, go on where it "
                      "has committed, and commit what was written out")
          ->type_name("GROUP")
          ->excludes(partition);
  verb.add_option("--assignor", flags->assignor,
                  "how the group deals out its partitions, if most of its readers say so: sticky "
                  "(equal numbers, and only what must move moves) or range (neighbours stay "
                  "together) [sticky]")
      ->type_name("HOW")
      ->check(CLI::IsMember({"range", "sticky"}).description(""))
      ->needs(group);
  verb.add_option("--instance-id", flags->instance_id,
                  "this reader's own name in the group: who comes back under it before the session "
                  "timeout is over gets its partitions back, and one that still runs under it ends "
                  "with exit code 5")
      ->type_name("NAME")
      ->needs(group);
  verb.add_option("--session-timeout", flags->session_timeout_seconds,
                  "silence after which the group gives this reader's partitions to others [15]")
      ->type_name("SECONDS")
      ->check(WholeNumberFrom(1))
      ->needs(group);
  verb.add_option("--from", flags->from,
                  "earliest, latest, an offset, a time (RFC 3339), or how long ago (10m, 2h, 3d); "
                  "with --group only where it has committed nothing [latest]")
      ->type_name("WHERE")
      ->check(CheckStart);
  verb.add_flag("--until-end", flags->until_end, "end at what is the end now");
  CLI::Option* max = verb.add_option("--max", flags->max, "end after so many records")
                         ->type_name("N")
                         ->check(WholeNumberFrom(0));
  verb.add_flag("--show-gaps", flags->show_gaps,
                "show where bytes of a source are missing, and how many lines "
                "its agent left out");
  verb.callback([&choice, flags, group, max] {
    flags->has_group = group->count() > 0;
    flags->has_max = max->count() > 0;
    choice.takes_raw = true;
    choice.run = [flags](Context& context) { return Consume(context, *flags); };
  });
}

}  // namespace logboom::cli
