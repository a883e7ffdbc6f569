// What an agent is told to do. Filled by main from configuration and flags, by tests by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/framing/encoding.h"
#include "agent/framing/folding.h"
#include "agent/limits.h"
#include "lib/record/codec.h"

namespace logboom::agent {

// Where to begin with a file that is there when its input is used for the first time. Files that
// come later are always read from their start.
enum class StartFrom { kStart, kEnd };

struct InputOptions {
  std::string name;
  std::vector<std::string> include;  // absolute paths or globs
  std::vector<std::string> exclude;
  std::string topic;
  StartFrom from = StartFrom::kStart;
  // Become the headers lb.label.NAME of each record.
  std::map<std::string, std::string> labels = {};
  Encoding encoding = Encoding::kBytes;
  bool strip_cr = false;
  FoldKind multiline = FoldKind::kNone;
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
  // Read what is there to its end, and be done.
  bool once = false;
};

}  // namespace logboom::agent
