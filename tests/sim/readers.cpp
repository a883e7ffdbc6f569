#include "tests/sim/readers.h"

#include <algorithm>
#include <set>

#include "tests/sim/timed_transport.h"

namespace logboom::sim {
namespace {

constexpr const char* kGroup = "readers";
constexpr std::size_t kReadersMax = 4;
constexpr const char* kAssignors[] = {"", "sticky", "range"};

// Where the group stands on the broker; nothing where it has committed nothing.
std::optional<Offset> CommittedOn(const broker::Broker& broker, const client::TopicPartition& at) {
  const broker::Topic* topic = broker.engine().FindTopic(at.topic);
  if (topic == nullptr) return std::nullopt;
  const auto committed = broker.groups().CommittedOf(kGroup, {topic->topic_id, at.partition});
  return committed ? std::optional(committed->offset) : std::nullopt;
}

}  // namespace

SimReaders::SimReaders(Stage& stage, std::vector<std::string> topics, FindArchive find)
    : stage_(stage),
      topics_(std::move(topics)),
      find_(std::move(find)),
      random_(stage.options.seed + 11) {
  for (int i = 0; i < stage.options.group_readers; ++i) Begin("");
}

void SimReaders::Begin(std::string instance_id) {
  auto reader = std::make_unique<Reader>();
  reader->instance_id = std::move(instance_id);
  const auto connect = [this, &due_ms = reader->due_ms] {
    return std::make_unique<TimedTransport>(stage_.network.MakeClient(kBrokerAddress), due_ms);
  };
  client::GroupConsumerOptions options;
  options.group = kGroup;
  options.topics = topics_;
  options.start = client::StartAt::Earliest();
  options.assignor = kAssignors[random_.Below(3)];
  options.instance_id = reader->instance_id;
  reader->consumer =
      std::make_unique<client::GroupConsumer>(connect(), connect(), options, random_);
  readers_.push_back(std::move(reader));
}

void SimReaders::Happen() {
  if (stage_.options.group_readers == 0) return;
  const bool full = readers_.size() >= kReadersMax;
  if (readers_.empty() || (!full && stage_.OneIn(2))) {
    // Perhaps one runs under it still.
    return Begin(stage_.OneIn(2) ? "" : fmt::format("rack-{}", stage_.random.Below(2)));
  }
  const std::size_t which = stage_.random.Below(readers_.size());
  if (stage_.OneIn(2)) {
    readers_[which]->consumer->Leave();
  } else {
    stage_.trace.Event(stage_.clocks.monotonic(), "a reader dies");
    readers_.erase(readers_.begin() + static_cast<std::ptrdiff_t>(which));
  }
}

void SimReaders::StopFaults() {
  faults_stopped_ = true;
  if (stage_.options.group_readers > 0) Begin("");
}

void SimReaders::Step() {
  for (const auto& reader : readers_) StepOne(*reader);
  std::erase_if(readers_, [this](const auto& reader) {
    const auto failure = reader->consumer->failure();
    if (failure && failure->code != ErrorCode::kBusy && failure->code != ErrorCode::kCancelled) {
      stage_.verdict.Broken(Invariant::kProgramsWork, "a reader: {}", failure->message);
    }
    return reader->consumer->finished() || failure;
  });
  if (faults_stopped_ && readers_.empty() && stage_.options.group_readers > 0) Begin("");
}

void SimReaders::StepOne(Reader& reader) {
  client::GroupConsumer& consumer = *reader.consumer;
  consumer.Poll(stage_.clocks.At(0));
  if (consumer.counters().grants != reader.grants) {
    reader.grants = consumer.counters().grants;
    reader.handled.clear();  // what was handled of a partition that was lost may never be committed
  }
  while (const auto event = consumer.Next()) {
    const auto* batch = std::get_if<client::FetchedBatch>(&event->what);
    if (batch == nullptr) continue;
    consumer.Handled(event->from, batch->end_offset);
    reader.handled[event->from] = batch->end_offset;
  }
  if (stage_.clocks.monotonic() < forgotten_until_) reader.handled.clear();
  if (consumer.joined() && consumer.all_committed()) NoteCommitted(reader);
  reader.due_ms = 0;
  consumer.Wait(std::chrono::hours(1));
}

// The broker has acknowledged what was handled of all that is still its own.
void SimReaders::NoteCommitted(Reader& reader) {
  for (const client::TopicPartition& at : reader.consumer->Owned()) {
    const auto handled = reader.handled.find(at);
    if (handled == reader.handled.end()) continue;
    Offset& acknowledged = acknowledged_.try_emplace(at, handled->second).first->second;
    acknowledged = std::max(acknowledged, handled->second);
  }
}

// Members that have not heard of it yet, and those that an answer of the broker before is on the
// way to, say nothing of what the broker knows.
void SimReaders::Forget() {
  acknowledged_.clear();
  forgotten_until_ = stage_.clocks.monotonic() + kOnTheWayMs;
  for (const auto& reader : readers_) reader->handled.clear();
}

std::int64_t SimReaders::UntilDueMs() const {
  std::int64_t due_ms = 3'600'000;
  for (const auto& reader : readers_) {
    due_ms = std::min(due_ms, reader->due_ms);
  }
  return due_ms;
}

void SimReaders::Check(const broker::Broker& broker) {
  if (readers_.empty() && acknowledged_.empty()) return;
  CheckOwners(broker);
  CheckOffsets(broker);
}

void SimReaders::CheckOwners(const broker::Broker& broker) {
  const std::set<std::string> heard = broker.groups().MembersOf(kGroup);
  std::map<client::TopicPartition, std::string> owners;
  for (const auto& reader : readers_) {
    const std::string& id = reader->consumer->member_id();
    if (!heard.contains(id)) continue;
    for (const client::TopicPartition& at : reader->consumer->Owned()) {
      const auto [owner, alone] = owners.try_emplace(at, id);
      if (alone) continue;
      stage_.verdict.Broken(Invariant::kOneReader, "{}-{}: members {} and {} read it", at.topic,
                            at.partition, owner->second, id);
    }
  }
}

void SimReaders::CheckOffsets(const broker::Broker& broker) {
  for (const auto& [at, offset] : acknowledged_) {
    const auto committed = CommittedOn(broker, at);
    if (committed && *committed >= offset) continue;
    stage_.verdict.Broken(Invariant::kCommitsStay, "{}-{}: {} was acknowledged, {} is committed",
                          at.topic, at.partition, offset, committed.value_or(Offset{-1}));
  }
}

bool SimReaders::AtEnd(const broker::Broker& broker) const {
  if (stage_.options.group_readers == 0) return true;
  for (const std::string& topic : topics_) {
    for (std::int32_t i = 0; i < stage_.options.partitions; ++i) {
      const client::TopicPartition at{topic, PartitionIndex{i}};
      PartitionArchive* archive = find_(at);
      if (archive == nullptr || archive->end() == Offset{}) continue;
      const auto committed = CommittedOn(broker, at);
      const Offset reached = std::max(committed.value_or(Offset{}), archive->log_start());
      if (reached < archive->end()) return false;
    }
  }
  return true;
}

std::string SimReaders::Describe() const {
  std::string text;
  for (const auto& reader : readers_) {
    const client::GroupConsumer& consumer = *reader->consumer;
    text += fmt::format("reader {} '{}' is {}, {}connected, owns {}\n", consumer.member_id(),
                        reader->instance_id, consumer.joined() ? "a member" : "outside",
                        consumer.connected() ? "" : "not ", consumer.Owned().size());
  }
  for (const auto& [at, offset] : acknowledged_) {
    text += fmt::format("group, {}-{}: {} acknowledged\n", at.topic, at.partition, offset);
  }
  return text;
}

}  // namespace logboom::sim
