#include <systemd/sd-journal.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "agent/streams/journal_reader.h"

namespace logboom::agent {
namespace {

Error Failed(int code, std::string_view what) { return ErrnoError(-code, what); }

Status Done(int code, std::string_view what) {
  if (code < 0) return Failed(code, what);
  return Ok();
}

class SystemJournal final : public JournalReader {
 public:
  SystemJournal(sd_journal* journal, std::string name)
      : journal_(journal), name_(std::move(name)), descriptor_(sd_journal_get_fd(journal)) {}

  std::string Describe() const override { return name_; }

  Status SetUnits(const std::vector<std::string>& units) override {
    sd_journal_flush_matches(journal_.get());
    for (const std::string& unit : units) {
      RETURN_IF_ERROR(Match("_SYSTEMD_UNIT=" + unit));
      RETURN_IF_ERROR(Done(sd_journal_add_disjunction(journal_.get()), "match units"));
      // What the service manager says of it.
      RETURN_IF_ERROR(Match("_PID=1"));
      RETURN_IF_ERROR(Match("UNIT=" + unit));
      RETURN_IF_ERROR(Done(sd_journal_add_disjunction(journal_.get()), "match units"));
    }
    return Ok();
  }

  Status SeekHead() override { return Done(sd_journal_seek_head(journal_.get()), "seek head"); }
  // A step forward from the tail would go anywhere: it takes one back to stand on the last entry.
  Status SeekEnd() override {
    RETURN_IF_ERROR(Done(sd_journal_seek_tail(journal_.get()), "seek tail"));
    ASSIGN_OR_RETURN(const bool any, Moved(sd_journal_previous(journal_.get())));
    return any ? Ok() : SeekHead();
  }
  Status SeekTo(const JournalNumber& to, Others others) override {
    std::string cursor = fmt::format("s={};i={:x}", to.sequence, to.number);
    // Other sequences are sought by time, where there is one.
    if (others == Others::kLeftOut) cursor += fmt::format(";t={:x}", INT64_MAX);
    return Done(sd_journal_seek_cursor(journal_.get(), cursor.c_str()), "seek " + cursor);
  }
  Result<bool> Next() override { return Moved(sd_journal_next(journal_.get())); }

  Result<std::string> Cursor() override {
    char* text = nullptr;
    if (const int code = sd_journal_get_cursor(journal_.get(), &text); code < 0) {
      return Failed(code, "read a cursor of " + name_);
    }
    std::string cursor(text);
    free(text);  // NOLINT: it comes from C
    return cursor;
  }
  Result<std::int64_t> TimeUs() override {
    std::uint64_t time = 0;
    if (const int code = sd_journal_get_realtime_usec(journal_.get(), &time); code < 0) {
      return Failed(code, "read a time of " + name_);
    }
    return static_cast<std::int64_t>(time);
  }
  std::optional<ByteView> Field(std::string_view name) override {
    const void* data = nullptr;
    std::size_t size = 0;
    field_.assign(name);
    if (sd_journal_get_data(journal_.get(), field_.c_str(), &data, &size) < 0) return std::nullopt;
    const ByteView field(static_cast<const char*>(data), size);
    if (size <= name.size()) return std::nullopt;
    return field.substr(name.size() + 1);  // behind the =
  }

  int descriptor() const override { return descriptor_ < 0 ? -1 : descriptor_; }
  bool polls() const override { return sd_journal_reliable_fd(journal_.get()) <= 0; }
  Result<bool> TakeChanges() override {
    const int changes = sd_journal_process(journal_.get());
    if (changes < 0) return Failed(changes, "look for changes of " + name_);
    return changes != SD_JOURNAL_NOP;
  }

 private:
  struct Close {
    void operator()(sd_journal* journal) const { sd_journal_close(journal); }
  };

  Status Match(const std::string& match) {
    return Done(sd_journal_add_match(journal_.get(), match.data(), match.size()), "match " + match);
  }
  Result<bool> Moved(int code) const {
    if (code < 0) return Failed(code, "read " + name_);
    return code > 0;
  }

  std::unique_ptr<sd_journal, Close> journal_;
  std::string name_;
  int descriptor_;
  std::string field_;
};

}  // namespace

Result<std::unique_ptr<JournalReader>> OpenSystemJournal(const std::string& directory,
                                                         std::size_t field_bytes_max) {
  sd_journal* journal = nullptr;
  const int code = directory.empty() ? sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY)
                                     : sd_journal_open_directory(&journal, directory.c_str(), 0);
  const std::string name = directory.empty() ? "the journal" : "the journal in " + directory;
  if (code < 0) return Failed(code, "open " + name);
  auto opened = std::make_unique<SystemJournal>(journal, name);
  RETURN_IF_ERROR(Done(sd_journal_set_data_threshold(journal, field_bytes_max), "open " + name));
  return opened;
}

}  // namespace logboom::agent
