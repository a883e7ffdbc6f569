#include "lib/client/broker_labels.h"

#include <algorithm>

namespace logboom::client {

std::vector<std::string> BrokerLabels(const std::vector<NamedBroker>& brokers) {
  std::vector<std::string> labels;
  for (const NamedBroker& broker : brokers) {
    const auto of_that_name =
        std::count_if(brokers.begin(), brokers.end(),
                      [&](const NamedBroker& other) { return other.name == broker.name; });
    const bool tells = !broker.name.empty() && of_that_name == 1;
    labels.push_back(tells ? broker.name : broker.address);
  }
  return labels;
}

}  // namespace logboom::client
