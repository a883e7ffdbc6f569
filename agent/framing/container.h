// What a container runtime wrote around the lines of a container's output, read off again: Docker's
// json-file, and the format of the container runtime interface (containerd, CRI-O).
//
//   {"log":"text\n","stream":"stderr","time":"2026-11-23T10:00:00.123456789Z"}
//   2026-11-23T10:00:00.123456789Z stderr F text
//
// Long lines are written in parts: Docker's text then ends without a newline, CRI's tag is P.
//
// Sources: Docker's json-file logging driver; Kubernetes, "CRI log format".
#pragma once

#include <optional>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/parse/parser.h"
#include "lib/parse/timestamp.h"

namespace logboom::agent {

enum class ContainerFormat { kNone, kDocker, kCri };

// "none", "docker", "cri"; kInvalid for others, naming these.
Result<ContainerFormat> ParseContainerFormat(std::string_view name);

struct ContainerLine {
  ByteView text;
  ByteView stream;
  TimestampMs time;
  bool partial = false;  // the line goes on in the stream's next one
};

// One owner, one thread.
class ContainerReader {
 public:
  explicit ContainerReader(ContainerFormat format);

  // Valid until the next call, and as long as `line` is. Nothing where it is not of the format.
  std::optional<ContainerLine> Read(ByteView line);

 private:
  std::optional<ContainerLine> ReadDocker(ByteView line);
  std::optional<ContainerLine> ReadCri(ByteView line) const;
  std::optional<TimestampMs> TimeOf(ByteView text) const;

  ContainerFormat format_;
  parse::TimeParser time_;
  std::unique_ptr<parse::Parser> json_;  // of kDocker
  parse::Fields fields_;
};

}  // namespace logboom::agent
