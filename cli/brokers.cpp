#include "cli/brokers.h"

#include <utility>

#include "lib/client/broker_labels.h"

namespace logboom::cli {
namespace {

Result<Broker> Reach(Context& context, const std::string& address) {
  Environment& environment = context.environment;
  ASSIGN_OR_RETURN(auto transport, environment.connect(address));
  Broker broker{.address = address,
                .name = {},
                .admin = std::make_unique<client::Admin>(
                    std::move(transport),
                    client::AdminOptions{.identity = Identity(), .timeout = context.flags.timeout},
                    environment.clock, environment.random)};
  const auto identity = broker.admin->Connect();
  if (!identity.ok()) return NotReached(context.flags, address, identity.error());
  broker.name = identity->broker_name;
  return broker;
}

void TellApart(std::vector<Broker>& brokers) {
  std::vector<client::NamedBroker> named;
  for (const Broker& broker : brokers) named.push_back({broker.address, broker.name});
  const std::vector<std::string> labels = client::BrokerLabels(named);
  for (std::size_t i = 0; i < brokers.size(); ++i) brokers[i].name = labels[i];
}

}  // namespace

Error NotReached(const GlobalFlags& flags, const std::string& address, const Error& why) {
  if (ExitCodeOf(why) != ExitCode::kNotReached) return why.Within(address);
  Error error = Fail(ErrorCode::kUnavailable,
                     "no answer from {} within {} s: is logboom-broker running there? (--broker, "
                     "LOGBOOM_BROKER)",
                     address, std::chrono::duration<double>(flags.timeout).count());
  // What the broker said itself; that nobody said anything is said already.
  const bool said =
      !why.message.starts_with("no broker is reached") && !why.message.starts_with("the broker at");
  if (said) error.message += "; it said: " + why.message;
  return error;
}

ExitCode Complain(Context& context, const Error& error) {
  context.environment.complain(error.message);
  return ExitCodeOf(error);
}

ReachedBrokers ReachBrokers(Context& context) {
  ReachedBrokers reached;
  reached.several = context.flags.brokers.size() > 1;
  for (const std::string& address : context.flags.brokers) {
    Result<Broker> broker = Reach(context, address);
    if (broker.ok()) {
      reached.brokers.push_back(*std::move(broker));
    } else {
      reached.code = Worse(reached.code, Complain(context, broker.error()));
    }
  }
  TellApart(reached.brokers);
  return reached;
}

Result<Broker> ReachOneBroker(Context& context) {
  return Reach(context, context.flags.brokers.front());
}

}  // namespace logboom::cli
