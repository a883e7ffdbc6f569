// Topics: metadata, create, alter, delete.
#include <memory>
#include <utility>

#include "broker/server/server.h"
#include "broker/server/translate.h"
#include "lib/protocol/protocol.h"

namespace logboom::broker {
void Server::HandleMetadata(const Call& call, const protocol::MetadataRequest& request) {
  std::vector<std::string> names(request.topics().begin(), request.topics().end());
  if (names.size() > protocol::kHelloTopicsMax) {
    AnswerError(
        call, protocol::INVALID_REQUEST,
        fmt::format("{} topics: a request takes {}", names.size(), protocol::kHelloTopicsMax));
    return;
  }
  if (!request.auto_create() || names.empty()) {
    AnswerMetadata(call, names, {});
    return;
  }
  // Answered when the last of them is there, or can't be had.
  struct Waiting {
    std::size_t left = 0;
    std::map<std::string, Error> failed;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->left = names.size();
  for (const std::string& name : names) {
    EnsureTopic(name, call.principal, [this, call, names, name, waiting](const Status& made) {
      if (!made.ok()) waiting->failed.insert_or_assign(name, made.error());
      if (--waiting->left == 0) AnswerMetadata(call, names, waiting->failed);
    });
  }
}

// All topics where no name is given; an error for each name that is none.
void Server::AnswerMetadata(const Call& call, const std::vector<std::string>& names,
                            const std::map<std::string, Error>& failed) {
  protocol::Response response;
  protocol::MetadataResponse& body = *response.mutable_metadata();
  auto visible = [&](const std::string& name) {
    return Authorise(call.principal, Operation::kDescribeTopic, {ResourceKind::kTopic, name}).ok();
  };
  if (names.empty()) {
    for (const Topic* topic : engine_.Topics()) {
      if (!visible(topic->name)) continue;
      protocol::Topic& entry = *body.add_topics();
      FillTopic(engine_, *topic, entry);
      evictions_.Fill(topic->topic_id, entry);
    }
  }
  for (const std::string& name : names) {
    protocol::Topic& entry = *body.add_topics();
    const Topic* topic = engine_.FindTopic(name);
    if (topic != nullptr && visible(name)) {
      FillTopic(engine_, *topic, entry);
      evictions_.Fill(topic->topic_id, entry);
      continue;
    }
    entry.set_name(name);
    auto reason = failed.find(name);
    if (Status named = protocol::CheckTopicName(name); !named.ok()) {
      *entry.mutable_error() = protocol::MakeError(protocol::INVALID_NAME, named.error().message);
    } else if (reason != failed.end()) {
      *entry.mutable_error() = protocol::ToWire(reason->second);
    } else {
      *entry.mutable_error() =
          protocol::MakeError(protocol::UNKNOWN_TOPIC, fmt::format("there is no topic '{}'", name));
    }
  }
  Answer(call, std::move(response));
}

void Server::HandleCreateTopic(const Call& call, const protocol::CreateTopicRequest& request) {
  const std::string name = request.name();
  if (Status named = protocol::CheckTopicName(name); !named.ok()) {
    AnswerError(call, protocol::INVALID_NAME, named.error().message);
    return;
  }
  if (protocol::IsReservedTopicName(name)) {
    AnswerError(call, protocol::INVALID_NAME, "topic names that begin with '__' are reserved");
    return;
  }
  if (!Allowed(call, Operation::kCreateTopic, {ResourceKind::kTopic, name})) return;
  TopicSpec spec{name, request.partitions(), {request.config().begin(), request.config().end()}};
  if (Status checked = CheckTopicConfig(spec.config); !checked.ok()) {
    AnswerError(call, protocol::INVALID_CONFIG, checked.error().message);
    return;
  }
  engine_.CreateTopic(std::move(spec), [this, call, name](const Status& made) {
    protocol::Response response;
    const Topic* topic = engine_.FindTopic(name);
    response.mutable_create_topic()->set_topic_id(
        topic == nullptr ? Bytes() : Bytes(topic->topic_id.bytes()));
    AnswerStatus(call, made, std::move(response));
  });
}

void Server::HandleAlterTopic(const Call& call, const protocol::AlterTopicRequest& request) {
  if (!Allowed(call, Operation::kAlterTopic, {ResourceKind::kTopic, request.name()})) return;
  const TopicConfig set(request.set().begin(), request.set().end());
  TopicConfig to_check = set;
  std::erase_if(to_check, [](const auto& entry) { return entry.second.empty(); });
  if (Status checked = CheckTopicConfig(to_check); !checked.ok()) {
    AnswerError(call, protocol::INVALID_CONFIG, checked.error().message);
    return;
  }
  const Topic* topic = engine_.FindTopic(request.name());
  if (topic != nullptr && IsCompacted(to_check) && !IsCompacted(topic->config) &&
      sources_.table().TopicIds().contains(topic->topic_id)) {
    AnswerError(call, protocol::INVALID_CONFIG,
                "cleanup.policy: the topic holds lines of agents, which compaction would take for "
                "values of one key each; give the agents another topic first, and delete this one");
    return;
  }
  TopicChange change{set, std::nullopt};
  if (request.partitions() != 0) change.partitions = request.partitions();
  engine_.AlterTopic(request.name(), change, [this, call](const Status& altered) {
    protocol::Response response;
    response.mutable_alter_topic();
    AnswerStatus(call, altered, std::move(response));
  });
}

void Server::HandleDeleteTopic(const Call& call, const protocol::DeleteTopicRequest& request) {
  if (!Allowed(call, Operation::kDeleteTopic, {ResourceKind::kTopic, request.name()})) return;
  const Topic* topic = engine_.FindTopic(request.name());
  const Uuid topic_id = topic == nullptr ? Uuid{} : topic->topic_id;
  engine_.DeleteTopic(request.name(), [this, call, topic_id](const Status& deleted) {
    if (deleted.ok()) {
      sources_.ForgetTopic(topic_id);
      groups_.ForgetTopic(topic_id);
      evictions_.Forget(topic_id);
    }
    // Whoever waits for records of it waits in vain.
    for (auto waiting = waiting_fetches_.begin(); waiting != waiting_fetches_.end(); ++waiting) {
      if (waiting->first.topic_id == topic_id) risen_.push_back(waiting->first);
    }
    protocol::Response response;
    response.mutable_delete_topic();
    AnswerStatus(call, deleted, std::move(response));
  });
}

}  // namespace logboom::broker
