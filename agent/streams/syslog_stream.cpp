#include "agent/streams/syslog_stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "agent/streams/held_entries.h"
#include "agent/streams/limits.h"
#include "agent/streams/syslog_framing.h"
#include "agent/streams/syslog_socket.h"
#include "lib/record/span.h"

namespace logboom::agent {
namespace {

constexpr std::int64_t kNeverMs = 3'600'000;
// Of a datagram.
constexpr std::string_view kTrailing = std::string_view("\n\0", 2);

struct Connection {
  Socket socket;
  std::string peer;
  SyslogFramer framer;
  Bytes partial;  // bytes that are no whole message yet
  MonotonicMs heard_at;
  bool ended = false;
};

// What TCP and datagrams have in common: messages that are held until they are durable.
class SyslogStream : public RecordStream {
 public:
  SyslogStream(SyslogSocket socket, const SyslogOptions& options, const Uuid& id)
      : socket_(std::move(socket)),
        options_(options),
        name_("syslog " + socket_.address),
        prefix_("syslog:" + options.address + ":"),
        path_(prefix_ + id.ToString()) {}

  const std::string& name() const override { return name_; }
  bool Owns(std::string_view path) const override { return path.starts_with(prefix_); }
  PositionUnit unit() const override { return PositionUnit::kBytes; }
  std::string address() const override { return "syslog+" + socket_.address; }
  MonotonicMs NextDue(MonotonicMs now) const override { return now + kNeverMs; }

  const StreamEntry* Peek() override {
    const HeldEntry* held = held_.Next();
    if (held == nullptr) return nullptr;
    headers_.clear();
    if (!held->peer.empty())
      headers_.push_back({.key = kPeerHeader, .value = ByteView(held->peer)});
    entry_ = {.source = path_,
              .begin = SourcePosition(held->begin),
              .end = SourcePosition(held->end),
              .value = held->value,
              .more = held->more,
              .time = held->time,
              .headers = headers_};
    return &entry_;
  }
  void Advance() override {
    window_ = record::HashBytes(entry_.value);
    held_.Advance();
  }
  std::uint64_t window() const override { return window_; }

  Result<std::vector<Resumed>> Seek(std::span<const StreamPlace> places) override {
    held_.Seek(held_.released());
    std::vector<Resumed> resumed;
    for (const StreamPlace& place : places) {
      if (place.source != path_) {
        resumed.push_back({.is_same = false});  // of a process before
        continue;
      }
      const SourcePosition at = held_.Seek(place.at.end);
      resumed.push_back({.at = {at, at == place.at.end ? place.at.window : 0}});
    }
    return resumed;
  }
  // Its end is its future: there is nothing to leave out.
  Result<std::vector<StreamPlace>> SeekEnd() override { return std::vector<StreamPlace>{}; }
  void Release(std::string_view source, SourcePosition durable) override {
    if (source == path_) held_.Release(durable);
  }
  std::size_t unread_bytes() const override { return held_.unread_bytes(); }
  std::vector<std::string> TakeWarnings() override { return std::exchange(warnings_, {}); }

 protected:
  bool has_room() const { return held_.held_bytes() < kStreamHeldBytesMax; }
  int descriptor() const { return socket_.socket.descriptor(); }
  void Take(ByteView message, std::size_t wire_bytes, const std::string& peer, Instant now) {
    // Nothing was said.
    if (message.empty()) return;
    held_.Add(message, wire_bytes, options_.message_bytes_max,
              {.value = {}, .peer = peer, .time = now.wall});
  }
  void Warn(std::string text) { warnings_.push_back(std::move(text)); }

 private:
  static inline const std::string kPeerHeader = record::LabelHeader("peer");

  SyslogSocket socket_;
  SyslogOptions options_;
  std::string name_;
  std::string prefix_;
  std::string path_;
  HeldEntries held_;
  std::vector<std::string> warnings_;
  StreamEntry entry_;
  std::vector<record::HeaderView> headers_;
  std::uint64_t window_ = 0;
};

// UDP, and unix datagrams.
class DatagramStream final : public SyslogStream {
 public:
  DatagramStream(SyslogSocket socket, const SyslogOptions& options, const Uuid& id,
                 std::string path)
      : SyslogStream(std::move(socket), options, id),
        socket_path_(std::move(path)),
        buffer_(kStreamReadBytes) {}
  ~DatagramStream() override {
    if (!socket_path_.empty()) unlink(socket_path_.c_str());
  }
  DatagramStream(const DatagramStream&) = delete;
  DatagramStream& operator=(const DatagramStream&) = delete;

  Status Poll(Instant now) override {
    for (int i = 0; i < kSyslogReadsMax && has_room(); ++i) {
      if (!Receive(now)) break;
    }
    TellLost(now.monotonic);
    return Ok();
  }
  std::vector<int> descriptors() const override {
    if (!has_room()) return {};
    return {descriptor()};
  }

 private:
  bool Receive(Instant now) {
    sockaddr_storage peer{};
    iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    alignas(cmsghdr) std::array<char, 64> control{};
    msghdr message{};
    message.msg_name = &peer;
    message.msg_namelen = sizeof(peer);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = recvmsg(descriptor(), &message, 0);
    if (got < 0) return errno == EINTR;
    NoteLost(message);
    ByteView text(buffer_.data(), static_cast<std::size_t>(got));
    const std::size_t wire_bytes = text.size();
    while (!text.empty() && kTrailing.find(text.back()) != std::string_view::npos) {
      text.remove_suffix(1);
    }
    Take(text, wire_bytes, PeerName(&peer, message.msg_namelen), now);
    return true;
  }

  // The kernel tells how many it has dropped so far, with the next that it did not.
  void NoteLost(msghdr& message) {
    for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr;
         each = CMSG_NXTHDR(&message, each)) {
      if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SO_RXQ_OVFL) continue;
      std::uint32_t lost = 0;
      std::memcpy(&lost, CMSG_DATA(each), sizeof(lost));
      lost_ += lost - kernel_lost_;  // it wraps
      kernel_lost_ = lost;
    }
  }
  void TellLost(MonotonicMs now) {
    if (lost_ == 0 || now < tell_at_) return;
    tell_at_ = now + kSyslogLossInterval.count();
    Warn(fmt::format("{}: the kernel dropped {} datagrams: they came faster than they were sent",
                     name(), std::exchange(lost_, 0)));
  }

  std::string socket_path_;  // of a unix socket
  std::vector<char> buffer_;
  std::uint32_t kernel_lost_ = 0;
  std::uint64_t lost_ = 0;
  MonotonicMs tell_at_;
};

class ConnectionStream final : public SyslogStream {
 public:
  ConnectionStream(SyslogSocket socket, const SyslogOptions& options, const Uuid& id)
      : SyslogStream(std::move(socket), options, id), buffer_(kStreamReadBytes) {}

  Status Poll(Instant now) override {
    Accept(now);
    for (int i = 0; i < kSyslogReadsMax && has_room() && !connections_.empty(); ++i) {
      if (!Read(*connections_[next_++ % connections_.size()], now))
        ++quiet_;
      else
        quiet_ = 0;
      if (quiet_ >= connections_.size()) break;
    }
    quiet_ = 0;
    while (partial_bytes_ > kSyslogPartialBytesMax) FlushLongest(now);
    std::erase_if(connections_, [](const auto& each) { return each->ended; });
    return Ok();
  }
  std::vector<int> descriptors() const override {
    std::vector<int> descriptors;
    if (!has_room()) return descriptors;
    if (connections_.size() < kSyslogConnectionsMax) descriptors.push_back(descriptor());
    for (const auto& each : connections_) descriptors.push_back(each->socket.descriptor());
    return descriptors;
  }

 private:
  void Accept(Instant now) {
    MakeRoom(now);
    while (connections_.size() < kSyslogConnectionsMax) {
      sockaddr_storage peer{};
      socklen_t size = sizeof(peer);
      auto* generic = reinterpret_cast<sockaddr*>(&peer);  // NOLINT: as accept4() takes it
      const int accepted = accept4(descriptor(), generic, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted < 0) return;
      auto connection = std::make_unique<Connection>();
      connection->socket = Socket(accepted);
      connection->peer = PeerName(&peer, size);
      connection->heard_at = now.monotonic;
      connections_.push_back(std::move(connection));
    }
  }
  void MakeRoom(Instant now) {
    if (connections_.size() < kSyslogConnectionsMax) return;
    const auto quietest =
        std::min_element(connections_.begin(), connections_.end(),
                         [](const auto& a, const auto& b) { return a->heard_at < b->heard_at; });
    if (now.monotonic - (*quietest)->heard_at < kSyslogQuietMax.count()) return;
    End(**quietest, now);
    connections_.erase(quietest);
  }

  // False: it has nothing now.
  bool Read(Connection& connection, Instant now) {
    if (connection.ended) return false;
    const ssize_t got = recv(connection.socket.descriptor(), buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EINTR) return true;
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
      End(connection, now);
      return false;
    }
    connection.heard_at = now.monotonic;
    partial_bytes_ -= connection.partial.size();
    connection.partial.append(buffer_.data(), static_cast<std::size_t>(got));
    std::size_t at = 0;
    while (const auto cut = connection.framer.Next(ByteView(connection.partial).substr(at))) {
      Take(cut->message, cut->consumed, connection.peer, now);
      at += cut->consumed;
    }
    connection.partial.erase(0, at);
    partial_bytes_ += connection.partial.size();
    return true;
  }

  // What it has sent is a message, whole or not.
  void Flush(Connection& connection, Instant now) {
    if (connection.partial.empty()) return;
    const SyslogCut cut = connection.framer.Flush(connection.partial);
    Take(cut.message, cut.consumed, connection.peer, now);
    partial_bytes_ -= connection.partial.size();
    connection.partial.clear();
    connection.partial.shrink_to_fit();
  }
  void End(Connection& connection, Instant now) {
    Flush(connection, now);
    connection.ended = true;
  }
  void FlushLongest(Instant now) {
    Flush(**std::max_element(
              connections_.begin(), connections_.end(),
              [](const auto& a, const auto& b) { return a->partial.size() < b->partial.size(); }),
          now);
  }

  std::vector<char> buffer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::size_t next_ = 0;
  std::size_t quiet_ = 0;
  std::size_t partial_bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<RecordStream>> MakeSyslogStream(const SyslogOptions& options,
                                                       const Uuid& id) {
  ASSIGN_OR_RETURN(const SyslogAddress address, ParseSyslogAddress(options.address));
  ASSIGN_OR_RETURN(SyslogSocket socket, OpenSyslogSocket(address));
  if (address.transport == SyslogTransport::kTcp) {
    return std::make_unique<ConnectionStream>(std::move(socket), options, id);
  }
  return std::make_unique<DatagramStream>(std::move(socket), options, id, address.path);
}

}  // namespace logboom::agent
