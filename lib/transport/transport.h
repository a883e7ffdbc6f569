// How messages are carried: whole messages of an envelope and a payload, between a server and
// clients whose connections may vanish at any moment, taking what is under way with them. Two
// kinds: ZeroMQ (zmq_transport.h) and inside the process (inproc_transport.h), for tests and the
// simulator.
//
// A send that succeeds promises nothing: only an answer does.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace logboom::transport {

// Bytes with their owner, movable between threads. Mutable, because a broker writes the base offset
// in place. Copies share the bytes.
class Payload {
 public:
  Payload() = default;
  // Takes the string over.
  explicit Payload(Bytes bytes);
  // Bytes that live as long as `owner`.
  Payload(std::shared_ptr<void> owner, char* data, std::size_t size)
      : owner_(std::move(owner)), data_(data), size_(size) {}

  char* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {data_, size_}; }
  const std::shared_ptr<void>& owner() const { return owner_; }

 private:
  std::shared_ptr<void> owner_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

struct Message {
  Bytes envelope;
  Payload payload;  // empty: none
};

enum class SendOutcome {
  kSent,  // taken; it may still be lost
  kFull,  // not taken: the queue to that peer is full, or it is not connected
  kGone,  // not taken: that peer is gone for good
};

// Largest message that a transport carries, both frames together; a peer that sends more is cut
// off.
inline constexpr std::size_t kMessageBytesMax = std::size_t{2} << 20U;

// Who a message came from. `key` names the connection for answers; it proves nothing. `user_id` is
// what the transport's authentication says (empty: nobody was asked).
struct Peer {
  Bytes key;
  std::string user_id;
  std::string authenticated_by;  // "none", "curve", "in process"
};

struct Inbound {
  Peer peer;
  Message message;
};

// One owner, one thread, but for WakeUp().
class ServerTransport {
 public:
  virtual ~ServerTransport() = default;
  // The next message; nothing where none waits. Malformed messages (frame count, size) are dropped
  // and counted.
  virtual std::optional<Inbound> Receive() = 0;
  // Never waits.
  virtual SendOutcome Send(const Peer& peer, Message message) = 0;
  // Waits until a message may be there, WakeUp() was called, one of `descriptors` is readable, or
  // `timeout` is over.
  virtual void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) = 0;
  // Ends the Wait() under way, or the next one. Any thread.
  virtual void WakeUp() = 0;
  // Where clients connect, with the port that was picked: "tcp://127.0.0.1:19550".
  virtual std::string address() const = 0;
  virtual std::uint64_t malformed_count() const = 0;
};

// One connection to one address. One owner, one thread, but for WakeUp().
class ClientTransport {
 public:
  virtual ~ClientTransport() = default;
  virtual SendOutcome Send(Message message) = 0;  // never waits; kFull or kSent
  virtual std::optional<Message> Receive() = 0;
  // Drops the connection and all that is queued in either direction, and connects anew.
  virtual void Reconnect() = 0;
  // As ServerTransport's.
  virtual void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) = 0;
  virtual void WakeUp() = 0;
  virtual std::string address() const = 0;
};

}  // namespace logboom::transport
