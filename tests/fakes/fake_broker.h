// A broker in memory that keeps the rules of sources and spans as simply as they can be written
// down, and every record that it was sent. It speaks the protocol over any ServerTransport, and is
// driven by Step(). What breaks a rule that an agent must keep is kept as a complaint.
//
// Appended bytes become durable by Sync(): by itself at the end of each Step(), or by hand.
// Restart() is a broker that was killed: sessions and everything not durable are gone.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/base/uuid.h"
#include "lib/protocol/protocol.h"
#include "lib/record/span.h"
#include "lib/transport/transport.h"

namespace logboom::fakes {

struct StoredRecord {
  Uuid source_id;
  std::string key;
  std::string value;
  bool more = false;
  std::uint32_t left_out = 0;  // as its span says, of the first record of a run
  std::int64_t timestamp_ms = 0;
  std::map<std::string, std::string> headers;
};

struct StoredRow {
  std::string path;
  protocol::ProgressRow row;
};

struct StoredSource {
  record::SourceIdentity identity;
  std::int64_t begin = 0;
  std::int64_t appended = 0;
  std::int64_t durable = 0;
  std::uint64_t window = 0;  // at appended
  bool final = false;
  bool has_gap = false;
  std::string bytes;  // from `begin`, without gaps
  struct End {
    std::int64_t end = 0;
    std::uint64_t window = 0;
  };
  std::vector<End> ends;  // of accepted spans

  // As of the last sync: what a restart goes back to.
  bool was_synced = false;
  std::uint64_t synced_window = 0;
  std::size_t synced_bytes = 0;
  std::vector<End> synced_ends;
};

struct StoredTopic {
  Uuid id;
  std::vector<StoredRecord> log;
  std::vector<StoredRow> rows;
  std::map<Uuid, StoredSource> sources;
  std::size_t synced_log = 0;
};

class FakeBroker {
 public:
  explicit FakeBroker(std::unique_ptr<transport::ServerTransport> transport);

  // Takes what has come, answers what can be answered.
  void Step();
  // All that was appended is durable now; acks go out.
  void Sync();
  // Killed and started again.
  void Restart();
  // What it has of all topics, synced; and what is left once it comes back from that.
  std::map<std::string, StoredTopic> Backup();
  void Restore(std::map<std::string, StoredTopic> backup);
  // As if the topic was deleted and made again.
  void RemakeTopic(const std::string& name);

  // Told with the answer to a report; none: it says nothing of it, as older brokers.
  std::function<TimestampMs()> wall_clock = {};
  bool syncs_by_itself = true;
  // Records hold the bytes of their spans: nothing is decoded or left out.
  bool values_are_bytes = true;
  std::uint64_t credit_bytes = 64U << 20U;  // granted at once to who wants any
  // Refuses produces while it is set.
  std::optional<protocol::ErrorCode> refuses;
  // Rows alone.
  std::optional<protocol::ErrorCode> refuses_rows;
  // Of a hello: an error instead of a session.
  std::optional<protocol::ErrorCode> refuses_hello;
  // Answers before the next this many produces are conflicts, whatever they say.
  int false_conflicts = 0;

  StoredTopic& topic(const std::string& name) { return topics_[name]; }
  const std::vector<std::string>& complaints() const { return complaints_; }
  const std::vector<protocol::AgentReportRequest>& reports() const { return reports_; }
  std::uint64_t produces() const { return produces_; }
  std::uint64_t conflicts() const { return conflicts_; }
  std::size_t batch_bytes_largest() const { return batch_bytes_largest_; }
  const std::vector<protocol::HelloRequest>& hellos() const { return hellos_; }

 private:
  struct Session {
    std::string peer;  // a session is one connection
    std::string agent_id;
    std::string process_id;
    std::uint64_t credit_used = 0;
    std::uint64_t credit_granted = 0;
  };
  // An answer that waits for durability.
  struct Waiting {
    transport::Peer peer;
    protocol::Response response;
    std::string topic;
    std::vector<std::pair<Uuid, std::int64_t>> until;
  };

  void Take(const transport::Inbound& inbound);
  void Hello(const transport::Peer& peer, const protocol::Request& request);
  void Produce(const transport::Peer& peer, const protocol::Request& request, ByteView batch);
  std::optional<std::vector<StoredRecord>> Read(const protocol::ProduceRequest& produce,
                                                ByteView batch);
  void Append(StoredTopic& topic, const protocol::ProduceRequest& produce,
              std::vector<StoredRecord> records);
  void TakeBytes(StoredSource& source, const protocol::Span& span,
                 std::span<const StoredRecord> records);
  void ListSources(const transport::Peer& peer, const protocol::Request& request);
  void Progress(const transport::Peer& peer, const protocol::Request& request);
  void Apply(StoredTopic& topic, const protocol::ProgressRow& row);
  void Answer(const transport::Peer& peer, const protocol::Request& request,
              protocol::Response response);
  void Refuse(const transport::Peer& peer, const protocol::Request& request,
              protocol::ErrorCode code);
  void Conflict(const transport::Peer& peer, const protocol::Request& request,
                const StoredTopic& topic, const std::vector<Uuid>& sources);
  void Release();
  void Complain(std::string text) { complaints_.push_back(std::move(text)); }
  StoredTopic* TopicOf(const std::string& id);

  std::unique_ptr<transport::ServerTransport> transport_;
  SeededRandom random_{17};
  std::map<std::string, StoredTopic> topics_;
  std::uint32_t restore_count_ = 0;
  bool unsynced_ = false;
  std::map<std::string, Session> sessions_;
  std::deque<Waiting> waiting_;
  std::vector<std::string> complaints_;
  std::vector<protocol::AgentReportRequest> reports_;
  std::vector<protocol::HelloRequest> hellos_;
  std::uint64_t last_session_ = 0;
  std::uint64_t produces_ = 0;
  std::uint64_t conflicts_ = 0;
  std::size_t batch_bytes_largest_ = 0;
};

}  // namespace logboom::fakes
