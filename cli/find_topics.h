// Which of a command's brokers have which of its topics.
#pragma once

#include <string>
#include <vector>

#include "cli/brokers.h"
#include "lib/client/descriptions.h"

namespace logboom::cli {

struct TopicsOfBroker {
  Broker broker;
  std::vector<client::TopicDescription> topics;  // in the order asked for
};

struct FoundTopics {
  std::vector<TopicsOfBroker> brokers;  // all that were reached
  ExitCode code = ExitCode::kDone;
};

// What is not found, or not reached, is complained about. One broker of several need not have a
// topic; one of them must.
FoundTopics FindTopics(Context& context, const std::vector<std::string>& topics);

}  // namespace logboom::cli
