#include "agent/streams/journal_stream.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "agent/streams/limits.h"
#include "agent/streams/own_units.h"
#include "lib/parse/level.h"
#include "lib/record/span.h"

namespace logboom::agent {

std::optional<JournalNumber> ParseJournalCursor(std::string_view cursor) {
  JournalNumber found;
  bool has_number = false;
  while (!cursor.empty()) {
    const std::string_view part = cursor.substr(0, cursor.find(';'));
    cursor.remove_prefix(std::min(cursor.size(), part.size() + 1));
    if (part.starts_with("s=")) found.sequence = part.substr(2);
    if (!part.starts_with("i=")) continue;
    const char* end = part.data() + part.size();
    const auto parsed = std::from_chars(part.data() + 2, end, found.number, 16);
    has_number = parsed.ec == std::errc() && parsed.ptr == end && found.number >= 0;
  }
  if (found.sequence.empty() || !has_number) return std::nullopt;
  return found;
}

namespace {

constexpr std::string_view kPathPrefix = "journal:";
constexpr std::int64_t kNeverMs = 3'600'000;

// "_HOSTNAME": "lb.label.hostname".
std::string FieldHeader(std::string_view field) {
  std::string name(field.substr(std::min(field.find_first_not_of('_'), field.size())));
  for (char& each : name) {
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  }
  return record::LabelHeader(name);
}

// What is known of a place once the journal was asked.
struct Proof {
  bool is_same = true;
  std::int64_t number = 0;              // where it goes on
  std::optional<std::int64_t> time_us;  // of the entry before it, or of the next there is
  bool seen = false;                    // the entry before it is there
  std::uint64_t window = 0;             // of that entry, where the place is another one's
};

class JournalStream final : public RecordStream {
 public:
  JournalStream(std::unique_ptr<JournalReader> reader, const JournalStreamOptions& options)
      : reader_(std::move(reader)), options_(options) {
    for (const std::string& field : options_.fields) field_headers_.push_back(FieldHeader(field));
  }

  const std::string& name() const override { return name_; }
  bool Owns(std::string_view path) const override { return path.starts_with(kPathPrefix); }
  PositionUnit unit() const override { return PositionUnit::kEntries; }

  Status Poll(Instant now) override {
    now_ = now.monotonic;
    ASSIGN_OR_RETURN(const bool changed, reader_->TakeChanges());
    const bool asked = reader_->polls() && now_ >= ask_at_;
    if (asked) ask_at_ = now_ + kJournalPollInterval.count();
    if (changed || asked) at_end_ = false;
    if (now_ < retry_at_ || !error_) return Ok();
    return *std::exchange(error_, std::nullopt);
  }
  std::vector<int> descriptors() const override {
    // It was just asked: a journal that is written to all the time is looked at now and then.
    if (reader_->descriptor() < 0 || !at_end_) return {};
    return {reader_->descriptor()};
  }
  MonotonicMs NextDue(MonotonicMs now) const override {
    if (error_) return std::max(now, retry_at_);
    if (!at_end_ && !has_entry_) return now;
    return reader_->polls() ? std::max(now, ask_at_) : now + kNeverMs;
  }

  const StreamEntry* Peek() override {
    if (!sought_ || error_) return nullptr;
    for (int i = 0; i < kJournalSkipsMax && !has_entry_ && !at_end_; ++i) {
      if (Status read = ReadNext(); !read.ok()) {
        error_ = read.error();
        retry_at_ = now_ + kStreamRetry.count();
        return nullptr;
      }
    }
    return has_entry_ ? &entry_ : nullptr;
  }
  void Advance() override {
    has_entry_ = false;
    window_ = record::HashBytes(cursor_);
    from_[at_.sequence] = at_.number + 1;
  }
  std::uint64_t window() const override { return window_; }

  Result<std::vector<Resumed>> Seek(std::span<const StreamPlace> places) override {
    RETURN_IF_ERROR(BeginSeek());
    std::vector<Proof> found;
    std::map<std::string, Proof> proofs;
    for (const StreamPlace& place : places) {
      ASSIGN_OR_RETURN(const Proof proof, Prove(place));
      found.push_back(proof);
      Proof& of_sequence = proofs.try_emplace(SequenceOf(place), proof).first->second;
      // Of two sources of one sequence the one goes on that is the journal's.
      if (proof.is_same && (!of_sequence.is_same || of_sequence.number < proof.number)) {
        of_sequence = proof;
      }
    }
    std::vector<Resumed> resumed;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const Proof& of_sequence = proofs.at(SequenceOf(places[i]));
      Resumed& each =
          resumed.emplace_back(Resumed{.is_same = found[i].is_same, .at = places[i].at});
      const bool begins = !of_sequence.is_same && of_sequence.seen;
      if (begins) each.successor = {SourcePosition(of_sequence.number), of_sequence.window};
    }
    RETURN_IF_ERROR(reader_->SetUnits(options_.units));
    RETURN_IF_ERROR(GoOn(proofs));
    sought_ = true;
    return resumed;
  }

  Result<std::vector<StreamPlace>> SeekEnd() override {
    RETURN_IF_ERROR(BeginSeek());
    RETURN_IF_ERROR(reader_->SeekEnd());
    std::vector<StreamPlace> places;
    // Where there is none, it stands before the first.
    if (const auto cursor = reader_->Cursor()) {
      const auto last = ParseJournalCursor(*cursor);
      if (!last) return NoCursor(*cursor);
      const SourcePosition end(last->number + 1);
      places.push_back({.source = std::string(kPathPrefix) + last->sequence,
                        .at = {end, record::HashBytes(*cursor)}});
      from_[last->sequence] = end.value();
      ASSIGN_OR_RETURN(since_us_, reader_->TimeUs());
      RETURN_IF_ERROR(reader_->SetUnits(options_.units));
      RETURN_IF_ERROR(reader_->SeekTo(*last, JournalReader::Others::kFromHead));
    } else {
      RETURN_IF_ERROR(reader_->SetUnits(options_.units));
      RETURN_IF_ERROR(reader_->SeekHead());
    }
    sought_ = true;
    return places;
  }
  void Release(std::string_view, SourcePosition) override {}
  std::vector<std::string> TakeWarnings() override { return std::exchange(warnings_, {}); }

 private:
  Status BeginSeek() {
    sought_ = false;
    has_entry_ = false;
    at_end_ = false;
    error_.reset();
    from_.clear();
    since_us_ = 0;
    own_units_.Forget();
    RETURN_IF_ERROR(reader_->SetUnits({}));
    return WarnOfNoEntries();
  }

  static std::string SequenceOf(const StreamPlace& place) {
    return place.source.substr(kPathPrefix.size());
  }
  Error NoCursor(std::string_view cursor) const {
    return Fail(ErrorCode::kCorrupt, "{}: '{}' is no cursor", reader_->Describe(), cursor);
  }

  Status WarnOfNoEntries() {
    RETURN_IF_ERROR(reader_->SeekHead());
    ASSIGN_OR_RETURN(const bool any, reader_->Next());
    if (!any && !std::exchange(warned_of_no_entries_, true)) {
      warnings_.push_back(reader_->Describe() +
                          " has no entry that can be read: is there one, and is the agent's user "
                          "in the group systemd-journal or adm?");
    }
    return Ok();
  }

  // The entry of that number, or the next of its sequence. Nothing: there is none.
  struct Found {
    std::int64_t number = 0;
    std::string cursor;
    std::int64_t time_us = 0;
  };
  Result<std::optional<Found>> Find(const JournalNumber& wanted) {
    RETURN_IF_ERROR(reader_->SeekTo(wanted, JournalReader::Others::kLeftOut));
    ASSIGN_OR_RETURN(const bool any, reader_->Next());
    if (!any) return std::optional<Found>();
    ASSIGN_OR_RETURN(std::string cursor, reader_->Cursor());
    const auto number = ParseJournalCursor(cursor);
    if (!number) return NoCursor(cursor);
    if (number->sequence != wanted.sequence) return std::optional<Found>();
    ASSIGN_OR_RETURN(const std::int64_t time, reader_->TimeUs());
    return std::optional<Found>({number->number, std::move(cursor), time});
  }

  // Whether the journal has what was sent of it, and where it goes on.
  Result<Proof> Prove(const StreamPlace& place) {
    const std::string sequence = SequenceOf(place);
    const std::int64_t number = place.at.end.value();
    ASSIGN_OR_RETURN(const auto before, Find({sequence, number - 1}));
    Proof proof;
    proof.number = number;
    if (before) proof.time_us = before->time_us;
    if (before && before->number == number - 1) {
      proof.seen = true;
      const bool nothing_before = place.at.window == record::HashBytes({});
      if (!place.window_known || nothing_before ||
          record::HashBytes(before->cursor) == place.at.window) {
        return proof;
      }
      return Diverged(place);
    }
    if (before && before->number > number) {
      warnings_.push_back(
          fmt::format("{}: up to {} entries are gone that were not read yet: it was vacuumed",
                      reader_->Describe(), before->number - number));
    }
    if (before) return proof;
    // All of it is gone, or it ends before: it was set back, or lost what was not on the disk.
    for (const client::SpanEnd& end : place.recent) {
      ASSIGN_OR_RETURN(const auto older, Find({sequence, end.end.value() - 1}));
      if (older) return Diverged(place);
    }
    return proof;
  }

  Result<Proof> Diverged(const StreamPlace& place) {
    const std::string sequence = SequenceOf(place);
    Proof proof;
    proof.is_same = false;
    for (auto end = place.recent.rbegin(); end != place.recent.rend(); ++end) {
      const std::int64_t last = end->end.value() - 1;
      ASSIGN_OR_RETURN(const auto found, Find({sequence, last}));
      if (!found || found->number != last || record::HashBytes(found->cursor) != end->window) {
        continue;
      }
      proof.number = end->end.value();
      proof.time_us = found->time_us;
      proof.seen = true;
      proof.window = end->window;
      break;
    }
    warnings_.push_back(fmt::format(
        "{} is not the one that was read before number {}: it was set back; reading goes on {}",
        reader_->Describe(), place.at.end,
        proof.seen ? fmt::format("at number {}", proof.number) : "at its beginning"));
    return proof;
  }

  // One sequence is sought by its number. The others are walked from their first entry, and what is
  // below their place passed over: no time, which may be set back, can hide an entry from us.
  Status GoOn(const std::map<std::string, Proof>& proofs) {
    std::optional<JournalNumber> furthest;
    std::optional<std::int64_t> oldest_us;
    for (const auto& [sequence, proof] : proofs) {
      from_[sequence] = proof.number;
      if (!proof.time_us) continue;  // nothing of it is there
      oldest_us = std::min(oldest_us.value_or(*proof.time_us), *proof.time_us);
      if (!furthest || furthest->number < proof.number) furthest = {sequence, proof.number};
    }
    if (options_.from_end) since_us_ = oldest_us.value_or(0);
    if (!furthest) return reader_->SeekHead();
    return reader_->SeekTo(*furthest, JournalReader::Others::kFromHead);
  }

  // To the next entry that is to be read, if it is the very next.
  Status ReadNext() {
    ASSIGN_OR_RETURN(const bool any, reader_->Next());
    if (!any) {
      at_end_ = true;
      return Ok();
    }
    ASSIGN_OR_RETURN(cursor_, reader_->Cursor());
    auto number = ParseJournalCursor(cursor_);
    if (!number) return NoCursor(cursor_);
    const auto from = from_.find(number->sequence);
    if (from == from_.end()) {
      ASSIGN_OR_RETURN(const std::int64_t time_us, reader_->TimeUs());
      if (time_us < since_us_) return Ok();
    } else if (number->number < from->second) {
      return Ok();
    }
    at_ = *std::move(number);
    return Take();
  }

  Status Take() {
    ASSIGN_OR_RETURN(const std::int64_t time_us, reader_->TimeUs());
    path_.assign(kPathPrefix).append(at_.sequence);
    message_.assign(reader_->Field("MESSAGE").value_or(ByteView()));
    if (message_.size() > options_.message_bytes_max) {
      message_.resize(options_.message_bytes_max);
      if (!std::exchange(warned_of_cut_, true)) {
        warnings_.push_back(fmt::format(
            "{}: number {} has a message of more than {} bytes: it is cut there, as others will be",
            reader_->Describe(), at_.number, options_.message_bytes_max));
      }
    }
    headers_.clear();
    values_.clear();
    header_bytes_ = 0;
    const std::string unit = TakeUnit();
    AddHeader(kUnitHeader, unit);
    if (const auto priority = reader_->Field("PRIORITY")) {
      const auto level = parse::LevelFromText(*priority);
      if (level) AddHeader(std::string(record::kLevelHeader), parse::LevelName(*level));
    }
    for (std::size_t i = 0; i < field_headers_.size(); ++i) {
      if (const auto value = reader_->Field(options_.fields[i])) {
        AddHeader(field_headers_[i], *value);
      }
    }
    for (const auto& [key, value] : values_) headers_.push_back({.key = key, .value = value});
    entry_ = {.source = path_,
              .begin = SourcePosition(at_.number),
              .end = SourcePosition(at_.number + 1),
              .value = message_,
              .own_unit = own_units_.MustDrop(unit, time_us),
              .time = TimestampMs(time_us / 1'000),
              .headers = headers_};
    has_entry_ = true;
    return Ok();
  }

  std::string TakeUnit() {
    for (const char* field : {"_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER"}) {
      if (const auto value = reader_->Field(field)) return std::string(*value);
    }
    return "";
  }
  void AddHeader(std::string key, ByteView value) {
    if (value.empty() || header_bytes_ + key.size() + value.size() > kJournalFieldBytesMax) return;
    header_bytes_ += key.size() + value.size();
    values_.emplace_back(std::move(key), Bytes(value));
  }

  static inline const std::string kUnitHeader = record::LabelHeader("unit");

  std::unique_ptr<JournalReader> reader_;
  JournalStreamOptions options_;
  std::string name_ = "journal";
  std::vector<std::string> field_headers_;  // as options_.fields
  OwnUnits own_units_;

  bool sought_ = false;
  bool at_end_ = false;
  MonotonicMs now_;
  MonotonicMs ask_at_;
  MonotonicMs retry_at_;
  std::optional<Error> error_;
  std::map<std::string, std::int64_t> from_;  // where reading goes on, by sequence
  std::int64_t since_us_ = 0;                 // of sequences that are none of these
  bool warned_of_no_entries_ = false;
  bool warned_of_cut_ = false;
  std::vector<std::string> warnings_;

  bool has_entry_ = false;
  StreamEntry entry_;
  JournalNumber at_;
  std::string cursor_;
  std::string path_;
  Bytes message_;
  std::size_t header_bytes_ = 0;
  std::vector<std::pair<std::string, Bytes>> values_;
  std::vector<record::HeaderView> headers_;  // of values_
  std::uint64_t window_ = 0;
};

}  // namespace

std::unique_ptr<RecordStream> MakeJournalStream(std::unique_ptr<JournalReader> reader,
                                                const JournalStreamOptions& options) {
  return std::make_unique<JournalStream>(std::move(reader), options);
}

}  // namespace logboom::agent
