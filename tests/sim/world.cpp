#include "tests/sim/world.h"

#include <algorithm>

#include "lib/base/check.h"
#include "tests/sim/timed_transport.h"

namespace logboom::sim {
namespace {

constexpr const char* kPlainTopic = "plain";
constexpr const char* kLogTopics[] = {"web", "db"};
// Once nothing goes wrong. Reconnects back off for up to 30 s, an agent id is held for 30 s
// after a power loss, and a refusal for good is tried again after 30 s.
constexpr std::int64_t kAllArrivesMs = 180'000;
// What comes after all has arrived is a double: a copy is left alone for 5 s, names are listed
// every 10 s.
constexpr std::int64_t kAfterwardsMs = 25'000;

}  // namespace

Outcome RunSeed(std::uint64_t seed) { return World(SimOptions::Draw(seed)).Run(); }

World::World(const SimOptions& options)
    : stage_(options),
      broker_(stage_),
      books_(stage_, broker_.disk(), written_, kPlainTopic),
      admin_random_(options.seed + 5) {
  broker_.on_death = [this](const broker::Broker& broker) { books_.Remember(broker); };
  broker_.on_removal = [this](const broker::Broker& broker) { books_.Look(broker); };
  broker_.on_start = [this](const broker::Broker& broker) {
    const bool database_kept = !mischief_ || !mischief_->TakeDatabaseLoss();
    books_.CheckStart(broker, database_kept);
    const bool restored = std::exchange(restored_, false);
    if (readers_ && (!database_kept || restored)) readers_->Forget();
    if (!restored) return;
    consumer_->BrokerRestored([this](const client::TopicPartition& partition) {
      const PartitionArchive* archive = books_.Find(partition);
      return archive == nullptr ? Offset{} : archive->end();
    });
  };
  broker_.on_backup = [this](const std::string& backup) { books_.NoteBackup(backup); };
  broker_.on_restored = [this](const std::string& backup) { BrokerRestored(backup); };
  const std::vector<std::string> topics(std::begin(kLogTopics), std::end(kLogTopics));
  for (int i = 0; i < options.agents; ++i) {
    agents_.push_back(std::make_unique<SimAgent>(stage_, fmt::format("host-{}", i), topics));
    for (int k = 0; k < options.writers_an_agent; ++k) {
      const std::string& topic = topics[stage_.random.Below(topics.size())];
      applications_.push_back(std::make_unique<Application>(stage_, *agents_.back(), written_,
                                                            fmt::format("app{}{}", i, k), topic));
    }
  }
}

World::~World() { broker_.on_death = nullptr; }

// Before anything goes wrong: the clock of the waiting client moves the world.
void World::MakeTopics() {
  broker_.Start();
  broker_was_up_ = true;
  client::Admin admin(
      stage_.network.MakeClient(kBrokerAddress), {},
      [this] {
        Step(1);
        return stage_.clocks.At(0);
      },
      admin_random_);
  for (const char* name : {kPlainTopic, kLogTopics[0], kLogTopics[1]}) {
    const auto made =
        admin.CreateTopic({.name = name,
                           .partitions = stage_.options.partitions,
                           .config = name == kPlainTopic ? stage_.options.plain_config()
                                                         : stage_.options.topic_config});
    if (!made.ok()) stage_.verdict.Broken(Invariant::kProgramsWork, "{}", made.error().message);
  }
}

Outcome World::Run() {
  MakeTopics();
  producer_ = std::make_unique<SimProducer>(stage_, kPlainTopic, stage_.options.partitions);
  std::vector<client::TopicPartition> partitions;
  for (const char* name : {kPlainTopic, kLogTopics[0], kLogTopics[1]}) {
    for (std::int32_t i = 0; i < stage_.options.partitions; ++i) {
      partitions.push_back({name, PartitionIndex{i}});
    }
  }
  consumer_ = std::make_unique<SimConsumer>(
      stage_, partitions, [this](const auto& partition) { return books_.Find(partition); });
  readers_ = std::make_unique<SimReaders>(
      stage_, std::vector<std::string>{kPlainTopic, kLogTopics[0], kLogTopics[1]},
      [this](const auto& partition) { return books_.Find(partition); });
  mischief_ = std::make_unique<Mischief>(stage_, broker_, agents_);
  for (const auto& agent : agents_) agent->Start();
  const MonotonicMs begin = stage_.clocks.monotonic();
  for (int turn = 0; turn < stage_.options.turns && stage_.verdict.ok(); ++turn) Turn();
  if (stage_.verdict.ok()) StopFaults();
  if (stage_.verdict.ok()) AwaitAll();

  Outcome outcome;
  outcome.trace_hash = stage_.trace.hash();
  outcome.faults = stage_.faults;
  outcome.simulated_ms = stage_.clocks.monotonic() - begin;
  outcome.lines = books_.fold().lines_seen();
  outcome.gaps = books_.fold().gap_count();
  outcome.batches_read = consumer_->batches();
  outcome.segments_rewritten = broker_.segments_rewritten();
  outcome.records_compacted = books_.records_compacted();
  if (!stage_.verdict.ok()) {
    outcome.broken = stage_.verdict.invariant();
    outcome.failure = Describe();
  }
  return outcome;
}

// ---- acts

void World::Turn() {
  if (stage_.OneIn(stage_.options.calm)) mischief_->Fault();
  if (stage_.options.restores && stage_.OneIn(8)) mischief_->BackUpOrRestore();
  if (stage_.options.group_readers > 0 && stage_.OneIn(3)) readers_->Happen();
  const std::uint64_t acts = stage_.random.Below(4);
  for (std::uint64_t i = 0; i < acts; ++i) ActOfAnApplication();
  ActOfAnAdministrator();
  const std::uint64_t most_ms = stage_.OneIn(12) ? 30'000 : stage_.OneIn(3) ? 4'000 : 500;
  RunFor(1 + static_cast<std::int64_t>(stage_.random.Below(most_ms)));
  for (const auto& application : applications_) application->Look(books_.fold());
}

void World::BrokerRestored(const std::string& backup) {
  books_.CheckRestored(backup);
  books_.BeginAnew();
  producer_->BrokerRestored();
  for (const auto& application : applications_) application->BrokerRestored();
  restored_ = true;
}

void World::ActOfAnApplication() {
  Application& application = *applications_[stage_.random.Below(applications_.size())];
  switch (stage_.random.Below(10)) {
    case 0:
    case 1: producer_->Send(); break;
    case 2: application.Rotate(books_.fold()); break;
    case 3:
      if (stage_.OneIn(2)) application.Destroy(books_.fold());
      break;
    default: application.Write(); break;
  }
}

// Asked once; whether it was done is known where an answer comes.
void World::ActOfAnAdministrator() {
  const bool trims = stage_.options.faults.Has(Fault::kTrim) && stage_.OneIn(6);
  const bool adds = stage_.options.faults.Has(Fault::kAddPartition) && stage_.OneIn(20);
  if (!trims && !adds) return;
  using std::chrono::milliseconds;
  client::Admin admin(
      stage_.network.MakeClient(kBrokerAddress),
      {.timeout = milliseconds(500), .answer_timeout = milliseconds(2'000)},
      [this] {
        Step(1);
        return stage_.clocks.At(0);
      },
      admin_random_);
  const char* topics[] = {kPlainTopic, kLogTopics[0], kLogTopics[1]};
  const std::string topic = topics[stage_.random.Below(3)];
  if (trims) Trim(admin, topic);
  if (adds) AddPartition(admin, topic);
}

void World::Trim(client::Admin& admin, const std::string& topic) {
  const PartitionIndex partition(static_cast<std::int32_t>(
      stage_.random.Below(static_cast<std::uint64_t>(stage_.options.partitions))));
  PartitionArchive* archive = books_.Find({topic, partition});
  if (archive == nullptr || archive->end() == Offset{}) return;
  client::TrimOptions options;
  options.topic = topic;
  options.partition = partition;
  options.before = client::TrimOptions::Before::kOffset;
  const std::int64_t end = archive->end().value();
  options.offset = Offset{stage_.OneIn(3) ? end
                                          : static_cast<std::int64_t>(stage_.random.Below(
                                                static_cast<std::uint64_t>(end) + 1))};
  options.dry_run = false;
  archive->AllowStart(options.offset);
  stage_.Happened(Fault::kTrim, "{}-{} to {}", topic, partition, options.offset);
  const auto trimmed = admin.TrimTopic(options);
  if (!trimmed.ok() || trimmed->empty() || trimmed->front().error) return;
  if (trimmed->front().new_start >= options.offset) {
    return archive->SetLogStart(trimmed->front().new_start);
  }
  stage_.verdict.Broken(Invariant::kProgramsWork, "{}-{} was trimmed to {}, not {}", topic,
                        partition, trimmed->front().new_start, options.offset);
}

void World::AddPartition(client::Admin& admin, const std::string& topic) {
  const auto before = admin.DescribeTopic(topic);
  if (!before.ok()) return;
  const auto partitions = static_cast<std::int32_t>(before->partitions.size()) + 1;
  stage_.Happened(Fault::kAddPartition, "{} gets {}", topic, partitions);
  const Status added = admin.AlterTopic({.name = topic, .set = {}, .partitions = partitions});
  if (added.ok()) books_.NotePartitions(topic, partitions);
}

void World::FollowPartitions() {
  for (const broker::Topic* topic : broker_.broker().engine().Topics()) {
    consumer_->Follow(topic->name, topic->partitions);
  }
}

// ---- time

void World::RunFor(std::int64_t ms) {
  const MonotonicMs end = stage_.clocks.monotonic() + ms;
  while (stage_.clocks.monotonic() < end && stage_.verdict.ok()) {
    Step(std::clamp<std::int64_t>(UntilDueMs(), 1, end - stage_.clocks.monotonic()));
  }
}

std::int64_t World::UntilDueMs() {
  if (stage_.network.under_way() > 0) return 1;
  std::int64_t due_ms = std::min(broker_.UntilDueMs(), mischief_->UntilDueMs());
  if (!broker_.up()) due_ms = std::min(due_ms, broker_start_at_ - stage_.clocks.monotonic());
  for (const auto& agent : agents_) due_ms = std::min(due_ms, agent->UntilDueMs());
  for (const auto& [agent, start_at] : agent_start_at_) {
    due_ms = std::min(due_ms, start_at - stage_.clocks.monotonic());
  }
  return std::min(
      {due_ms, producer_->UntilDueMs(), consumer_->UntilDueMs(), readers_->UntilDueMs()});
}

void World::Step(std::int64_t ms) {
  stage_.clocks.Pass(ms);
  if (mischief_) mischief_->Tick();
  if (stage_.network.faults().by_hand) {
    stage_.network.Deliver(stage_.random.Below(4));
  }
  WatchBroker();
  broker_.Poll();
  if (broker_.up()) books_.Look(broker_.broker());
  if (!producer_) return;
  if (broker_.up()) FollowPartitions();
  for (const auto& agent : agents_) agent->Step();
  producer_->Step(books_.plain());
  consumer_->Step();
  readers_->Step();
  if (broker_.up()) readers_->Check(broker_.broker());
  WatchAgents();
}

std::int64_t World::DownTimeMs() {
  if (faults_stopped_) return 100;
  return static_cast<std::int64_t>(stage_.random.Below(stage_.OneIn(6) ? 40'000 : 2'000));
}

void World::WatchBroker() {
  if (broker_.up()) {
    broker_was_up_ = true;
    return;
  }
  if (broker_was_up_) {
    broker_was_up_ = false;
    books_.CompareDisk();
    broker_start_at_ = stage_.clocks.monotonic() + DownTimeMs();
  }
  if (stage_.clocks.monotonic() < broker_start_at_) return;
  broker_.Start();
  if (!broker_.up()) broker_start_at_ = stage_.clocks.monotonic() + 500;
}

void World::WatchAgents() {
  for (const auto& agent : agents_) {
    if (agent->up()) {
      agent_start_at_.erase(agent.get());
      continue;
    }
    const auto [start, down_now] =
        agent_start_at_.try_emplace(agent.get(), stage_.clocks.monotonic());
    if (down_now) start->second += DownTimeMs();
    if (stage_.clocks.monotonic() >= start->second) agent->Start();
  }
}

// ---- the end

void World::StopFaults() {
  stage_.trace.Event(stage_.clocks.monotonic(), "nothing goes wrong any more");
  faults_stopped_ = true;
  mischief_->Heal();
  readers_->StopFaults();
  broker_start_at_ = stage_.clocks.monotonic();
  for (auto& [agent, start_at] : agent_start_at_) start_at = stage_.clocks.monotonic();
  for (const auto& application : applications_) application->FinishLine();
}

bool World::AllArrived() const {
  const bool acked = broker_.up() && producer_->idle() && consumer_->AtEnd() &&
                     readers_->AtEnd(broker_.broker()) &&
                     std::all_of(agents_.begin(), agents_.end(),
                                 [](const auto& agent) { return agent->AllAcked(); });
  if (!acked) return false;
  Verdict verdict;
  books_.fold().CheckComplete(verdict);
  return verdict.ok();
}

void World::AwaitAll() {
  const MonotonicMs by = stage_.clocks.monotonic() + kAllArrivesMs;
  while (stage_.verdict.ok() && !AllArrived()) {
    if (stage_.clocks.monotonic() >= by) {
      books_.fold().CheckComplete(stage_.verdict);
      stage_.verdict.Broken(Invariant::kAllArrives, "after {} ms without a fault", kAllArrivesMs);
      return;
    }
    RunFor(500);
    for (const auto& application : applications_) application->Look(books_.fold());
  }
  RunFor(kAfterwardsMs);
  if (stage_.verdict.ok()) books_.fold().CheckComplete(stage_.verdict);
  if (stage_.verdict.ok()) producer_->CheckComplete(books_.plain());
  if (stage_.verdict.ok() && !AllArrived()) {
    stage_.verdict.Broken(Invariant::kAllArrives, "all had arrived, and then it had not");
  }
}

std::string World::Describe() const {
  std::string text = stage_.verdict.text() + "\n  " + stage_.options.ToString() +
                     "\n  happened: " + stage_.faults.ToString() + "\n" + stage_.trace.Tail();
  if (!broker_.up()) text += "broker is down: " + broker_.last_words() + "\n";
  text += books_.Describe() + producer_->Describe() + consumer_->Describe() + readers_->Describe();
  for (const auto& agent : agents_) text += agent->Describe();
  return text;
}

}  // namespace logboom::sim
