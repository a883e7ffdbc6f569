// A metadata store in memory, for tests and the simulator. Rows outlive the broker that wrote them
// as long as the store does; Fail makes writes fail until told otherwise.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "broker/metadata/metadata_store.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

class MemoryStore final : public MetadataStore {
 public:
  Result<std::vector<MetadataRow>> Load() override;
  Status Apply(const MetadataTransaction& transaction) override;
  Status RenewCopy() override { return Ok(); }
  // kUnsupported without a file system to copy to.
  Status CopyTo(const std::string& path) override;

  // Where CopyTo writes; outlives the store, or the next call. Null: nowhere.
  void SetCopies(file::FileSystem* fs) { copies_ = fs; }
  // Forgets all, and takes what CopyTo has written.
  Status TakeCopy(file::FileSystem& fs, const std::string& path);

  void Fail(std::optional<Error> error) { error_ = std::move(error); }
  void Clear() { rows_.clear(); }

 private:
  std::map<std::pair<Table, Bytes>, Bytes> rows_;
  std::optional<Error> error_;
  file::FileSystem* copies_ = nullptr;
};

}  // namespace logboom::broker
