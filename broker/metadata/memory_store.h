// A metadata store in memory, for tests and the simulator. Rows outlive the broker that wrote them
// as long as the store does; Fail makes writes fail until told otherwise.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "broker/metadata/metadata_store.h"

namespace logboom::broker {

class MemoryStore final : public MetadataStore {
 public:
  Result<std::vector<MetadataRow>> Load() override;
  Status Apply(const MetadataTransaction& transaction) override;
  Status RenewCopy() override { return Ok(); }

  void Fail(std::optional<Error> error) { error_ = std::move(error); }
  void Clear() { rows_.clear(); }

 private:
  std::map<std::pair<Table, Bytes>, Bytes> rows_;
  std::optional<Error> error_;
};

}  // namespace logboom::broker
