// What an agent's inputs would send, shown without a broker: nothing is sent, and nothing noted. It
// finds, cuts, understands and shapes as the agent does, by the same code; where a file stands it
// does not ask, so it shows a file's first or last lines, whether they were sent or not.
//
// Two things need the source that a file becomes, and are therefore not shown: rates of lines are
// not bounded, and of a sample other lines are left out than the agent leaves out, as many of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/counters.h"
#include "agent/options.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/file/file_system.h"

namespace logboom::agent {

struct TapRequest {
  // The name of an input, or a path that an input reads; empty: all inputs.
  std::string input = {};
  std::size_t lines = 10;  // of each file
  StartFrom from = StartFrom::kEnd;
};

struct TappedLine {
  std::string path;
  const InputOptions* input = nullptr;
  std::int64_t position = 0;  // in the file, of its first byte
  TimestampMs time;
  bool own_time = false;  // the line's; else that of reading
  std::string value;
  std::map<std::string, std::string> headers;  // lb.level and lb.label.NAME among them
  bool more = false;                           // the next one goes on with it
  DropReason reason = DropReason::kNone;
  std::uint32_t repeats = 0;
  std::uint32_t redacted = 0;
};

// "", "drop", "keep", "sample", "rate_limit", "dedupe": the input's key that leaves a line out.
std::string_view KeyOf(DropReason reason);

struct Tapped {
  std::size_t files = 0;
  std::vector<std::string> complaints;  // what could not be shown, and why
};

// `options` must outlive the lines. kNotFound where no input has that name, and none reads that
// path.
Result<Tapped> Tap(file::FileSystem& fs, const AgentOptions& options, const TapRequest& request,
                   Instant now, const std::function<void(const TappedLine&)>& show);

// For people, in two lines at most; for programs, in one.
std::string TextOf(const TappedLine& line);
std::string JsonOf(const TappedLine& line);

}  // namespace logboom::agent
