// What an agent is told to do. Filled by main from configuration and flags, by tests by hand.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/framing/container.h"
#include "agent/framing/encoding.h"
#include "agent/framing/folding.h"
#include "agent/limits.h"
#include "lib/record/codec.h"

namespace logboom::agent {

struct Shaping;
struct Understanding;

// Where to begin with a file that is there when its input is used for the first time. Files that
// come later are always read from their start.
enum class StartFrom { kStart, kEnd };

enum class InputKind { kFiles, kStandardInput, kSyslog, kJournal };

// Of kJournal: which of its entries, and what of them beside the message.
struct JournalOptions {
  std::vector<std::string> units;   // empty: of all
  std::vector<std::string> fields;  // become the headers lb.label.NAME, in lower case
  std::string directory;            // empty: this machine's
  friend bool operator==(const JournalOptions&, const JournalOptions&) = default;
};

// What becomes of files that are no text: agent/binary_files.h.
enum class BinaryFiles { kSkip, kRead };

struct InputOptions {
  std::string name;
  InputKind kind = InputKind::kFiles;
  std::string syslog = {};  // of kSyslog: where to listen, as udp://127.0.0.1:514
  JournalOptions journal = {};
  std::vector<std::string> include = {};  // of kFiles: absolute paths or globs
  std::vector<std::string> exclude;
  std::string topic;
  StartFrom from = StartFrom::kStart;
  // What a file holds that was last written to before that, when it is found for the first time, is
  // left out; what is written to it from then on is read. 0: nothing is.
  std::chrono::milliseconds ignore_older{0};
  // Become the headers lb.label.NAME of each record.
  std::map<std::string, std::string> labels = {};
  std::shared_ptr<const Understanding> understanding = nullptr;  // null: nothing is asked for
  std::shared_ptr<const Shaping> shaping = nullptr;  // null: all lines are sent as they are
  Encoding encoding = Encoding::kBytes;
  std::size_t max_line_bytes = 0;  // 0: the agent's
  ContainerFormat container = ContainerFormat::kNone;
  bool strip_cr = false;
  BinaryFiles binary = BinaryFiles::kSkip;
  std::int64_t throttle = 0;  // bytes of files read a second; 0: no bound
  FoldKind multiline = FoldKind::kNone;
  std::shared_ptr<const parse::Pattern> multiline_start = nullptr;  // of kStart
  std::chrono::milliseconds multiline_timeout = kMultilineTimeout;
};

struct AgentOptions {
  std::string agent_id;
  std::string host;  // in the records' keys, HOST:PATH
  std::vector<InputOptions> inputs;
  record::Codec codec = record::Codec::kZstd;
  int compression_level = 1;
  std::chrono::milliseconds linger = kLinger;
  std::size_t max_line_bytes = kMaxLineBytes;
  std::chrono::milliseconds partial_timeout = kPartialTimeout;
  std::int64_t held_deleted_bytes_max = kHeldDeletedBytesMax;
  std::chrono::milliseconds held_deleted_age_max = kHeldDeletedAgeMax;
  // Shared out evenly to the topics.
  std::size_t open_files_max = kOpenFilesMax;
  std::int64_t throttle = 0;  // bytes of files read a second; 0: no bound
  int cpu_max_percent = 0;    // of one core; 0: no bound
  // What the process's memory should stay below; 0: no bound.
  std::int64_t memory_max = 0;
  std::chrono::milliseconds look_interval() const {
    return std::clamp(linger / 4, kLookIntervalMin, kLookInterval);
  }
  // Read what is there to its end, and be done.
  bool once = false;
};

}  // namespace logboom::agent
