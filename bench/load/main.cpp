// Loads a broker, and measures what it stands on; bench/broker.py starts the broker and calls this.
// Prints one JSON object; exit 1 with a message where something failed.
//
//   broker_load writes FOLDER MB CHUNK_KIB
//   broker_load pulse FOLDER SECONDS
//   broker_load loopback MB MESSAGE_KIB
//   broker_load produce ADDRESS TOPIC_ID FILE MB synced|written MB_PER_SECOND   (0: closed loop)
//   broker_load fetch ADDRESS TOPIC_ID
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "bench/load/fetch.h"
#include "bench/load/machine.h"
#include "bench/load/produce.h"

namespace logboom::load {
namespace {

constexpr std::size_t kMb = 1'000'000;
constexpr std::size_t kKib = 1'024;
constexpr std::size_t kBatchRawBytes = 256 * kKib;
constexpr std::int32_t kPartitions = 8;
constexpr std::uint32_t kFetchBytesMax = 1'024 * kKib;

using Arguments = std::vector<std::string>;

double InMb(std::size_t bytes) { return static_cast<double>(bytes) / static_cast<double>(kMb); }

Result<std::string> Writes(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const double speed, SyncedWrites(arguments[0], std::stoul(arguments[1]) * kMb,
                                                    std::stoul(arguments[2]) * kKib));
  return fmt::format(R"({{"mb_per_s": {:.1f}}})", speed / static_cast<double>(kMb));
}

// Of sorted microseconds.
std::string Percentiles(const std::vector<std::int64_t>& sorted_us) {
  const auto ms = [&](std::size_t of_thousand) {
    if (sorted_us.empty()) return 0.0;
    return static_cast<double>(sorted_us[(sorted_us.size() - 1) * of_thousand / 1000]) / 1000;
  };
  return fmt::format(R"("p50_ms": {:.2f}, "p99_ms": {:.2f}, "max_ms": {:.2f})", ms(500), ms(990),
                     ms(1000));
}

Result<std::string> Pulse(const Arguments& arguments) {
  const std::chrono::milliseconds duration(
      static_cast<std::int64_t>(1000 * std::stod(arguments[1])));
  ASSIGN_OR_RETURN(const auto took_us, SyncPulse(arguments[0], duration));
  return fmt::format("{{{}}}", Percentiles(took_us));
}

Result<std::string> Loopback(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const double speed,
                   ZmqLoopback(std::stoul(arguments[0]) * kMb, std::stoul(arguments[1]) * kKib));
  return fmt::format(R"({{"mb_per_s": {:.1f}}})", speed / static_cast<double>(kMb));
}

Result<Uuid> TopicId(const std::string& text) {
  const auto id = Uuid::Parse(text);
  if (!id) return Fail(ErrorCode::kInvalid, "'{}' is no topic id", text);
  return *id;
}

Result<std::string> RunProduce(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Batches batches, MakeBatches(arguments[2], kBatchRawBytes));
  ASSIGN_OR_RETURN(const Uuid topic_id, TopicId(arguments[1]));
  ProduceOptions options;
  options.address = arguments[0];
  options.topic_id = topic_id;
  options.partitions = kPartitions;
  options.bytes = std::stoul(arguments[3]) * kMb;
  options.acks = arguments[4] == "written" ? client::Acks::kWritten : client::Acks::kSynced;
  const double rate = std::stod(arguments[5]);
  if (rate > 0) options.bytes_per_second = rate * static_cast<double>(kMb);
  ASSIGN_OR_RETURN(const ProduceReport report, Produce(options, batches));
  return fmt::format(
      R"({{"mb_per_s": {:.1f}, "raw_mb_per_s": {:.1f}, "batches": {}, "batch_bytes": {}, )"
      R"({}}})",
      InMb(report.bytes) / report.seconds,
      InMb(report.bytes) / report.seconds * static_cast<double>(batches.raw_bytes) /
          static_cast<double>(batches.bytes),
      report.batches, batches.bytes / batches.batches.size(), Percentiles(report.latencies_us));
}

Result<std::string> RunFetch(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Uuid topic_id, TopicId(arguments[1]));
  ASSIGN_OR_RETURN(const FetchReport report,
                   FetchAll(arguments[0], topic_id, kPartitions, kFetchBytesMax));
  return fmt::format(R"({{"mb_per_s": {:.1f}, "bytes": {}}})", InMb(report.bytes) / report.seconds,
                     report.bytes);
}

Result<std::string> Run(const std::string& verb, const Arguments& arguments) {
  if (verb == "writes" && arguments.size() == 3) return Writes(arguments);
  if (verb == "pulse" && arguments.size() == 2) return Pulse(arguments);
  if (verb == "loopback" && arguments.size() == 2) return Loopback(arguments);
  if (verb == "produce" && arguments.size() == 6) return RunProduce(arguments);
  if (verb == "fetch" && arguments.size() == 2) return RunFetch(arguments);
  return Fail(ErrorCode::kInvalid, "usage: see the head of bench/load/main.cpp");
}

}  // namespace
}  // namespace logboom::load

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  const auto printed = logboom::load::Run(verb, {argv + std::min(argc, 2), argv + argc});
  if (!printed.ok()) {
    fmt::print(stderr, "broker_load {}: {}\n", verb, printed.error().message);
    return EXIT_FAILURE;
  }
  fmt::print("{}\n", *printed);
  return EXIT_SUCCESS;
}
