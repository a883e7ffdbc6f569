#include "broker/metadata/memory_store.h"

namespace logboom::broker {

Result<std::vector<MetadataRow>> MemoryStore::Load() {
  std::vector<MetadataRow> rows;
  rows.reserve(rows_.size());
  for (const auto& [key, value] : rows_) rows.push_back({key.first, key.second, value});
  return rows;
}

Status MemoryStore::Apply(const MetadataTransaction& transaction) {
  if (error_) return *error_;
  for (const MetadataWrite& write : transaction.writes) {
    std::pair<Table, Bytes> key{write.table, write.key};
    if (write.value) {
      rows_.insert_or_assign(std::move(key), *write.value);
    } else {
      rows_.erase(key);
    }
  }
  return Ok();
}

}  // namespace logboom::broker
