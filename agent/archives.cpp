#include "agent/archives.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "lib/record/expander.h"

namespace logboom::agent {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{64} << 10U;
// Behind the place that was read last: a file's turn reads the window before it again, and a line
// that was not yet whole.
constexpr std::size_t kKeptBytes = std::size_t{128} << 10U;
constexpr std::size_t kKnownMax = 10'000;
constexpr std::int64_t kSecondNs = 1'000'000'000;

bool HasArchiveName(const std::string& path) {
  return path.ends_with(".gz") || path.ends_with(".zst");
}

// The first bytes; nothing while there are too few to say what a file is, as while it is made.
std::optional<Bytes> HeadOf(const file::File& file) {
  Bytes head(4, '\0');
  const auto got = file.PRead(0, head);
  if (!got || *got < head.size()) return std::nullopt;
  return head;
}

// The content of an archive from its beginning on.
class Stream {
 public:
  Stream(const file::File& archive, ByteView head)
      : archive_(archive), expander_(record::MakeExpander(head)), block_(kBlockBytes) {}

  bool is_archive() const { return expander_ != nullptr; }

  // Fewer bytes only where there are no more, or what follows is broken.
  std::size_t Read(std::span<char> out) {
    std::size_t given = 0;
    while (given < out.size()) {
      const auto step =
          expander_->Expand(ByteView(block_.data() + at_, end_ - at_), out.subspan(given));
      if (!step) {
        broken_ = true;
        break;
      }
      at_ += step->taken;
      given += step->given;
      if (step->taken == 0 && step->given == 0 && !Fill()) break;
    }
    return given;
  }
  bool broken() const { return broken_; }
  void Reset() {
    expander_->Reset();
    archive_position_ = 0;
    at_ = end_ = 0;
  }

 private:
  // Moves what is left to the front and adds to it. False where there is no more to add.
  bool Fill() {
    std::memmove(block_.data(), block_.data() + at_, end_ - at_);
    end_ -= std::exchange(at_, 0);
    const auto got = archive_.PRead(archive_position_, std::span(block_).subspan(end_));
    if (!got || *got == 0) return false;
    end_ += *got;
    archive_position_ += static_cast<std::int64_t>(*got);
    return true;
  }

  const file::File& archive_;
  std::unique_ptr<record::Expander> expander_;
  std::vector<char> block_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::int64_t archive_position_ = 0;
  bool broken_ = false;
};

}  // namespace

class ArchiveFile final : public file::File {
 public:
  ArchiveFile(ArchiveFileSystem& fs, std::unique_ptr<file::File> archive)
      : fs_(fs), archive_(std::move(archive)) {}

  Result<std::size_t> PRead(std::int64_t position, std::span<char> out) const override {
    if (!stream_) {
      const auto head = HeadOf(*archive_);
      if (!head) return std::size_t{0};
      stream_.emplace(*archive_, *head);
    }
    if (!stream_->is_archive()) return archive_->PRead(position, out);
    if (position < kept_end_ - static_cast<std::int64_t>(kept_.size())) Restart();
    Bytes skipped(position > kept_end_ ? kBlockBytes : 0, '\0');
    while (kept_end_ < position) {
      const auto wanted = static_cast<std::size_t>(position - kept_end_);
      const auto block = std::span(skipped.data(), std::min(wanted, skipped.size()));
      if (ReadOn(block) < block.size()) return std::size_t{0};
    }
    const auto behind = static_cast<std::size_t>(kept_end_ - position);
    const std::size_t again = std::min(behind, out.size());
    std::memcpy(out.data(), kept_.data() + (kept_.size() - behind), again);
    return again < out.size() ? again + ReadOn(out.subspan(again)) : again;
  }
  Result<file::FileStat> Stat() const override {
    ASSIGN_OR_RETURN(const file::FileStat stat, archive_->Stat());
    return fs_.StatOf(*archive_, stat);
  }
  Status DropCache() override { return archive_->DropCache(); }

  Status PWrite(std::int64_t /*position*/, ByteView /*bytes*/) override { return ReadOnly(); }
  Status Sync() override { return ReadOnly(); }
  Status Truncate(std::int64_t /*size_bytes*/) override { return ReadOnly(); }
  Status Preallocate(std::int64_t /*size_bytes*/) override { return ReadOnly(); }

 private:
  static Status ReadOnly() { return Fail(ErrorCode::kUnsupported, "an archive is only read"); }

  void Restart() const {
    stream_->Reset();
    kept_.clear();
    kept_end_ = 0;
  }
  std::size_t ReadOn(std::span<char> out) const {
    const std::size_t got = stream_->Read(out);
    kept_.append(out.data(), got);
    if (kept_.size() > 2 * kKeptBytes) kept_.erase(0, kept_.size() - kKeptBytes);
    kept_end_ += static_cast<std::int64_t>(got);
    return got;
  }

  ArchiveFileSystem& fs_;
  std::unique_ptr<file::File> archive_;
  mutable std::optional<Stream> stream_;
  mutable Bytes kept_;  // the content up to kept_end_
  mutable std::int64_t kept_end_ = 0;
};

Result<std::unique_ptr<file::File>> ArchiveFileSystem::Open(const std::string& path,
                                                            file::OpenMode mode) {
  ASSIGN_OR_RETURN(auto file, base_.Open(path, mode));
  if (mode != file::OpenMode::kRead || !HasArchiveName(path)) return file;
  return std::make_unique<ArchiveFile>(*this, std::move(file));
}

Result<file::FileStat> ArchiveFileSystem::Stat(const std::string& path) {
  ASSIGN_OR_RETURN(const file::FileStat stat, base_.Stat(path));
  if (stat.kind != file::FileKind::kRegular || !HasArchiveName(path)) return stat;
  Known& known = KnownOf(stat);
  if (IsDue(known, stat)) {
    const auto archive = base_.Open(path, file::OpenMode::kRead);
    if (!archive) return stat;
    Measure(**archive, stat, known);
  }
  return Shown(known, stat);
}

ArchiveFileSystem::Known& ArchiveFileSystem::KnownOf(const file::FileStat& stat) {
  if (known_.size() > kKnownMax) known_.clear();
  return known_[{stat.identity.device, stat.identity.inode, stat.identity.birth_time_ns}];
}

bool ArchiveFileSystem::IsDue(Known& known, const file::FileStat& stat) {
  const State now{stat.size_bytes, stat.modified_ns};
  const State before = std::exchange(known.seen, now);
  if (known.measured == now) return false;
  const bool doubled = now.bytes >= 2 * known.measured.bytes || now.bytes < known.measured.bytes;
  return doubled || before == now;
}

void ArchiveFileSystem::Measure(const file::File& archive, const file::FileStat& stat,
                                Known& known) {
  known.measured = {stat.size_bytes, stat.modified_ns};
  known.is_archive = true;
  known.content_bytes = 0;
  const auto head = HeadOf(archive);
  if (!head) return;
  Stream stream(archive, *head);
  known.is_archive = stream.is_archive();
  if (!known.is_archive) return;
  std::vector<char> block(kBlockBytes);
  while (const std::size_t got = stream.Read(block)) {
    known.content_bytes += static_cast<std::int64_t>(got);
  }
  if (stream.broken()) known.content_bytes = 0;
}

file::FileStat ArchiveFileSystem::Shown(const Known& known, file::FileStat stat) {
  if (!known.is_archive) return stat;
  stat.size_bytes = known.content_bytes;
  stat.modified_ns += kSecondNs - 1 - stat.modified_ns % kSecondNs;
  return stat;
}

file::FileStat ArchiveFileSystem::StatOf(const file::File& archive, const file::FileStat& stat) {
  Known& known = KnownOf(stat);
  if (IsDue(known, stat)) Measure(archive, stat, known);
  return Shown(known, stat);
}

}  // namespace logboom::agent
