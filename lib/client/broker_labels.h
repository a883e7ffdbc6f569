// What several brokers are called side by side: in tables, in metrics and in a window alike.
#pragma once

#include <string>
#include <vector>

namespace logboom::client {

struct NamedBroker {
  std::string address;
  std::string name;  // as it says itself; empty: it has not said yet
};

// Its name; its address while that is not known, and where two have the same: two brokers of one
// machine may both be called by the machine's name. In the order given. Any thread.
std::vector<std::string> BrokerLabels(const std::vector<NamedBroker>& brokers);

}  // namespace logboom::client
