#include "gui/core/frame.h"

#include <algorithm>

namespace logboom::gui {

std::size_t Frame::CountLinks(LinkState link) const {
  return static_cast<std::size_t>(
      std::count_if(brokers.begin(), brokers.end(),
                    [link](const BrokerView& broker) { return broker.link == link; }));
}

bool Frame::AnythingHeard() const {
  return std::any_of(brokers.begin(), brokers.end(),
                     [](const BrokerView& broker) { return broker.snapshot != nullptr; });
}

const BrokerView* Frame::FindBroker(std::string_view name) const {
  const auto found = std::find_if(brokers.begin(), brokers.end(),
                                  [name](const BrokerView& one) { return one.name == name; });
  return found == brokers.end() ? nullptr : &*found;
}

const client::TopicDescription* FindTopic(const BrokerView& broker, std::string_view name) {
  if (!broker.snapshot) return nullptr;
  const auto& topics = broker.snapshot->topics;
  const auto found = std::find_if(topics.begin(), topics.end(),
                                  [name](const auto& topic) { return topic.name == name; });
  return found == topics.end() ? nullptr : &*found;
}

const client::GroupDescription* FindGroup(const BrokerView& broker, std::string_view name) {
  if (!broker.snapshot) return nullptr;
  const auto& groups = broker.snapshot->groups;
  const auto found = std::find_if(groups.begin(), groups.end(), [name](const auto& group) {
    return group.summary.group == name;
  });
  return found == groups.end() ? nullptr : &*found;
}

}  // namespace logboom::gui
