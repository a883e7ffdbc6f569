#include "cli/find_topics.h"

#include <optional>
#include <utility>

namespace logboom::cli {

FoundTopics FindTopics(Context& context, const std::vector<std::string>& topics) {
  ReachedBrokers reached = ReachBrokers(context);
  FoundTopics found{.brokers = {}, .code = reached.code};
  for (Broker& broker : reached.brokers) {
    found.brokers.push_back({.broker = std::move(broker), .topics = {}});
  }
  for (const std::string& topic : topics) {
    bool any = false;
    std::optional<Error> missing;
    for (TopicsOfBroker& one : found.brokers) {
      auto described = one.broker.admin->DescribeTopic(topic);
      if (described.ok()) {
        any = true;
        one.topics.push_back(*std::move(described));
      } else if (described.error().code == ErrorCode::kNotFound) {
        missing = described.error();
      } else {
        found.code =
            Worse(found.code, Complain(context, described.error().Within(one.broker.address)));
      }
    }
    if (!any && missing) found.code = Worse(found.code, Complain(context, *missing));
  }
  return found;
}

}  // namespace logboom::cli
