// How topics are made, altered and deleted: the row says what is there, directories follow it.
#include <utility>

#include "broker/engine/embedded_engine.h"
#include "lib/base/check.h"
#include "lib/file/trees.h"

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

// The row first, durably, then the directories, then the row again, which now says that it lives.
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
  create.Put(Table::kTopic, TopicRowKey(topic.number),
             EncodeTopicRow(topic, TopicRowState::kMaking));
  Commit(std::move(create), [this, topic, done = std::move(done)](const Status& committed) {
    if (committed.ok()) {
      makings_.push_back(
          {topic, 0, [this, topic, done](const Status& made) { FinishCreate(topic, made, done); }});
      return;
    }
    done(committed.error().Within(fmt::format("topic '{}' is not made", topic.name)));
    EndChange(topic.name);
  });
}

// Each takes several syncs: one a Tick, so that a topic of a thousand partitions does not hold the
// loop.
void EmbeddedEngine::RunMakings() {
  if (failure_ || makings_.empty()) return;
  Making& making = makings_.front();
  Status made = Ok();
  if (making.next < making.topic.partitions) {
    made = MakePartition(making.topic, PartitionIndex{making.next++}, now_);
  }
  if (made.ok() && making.next < making.topic.partitions) return;
  const DoneCallback done = std::move(making.done);
  makings_.pop_front();
  done(std::move(made));
}

// Until its row says that it lives the next start takes away what was made of it: a topic that was
// refused is never there later.
void EmbeddedEngine::FinishCreate(const Topic& topic, const Status& made,
                                  const DoneCallback& done) {
  if (!made.ok()) {
    removals_.emplace_back(topic,
                           [this, name = topic.name, error = made.error(), done](const Status&) {
                             done(error.Within(fmt::format("topic '{}' is not made", name)));
                             EndChange(name);
                           });
    return;
  }
  MetadataTransaction live;
  live.Put(Table::kTopic, TopicRowKey(topic.number), EncodeTopicRow(topic, TopicRowState::kLive));
  live.renew_copy = true;
  Commit(std::move(live), [this, topic, done](const Status& committed) {
    if (!committed.ok()) {
      FinishCreate(topic, committed, done);
      return;
    }
    names_[topic.topic_id] = topic.name;
    topics_[topic.name] = topic;
    ++topics_version_;
    done(Ok());
    EndChange(topic.name);
  });
}

Status EmbeddedEngine::MakePartition(const Topic& topic, PartitionIndex index, Instant now) {
  ASSIGN_OR_RETURN(std::string path,
                   directory_->CreatePartition({topic.name, topic.topic_id, topic.number, index}));
  ASSIGN_OR_RETURN(std::unique_ptr<PartitionLog> log,
                   PartitionLog::Open(parts_.fs, path, directory_->path() + "/quarantine",
                                      LogOptions(topic.config), std::nullopt, /*clean=*/false,
                                      now.wall, nullptr));
  const TopicPartition where{topic.topic_id, index};
  AddPartition(where, std::move(log), std::move(path));
  return Ok();
}

void EmbeddedEngine::AddPartition(const TopicPartition& where, std::unique_ptr<PartitionLog> log,
                                  std::string path) {
  InstallHooks(where, *log, path);
  log->ShareFiles(open_files_, where);
  // A start, or a thousand new topics, must not hold all of their files.
  log->Sleep();
  partitions_[where] = Partition{std::move(log), std::move(path), {}};
}

void EmbeddedEngine::InstallHooks(const TopicPartition& where, PartitionLog& log,
                                  const std::string& directory) {
  log.SetSealHook([this, where] { return seal_hook_ ? seal_hook_(where) : Bytes(); });
  log.SetRemover([this, directory](std::vector<Offset> bases) {
    RemoveSegments(directory, std::move(bases));
  });
}

namespace {

Result<Topic> Altered(const Topic& topic, const TopicChange& change) {
  Topic altered = topic;
  TopicConfig to_check;
  for (const auto& [key, value] : change.set) {
    if (value.empty()) {
      altered.config.erase(key);
    } else {
      altered.config[key] = value;
      to_check[key] = value;
    }
  }
  RETURN_IF_ERROR(CheckTopicConfig(to_check));
  altered.partitions = change.partitions.value_or(topic.partitions);
  if (altered.partitions < topic.partitions || altered.partitions > kTopicPartitionsMax) {
    return Fail(ErrorCode::kInvalid,
                "{} partitions: topic '{}' has {}; there can be more, up to {}, and never fewer: "
                "records stay in their partition",
                altered.partitions, topic.name, topic.partitions, kTopicPartitionsMax);
  }
  return altered;
}

}  // namespace

// The row first: a crash after it leaves directories for the next start to make.
void EmbeddedEngine::AlterTopic(const std::string& name, const TopicChange& change,
                                DoneCallback done) {
  if (WaitsForChange(name, [this, name, change, done] { AlterTopic(name, change, done); })) return;
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    done(Fail(ErrorCode::kNotFound, "there is no topic '{}'", name));
    return;
  }
  const Topic before = found->second;
  const Result<Topic> altered = Altered(before, change);
  if (!altered.ok()) {
    done(altered.error());
    return;
  }
  changing_[name];
  MetadataTransaction alter;
  alter.Put(Table::kTopic, TopicRowKey(before.number),
            EncodeTopicRow(*altered, TopicRowState::kLive));
  alter.renew_copy = true;
  Commit(std::move(alter),
         [this, before, altered = *altered, done = std::move(done)](const Status& committed) {
           if (!committed.ok() || altered.partitions == before.partitions) {
             FinishAlter(before, altered, committed, done);
             return;
           }
           makings_.push_back(
               {altered, before.partitions, [this, before, altered, done](const Status& made) {
                  FinishAlter(before, altered, made, done);
                }});
         });
}

// What could not be made whole is undone: partitions that nobody has seen go, and the row says what
// it said before. Where even that fails the next start makes them.
void EmbeddedEngine::FinishAlter(const Topic& before, const Topic& altered, const Status& made,
                                 const DoneCallback& done) {
  if (made.ok()) {
    if (altered.partitions > before.partitions) ++topics_version_;
    topics_.at(altered.name) = altered;
    for (std::int32_t i = 0; i < altered.partitions; ++i) {
      Partition* partition = Find({altered.topic_id, PartitionIndex{i}});
      if (partition != nullptr) partition->log->SetOptions(LogOptions(altered.config));
    }
  } else if (altered.partitions > before.partitions) {
    const Status removed = RemovePartitions(altered, before.partitions);
    MetadataTransaction undo;
    undo.Put(Table::kTopic, TopicRowKey(before.number),
             EncodeTopicRow(before, TopicRowState::kLive));
    if (removed.ok()) Commit(std::move(undo), [](const Status&) {});
  }
  done(made.ok() ? Ok()
                 : Status(made.error().Within(
                       fmt::format("topic '{}' is as it was before", altered.name))));
  EndChange(altered.name);
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
    Status removed = RemovePartitions(topic, 0);
    if (!removed.ok()) {
      // The row still says that it is being deleted: the next start goes on.
      done(removed.error());
      continue;
    }
    MetadataTransaction forget;
    forget.Remove(Table::kTopic, TopicRowKey(topic.number));
    forget.renew_copy = true;
    Commit(std::move(forget), [done = std::move(done)](const Status& forgotten) {
      // It is deleted, and stays so: where there is no room to say it, the next start does.
      const bool no_room = !forgotten.ok() && forgotten.error().code == ErrorCode::kNoSpace;
      done(no_room ? Ok() : forgotten);
    });
  }
}

// Gone when it returns, durably; their files follow beside the loop.
Status EmbeddedEngine::RemovePartitions(const Topic& topic, std::int32_t first) {
  std::vector<std::string> paths;
  Status looked = Ok();
  for (std::int32_t i = first; i < topic.partitions; ++i) {
    const TopicPartition where{topic.topic_id, PartitionIndex{i}};
    std::erase(dirty_, where);
    auto found = partitions_.find(where);
    if (found == partitions_.end()) {
      // One that could not be opened when it was made has a directory alone.
      const auto left = directory_->FindPartition(topic.number, PartitionIndex{i});
      if (left.ok() && left->identity.topic_id == topic.topic_id) paths.push_back(left->path);
      if (!left.ok() && left.error().code != ErrorCode::kNotFound) looked = left.error();
      continue;
    }
    const Partition gone = std::move(found->second);
    partitions_.erase(found);
    paths.push_back(gone.directory);
    for (const DurableWaiter& waiter : gone.waiters) {
      waiter.then(Fail(ErrorCode::kNotFound, "topic '{}' was deleted", topic.name));
    }
  }
  ASSIGN_OR_RETURN(std::vector<std::string> retired, directory_->RetirePartitions(paths));
  RemoveDirectories(std::move(retired));
  return looked;
}

void EmbeddedEngine::RemoveDirectories(std::vector<std::string> retired) {
  for (std::string& path : retired) {
    ++unlinking_;
    background_->Submit([this, path = std::move(path)](
                            const std::stop_token& stop) -> BackgroundWorker::Continuation {
      const Status removed = stop.stop_requested() ? Ok() : file::RemoveTree(parts_.fs, path);
      return [this, removed] {
        --unlinking_;
        // The next start goes on.
        if (!removed.ok()) retention_failure_ = removed.error();
      };
    });
  }
}

}  // namespace logboom::broker
