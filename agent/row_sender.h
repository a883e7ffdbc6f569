// Progress, gap and close rows of one topic's sources. A row is sent once every byte ahead of it is
// durable, and stays wanted until the broker says that it is durable itself.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/counters.h"
#include "agent/notices.h"
#include "agent/source.h"
#include "lib/client/agent_link.h"

namespace logboom::agent {

// One owner, one thread. Must outlive the link's sessions.
class RowSender {
 public:
  RowSender(std::string topic, Counters& counters, Notices& notices);

  void Start(const Uuid& topic_id, PartitionIndex partition);
  // The session ended. What is wanted stays wanted.
  void Forget();
  void Clear();

  void Want(Source& source, const WantedRow& row);
  // That nothing is sent of what was read last: ahead of any other row of it.
  void WantLeftOut(Source& source) { Enlist(source); }
  // After the row that is wanted, if any. A source that the broker never heard of is closed
  // without a word.
  void WantClose(Source& source);

  void Poll(client::AgentLink& link, MonotonicMs now);
  // Sources whose progress row is durable, or which are final now, since the last call.
  std::vector<Source*> TakeChanged();

  // Rows and the broker disagree: where sources stand must be looked up anew.
  bool TakeConflict();

  bool idle() const { return wanting_.empty(); }
  bool any_under_way() const;

 private:
  bool IsDue(const Source& source, MonotonicMs now) const;
  client::ProgressRow RowOf(const Source& source) const;
  void Send(client::AgentLink& link, const std::vector<Source*>& sources);
  void Answered(const std::vector<Source*>& sources, const std::vector<client::ProgressRow>& rows,
                const client::ProduceOutcome& outcome);
  void Durable(Source& source, const client::ProgressRow& row);
  void Final(Source& source);
  void Enlist(Source& source);

  std::string topic_;
  Counters& counters_;
  Notices& notices_;
  Uuid topic_id_;
  PartitionIndex partition_;
  std::uint64_t session_ = 0;
  std::vector<Source*> wanting_;
  std::vector<Source*> changed_;
  bool conflict_ = false;
  MonotonicMs now_;
};

}  // namespace logboom::agent
