#include "broker/server/snapshot_handler.h"

#include <algorithm>
#include <utility>

#include "broker/server/snapshot_pages.h"
#include "broker/server/translate.h"
#include "broker/server/translate_groups.h"
#include "lib/base/check.h"

namespace logboom::broker {

void SnapshotHandler::Handle(const Call& call, const protocol::SnapshotRequest& request) {
  if (request.snapshot_id() == 0 && !Take(call)) return;
  auto found = snapshots_.find(call.session);
  if (found == snapshots_.end() ||
      (request.snapshot_id() != 0 && request.snapshot_id() != found->second.id) ||
      request.page() >= found->second.pages.size()) {
    answers_.AnswerError(call, protocol::INVALID_REQUEST,
                         "no such page: the snapshot is not kept any more, or has fewer; take "
                         "another one");
    return;
  }
  const Snapshot& snapshot = found->second;
  protocol::Response response;
  protocol::SnapshotResponse& body = *response.mutable_snapshot();
  CHECK(body.ParseFromString(snapshot.pages[request.page()]));
  body.set_snapshot_id(snapshot.id);
  body.set_time_ms(snapshot.time.value());
  body.set_more(request.page() + 1 < snapshot.pages.size());
  answers_.Answer(call, std::move(response));
}

bool SnapshotHandler::Take(const Call& call) {
  Forget(call.session);
  Snapshot snapshot{++last_id_, call.now.wall, Pages(call), 0};
  for (const Bytes& page : snapshot.pages) snapshot.bytes += page.size();
  if (snapshot.bytes > limits_.bytes_max) {
    answers_.AnswerError(
        call, protocol::MESSAGE_TOO_LARGE,
        fmt::format("a snapshot of {} bytes: the broker keeps {}; describe topics and groups one "
                    "by one",
                    snapshot.bytes, limits_.bytes_max));
    return false;
  }
  MakeRoom(snapshot.bytes);
  bytes_ += snapshot.bytes;
  snapshots_.emplace(call.session, std::move(snapshot));
  return true;
}

// Nothing in here may wait, or change what it shows: that is the instant.
std::vector<Bytes> SnapshotHandler::Pages(const Call& call) const {
  auto may = [&call](Operation operation, ResourceKind kind, const std::string& name) {
    return Authorise(call.principal, operation, {kind, name}).ok();
  };
  SnapshotPages pages(limits_.page_bytes_max);
  if (may(Operation::kDescribeBroker, ResourceKind::kBroker, {})) {
    protocol::StatusResponse status;
    fill_status_(call.now, status);
    pages.Add(std::move(status));
  }
  for (const Topic* topic : engine_.Topics()) {
    if (!may(Operation::kDescribeTopic, ResourceKind::kTopic, topic->name)) continue;
    protocol::Topic one;
    FillTopic(engine_, *topic, one);
    evictions_.Fill(topic->topic_id, one);
    pages.Add(std::move(one));
  }
  for (const std::string& name : groups_.Names()) {
    if (!may(Operation::kDescribeGroup, ResourceKind::kGroup, name)) continue;
    auto group = groups_.Describe(name, call.now.wall);
    if (!group || pages.bytes() > limits_.bytes_max) continue;
    LeaveVisible(call.principal, *group);
    protocol::Group one;
    FillGroup(*group, one);
    pages.Add(one);
  }
  for (const auto& [id, agent] : sources_.agents().agents()) {
    if (!may(Operation::kDescribeAgents, ResourceKind::kAgent, id)) continue;
    protocol::Agent one;
    FillAgent(agent, one);
    pages.Add(std::move(one));
  }
  return pages.Finish();
}

void SnapshotHandler::MakeRoom(std::size_t bytes) {
  while (!snapshots_.empty() && bytes_ + bytes > limits_.bytes_max) {
    const auto oldest =
        std::min_element(snapshots_.begin(), snapshots_.end(),
                         [](const auto& a, const auto& b) { return a.second.id < b.second.id; });
    Forget(Uuid(oldest->first));
  }
}

void SnapshotHandler::Forget(const Uuid& session) {
  auto found = snapshots_.find(session);
  if (found == snapshots_.end()) return;
  bytes_ -= found->second.bytes;
  snapshots_.erase(found);
}

}  // namespace logboom::broker
