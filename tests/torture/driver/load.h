// What clients do to a broker while it is broken: produces without and with keys or spans, rows,
// commits of a group, topics made and deleted, reads. Everything asked and answered goes into the
// books.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "lib/base/random.h"
#include "lib/record/batch_builder.h"
#include "tests/torture/driver/books.h"
#include "tests/torture/driver/connection.h"

namespace logboom::torture {

// Of a clock that only rises.
std::int64_t NowMs();

struct LoadOptions {
  // A disk that is full is part of the rig: NO_SPACE is an answer like any other.
  bool expect_no_space = false;
  // Any request may be refused, and what became of it is not known.
  bool any_refusal = false;
  std::size_t under_way_max = 12;
};

// Of one life of the broker. One owner, one thread. All it is given must outlive it, and it must
// outlive the last turn of the connection.
class Load {
 public:
  Load(Connection& connection, Books& books, Random& random, LoadOptions options)
      : connection_(connection), books_(books), random_(random), options_(options) {}

  // Asks for more as far as there is room, then waits for answers, for so long at most.
  void Turn(std::chrono::milliseconds wait);
  // One of a kind. False where it was not taken.
  bool Produce(const PartitionKey& key, std::uint32_t records);
  bool ProduceSpans(std::uint32_t records);
  bool SendRow();
  bool Commit();
  bool Fetch(const PartitionKey& key);
  bool CreateTopic(const std::string& name, std::int32_t partitions);
  bool DeleteTopic(const std::string& name);
  void SetNoSpaceExpected(bool expected) { options_.expect_no_space = expected; }

 private:
  struct Run {
    std::size_t source = 0;
    SourcePosition begin;
    SourcePosition end;
    std::uint64_t first = 0;
    std::uint32_t records = 0;
  };

  bool Ask(protocol::Request request, const transport::Payload& payload, Connection::Taken taken);
  bool AskForSomething();
  bool AskAboutTopics();
  PartitionKey DrawPartition();
  std::uint32_t DrawRecords();
  record::BatchBuilder& DrawBuilder();
  std::vector<Run> DrawRuns(std::uint32_t records);
  void AddRun(const Run& run, record::BatchBuilder& builder, protocol::ProduceRequest& request);
  std::size_t DrawSource();
  protocol::Request ProduceRequestFor(const PartitionKey& key) const;
  Bytes TopicId(const std::string& name) const;
  void TakeSpansAnswer(std::uint64_t first, const std::vector<Run>& runs, const Answer& answer);
  void TakeFetchAnswer(const PartitionKey& key, const Answer& answer);
  // Whether nothing of the request was done; false where that is not known.
  bool TakeRefusal(const protocol::Error& error, const std::string& what);
  bool Expected(protocol::ErrorCode code) const;

  Connection& connection_;
  Books& books_;
  Random& random_;
  LoadOptions options_;
  record::BatchBuilder plain_builder_{{.codec = record::Codec::kNone}};
  record::BatchBuilder zstd_builder_{{}};
  // Rows go alone, and what is sent behind a refused run is refused too.
  std::set<std::size_t> sources_with_row_;
  std::size_t spans_under_way_ = 0;
  bool spans_refused_ = false;
  std::set<std::string> leaving_;  // topics whose deletion was asked
};

}  // namespace logboom::torture
