#include "agent/streams/syslog_stream.h"

#include <poll.h>
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

bool IsReadable(int descriptor) {
  pollfd asked{.fd = descriptor, .events = POLLIN, .revents = 0};
  return poll(&asked, 1, 0) > 0 && asked.revents != 0;
}

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

  Status Poll(Instant now) final {
    now_ = now;
    Status polled = listens() ? Receive(now) : Ok();
    TellLost(now.monotonic);
    return polled;
  }
  void End() final {
    if (!listens()) return;
    ReceiveLast(now_);
    socket_.socket = Socket();
  }
  bool ended() const override { return !listens() && held_.Next() == nullptr; }

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
  Result<std::vector<StreamPlace>> SeekEnd() override {
    held_.Seek(held_.released());
    return std::vector<StreamPlace>{};
  }
  void Release(std::string_view source, SourcePosition durable) override {
    if (source == path_) held_.Release(durable);
  }
  std::size_t unread_bytes() const override { return held_.unread_bytes(); }
  std::vector<std::string> TakeWarnings() override { return std::exchange(warnings_, {}); }
  Losses TakeLosses() override { return std::exchange(losses_, {}); }

 protected:
  // All that is there, as far as memory and other senders allow.
  virtual Status Receive(Instant now) = 0;
  // The same for the last time, of what was sent already.
  virtual void ReceiveLast(Instant now) = 0;

  bool listens() const { return descriptor() >= 0; }
  bool has_last_room() const { return held_.held_bytes() < kStreamLastBytesMax; }
  bool has_room() const { return held_.held_bytes() < kStreamHeldBytesMax; }
  int descriptor() const { return socket_.socket.descriptor(); }
  void Take(ByteView message, std::size_t wire_bytes, const std::string& peer, Instant now) {
    // Nothing was said.
    if (message.empty()) return;
    held_.Add(message, wire_bytes, options_.message_bytes_max,
              {.value = {}, .peer = peer, .time = now.wall});
  }
  void Warn(std::string text) { warnings_.push_back(name_ + ": " + std::move(text)); }
  void Lost(Loss loss, std::uint64_t count) {
    losses_[static_cast<std::size_t>(loss)] += count;
    untold_[static_cast<std::size_t>(loss)] += count;
  }
  // Seldom: what makes many of them lost makes more of them so.
  void TellLost(MonotonicMs now) {
    if (untold_ == Losses{} || now < tell_at_) return;
    tell_at_ = now + kSyslogLossInterval.count();
    for (const Loss loss : kAllLosses) {
      const std::uint64_t count = std::exchange(untold_[static_cast<std::size_t>(loss)], 0);
      if (count > 0) Warn(Describe(loss, count));
    }
  }

 private:
  static std::string Describe(Loss loss, std::uint64_t count) {
    switch (loss) {
      case Loss::kBufferFull:
        return fmt::format("the kernel dropped {} datagrams: they came faster than they were sent",
                           count);
      case Loss::kTooLarge:
        return fmt::format("{} datagrams were cut: they were longer than {} bytes", count,
                           kSyslogUnixBytesMax);
      case Loss::kConnectionLimit:
        return fmt::format("{} connections that were quiet were closed to make room for others",
                           count);
    }
    return "";
  }

  static inline const std::string kPeerHeader = record::LabelHeader("peer");

  SyslogSocket socket_;
  SyslogOptions options_;
  std::string name_;
  std::string prefix_;
  std::string path_;
  HeldEntries held_;
  Instant now_;
  std::vector<std::string> warnings_;
  Losses losses_ = {};
  Losses untold_ = {};
  MonotonicMs tell_at_;
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
        buffer_(socket_path_.empty() ? kSyslogUdpBytesMax : kSyslogUnixBytesMax) {}
  ~DatagramStream() override { Unlink(); }
  DatagramStream(const DatagramStream&) = delete;
  DatagramStream& operator=(const DatagramStream&) = delete;

  std::vector<int> descriptors() const override {
    if (!has_room() || !listens()) return {};
    return {descriptor()};
  }

 private:
  Status Receive(Instant now) override {
    for (int i = 0; i < kSyslogReadsMax && has_room(); ++i) {
      if (!ReceiveOne(now)) break;
    }
    NoteDropped();
    return Ok();
  }
  void ReceiveLast(Instant now) override {
    Unlink();
    while (has_last_room() && ReceiveOne(now)) {
    }
    NoteDropped();
  }
  // So that another can listen there.
  void Unlink() {
    if (!socket_path_.empty()) unlink(socket_path_.c_str());
    socket_path_.clear();
  }

  bool ReceiveOne(Instant now) {
    sockaddr_storage peer{};
    iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    msghdr message{};
    message.msg_name = &peer;
    message.msg_namelen = sizeof(peer);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    // Told is how long it is, however much of it there is room for.
    const ssize_t got = recvmsg(descriptor(), &message, MSG_TRUNC);
    if (got < 0) return errno == EINTR;
    const auto wire_bytes = static_cast<std::size_t>(got);
    if (wire_bytes > buffer_.size()) Lost(Loss::kTooLarge, 1);
    ByteView text(buffer_.data(), std::min(wire_bytes, buffer_.size()));
    while (!text.empty() && kTrailing.find(text.back()) != std::string_view::npos) {
      text.remove_suffix(1);
    }
    Take(text, wire_bytes, PeerName(&peer, message.msg_namelen), now);
    return true;
  }

  // Asked for rather than taken from the next datagram: there may be none.
  void NoteDropped() {
    const auto dropped = DroppedByKernel(descriptor());
    if (!dropped) return;
    Lost(Loss::kBufferFull, *dropped - kernel_dropped_);  // it wraps
    kernel_dropped_ = *dropped;
  }

  std::string socket_path_;  // of a unix socket
  std::vector<char> buffer_;
  std::uint32_t kernel_dropped_ = 0;
};

class ConnectionStream final : public SyslogStream {
 public:
  ConnectionStream(SyslogSocket socket, const SyslogOptions& options, const Uuid& id)
      : SyslogStream(std::move(socket), options, id),
        connections_max_(options.connections_max),
        buffer_(kStreamReadBytes) {}

  std::vector<int> descriptors() const override {
    std::vector<int> descriptors;
    if (!has_room() || !listens()) return descriptors;
    if (!is_full() && accepting_.ok()) descriptors.push_back(descriptor());
    for (const auto& each : connections_) descriptors.push_back(each->socket.descriptor());
    return descriptors;
  }
  // Its listener is not waited for where nobody can be let in.
  MonotonicMs NextDue(MonotonicMs now) const override {
    const bool looks_again = listens() && (is_full() || !accepting_.ok());
    return looks_again ? now + kStreamRetry.count() : SyslogStream::NextDue(now);
  }

 private:
  bool is_full() const { return connections_.size() >= connections_max_; }

  Status Receive(Instant now) override {
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
    return accepting_;
  }
  void ReceiveLast(Instant now) override {
    while (!is_full() && AcceptOne(now)) {
    }
    for (const auto& each : connections_) {
      while (has_last_room() && Read(*each, now)) {
      }
      Close(*each, now);
    }
    connections_.clear();
  }

  void Accept(Instant now) {
    if (!accepting_.ok() && now.monotonic < accept_again_at_) return;
    accepting_ = Ok();
    while (has_room() && IsReadable(descriptor())) {
      if (is_full() && !MakeRoom(now)) return TellFull(now.monotonic);
      if (AcceptOne(now)) continue;
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
      accepting_ = ErrnoError(errno, name() + ": let a connection in");
      accept_again_at_ = now.monotonic + kStreamRetry.count();
      return;
    }
  }
  // Those that are not let in wait in the kernel's queue.
  void TellFull(MonotonicMs now) {
    if (now < tell_full_at_) return;
    tell_full_at_ = now + kSyslogLossInterval.count();
    Warn(fmt::format("{} connections are as many as it takes, and none is quiet: others wait",
                     connections_max_));
  }
  // False: errno says why not.
  bool AcceptOne(Instant now) {
    sockaddr_storage peer{};
    socklen_t size = sizeof(peer);
    auto* generic = reinterpret_cast<sockaddr*>(&peer);  // NOLINT: as accept4() takes it
    const int accepted = accept4(descriptor(), generic, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return false;
    auto connection = std::make_unique<Connection>();
    connection->socket = Socket(accepted);
    connection->peer = PeerName(&peer, size);
    connection->heard_at = now.monotonic;
    connections_.push_back(std::move(connection));
    return true;
  }
  // For somebody who waits. False: all that are there talk, or may have.
  bool MakeRoom(Instant now) {
    while (has_room()) {
      const auto quietest =
          std::min_element(connections_.begin(), connections_.end(),
                           [](const auto& a, const auto& b) { return a->heard_at < b->heard_at; });
      Connection& connection = **quietest;
      if (now.monotonic - connection.heard_at < kSyslogQuietMax.count()) return false;
      // While nothing was read it may have said something.
      if (Read(connection, now)) continue;
      if (!connection.ended) Lost(Loss::kConnectionLimit, 1);
      Close(connection, now);
      connections_.erase(quietest);
      return true;
    }
    return false;
  }

  // False: it has nothing now.
  bool Read(Connection& connection, Instant now) {
    if (connection.ended) return false;
    const ssize_t got = recv(connection.socket.descriptor(), buffer_.data(), buffer_.size(), 0);
    if (got < 0 && errno == EINTR) return true;
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
      Close(connection, now);
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
  void Close(Connection& connection, Instant now) {
    Flush(connection, now);
    connection.ended = true;
  }
  void FlushLongest(Instant now) {
    Flush(**std::max_element(
              connections_.begin(), connections_.end(),
              [](const auto& a, const auto& b) { return a->partial.size() < b->partial.size(); }),
          now);
  }

  std::size_t connections_max_;
  std::vector<char> buffer_;
  std::vector<std::unique_ptr<Connection>> connections_;
  Status accepting_ = Ok();
  MonotonicMs accept_again_at_;
  MonotonicMs tell_full_at_;
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
