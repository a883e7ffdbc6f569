// What a file's bytes say about whose continuation it is. Reads a few KiB at most for each
// question. A file that can't be read answers "no": it is asked again when it changes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "agent/origin.h"
#include "lib/base/bytes.h"
#include "lib/base/types.h"
#include "lib/client/agent_link.h"
#include "lib/file/file_system.h"

namespace logboom::agent {

// One open file at one moment. Does not own it.
class Content {
 public:
  Content(const file::File& file, std::int64_t size_bytes) : file_(&file), size_(size_bytes) {}
  std::int64_t size() const { return size_; }

  // Hash of the bytes [begin, end); nothing where they are not all there.
  std::optional<std::uint64_t> Hash(std::int64_t begin, std::int64_t end) const;
  // The first record::kHeadBytes, or all there is; empty where they can't be read.
  Bytes Head() const;
  // Hash of the up to record::kWindowBytes before `position`.
  std::optional<std::uint64_t> WindowBefore(SourcePosition position) const;

 private:
  const file::File* file_;
  std::int64_t size_;
};

// The file begins as the source's did when it was opened.
bool HeadMatches(const Content& content, const FileHead& head);
bool WindowMatches(const Content& content, const client::SpanEnd& at);

// The file holds the source's bytes up to `at`: head and window are right.
bool HoldsUpTo(const Content& content, const FileHead& head, const client::SpanEnd& at);

// How many bytes HoldsUpTo compares.
std::size_t ProofBytes(const FileHead& head, SourcePosition at);

// The newest span end inside of the file whose window is right: the file is a copy that was made
// when the source was that long, or a little longer.
std::optional<client::SpanEnd> NewestEndInside(const Content& content,
                                               std::span<const client::SpanEnd> recent);

// All of `content` may be a copy of the beginning of `original`: not larger, and head and tail are
// equal. An empty file may.
bool MayBeCopy(const Content& content, const Content& original);

// The head of the file as it is now.
FileHead TakeHead(const Content& content);

}  // namespace logboom::agent
