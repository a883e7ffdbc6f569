// A journal that a test writes entry by entry.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/streams/journal_reader.h"

namespace logboom::agent {

// What readers walk; outlives them.
struct ListedJournal {
  struct Entry {
    std::string sequence;
    std::int64_t number = 0;
    std::int64_t time_us = 0;
    std::map<std::string, std::string, std::less<>> fields;

    std::string Cursor() const {
      const auto message = fields.find("MESSAGE");
      return fmt::format("s={};i={:x};t={:x};x={:x}", sequence, number, time_us,
                         std::hash<std::string>{}(message == fields.end() ? "" : message->second));
    }
  };
  std::vector<Entry> entries;
  bool changed = false;
  int failures = 0;  // of the next calls of Next()

  static std::string SequenceName(char name) { return std::string(32, name); }
  Entry& Write(char sequence, std::int64_t number, const std::string& message,
               std::int64_t time_us = 1'789'999'000'000'000) {
    changed = true;
    entries.push_back({SequenceName(sequence), number, time_us, {{"MESSAGE", message}}});
    return entries.back();
  }
};

class ListedJournalReader final : public JournalReader {
 public:
  explicit ListedJournalReader(ListedJournal& journal) : journal_(journal) {}

  std::string Describe() const override { return "the journal"; }
  Status SetUnits(const std::vector<std::string>& units) override {
    units_ = units;
    return Ok();
  }
  Status SeekHead() override {
    next_ = 0;
    from_.reset();
    at_.reset();
    return Ok();
  }
  Status SeekEnd() override {
    next_ = journal_.entries.size();
    from_.reset();
    at_.reset();
    if (next_ > 0) at_ = next_ - 1;
    return Ok();
  }
  Status SeekTo(const JournalNumber& to, Others others) override {
    next_ = 0;
    from_ = to;
    others_from_ = others == Others::kLeftOut ? journal_.entries.size() : 0;
    at_.reset();
    return Ok();
  }
  Result<bool> Next() override {
    if (journal_.failures > 0) {
      --journal_.failures;
      return Fail(ErrorCode::kCorrupt, "read the journal: bad message");
    }
    for (; next_ < journal_.entries.size(); ++next_) {
      if (!Walks(next_)) continue;
      at_ = next_++;
      return true;
    }
    return false;
  }
  Result<std::string> Cursor() override {
    if (!at_) return Fail(ErrorCode::kNotFound, "no entry");
    return journal_.entries[*at_].Cursor();
  }
  Result<std::int64_t> TimeUs() override { return journal_.entries[*at_].time_us; }
  std::optional<ByteView> Field(std::string_view name) override {
    const auto& fields = journal_.entries[*at_].fields;
    const auto found = fields.find(name);
    if (found == fields.end()) return std::nullopt;
    return ByteView(found->second);
  }
  int descriptor() const override { return -1; }
  bool polls() const override { return false; }
  Result<bool> TakeChanges() override { return std::exchange(journal_.changed, false); }

 private:
  bool Walks(std::size_t index) const {
    const ListedJournal::Entry& entry = journal_.entries[index];
    if (!units_.empty()) {
      const auto unit = entry.fields.find("_SYSTEMD_UNIT");
      if (unit == entry.fields.end()) return false;
      if (std::find(units_.begin(), units_.end(), unit->second) == units_.end()) return false;
    }
    if (!from_) return true;
    return entry.sequence == from_->sequence ? entry.number >= from_->number
                                             : index >= others_from_;
  }

  ListedJournal& journal_;
  std::vector<std::string> units_;
  std::size_t next_ = 0;
  std::optional<JournalNumber> from_;
  std::size_t others_from_ = 0;
  std::optional<std::size_t> at_;
};

}  // namespace logboom::agent
