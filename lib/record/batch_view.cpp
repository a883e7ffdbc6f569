#include "lib/record/batch_view.h"

#include "lib/record/varint.h"

namespace logboom::record {
namespace {

// Two lengths.
constexpr std::size_t kHeaderBytesMin = 2;

// Reads a record's fields one after the other and never past its end. The first fault stays: every
// further read gives zero or nothing, so that a caller asks once, at the end.
class FieldReader {
 public:
  explicit FieldReader(ByteView in) : at_(in.data()), end_(in.data() + in.size()) {}

  const char* fault() const { return fault_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  void SkipByte(const char* field) {
    if (left() < 1) return Blame(field);
    ++at_;
  }

  std::int32_t Varint(const char* field) {
    std::int32_t value = 0;
    Advance(ReadVarint(at_, end_, value), field);
    return value;
  }

  std::int64_t Varlong(const char* field) {
    std::int64_t value = 0;
    Advance(ReadVarlong(at_, end_, value), field);
    return value;
  }

  // A length, and as many bytes; -1 is null.
  std::optional<ByteView> Nullable(const char* field) {
    const std::int32_t length = Varint(field);
    if (length == -1) return std::nullopt;
    if (length < 0 || static_cast<std::size_t>(length) > left()) {
      Blame(field);
      return std::nullopt;
    }
    const ByteView bytes(at_, static_cast<std::size_t>(length));
    at_ += length;
    return bytes;
  }

  ByteView NotNull(const char* field) {
    const std::optional<ByteView> bytes = Nullable(field);
    if (!bytes) Blame(field);
    return bytes.value_or(ByteView());
  }

  void Blame(const char* field) {
    if (fault_ == nullptr) fault_ = field;
    at_ = end_;
  }

 private:
  void Advance(const char* behind, const char* field) {
    if (behind == nullptr) return Blame(field);
    at_ = behind;
  }

  const char* at_;
  const char* end_;
  const char* fault_ = nullptr;
};

// The inverse of the builder's difference, which wraps too.
TimestampMs Sum(TimestampMs base, std::int64_t delta) {
  return TimestampMs(static_cast<std::int64_t>(static_cast<std::uint64_t>(base.value()) +
                                               static_cast<std::uint64_t>(delta)));
}

void ReadHeaders(FieldReader& fields, std::vector<HeaderView>& headers) {
  headers.clear();
  const std::int32_t count = fields.Varint("header count");
  if (count < 0 || static_cast<std::size_t>(count) > fields.left() / kHeaderBytesMin) {
    return fields.Blame("header count");
  }
  if (count > kHeadersPerRecordMax) return fields.Blame("header count (over the limit)");
  for (std::int32_t i = 0; i < count && fields.fault() == nullptr; ++i) {
    const ByteView key = fields.NotNull("header key");
    headers.push_back({.key = key, .value = fields.Nullable("header value")});
  }
}

// Fills `record`, and returns its offset delta; the reader of `fields` asks for their fault.
std::int32_t ReadRecord(FieldReader& fields, const BatchHeader& header, Record& record) {
  fields.SkipByte("attributes");
  const std::int64_t timestamp_delta = fields.Varlong("timestamp delta");
  const std::int32_t offset_delta = fields.Varint("offset delta");
  record.offset = header.base_offset + offset_delta;
  record.timestamp = header.timestamp_type == TimestampType::kAppendTime
                         ? header.max_timestamp
                         : Sum(header.base_timestamp, timestamp_delta);
  record.key = fields.Nullable("key length");
  record.value = fields.Nullable("value length");
  ReadHeaders(fields, record.headers);
  return offset_delta;
}

}  // namespace

std::optional<ByteView> Record::Header(std::string_view name) const {
  for (const HeaderView& header : headers) {
    if (header.key == name) return header.value;
  }
  return std::nullopt;
}

Status BatchReader::Open(ByteView batch) {
  header_ = {};
  plain_ = {};
  Rewind();
  ASSIGN_OR_RETURN(const BatchHeader header, VerifyBatch(batch));
  const ByteView section = batch.substr(kBatchHeaderBytes);
  if (header.codec == Codec::kNone) {
    plain_ = section;
  } else if (Status status =
                 decompressor_.Decompress(header.codec, section, kRecordsBytesMax, unpacked_);
             !status.ok()) {
    return status.error().Within(fmt::format("batch at offset {}", header.base_offset));
  }
  header_ = header;
  Rewind();
  return Ok();
}

void BatchReader::Rewind() {
  position_ = 0;
  records_left_ = header_.record_count;
  offset_delta_min_ = 0;
}

Result<const Record*> BatchReader::Next() {
  FieldReader section(records().substr(position_));
  if (records_left_ == 0) {
    if (section.left() == 0) return nullptr;
    return Broken("bytes behind the last record");
  }
  FieldReader fields(section.NotNull("record length"));
  if (section.fault() != nullptr) return Broken(section.fault());
  const std::int32_t offset_delta = ReadRecord(fields, header_, record_);
  if (offset_delta < offset_delta_min_ || offset_delta > header_.last_offset_delta) {
    fields.Blame("offset delta");
  }
  if (fields.left() > 0) fields.Blame("bytes behind the last header");
  if (fields.fault() != nullptr) return Broken(fields.fault());
  position_ = records().size() - section.left();
  --records_left_;
  offset_delta_min_ = std::int64_t{offset_delta} + 1;
  return &record_;
}

Error BatchReader::Broken(const char* fault) const {
  return Fail(ErrorCode::kCorrupt,
              "batch at offset {}: record {} of {}, at byte {} of {} of the records: bad {}",
              header_.base_offset, header_.record_count - records_left_, header_.record_count,
              position_, records().size(), fault);
}

}  // namespace logboom::record
