// Transport inside the process, for tests and the simulator: any number of servers and clients by
// address, and the faults of a network on command. What a test does from one thread is
// deterministic; everything is locked, so that servers and clients may also live on threads of
// their own.
//
// As over ZeroMQ: a send promises nothing; a cut loses what is under way in both directions, is
// noticed by neither side, and the client comes back under a new key; payloads are copied on the
// way; a message above kMessageBytesMax is sent "well" and cuts the connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lib/transport/transport.h"

namespace logboom::transport {

struct InprocFaults {
  // Messages under way in one direction of one connection; one more is kFull.
  std::size_t queue_messages_max = 16;
  // Nobody is connected: sends of clients are kFull, those of servers kGone.
  bool unreachable = false;
  // Sends say kSent and vanish.
  bool black_hole = false;
  // Sent messages arrive only where Deliver() lets them.
  bool by_hand = false;
};

// What Wait() does where no message is there.
enum class InprocWait {
  kBlocks,         // as over ZeroMQ: for servers and clients on threads of their own
  kReturnsAtOnce,  // for tests that move the time by hand: there is nothing to wait for
};

class InprocState;

// May end before its servers and clients: they share its insides. Any thread.
class InprocNetwork {
 public:
  explicit InprocNetwork(InprocWait wait = InprocWait::kBlocks);
  ~InprocNetwork();
  InprocNetwork(const InprocNetwork&) = delete;
  InprocNetwork& operator=(const InprocNetwork&) = delete;

  // One server an address at a time. Its connections are cut when it is destroyed; clients find the
  // next server of that address by themselves.
  std::unique_ptr<ServerTransport> MakeServer(const std::string& address);
  std::unique_ptr<ClientTransport> MakeClient(const std::string& address);

  // Becoming unreachable cuts every connection.
  void SetFaults(const InprocFaults& faults);
  InprocFaults faults() const;

  // Cuts every connection of `address`: messages under way vanish, clients are connected again with
  // new keys.
  void Cut(const std::string& address);
  // Lets `messages` more be sent over connections of `address`, either way; the next one cuts them
  // all and is lost with what is under way.
  void CutAfter(const std::string& address, std::uint64_t messages);
  // by_hand: lets up to `messages` arrive, oldest first over all connections; returns how many did.
  std::size_t Deliver(std::size_t messages);
  // Sent and not yet received.
  std::size_t under_way() const;
  // Vanished after a send that said kSent.
  std::uint64_t lost_count() const;

 private:
  std::shared_ptr<InprocState> state_;
};

}  // namespace logboom::transport
