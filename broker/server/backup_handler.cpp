// Backups: begun, and asked about. The engine makes them.
#include <utility>

#include "broker/server/server.h"
#include "lib/protocol/protocol.h"

namespace logboom::broker {
namespace {

protocol::BackupResponse::State StateOf(BackupStatus::State state) {
  switch (state) {
    case BackupStatus::State::kNone: return protocol::BackupResponse::NONE;
    case BackupStatus::State::kRunning: return protocol::BackupResponse::RUNNING;
    case BackupStatus::State::kDone: return protocol::BackupResponse::DONE;
    case BackupStatus::State::kFailed: return protocol::BackupResponse::FAILED;
  }
  return protocol::BackupResponse::NONE;
}

}  // namespace

void Server::HandleBackup(const Call& call, const protocol::BackupRequest& request) {
  if (!Allowed(call, Operation::kBackUp, {ResourceKind::kBroker, {}})) return;
  if (!request.directory().empty()) {
    if (Status begun = engine_.StartBackup(request.directory()); !begun.ok()) {
      AnswerError(call, begun.error());
      return;
    }
  }
  const BackupStatus status = engine_.backup();
  protocol::Response response;
  protocol::BackupResponse& body = *response.mutable_backup();
  body.set_state(StateOf(status.state));
  body.set_directory(protocol::ValidUtf8(status.directory));
  body.set_started_ms(status.started.value());
  body.set_ended_ms(status.ended.value());
  body.set_partitions(static_cast<std::uint32_t>(status.partitions));
  body.set_partitions_done(static_cast<std::uint32_t>(status.partitions_done));
  body.set_bytes(status.bytes);
  body.set_bytes_copied(status.bytes_copied);
  body.set_bytes_linked(status.bytes_linked);
  if (status.error && status.state == BackupStatus::State::kFailed) {
    *body.mutable_error() = protocol::ToWire(*status.error);
  }
  Answer(call, std::move(response));
}

}  // namespace logboom::broker
