// How topics are made, altered and deleted: the row says what is there, directories follow it.
#include <utility>

#include "broker/engine/embedded_engine.h"
#include "broker/engine/topic_row.h"
#include "lib/base/check.h"

namespace logboom::broker {

bool EmbeddedEngine::WaitsForChange(const std::string& name, std::function<void()> change) {
  auto found = changing_.find(name);
  if (found == changing_.end()) return false;
  found->second.push_back(std::move(change));
  return true;
}

void EmbeddedEngine::EndChange(const std::string& name) {
  auto found = changing_.find(name);
  CHECK(found != changing_.end());
  // The first of them may begin a change: the others then wait for that one.
  const auto waiting = std::move(found->second);
  changing_.erase(found);
  for (const auto& change : waiting) change();
}

// The row first, durably, then the directories: a crash between the two leaves a row whose
// directories the next start makes.
void EmbeddedEngine::CreateTopic(TopicSpec spec, DoneCallback done) {
  if (WaitsForChange(spec.name, [this, spec, done] { CreateTopic(spec, done); })) return;
  if (topics_.contains(spec.name)) {
    done(Fail(ErrorCode::kExists, "topic '{}' exists", spec.name));
    return;
  }
  if (spec.partitions < 1 || spec.partitions > kTopicPartitionsMax) {
    done(Fail(ErrorCode::kInvalid, "{} partitions: a topic takes 1 to {}", spec.partitions,
              kTopicPartitionsMax));
    return;
  }
  if (Status checked = CheckTopicConfig(spec.config); !checked.ok()) {
    done(checked);
    return;
  }
  Topic topic{spec.name, Uuid::Make(parts_.random), next_topic_number_++, spec.partitions,
              std::move(spec.config)};
  changing_[topic.name];
  MetadataTransaction create;
  create.Put(Table::kTopic, TopicRowKey(topic.number), EncodeTopicRow(topic, TopicRowState::kLive));
  create.renew_copy = true;
  Commit(std::move(create), [this, topic, done = std::move(done)](const Status& committed) {
    if (committed.ok()) {
      FinishCreate(topic, done);
      return;
    }
    done(committed.error().Within(fmt::format("topic '{}' is not made", topic.name)));
    EndChange(topic.name);
  });
}

void EmbeddedEngine::FinishCreate(const Topic& topic, const DoneCallback& done) {
  for (std::int32_t i = 0; i < topic.partitions; ++i) {
    Status made = MakePartition(topic, PartitionIndex{i}, now_);
    if (made.ok()) continue;
    // The row would make the next start try again: take it back.
    MetadataTransaction undo;
    undo.Put(Table::kTopic, TopicRowKey(topic.number),
             EncodeTopicRow(topic, TopicRowState::kDeleting));
    Commit(std::move(undo), [](const Status&) {});
    removals_.emplace_back(topic,
                           [this, name = topic.name, error = made.error(), done](const Status&) {
                             done(error.Within(fmt::format("topic '{}' is not made", name)));
                             EndChange(name);
                           });
    return;
  }
  names_[topic.topic_id] = topic.name;
  topics_[topic.name] = topic;
  ++topics_version_;
  done(Ok());
  EndChange(topic.name);
}

Status EmbeddedEngine::MakePartition(const Topic& topic, PartitionIndex index, Instant now) {
  ASSIGN_OR_RETURN(std::string path,
                   directory_->CreatePartition({topic.name, topic.topic_id, topic.number, index}));
  ASSIGN_OR_RETURN(std::unique_ptr<PartitionLog> log,
                   PartitionLog::Open(parts_.fs, path, directory_->path() + "/quarantine",
                                      LogOptions(topic.config), std::nullopt, /*clean=*/false,
                                      now.wall, nullptr));
  const TopicPartition where{topic.topic_id, index};
  InstallSealHook(where, *log);
  partitions_[where] = Partition{std::move(log), std::move(path), {}};
  return Ok();
}

void EmbeddedEngine::InstallSealHook(const TopicPartition& where, PartitionLog& log) {
  log.SetSealHook([this, where] { return seal_hook_ ? seal_hook_(where) : Bytes(); });
}

void EmbeddedEngine::AlterTopic(const std::string& name, const TopicConfig& set,
                                DoneCallback done) {
  if (WaitsForChange(name, [this, name, set, done] { AlterTopic(name, set, done); })) return;
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    done(Fail(ErrorCode::kNotFound, "there is no topic '{}'", name));
    return;
  }
  Topic altered = found->second;
  TopicConfig to_check;
  for (const auto& [key, value] : set) {
    if (value.empty()) {
      altered.config.erase(key);
    } else {
      altered.config[key] = value;
      to_check[key] = value;
    }
  }
  if (Status checked = CheckTopicConfig(to_check); !checked.ok()) {
    done(checked);
    return;
  }
  changing_[name];
  MetadataTransaction alter;
  alter.Put(Table::kTopic, TopicRowKey(altered.number),
            EncodeTopicRow(altered, TopicRowState::kLive));
  alter.renew_copy = true;
  Commit(std::move(alter), [this, altered, done = std::move(done)](const Status& committed) {
    if (committed.ok()) {
      topics_.at(altered.name).config = altered.config;
      for (std::int32_t i = 0; i < altered.partitions; ++i) {
        Partition* partition = Find({altered.topic_id, PartitionIndex{i}});
        if (partition != nullptr) partition->log->SetOptions(LogOptions(altered.config));
      }
    }
    done(committed);
    EndChange(altered.name);
  });
}

// The topic is gone for callers at once, and for good once its row says so; directories follow, and
// the row goes last.
void EmbeddedEngine::DeleteTopic(const std::string& name, DoneCallback done) {
  if (WaitsForChange(name, [this, name, done] { DeleteTopic(name, done); })) return;
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    done(Fail(ErrorCode::kNotFound, "there is no topic '{}'", name));
    return;
  }
  const Topic topic = found->second;
  topics_.erase(found);
  names_.erase(topic.topic_id);
  ++topics_version_;
  changing_[topic.name];
  MetadataTransaction mark;
  mark.Put(Table::kTopic, TopicRowKey(topic.number),
           EncodeTopicRow(topic, TopicRowState::kDeleting));
  mark.renew_copy = true;
  Commit(std::move(mark), [this, topic, done = std::move(done)](const Status& committed) {
    if (!committed.ok()) {
      names_[topic.topic_id] = topic.name;
      topics_[topic.name] = topic;
      ++topics_version_;
      done(committed.error().Within(fmt::format("topic '{}' is not deleted", topic.name)));
      EndChange(topic.name);
      return;
    }
    removals_.emplace_back(topic, [this, name = topic.name, done](const Status& removed) {
      done(removed);
      EndChange(name);
    });
  });
}

// Only while no commit is under way: it may hold names in these directories.
void EmbeddedEngine::RunRemovals() {
  if (failure_ || !under_way_.empty() || removals_.empty()) return;
  auto removals = std::exchange(removals_, {});
  for (auto& [topic, done] : removals) {
    Status removed = RemovePartitions(topic);
    if (!removed.ok()) {
      // The row still says that it is being deleted: the next start goes on.
      done(removed.error());
      continue;
    }
    MetadataTransaction forget;
    forget.Remove(Table::kTopic, TopicRowKey(topic.number));
    forget.renew_copy = true;
    Commit(std::move(forget), std::move(done));
  }
}

Status EmbeddedEngine::RemovePartitions(const Topic& topic) {
  for (std::int32_t i = 0; i < topic.partitions; ++i) {
    const TopicPartition where{topic.topic_id, PartitionIndex{i}};
    std::erase(dirty_, where);
    auto found = partitions_.find(where);
    if (found == partitions_.end()) continue;
    Partition gone = std::move(found->second);
    partitions_.erase(found);
    for (DurableWaiter& waiter : gone.waiters) {
      waiter.then(Fail(ErrorCode::kNotFound, "topic '{}' was deleted", topic.name));
    }
    gone.log.reset();
    RETURN_IF_ERROR(directory_->DeletePartition(gone.directory));
  }
  // At the start of the program the directories are not open yet.
  ASSIGN_OR_RETURN(std::vector<DataDirectory::PartitionDirectory> left,
                   directory_->ListPartitions());
  for (const auto& [identity, path] : left) {
    if (identity.topic_id == topic.topic_id) RETURN_IF_ERROR(directory_->DeletePartition(path));
  }
  return Ok();
}

}  // namespace logboom::broker
