// Members of one consumer group that come, go, die and are doubled, and the books of what the
// broker has promised them.
//
// What must hold: of the members that the broker hears no two read one partition; and an offset
// whose commit was acknowledged is there for good: none of a later one's is lower, and a broker
// that starts anew knows it, unless its database was lost.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.h"
#include "lib/client/group_consumer.h"
#include "tests/sim/clients.h"
#include "tests/sim/stage.h"

namespace logboom::sim {

// One owner, one thread. The stage outlives it.
class SimReaders {
 public:
  SimReaders(Stage& stage, std::vector<std::string> topics, FindArchive find);

  // One of them dies, leaves, begins, or is started a second time.
  void Happen();
  // Nobody dies any more.
  void StopFaults();
  void Step();
  std::int64_t UntilDueMs() const;

  // After each step, while the broker is up.
  void Check(const broker::Broker& broker);
  // The database is another one: what was promised is gone.
  void Forget();
  // Everything there is has been read by one of them, and committed.
  bool AtEnd(const broker::Broker& broker) const;
  std::string Describe() const;

 private:
  struct Reader {
    std::string instance_id;  // empty: none
    std::int64_t due_ms = 0;
    std::uint64_t grants = 0;
    std::map<client::TopicPartition, Offset> handled;
    std::unique_ptr<client::GroupConsumer> consumer;
  };

  void Begin(std::string instance_id);
  void StepOne(Reader& reader);
  void NoteCommitted(Reader& reader);
  void CheckOwners(const broker::Broker& broker);
  void CheckOffsets(const broker::Broker& broker);

  Stage& stage_;
  std::vector<std::string> topics_;
  FindArchive find_;
  SeededRandom random_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::map<client::TopicPartition, Offset> acknowledged_;
  MonotonicMs forgotten_until_;
  bool faults_stopped_ = false;
};

}  // namespace logboom::sim
