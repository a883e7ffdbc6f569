#include "lib/client/agent_link.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "lib/client/clock_skew.h"
#include "lib/client/session.h"
#include "lib/client/wire_values.h"
#include "lib/protocol/protocol.h"

namespace logboom::client {

namespace {

// While a page or a part could not be queued.
constexpr std::chrono::milliseconds kRetryPause{5};

ProduceOutcome OutcomeOf(const Answer& answer) {
  ProduceOutcome outcome;
  if (answer.ok()) return outcome;
  const protocol::Error& error = answer.response.error();
  outcome.error = answer.error();
  if (error.code() == protocol::SPAN_CONFLICT) {
    outcome.kind = ProduceOutcome::Kind::kConflict;
    for (const auto& positions : error.positions()) {
      outcome.positions.push_back(FromWire(positions));
    }
    return outcome;
  }
  outcome.kind = ProduceOutcome::Kind::kRefused;
  outcome.retriable = error.retriable();
  return outcome;
}

Session::Done WithOutcome(std::function<void(ProduceOutcome)> done) {
  return [done = std::move(done)](const Result<Answer>& answer) {
    if (answer.ok()) done(OutcomeOf(*answer));
  };
}

// One listing of an agent's sources, over its pages.
struct SourceListing {
  Uuid topic_id;
  bool with_final = false;
  std::function<void(Result<std::vector<KnownSource>>)> done;
  std::vector<KnownSource> found;

  protocol::Request NextPage() const {
    protocol::Request request;
    auto& list = *request.mutable_list_sources();
    list.set_topic_id(BytesOf(topic_id));
    list.set_with_final(with_final);
    if (!found.empty()) list.set_after_source_id(BytesOf(found.back().source_id));
    return request;
  }

  // Whether the page moves on: a broken broker must not make the listing endless.
  bool Take(const protocol::ListSourcesResponse& page, const std::string& agent_id) {
    for (const auto& source : page.sources()) {
      KnownSource known = FromWire(source, agent_id);
      if (!found.empty() && known.source_id <= found.back().source_id) return false;
      found.push_back(std::move(known));
    }
    return !page.more() || page.sources_size() > 0;
  }
};

// The parts of a report, each below the page limit; files alone can be many.
std::vector<protocol::Request> PartsOf(const AgentReport& report,
                                       const std::string& program_version, std::uint64_t report_id,
                                       TimestampMs now) {
  std::vector<protocol::Request> parts;
  std::size_t part_bytes = 0;
  const auto begin_part = [&] {
    protocol::AgentReportRequest& part = *parts.emplace_back().mutable_agent_report();
    part.set_report_id(report_id);
    part.set_program_version(protocol::ValidUtf8(program_version));
    part.set_started_ms(report.started.value());
    part.set_time_ms(now.value());
    part.set_bytes_read(report.bytes_read);
    part.set_bytes_acked(report.bytes_acked);
    part.set_records_acked(report.records_acked);
    part.set_errors(report.errors);
    part.set_last_error(protocol::ValidUtf8(report.last_error));
    part.set_memory_bytes(report.memory_bytes);
    part.set_lines_dropped(report.lines_dropped);
    part_bytes = part.ByteSizeLong();
  };
  begin_part();
  for (const FileReport& file : report.files) {
    protocol::AgentFile wire;
    ToWire(file, wire);
    constexpr std::size_t kFieldMargin = 8;
    const std::size_t bytes = wire.ByteSizeLong() + kFieldMargin;
    if (part_bytes + bytes > protocol::kPageBytesMax) begin_part();
    *parts.back().mutable_agent_report()->add_files() = std::move(wire);
    part_bytes += bytes;
  }
  parts.back().mutable_agent_report()->set_last(true);
  return parts;
}

}  // namespace

struct AgentLink::State final : public SessionEvents {
  State(std::unique_ptr<transport::ClientTransport> transport, AgentHello agent_hello,
        AgentLinkEvents& link_events, Random& random)
      : hello(std::move(agent_hello)),
        events(link_events),
        session(
            std::move(transport), [this] { return MakeHello(); }, *this, random) {}

  protocol::HelloRequest MakeHello() const {
    protocol::HelloRequest request;
    request.set_program("logboom-agent");
    request.set_program_version(protocol::ValidUtf8(hello.program_version));
    auto& agent = *request.mutable_agent();
    agent.set_agent_id(protocol::ValidUtf8(hello.agent_id));
    agent.set_host(protocol::ValidUtf8(hello.host));
    agent.set_boot_id(protocol::ValidUtf8(hello.boot_id));
    agent.set_process_id(protocol::ValidUtf8(hello.process_id));
    for (const auto& topic : hello.topics) agent.add_topics(protocol::ValidUtf8(topic));
    for (const auto& [key, value] : hello.labels) {
      (*agent.mutable_labels())[protocol::ValidUtf8(key)] = protocol::ValidUtf8(value);
    }
    return request;
  }

  void SessionStarted(const protocol::HelloResponse& response) override {
    events.SessionStarted(FromWire(response));
  }
  void SessionLost(const Error& why) override {
    report_parts.clear();
    events.SessionLost(why);
  }
  void HelloRefused(const protocol::Error& why) override {
    if (why.code() == protocol::AGENT_ID_IN_USE) events.AgentIdInUse(protocol::FromWire(why));
  }
  void SessionFenced(const protocol::Error& why) override {
    report_parts.clear();
    events.Fenced(protocol::FromWire(why));
  }

  // Sends the pages and parts that wait for room; a listing without a session fails.
  void Pump() {
    for (auto waiting = std::exchange(listings, {}); auto& listing : waiting) AskPage(listing);
    while (!report_parts.empty() &&
           session.Send(report_parts.front(), {}, TakeReportAnswer(), IfLost::kForget)) {
      report_parts.pop_front();
    }
  }

  Session::Done TakeReportAnswer() {
    return [this, sent = now](const Result<Answer>& answer) {
      if (!answer.ok() || !answer->ok()) return;
      const std::int64_t time_ms = answer->response.agent_report().time_ms();
      if (time_ms != 0) clock_skew.Answered(sent, now, TimestampMs(time_ms));
    };
  }

  void AskPage(const std::shared_ptr<SourceListing>& listing) {
    if (!session.live()) {
      return listing->done(session.last_error().value_or(
          Fail(ErrorCode::kUnavailable, "no session with the broker")));
    }
    const bool sent = session.Send(
        listing->NextPage(), {},
        [this, listing](Result<Answer> answer) { TakePage(listing, std::move(answer)); },
        IfLost::kTell);
    if (!sent) listings.push_back(listing);
  }

  void TakePage(const std::shared_ptr<SourceListing>& listing, const Result<Answer>& answer) {
    if (!answer.ok()) return listing->done(answer.error());
    if (!answer->ok()) return listing->done(answer->error());
    const auto& page = answer->response.list_sources();
    if (!listing->Take(page, hello.agent_id)) {
      return listing->done(
          Fail(ErrorCode::kCorrupt, "the broker's list of sources does not move on"));
    }
    if (page.more()) return AskPage(listing);
    listing->done(std::move(listing->found));
  }

  AgentHello hello;
  AgentLinkEvents& events;
  Instant now;
  ClockSkew clock_skew;
  std::uint64_t last_report_id = 0;
  std::deque<std::shared_ptr<SourceListing>> listings;  // whose next page is to be asked for
  std::deque<protocol::Request> report_parts;
  Session session;
};

AgentLink::AgentLink(std::unique_ptr<transport::ClientTransport> transport, AgentHello hello,
                     AgentLinkEvents& events, Random& random)
    : state_(std::make_unique<State>(std::move(transport), std::move(hello), events, random)) {}
AgentLink::~AgentLink() = default;

void AgentLink::Poll(Instant now) {
  state_->now = now;
  state_->session.Poll(now);
  state_->Pump();
}

std::optional<std::chrono::milliseconds> AgentLink::clock_skew() const {
  return state_->clock_skew.newest();
}

void AgentLink::Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) {
  const bool pages_or_parts_wait = !state_->listings.empty() || !state_->report_parts.empty();
  state_->session.Wait(pages_or_parts_wait ? std::min(timeout, kRetryPause) : timeout, descriptors);
}

bool AgentLink::connected() const { return state_->session.live(); }
std::optional<Error> AgentLink::last_error() const { return state_->session.last_error(); }
std::size_t AgentLink::credit_bytes() const { return state_->session.credit_bytes(); }
void AgentLink::SetWantedCredit(std::size_t bytes) { state_->session.SetWantedCredit(bytes); }

bool AgentLink::Produce(const Uuid& topic_id, PartitionIndex partition,
                        const std::vector<ProduceSpan>& spans, transport::Payload batch,
                        std::function<void(ProduceOutcome)> done) {
  if (!connected() || batch.size() > credit_bytes()) return false;
  protocol::Request request;
  auto& produce = *request.mutable_produce();
  produce.set_topic_id(BytesOf(topic_id));
  produce.set_partition(partition.value());
  produce.set_acks(protocol::SYNCED);
  for (const ProduceSpan& span : spans) ToWire(span, *produce.add_spans());
  return state_->session.Send(std::move(request), batch, WithOutcome(std::move(done)),
                              IfLost::kForget);
}

void AgentLink::ListSources(const Uuid& topic_id, bool with_final,
                            std::function<void(Result<std::vector<KnownSource>>)> done) {
  auto listing = std::make_shared<SourceListing>();
  listing->topic_id = topic_id;
  listing->with_final = with_final;
  listing->done = std::move(done);
  state_->listings.push_back(std::move(listing));
  if (connected()) state_->Pump();
}

bool AgentLink::Progress(const Uuid& topic_id, PartitionIndex partition,
                         std::vector<ProgressRow> rows, std::function<void(ProduceOutcome)> done) {
  protocol::Request request;
  auto& progress = *request.mutable_source_progress();
  progress.set_topic_id(BytesOf(topic_id));
  progress.set_partition(partition.value());
  for (const ProgressRow& row : rows) ToWire(row, *progress.add_rows());
  return state_->session.Send(std::move(request), {}, WithOutcome(std::move(done)),
                              IfLost::kForget);
}

void AgentLink::Report(const AgentReport& report) {
  // Parts of the report before still wait: it is not overtaken, or none would ever be whole.
  if (!connected() || !state_->report_parts.empty()) return;
  for (auto& part :
       PartsOf(report, state_->hello.program_version, ++state_->last_report_id, state_->now.wall)) {
    state_->report_parts.push_back(std::move(part));
  }
  state_->Pump();
}

bool AgentLink::SayGoodbye() {
  if (connected() && !state_->report_parts.empty()) return false;
  return state_->session.SayGoodbye();
}

void AgentLink::SetTopics(std::vector<std::string> topics) {
  if (topics == state_->hello.topics) return;
  state_->hello.topics = std::move(topics);
  state_->session.StartAnew(
      Error{ErrorCode::kCancelled, "the list of topics has changed: a new hello says it"});
}

}  // namespace logboom::client
