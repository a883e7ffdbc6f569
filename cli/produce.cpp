#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <memory>
#include <utility>

#include "cli/brokers.h"
#include "cli/connection_watch.h"
#include "cli/interrupts.h"
#include "cli/line_splitter.h"
#include "cli/number_check.h"
#include "cli/verbs.h"
#include "lib/client/producer.h"
#include "lib/display/human.h"

namespace logboom::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReadBytes = std::size_t{256} << 10U;
// Lines that wait for room in the producer's buffer; reading pauses meanwhile.
constexpr milliseconds kWait{1'000};

struct ProduceFlags {
  std::string topic;
  std::string key;
  bool has_key = false;
  std::string key_separator;
  std::int32_t partition = -1;
  std::string acks = "synced";
};

client::Acks AcksOf(const std::string& name) {
  if (name == "none") return client::Acks::kNone;
  return name == "written" ? client::Acks::kWritten : client::Acks::kSynced;
}

// Reads lines, sends them, and counts what became of them.
class Production {
 public:
  Production(Context& context, const ProduceFlags& flags,
             std::unique_ptr<transport::ClientTransport> transport)
      : context_(context),
        flags_(flags),
        clock_(context.environment.clock),
        watch_(context.flags.brokers.front()),
        producer_(std::move(transport),
                  {.identity = Identity(), .acks = AcksOf(flags.acks), .auto_create_topics = true},
                  context.environment.random,
                  [this](const client::Delivery& delivery) { Count(delivery); }),
        splitter_({.line = [this](std::uint64_t number, ByteView line) { Send(number, line); },
                   .too_long =
                       [this](std::uint64_t number) {
                         Refuse(number,
                                fmt::format("longer than {} bytes", LineSplitter::kLineBytesMax));
                       }}) {}

  ExitCode Run() {
    while (ReadSome()) {
    }
    if (!interrupts_.Came()) splitter_.Finish();
    while (!Delivered()) {
      const int descriptor = interrupts_.descriptor();
      producer_.Wait(kWait, std::span(&descriptor, 1));
    }
    return Report();
  }

 private:
  void Poll() {
    const Instant now = clock_();
    producer_.Poll(now);
    watch_.Watch(context_, producer_.connected(), producer_.last_error(), now.monotonic);
    const bool full = DiskIsFull();
    if (full && !told_full_) {
      context_.environment.complain(
          fmt::format("records wait, and are sent again: {}", producer_.last_refusal()->message));
    }
    told_full_ = full;
  }

  bool DiskIsFull() const {
    const auto refusal = producer_.last_refusal();
    return refusal && refusal->code == ErrorCode::kNoSpace;
  }

  // Records that are on their way are waited for after Ctrl-C too, unless nobody is there to
  // answer, or has room for them.
  bool GivesUp() { return interrupts_.Came() && (!producer_.connected() || DiskIsFull()); }

  bool Delivered() {
    Poll();
    return producer_.buffered_records() == 0 || GivesUp();
  }

  // False at the end of the input, at Ctrl-C, and where it can't be read.
  bool ReadSome() {
    const int input = context_.environment.input_descriptor;
    const int descriptors[] = {input, interrupts_.descriptor()};
    Poll();
    pollfd state = {.fd = input, .events = POLLIN, .revents = 0};
    if (poll(&state, 1, 0) == 0) {
      producer_.Wait(kWait, descriptors);
      return !interrupts_.Came();
    }
    if (interrupts_.Came()) return false;
    const ssize_t count = read(input, buffer_.data(), buffer_.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (count < 0) {
      context_.environment.complain(ErrnoError(errno, "read standard input").message);
      code_ = ExitCode::kFailed;
    }
    if (count <= 0) return false;
    splitter_.Add(ByteView(buffer_.data(), static_cast<std::size_t>(count)));
    return true;
  }

  void Send(std::uint64_t number, ByteView line) {
    client::ProducerRecord record;
    record.value = line;
    if (flags_.has_key) record.key = flags_.key;
    if (flags_.partition >= 0) record.partition = PartitionIndex(flags_.partition);
    if (!flags_.key_separator.empty()) {
      const std::size_t at = line.find(flags_.key_separator);
      if (at == ByteView::npos) {
        Refuse(number, "it has no key separator");
        return;
      }
      record.key = line.substr(0, at);
      record.value = line.substr(at + flags_.key_separator.size());
    }
    const Status sent = SendWhenThereIsRoom(record);
    if (!sent.ok()) {
      Refuse(number, sent.error().message);
      return;
    }
    bytes_ += line.size();
  }

  Status SendWhenThereIsRoom(const client::ProducerRecord& record) {
    while (true) {
      Status sent = producer_.Send(flags_.topic, record, clock_());
      if (sent.ok() || sent.error().code != ErrorCode::kBusy) return sent;
      if (GivesUp()) return sent;
      Poll();
      const int descriptor = interrupts_.descriptor();
      producer_.Wait(kWait, std::span(&descriptor, 1));
    }
  }

  void Refuse(std::uint64_t number, std::string_view why) {
    ++refused_;
    context_.environment.complain(fmt::format("line {} is refused: {}", number, why));
  }

  void Count(const client::Delivery& delivery) {
    if (!delivery.error) {
      delivered_ += delivery.records;
      return;
    }
    failed_ += delivery.records;
    code_ = Worse(code_, ExitCodeOf(*delivery.error));
    if (delivery.error->message == last_error_) return;
    last_error_ = delivery.error->message;
    context_.environment.complain(last_error_);
  }

  ExitCode Report() {
    const std::uint64_t lost = failed_ + producer_.buffered_records();
    std::string text =
        fmt::format("{} to {}, {}", display::HumanCount(delivered_, "record"), flags_.topic,
                    flags_.acks == "none" ? "sent" : "acked as " + flags_.acks);
    if (lost > 0) text += fmt::format("; {} NOT acked", display::HumanCount(lost));
    if (refused_ > 0) text += fmt::format("; {} refused", display::HumanCount(refused_, "line"));
    if (lost == 0) text += fmt::format(" ({})", display::HumanBytes(bytes_));
    context_.environment.complain(text);
    if (lost > 0 || refused_ > 0) code_ = Worse(code_, ExitCode::kFailed);
    return code_;
  }

  Context& context_;
  const ProduceFlags& flags_;
  client::Clock clock_;
  ConnectionWatch watch_;
  bool told_full_ = false;
  Interrupts interrupts_;
  client::Producer producer_;
  LineSplitter splitter_;
  std::string buffer_ = std::string(kReadBytes, '\0');
  std::uint64_t delivered_ = 0;
  std::uint64_t bytes_ = 0;  // of lines taken
  std::uint64_t failed_ = 0;
  std::uint64_t refused_ = 0;
  std::string last_error_;
  ExitCode code_ = ExitCode::kDone;
};

ExitCode Produce(Context& context, const ProduceFlags& flags) {
  // Asked first, so that a wrong name or a missing broker is told before any input is taken.
  {
    Result<Broker> broker = ReachOneBroker(context);
    if (!broker.ok()) return Complain(context, broker.error());
    const auto topic = broker->admin->DescribeOrCreateTopic(flags.topic);
    if (!topic.ok()) return Complain(context, topic.error());
    const auto partitions = static_cast<std::int64_t>(topic->partitions.size());
    if (flags.partition >= partitions) {
      context.environment.complain(fmt::format("topic {} has no partition {}: it has {}, from 0 on",
                                               flags.topic, flags.partition, partitions));
      return ExitCode::kFailed;
    }
  }
  auto transport = context.environment.connect(context.flags.brokers.front());
  if (!transport.ok()) return Complain(context, transport.error());
  return Production(context, flags, *std::move(transport)).Run();
}

}  // namespace

void AddProduceVerb(CLI::App& app, Choice& choice) {
  const auto flags = std::make_shared<ProduceFlags>();
  CLI::App& verb = *app.add_subcommand("produce", "write a record a line of standard input");
  verb.add_option("TOPIC", flags->topic, "made where there is none")->required();
  CLI::Option* key =
      verb.add_option("--key", flags->key, "the key of every record")->type_name("KEY");
  verb.add_option("--key-separator", flags->key_separator,
                  "what stands between key and value in each line")
      ->type_name("SEP")
      ->excludes(key)
      ->check([](const std::string& text) {
        return text.empty() ? std::string("takes at least one letter") : std::string();
      });
  verb.add_option("--partition", flags->partition, "else by key, or in turn")
      ->type_name("N")
      ->check(WholeNumberFrom(0));
  verb.add_option("--acks", flags->acks, "when a record counts as done [synced]")
      ->type_name("none|written|synced")
      ->check(CLI::IsMember({"none", "written", "synced"}).description(""));
  verb.callback([&choice, flags, key] {
    flags->has_key = key->count() > 0;
    choice.one_broker = true;
    choice.run = [flags](Context& context) { return Produce(context, *flags); };
  });
}

}  // namespace logboom::cli
