#include "lib/transport/inproc_transport.h"

#include <deque>
#include <map>
#include <mutex>
#include <utility>

#include "lib/base/check.h"
#include "lib/transport/wake_event.h"

namespace logboom::transport {

namespace {

enum class Direction { kToServer, kToClient };

struct UnderWay {
  std::uint64_t connection = 0;
  Direction direction = Direction::kToServer;
  Message message;
};

Bytes KeyOf(std::uint64_t connection) {
  Bytes key(1, '\0');  // as libzmq's: never a printable name
  ByteWriter(key).Int(connection);
  return key;
}

Message CopyOf(const Message& message) {
  return {.envelope = message.envelope, .payload = Payload(Bytes(message.payload.view()))};
}

}  // namespace

// All of the network, behind one lock. Connections are numbered; a client's number changes with
// every cut, and what is queued under an old number is thrown away by the cut itself.
class InprocState {
 public:
  explicit InprocState(InprocWait wait) : wait_(wait) {}

  struct Server {
    std::deque<UnderWay> arrived;
    std::shared_ptr<WakeEvent> wake;
  };
  struct Client {
    std::string address;
    std::deque<UnderWay> arrived;
    std::shared_ptr<WakeEvent> wake;
  };

  void AddServer(const std::string& address, std::shared_ptr<WakeEvent> wake) {
    const std::scoped_lock lock(mutex_);
    CHECK(!servers_.contains(address));
    servers_[address].wake = std::move(wake);
  }

  void RemoveServer(const std::string& address) {
    const std::scoped_lock lock(mutex_);
    CutLocked(address);
    servers_.erase(address);
  }

  std::uint64_t AddClient(const std::string& address, std::shared_ptr<WakeEvent> wake) {
    const std::scoped_lock lock(mutex_);
    const std::uint64_t id = ++last_client_;
    Client& client = clients_[id];
    client.address = address;
    client.wake = std::move(wake);
    ConnectLocked(id);
    return id;
  }

  void RemoveClient(std::uint64_t id) {
    const std::scoped_lock lock(mutex_);
    DisconnectLocked(id);
    clients_.erase(id);
  }

  void Reconnect(std::uint64_t id) {
    const std::scoped_lock lock(mutex_);
    DisconnectLocked(id);
    ConnectLocked(id);
  }

  SendOutcome SendToServer(std::uint64_t id, const Message& message) {
    const std::scoped_lock lock(mutex_);
    const Client& client = clients_.at(id);
    if (faults_.unreachable || !servers_.contains(client.address)) return SendOutcome::kFull;
    const std::uint64_t connection = connection_of_client_.at(id);
    return SendLocked(client.address, connection, Direction::kToServer, message);
  }

  SendOutcome SendToClient(const std::string& address, const Bytes& key, const Message& message) {
    const std::scoped_lock lock(mutex_);
    const auto found = connection_of_key_.find(key);
    if (found == connection_of_key_.end() || faults_.unreachable) return SendOutcome::kGone;
    const Client& client = clients_.at(client_of_connection_.at(found->second));
    if (client.address != address) return SendOutcome::kGone;
    return SendLocked(address, found->second, Direction::kToClient, message);
  }

  std::optional<UnderWay> TakeForServer(const std::string& address) {
    const std::scoped_lock lock(mutex_);
    return TakeLocked(servers_.at(address).arrived);
  }

  std::optional<UnderWay> TakeForClient(std::uint64_t id) {
    const std::scoped_lock lock(mutex_);
    return TakeLocked(clients_.at(id).arrived);
  }

  bool ServerHasInput(const std::string& address) const {
    const std::scoped_lock lock(mutex_);
    return !servers_.at(address).arrived.empty();
  }

  bool ClientHasInput(std::uint64_t id) const {
    const std::scoped_lock lock(mutex_);
    return !clients_.at(id).arrived.empty();
  }

  void SetFaults(const InprocFaults& faults) {
    const std::scoped_lock lock(mutex_);
    if (faults.unreachable && !faults_.unreachable) {
      for (const auto& [address, server] : servers_) CutLocked(address);
    }
    faults_ = faults;
  }

  bool blocks() const { return wait_ == InprocWait::kBlocks; }

  InprocFaults faults() const {
    const std::scoped_lock lock(mutex_);
    return faults_;
  }

  void Cut(const std::string& address) {
    const std::scoped_lock lock(mutex_);
    CutLocked(address);
  }

  void CutAfter(const std::string& address, std::uint64_t messages) {
    const std::scoped_lock lock(mutex_);
    sends_until_cut_[address] = messages;
  }

  std::size_t Deliver(std::size_t messages) {
    const std::scoped_lock lock(mutex_);
    std::size_t delivered = 0;
    while (delivered < messages && !held_.empty()) {
      UnderWay next = std::move(held_.front());
      held_.pop_front();
      ArriveLocked(std::move(next));
      ++delivered;
    }
    return delivered;
  }

  std::size_t under_way() const {
    const std::scoped_lock lock(mutex_);
    std::size_t count = held_.size();
    for (const auto& [address, server] : servers_) count += server.arrived.size();
    for (const auto& [id, client] : clients_) count += client.arrived.size();
    return count;
  }

  std::uint64_t lost_count() const {
    const std::scoped_lock lock(mutex_);
    return lost_count_;
  }

 private:
  using Lane = std::pair<std::uint64_t, Direction>;

  void ConnectLocked(std::uint64_t id) {
    const std::uint64_t connection = ++last_connection_;
    connection_of_client_[id] = connection;
    client_of_connection_[connection] = id;
    connection_of_key_[KeyOf(connection)] = connection;
  }

  void DisconnectLocked(std::uint64_t id) {
    const std::uint64_t connection = connection_of_client_.at(id);
    Client& client = clients_.at(id);
    lost_count_ += client.arrived.size();
    client.arrived.clear();
    DropLocked(held_, connection);
    const auto server = servers_.find(client.address);
    if (server != servers_.end()) DropLocked(server->second.arrived, connection);
    queued_.erase({connection, Direction::kToServer});
    queued_.erase({connection, Direction::kToClient});
    connection_of_key_.erase(KeyOf(connection));
    client_of_connection_.erase(connection);
    connection_of_client_.erase(id);
  }

  void DropLocked(std::deque<UnderWay>& queue, std::uint64_t connection) {
    lost_count_ += std::erase_if(
        queue, [connection](const UnderWay& each) { return each.connection == connection; });
  }

  void CutLocked(const std::string& address) {
    sends_until_cut_.erase(address);
    for (const auto& [id, client] : clients_) {
      if (client.address != address) continue;
      DisconnectLocked(id);
      ConnectLocked(id);
    }
  }

  SendOutcome SendLocked(const std::string& address, std::uint64_t connection, Direction direction,
                         const Message& message) {
    std::size_t& queued = queued_[{connection, direction}];
    if (queued >= faults_.queue_messages_max) return SendOutcome::kFull;
    if (faults_.black_hole) {
      ++lost_count_;
      return SendOutcome::kSent;
    }
    const auto cut = sends_until_cut_.find(address);
    const bool cuts = cut != sends_until_cut_.end() && cut->second == 0;
    if (cuts || message.envelope.size() + message.payload.size() > kMessageBytesMax) {
      ++lost_count_;
      CutLocked(address);
      return SendOutcome::kSent;
    }
    if (cut != sends_until_cut_.end()) --cut->second;
    ++queued;
    UnderWay sent{.connection = connection, .direction = direction, .message = CopyOf(message)};
    if (faults_.by_hand) {
      held_.push_back(std::move(sent));
    } else {
      ArriveLocked(std::move(sent));
    }
    return SendOutcome::kSent;
  }

  // A connection's messages are dropped with it, so both ends are there.
  void ArriveLocked(UnderWay message) {
    Client& client = clients_.at(client_of_connection_.at(message.connection));
    if (message.direction == Direction::kToClient) {
      client.arrived.push_back(std::move(message));
      client.wake->Set();
    } else {
      Server& server = servers_.at(client.address);
      server.arrived.push_back(std::move(message));
      server.wake->Set();
    }
  }

  std::optional<UnderWay> TakeLocked(std::deque<UnderWay>& queue) {
    if (queue.empty()) return std::nullopt;
    UnderWay message = std::move(queue.front());
    queue.pop_front();
    --queued_[{message.connection, message.direction}];
    return message;
  }

  const InprocWait wait_;
  mutable std::mutex mutex_;
  InprocFaults faults_;
  std::map<std::string, Server> servers_;
  std::map<std::uint64_t, Client> clients_;
  std::map<std::uint64_t, std::uint64_t> connection_of_client_;
  std::map<std::uint64_t, std::uint64_t> client_of_connection_;
  std::map<Bytes, std::uint64_t> connection_of_key_;
  std::map<Lane, std::size_t> queued_;
  std::map<std::string, std::uint64_t> sends_until_cut_;
  std::deque<UnderWay> held_;
  std::uint64_t last_client_ = 0;
  std::uint64_t last_connection_ = 0;
  std::uint64_t lost_count_ = 0;
};

namespace {

class InprocServer final : public ServerTransport {
 public:
  InprocServer(std::shared_ptr<InprocState> network, std::string address)
      : network_(std::move(network)), address_(std::move(address)) {
    network_->AddServer(address_, wake_);
  }
  ~InprocServer() override { network_->RemoveServer(address_); }
  InprocServer(const InprocServer&) = delete;
  InprocServer& operator=(const InprocServer&) = delete;

  std::optional<Inbound> Receive() override {
    while (auto arrived = network_->TakeForServer(address_)) {
      if (arrived->message.envelope.empty()) {
        ++malformed_count_;
        continue;
      }
      return Inbound{.peer = {.key = KeyOf(arrived->connection),
                              .user_id = {},
                              .authenticated_by = "in process"},
                     .message = std::move(arrived->message)};
    }
    return std::nullopt;
  }
  SendOutcome Send(const Peer& peer, Message message) override {
    return network_->SendToClient(address_, peer.key, message);
  }
  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) override {
    if (network_->blocks() && !network_->ServerHasInput(address_))
      wake_->Wait(timeout, descriptors);
  }
  void WakeUp() override { wake_->Set(); }
  std::string address() const override { return address_; }
  std::uint64_t malformed_count() const override { return malformed_count_; }

 private:
  std::shared_ptr<InprocState> network_;
  std::string address_;
  std::shared_ptr<WakeEvent> wake_ = std::make_shared<WakeEvent>();
  std::uint64_t malformed_count_ = 0;
};

class InprocClient final : public ClientTransport {
 public:
  InprocClient(std::shared_ptr<InprocState> network, std::string address)
      : network_(std::move(network)),
        address_(std::move(address)),
        id_(network_->AddClient(address_, wake_)) {}
  ~InprocClient() override { network_->RemoveClient(id_); }
  InprocClient(const InprocClient&) = delete;
  InprocClient& operator=(const InprocClient&) = delete;

  SendOutcome Send(Message message) override { return network_->SendToServer(id_, message); }
  std::optional<Message> Receive() override {
    auto arrived = network_->TakeForClient(id_);
    if (!arrived) return std::nullopt;
    return std::move(arrived->message);
  }
  void Reconnect() override { network_->Reconnect(id_); }
  void Wait(std::chrono::milliseconds timeout, std::span<const int> descriptors) override {
    if (network_->blocks() && !network_->ClientHasInput(id_)) wake_->Wait(timeout, descriptors);
  }
  void WakeUp() override { wake_->Set(); }
  std::string address() const override { return address_; }

 private:
  std::shared_ptr<InprocState> network_;
  std::string address_;
  std::shared_ptr<WakeEvent> wake_ = std::make_shared<WakeEvent>();
  std::uint64_t id_;
};

}  // namespace

InprocNetwork::InprocNetwork(InprocWait wait) : state_(std::make_shared<InprocState>(wait)) {}
InprocNetwork::~InprocNetwork() = default;

std::unique_ptr<ServerTransport> InprocNetwork::MakeServer(const std::string& address) {
  return std::make_unique<InprocServer>(state_, address);
}

std::unique_ptr<ClientTransport> InprocNetwork::MakeClient(const std::string& address) {
  return std::make_unique<InprocClient>(state_, address);
}

void InprocNetwork::SetFaults(const InprocFaults& faults) { state_->SetFaults(faults); }
InprocFaults InprocNetwork::faults() const { return state_->faults(); }
void InprocNetwork::Cut(const std::string& address) { state_->Cut(address); }
void InprocNetwork::CutAfter(const std::string& address, std::uint64_t messages) {
  state_->CutAfter(address, messages);
}
std::size_t InprocNetwork::Deliver(std::size_t messages) { return state_->Deliver(messages); }
std::size_t InprocNetwork::under_way() const { return state_->under_way(); }
std::uint64_t InprocNetwork::lost_count() const { return state_->lost_count(); }

}  // namespace logboom::transport
