#include "tests/torture/driver/life.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "tests/torture/driver/load.h"

namespace logboom::torture {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStartTimeout{60'000};
constexpr milliseconds kHelloTimeout{20'000};
constexpr milliseconds kStopTimeout{20'000};

}  // namespace

std::unique_ptr<Connection> ConnectTo(BrokerProcess& broker, Books& books, Random& random) {
  auto finding = [&](const std::string& text) {
    books.findings.Add(Fault::kBroken, text);
    return nullptr;
  };
  auto address = broker.WaitReady(kStartTimeout);
  if (!address) return finding("the broker did not start: " + broker.said());
  auto opened = Connection::Open(*address, kAgentId, {kSpanTopic}, random);
  if (!opened.ok()) return finding(opened.error().message);
  std::unique_ptr<Connection> connection = *std::move(opened);
  if (!connection->WaitFor([&] { return connection->live(); }, kHelloTimeout)) {
    return finding("no answer to the hello: " + connection->refused().value_or("silence"));
  }
  return connection;
}

void StopInOrder(BrokerProcess& broker, Connection* connection, Books& books) {
  const auto ending = broker.Stop(kStopTimeout);
  if (connection != nullptr) connection->Drain();
  if (!ending) {
    books.findings.Add(Fault::kBroken, "SIGTERM did not end the broker: " + broker.said());
    broker.Kill();
  } else if (ending->exit_code != 0 || ending->signal != 0) {
    books.findings.Add(Fault::kBroken,
                       fmt::format("SIGTERM ended the broker with {} (signal {}): {}",
                                   ending->exit_code, ending->signal, broker.said()));
  }
}

Status MakeTopics(BrokerProcess& broker, Books& books, Random& random) {
  RETURN_IF_ERROR(broker.Start());
  auto address = broker.WaitReady(kStartTimeout);
  if (!address) return Fail(ErrorCode::kUnavailable, "the broker did not start: {}", broker.said());
  ASSIGN_OR_RETURN(auto connection, Connection::Open(*address, "set-up", {}, random));
  Load load(*connection, books, random, {});
  auto answered = [&] { return connection->live() && connection->under_way() == 0; };
  const bool made = connection->WaitFor(answered, kHelloTimeout) &&
                    load.CreateTopic(kPlainTopic, kPlainPartitions) &&
                    load.CreateTopic(kSpanTopic, 1) && load.CreateTopic(kKeyedTopic, 1) &&
                    connection->WaitFor(answered, kHelloTimeout);
  StopInOrder(broker, connection.get(), books);
  if (made && books.findings.clean() && books.topics.Existing().size() == 3) return Ok();
  return Fail(ErrorCode::kUnavailable, "the topics were not made: {}", broker.said());
}

}  // namespace logboom::torture
