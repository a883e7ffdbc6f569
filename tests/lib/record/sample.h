// Records that own their bytes, and batches made by hand: what the tests of this room share.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/record/batch_builder.h"
#include "lib/record/batch_header.h"
#include "lib/record/batch_view.h"
#include "lib/record/codec.h"

namespace logboom::record {

struct SampleRecord {
  std::int64_t timestamp_ms = 0;
  std::optional<Bytes> key;
  std::optional<Bytes> value;
  std::vector<std::pair<Bytes, std::optional<Bytes>>> headers;
  friend bool operator==(const SampleRecord&, const SampleRecord&) = default;
};

// The records of tests/data/golden/record/make_golden.py, by the same rules: null and empty keys
// and values, NULs, invalid UTF-8, headers, times that go back and forth.
std::vector<SampleRecord> GoldenRecords();

void Add(BatchBuilder& builder, const SampleRecord& sample);
bool AddWhereItFits(BatchBuilder& builder, const SampleRecord& sample);
SampleRecord Own(const Record& record);

// A copy of the batch that the builder makes of them.
Bytes Build(const std::vector<SampleRecord>& samples, Codec codec);
// All records of a batch, or the first error.
Result<std::vector<SampleRecord>> ReadAll(ByteView batch);

// A batch of any header and record section, with its length and checksum put right.
Bytes MakeBatch(const BatchHeader& header, ByteView section);

// One line of JSON: what decode_batches.py prints of the same record.
std::string Describe(const SampleRecord& sample, std::int64_t offset);

}  // namespace logboom::record
