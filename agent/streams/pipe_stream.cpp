#include "agent/streams/pipe_stream.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "agent/streams/held_bytes.h"
#include "agent/streams/limits.h"

namespace logboom::agent {
namespace {

constexpr std::string_view kPathPrefix = "stdin:";
constexpr int kReadsPerPollMax = 16;
constexpr std::int64_t kNeverMs = 3'600'000;

bool IsReadable(int descriptor) {
  pollfd asked{.fd = descriptor, .events = POLLIN, .revents = 0};
  return poll(&asked, 1, 0) > 0 && asked.revents != 0;
}

class PipeStream final : public RecordStream {
 public:
  PipeStream(int descriptor, const Uuid& id, const PipeOptions& options)
      : descriptor_(descriptor),
        path_(std::string(kPathPrefix) + id.ToString()),
        options_(options),
        framer_(options.framing) {}

  const std::string& name() const override { return name_; }
  bool Owns(std::string_view path) const override { return path.starts_with(kPathPrefix); }
  PositionUnit unit() const override { return PositionUnit::kBytes; }

  Status Poll(Instant now) override {
    now_ = now.monotonic;
    piece_.reset();
    for (int i = 0; i < kReadsPerPollMax && !at_end_ && bytes_.room() > 0; ++i) {
      if (!IsReadable(descriptor_)) break;
      RETURN_IF_ERROR(Read());
    }
    return Ok();
  }
  std::vector<int> descriptors() const override {
    if (at_end_ || bytes_.room() == 0) return {};
    return {descriptor_};
  }
  MonotonicMs NextDue(MonotonicMs now) const override {
    if (at_end_ || bytes_.unread().empty()) return now + kNeverMs;
    const MonotonicMs partial_at = read_at_ + options_.partial_timeout.count();
    const MonotonicMs event_at = read_at_ + options_.multiline_timeout.count();
    const MonotonicMs due = framer_.folds() && event_at > now ? event_at : partial_at;
    return std::max(due, now);
  }

  const StreamEntry* Peek() override {
    if (!piece_) Cut();
    return piece_ ? &entry_ : nullptr;
  }
  void Advance() override {
    bytes_.Advance(piece_->consumed);
    piece_.reset();
  }
  std::uint64_t window() const override { return bytes_.window(); }

  Result<std::vector<Resumed>> Seek(std::span<const StreamPlace> places) override {
    piece_.reset();
    bytes_.Seek(bytes_.released());
    std::vector<Resumed> resumed;
    for (const StreamPlace& place : places) {
      if (place.source == path_) {
        resumed.push_back({.at = bytes_.Seek(place.at.end)});
      } else {
        resumed.push_back({.is_same = false});  // of a process before
      }
    }
    return resumed;
  }
  // Its end is its future: there is nothing to leave out.
  Result<std::vector<StreamPlace>> SeekEnd() override {
    piece_.reset();
    bytes_.Seek(bytes_.released());
    return std::vector<StreamPlace>{};
  }
  void Release(std::string_view source, SourcePosition durable) override {
    if (source != path_) return;
    piece_.reset();
    bytes_.Release(durable);
  }
  void End() override {
    // An error ends it too.
    static_cast<void>(Poll({.wall = {}, .monotonic = now_}));
    at_end_ = true;
  }
  bool ended() const override { return at_end_ && bytes_.unread().empty(); }
  std::size_t unread_bytes() const override { return bytes_.unread().size(); }

 private:
  Status Read() {
    std::array<char, kStreamReadBytes> buffer{};
    const ssize_t got = read(descriptor_, buffer.data(), std::min(buffer.size(), bytes_.room()));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return Ok();
    read_at_ = now_;
    at_end_ = got <= 0;
    if (got < 0) return ErrnoError(errno, "read standard input, which ends here");
    const ByteView bytes(buffer.data(), static_cast<std::size_t>(got));
    if (head_.size() < 2) head_ += bytes.substr(0, 2 - head_.size());
    bytes_.Append(bytes);
    return Ok();
  }

  RestRule Rule() const {
    if (at_end_) return RestRule::kSentAsLine;
    const std::int64_t quiet = now_ - read_at_;
    if (quiet >= options_.partial_timeout.count()) return RestRule::kSentWithMore;
    return quiet >= options_.multiline_timeout.count() ? RestRule::kEventSent : RestRule::kWaits;
  }

  void Cut() {
    const ByteView unread = bytes_.unread();
    if (unread.empty() || (head_.size() < 2 && !at_end_)) return;
    const FramingPlace place{.encoding = ResolveByteOrder(options_.framing.encoding, head_),
                             .position = bytes_.position().value()};
    piece_ = framer_.Next(unread, place, Rule());
    if (!piece_) return;
    const SourcePosition end = bytes_.position() + static_cast<std::int64_t>(piece_->consumed);
    entry_ = {.source = path_,
              .begin = bytes_.position(),
              .end = end,
              .value = piece_->value,
              .more = piece_->more,
              .time = piece_->time,
              .stream = piece_->stream,
              .as_is = piece_->as_is};
  }

  int descriptor_;
  std::string name_ = "stdin";
  std::string path_;
  PipeOptions options_;
  Framer framer_;
  HeldBytes bytes_;
  Bytes head_;  // its first two bytes, which may say their order
  bool at_end_ = false;
  MonotonicMs now_;
  MonotonicMs read_at_;
  std::optional<Piece> piece_;  // of entry_
  StreamEntry entry_;
};

}  // namespace

std::unique_ptr<RecordStream> MakePipeStream(int descriptor, const Uuid& id,
                                             const PipeOptions& options) {
  return std::make_unique<PipeStream>(descriptor, id, options);
}

}  // namespace logboom::agent
