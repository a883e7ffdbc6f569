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

Status MemoryStore::CopyTo(const std::string& path) {
  if (copies_ == nullptr) {
    return logboom::Fail(ErrorCode::kUnsupported, "{}: this store lives in memory alone", path);
  }
  Bytes bytes;
  ByteWriter writer(bytes);
  for (const auto& [key, value] : rows_) {
    writer.Int(static_cast<std::uint8_t>(key.first));
    writer.String(key.second);
    writer.String(value);
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> file,
                   copies_->Open(path, file::OpenMode::kCreateNew));
  RETURN_IF_ERROR(file->PWrite(0, bytes));
  return file->Sync();
}

Status MemoryStore::TakeCopy(file::FileSystem& fs, const std::string& path) {
  constexpr std::size_t kBytesMax = std::size_t{1} << 30U;
  ASSIGN_OR_RETURN(const Bytes bytes, file::ReadWholeFile(fs, path, kBytesMax));
  ByteReader reader(bytes);
  rows_.clear();
  while (reader.ok() && !reader.rest().empty()) {
    const auto table = static_cast<Table>(reader.Int<std::uint8_t>());
    const Bytes key(reader.String());
    rows_[{table, key}] = Bytes(reader.String());
  }
  if (!reader.done()) return logboom::Fail(ErrorCode::kCorrupt, "{}: is no copy of a store", path);
  return Ok();
}

}  // namespace logboom::broker
