#include "bench/load/batches.h"

#include <fstream>
#include <optional>

#include "lib/record/batch_builder.h"

namespace logboom::load {
namespace {

constexpr TimestampMs kTime{1'767'225'600'000};

Status FinishInto(Batches& batches, record::BatchBuilder& builder) {
  ASSIGN_OR_RETURN(const ByteView batch, builder.Finish());
  batches.batches.emplace_back(batch);
  batches.bytes += batch.size();
  return Ok();
}

}  // namespace

Result<Batches> MakeBatches(const std::string& file, std::size_t batch_raw_bytes) {
  std::ifstream lines(file, std::ios::binary);
  Batches batches;
  record::BatchBuilder builder({.batch_bytes_max = batch_raw_bytes});
  for (std::string line; std::getline(lines, line);) {
    const record::RecordView record{
        .timestamp = kTime, .key = std::nullopt, .value = line, .headers = {}};
    if (!builder.empty() && !builder.Fits(record)) RETURN_IF_ERROR(FinishInto(batches, builder));
    builder.Add(record);
    batches.raw_bytes += line.size() + 1;
  }
  if (!builder.empty()) RETURN_IF_ERROR(FinishInto(batches, builder));
  if (batches.batches.empty()) return Fail(ErrorCode::kInvalid, "{}: no lines", file);
  return batches;
}

}  // namespace logboom::load
