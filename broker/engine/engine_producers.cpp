// Idempotent producers: their ids, and which of their batches are new.
#include <algorithm>
#include <utility>

#include "broker/engine/embedded_engine.h"

namespace logboom::broker {
namespace {

// Where ids begin in a data directory without a row: 256 for each second since 1970, within the
// range of the restore. Ids that were given out and never used stand in no log.
std::int64_t FirstIdAt(TimestampMs now, std::uint32_t restore_count) {
  const std::int64_t range = std::int64_t{std::min(restore_count, kProducerIdRestoresMax)}
                             << kProducerIdRestoreShift;
  return range + std::max<std::int64_t>(now.value(), 0) / 1000 * 256;
}

}  // namespace

// Without the row of earlier runs (the store was lost, or there was none) clock and log say which
// ids were given out: logs that no idempotent producer has written to cost nothing.
Status EmbeddedEngine::LoadProducerIds() {
  std::int64_t known = 0;
  const std::vector<MetadataRow> rows = TakeRows(Table::kProducerIds);
  if (!rows.empty()) {
    ASSIGN_OR_RETURN(known, DecodeProducerIdRow(rows.front().value));
  } else {
    known = FirstIdAt(now_.wall, directory_->restore_count());
    for (auto& [where, partition] : partitions_) {
      ASSIGN_OR_RETURN(const std::int64_t largest, partition.log->LargestProducerId());
      known = std::max(known, largest + 1);
    }
  }
  producer_ids_ = ProducerIds(known, directory_->restore_count());
  return Ok();
}

void EmbeddedEngine::NewProducerId(ProducerIdCallback done) {
  if (const std::optional<std::int64_t> id = producer_ids_.Take()) {
    done(*id);
    return;
  }
  id_waiters_.push_back(std::move(done));
  if (id_waiters_.size() > 1) return;  // a block is on its way
  const std::int64_t until = producer_ids_.NextReserve();
  MetadataTransaction reserve;
  reserve.Put(Table::kProducerIds, {}, EncodeProducerIdRow(until));
  Commit(std::move(reserve), [this, until](const Status& committed) {
    if (committed.ok()) producer_ids_.Reserved(until);
    for (auto waiters = std::exchange(id_waiters_, {}); ProducerIdCallback & waiter : waiters) {
      if (committed.ok()) {
        NewProducerId(std::move(waiter));
      } else {
        waiter(committed.error().Within("no producer id is given out"));
      }
    }
  });
}

Result<ProducerVerdict> EmbeddedEngine::JudgeProducer(const TopicPartition& where,
                                                      const record::BatchHeader& header) {
  if (failure_) return *failure_;
  Partition* partition = Find(where);
  if (partition == nullptr) return Fail(ErrorCode::kNotFound, "no such partition");
  if (!producer_ids_.MayBeOut(header.producer_id)) {
    return ProducerVerdict{.kind = ProducerVerdict::Kind::kUnknown};
  }
  return partition->log->JudgeProducer(header);
}

}  // namespace logboom::broker
