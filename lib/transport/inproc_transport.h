// Transport inside the process, for tests and the simulator: any number of servers and clients by
// address, and the faults of a network on command. What a test does from one thread is
// deterministic; everything is locked, so that servers and clients may also live on threads of
// their own.
//
// As over ZeroMQ: a send promises nothing; a cut loses what is under way in both directions, is
// noticed by neither side, and the client comes back under a new key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "lib/transport/transport.h"

namespace logboom::transport {

struct InprocFaults {
  // Messages under way in one direction of one connection; one more is kFull.
  std::size_t queue_messages_max = 16;
  // Nobody is connected: sends of clients are kFull, answers are kGone. Messages under way are
  // lost.
  bool unreachable = false;
  // Connected, and nothing arrives: sends say kSent and vanish. What is under way stays so.
  bool black_hole = false;
  // Sent messages arrive only where Deliver() lets them.
  bool by_hand = false;
};

// Owns nothing of its servers and clients, and may end before them (they share its insides).
class InprocNetwork {
 public:
  InprocNetwork();
  ~InprocNetwork();
  InprocNetwork(const InprocNetwork&) = delete;
  InprocNetwork& operator=(const InprocNetwork&) = delete;

  // At most one server an address at a time; it is gone from the network when it is destroyed, and
  // its connections are cut.
  std::unique_ptr<ServerTransport> MakeServer(const std::string& address);
  // Connects whenever there is a server.
  std::unique_ptr<ClientTransport> MakeClient(const std::string& address);

  void SetFaults(const InprocFaults& faults);
  InprocFaults faults() const;

  // Cuts every connection of `address`, now, or after `messages` more have been sent over them
  // (either way): messages under way vanish, clients are connected again at once with new keys.
  void Cut(const std::string& address);
  void CutAfter(const std::string& address, std::uint64_t messages);
  // by_hand: lets up to `messages` arrive, oldest first over all connections; returns how many did.
  std::size_t Deliver(std::size_t messages);
  // Sent and not yet received, by hand or not.
  std::size_t under_way() const;
  std::uint64_t lost_count() const;

 private:
  struct State;
  friend struct InprocServer;
  friend struct InprocClient;
  std::shared_ptr<State> state_;
};

}  // namespace logboom::transport
