// The journal as a list of entries that is walked: the seam between libsystemd and what makes a
// stream of it. Numbers rise within a sequence; the machine's journal may hold several sequences
// (of users, of a boot without a lasting journal, of other machines), which a reader walks merged
// by time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace logboom::agent {

// Which entry it is: s=... and i=... of its cursor.
struct JournalNumber {
  std::string sequence;
  std::int64_t number = 0;
  friend bool operator==(const JournalNumber&, const JournalNumber&) = default;
};

// Nothing where it is no cursor.
std::optional<JournalNumber> ParseJournalCursor(std::string_view cursor);

// One owner, one thread. Errors are for the log: the same call may succeed later.
class JournalReader {
 public:
  virtual ~JournalReader() = default;

  // For messages: which journal.
  virtual std::string Describe() const = 0;

  // Entries of these units alone are walked; empty: all.
  virtual Status SetUnits(const std::vector<std::string>& units) = 0;
  // The next call of Next() goes to the first entry; behind the last one, which is then at hand; to
  // that number of its sequence or the next there is, with the others from their first entry on, or
  // without them for now.
  enum class Others { kFromHead, kLeftOut };
  virtual Status SeekHead() = 0;
  virtual Status SeekEnd() = 0;
  virtual Status SeekTo(const JournalNumber& to, Others others) = 0;
  // False: there is none, now.
  virtual Result<bool> Next() = 0;

  // Of the entry at hand: all of it, in a few bytes; when it was written, in microseconds; a field,
  // valid until the next call, or nothing.
  virtual Result<std::string> Cursor() = 0;
  virtual Result<std::int64_t> TimeUs() = 0;
  virtual std::optional<ByteView> Field(std::string_view name) = 0;

  // Readable when there may be more; -1: none.
  virtual int descriptor() const = 0;
  // Its descriptor does not tell of everything: it is to be asked every now and then.
  virtual bool polls() const = 0;
  // Whether there may be entries since the last call.
  virtual Result<bool> TakeChanges() = 0;
};

// This machine's journal, or that in `directory`. kUnsupported or kIo where it can't be opened; a
// journal without a readable file is none of them.
Result<std::unique_ptr<JournalReader>> OpenSystemJournal(const std::string& directory,
                                                         std::size_t field_bytes_max);

}  // namespace logboom::agent
