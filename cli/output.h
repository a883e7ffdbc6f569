// Standard output, written in large pieces: a write(2) a record would cost more than the record.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/bytes.h"
#include "lib/base/result.h"

namespace logboom::cli {

// One owner, one thread. Whoever reads may go away: then closed() is true for good, and everything
// written is dropped. Other failures (a full disk) are kept in error() and drop likewise.
class Output {
 public:
  static constexpr std::size_t kBufferBytes = std::size_t{512} << 10U;

  explicit Output(int descriptor);
  // Flushes.
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Write(ByteView bytes) {
    buffer_.append(bytes);
    if (buffer_.size() >= kBufferBytes) Flush();
  }
  void Write(char byte) { buffer_.push_back(byte); }
  // For writers that format in place; WriteDone() afterwards.
  std::string& buffer() { return buffer_; }
  void WriteDone() {
    if (buffer_.size() >= kBufferBytes) Flush();
  }
  void Flush();
  // Of all that was written here: what the other side has accepted, always the first part.
  std::uint64_t accepted_bytes() const { return accepted_bytes_; }
  std::uint64_t total_bytes() const { return accepted_bytes_ + dropped_bytes_ + buffer_.size(); }

  // The reader is gone: a pipe was closed. Found out also without anything to write.
  bool closed();
  const std::optional<Error>& error() const { return error_; }
  // Going on makes sense.
  bool writable() { return !closed() && !error_; }

 private:
  int descriptor_;
  std::string buffer_;
  std::uint64_t accepted_bytes_ = 0;
  std::uint64_t dropped_bytes_ = 0;
  bool closed_ = false;
  std::optional<Error> error_;
};

}  // namespace logboom::cli
