#include "bench/load/machine.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "bench/load/lane.h"
#include "lib/file/posix_file_system.h"
#include "lib/transport/zmq_transport.h"

namespace logboom::load {
namespace {

constexpr std::chrono::milliseconds kTurn{20};
constexpr std::size_t kWindow = 8;
constexpr std::chrono::milliseconds kPulse{10};
constexpr std::size_t kPulseBytes = 4096;

// Answers each message with an empty one until told to stop.
void Echo(transport::ServerTransport& server, const std::atomic<bool>& stop) {
  while (!stop) {
    server.Wait(kTurn, {});
    while (auto inbound = server.Receive()) {
      inbound->message.payload = {};
      (void)server.Send(inbound->peer, std::move(inbound->message));
    }
  }
}

void SendAll(transport::ClientTransport& client, std::size_t count, std::size_t message_bytes) {
  const transport::Payload payload(Bytes(message_bytes, 'x'));
  std::size_t sent = 0;
  std::size_t answered = 0;
  while (answered < count) {
    while (sent < count && sent - answered < kWindow &&
           client.Send({.envelope = "e", .payload = payload}) == transport::SendOutcome::kSent) {
      ++sent;
    }
    client.Wait(kTurn, {});
    while (client.Receive()) ++answered;
  }
}

}  // namespace

Result<double> SyncedWrites(const std::string& folder, std::size_t bytes, std::size_t chunk_bytes) {
  file::PosixFileSystem fs;
  const std::string path = folder + "/synced-writes";
  ASSIGN_OR_RETURN(const auto file, fs.Open(path, file::OpenMode::kCreate));
  const Bytes chunk(chunk_bytes, 'x');
  const std::int64_t begin_us = MonotonicUs();
  std::int64_t end = 0;
  while (static_cast<std::size_t>(end) < bytes) {
    RETURN_IF_ERROR(file->PWrite(end, chunk));
    RETURN_IF_ERROR(file->Sync());
    end += static_cast<std::int64_t>(chunk.size());
  }
  const double seconds = static_cast<double>(MonotonicUs() - begin_us) / 1e6;
  RETURN_IF_ERROR(fs.Remove(path));
  return static_cast<double>(end) / seconds;
}

Result<std::vector<std::int64_t>> SyncPulse(const std::string& folder,
                                            std::chrono::milliseconds duration) {
  file::PosixFileSystem fs;
  const std::string path = folder + "/sync-pulse";
  ASSIGN_OR_RETURN(const auto file, fs.Open(path, file::OpenMode::kCreate));
  const Bytes chunk(kPulseBytes, 'x');
  std::vector<std::int64_t> took_us;
  auto due = std::chrono::steady_clock::now();
  const auto until = due + duration;
  while (due < until) {
    std::this_thread::sleep_until(due);
    const std::int64_t begin_us = MonotonicUs();
    const auto end = static_cast<std::int64_t>(took_us.size() * kPulseBytes);
    RETURN_IF_ERROR(file->PWrite(end, chunk));
    RETURN_IF_ERROR(file->Sync());
    took_us.push_back(MonotonicUs() - begin_us);
    due = std::max(due + kPulse, std::chrono::steady_clock::now());
  }
  RETURN_IF_ERROR(fs.Remove(path));
  std::sort(took_us.begin(), took_us.end());
  return took_us;
}

Result<double> ZmqLoopback(std::size_t bytes, std::size_t message_bytes) {
  ASSIGN_OR_RETURN(const auto server, transport::ListenZmq({.address = "tcp://127.0.0.1:0"}));
  std::atomic<bool> stop = false;
  std::jthread echo([&] { Echo(*server, stop); });
  auto client = transport::ConnectZmq(server->address());
  double seconds = 0;
  const std::size_t count = bytes / message_bytes;
  if (client.ok()) {
    SendAll(**client, 1, 1);  // connected
    const std::int64_t begin_us = MonotonicUs();
    SendAll(**client, count, message_bytes);
    seconds = static_cast<double>(MonotonicUs() - begin_us) / 1e6;
  }
  stop = true;
  echo.join();
  if (!client.ok()) return client.error();
  return static_cast<double>(count * message_bytes) / seconds;
}

}  // namespace logboom::load
