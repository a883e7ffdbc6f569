#include "broker/storage/backup_manifest.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "lib/record/crc32c.h"

namespace logboom::broker {
namespace {

constexpr std::string_view kMagic = "logboom-backup";
constexpr int kVersion = 1;

Error Broken(std::string_view line) {
  return Fail(ErrorCode::kCorrupt, "backup manifest: this line is broken: '{}'",
              line.substr(0, 200));
}

// The words of one line. Paths come last, so that they may hold spaces.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}

  std::string_view Next() {
    const std::size_t space = rest_.find(' ');
    const std::string_view word = rest_.substr(0, space);
    rest_ = space == std::string_view::npos ? std::string_view() : rest_.substr(space + 1);
    return word;
  }
  template <typename T>
  std::optional<T> Number(int base = 10) {
    const std::string_view word = Next();
    T value{};
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (word.empty() || error != std::errc() || end != word.data() + word.size()) {
      return std::nullopt;
    }
    return value;
  }
  std::string_view Rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// A name, or a name in a directory, that stays within the backup.
bool IsInside(std::string_view path) {
  const std::size_t slash = path.find('/');
  const auto is_name = [](std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos;
  };
  if (slash == std::string_view::npos) return is_name(path);
  return is_name(path.substr(0, slash)) && is_name(path.substr(slash + 1));
}

Status ParseLine(std::string_view line, BackupManifest& manifest) {
  Words words(line);
  const std::string_view kind = words.Next();
  if (kind == "cluster") {
    const auto id = Uuid::Parse(words.Next());
    if (!id) return Broken(line);
    manifest.cluster_id = *id;
  } else if (kind == "restore-count") {
    const auto count = words.Number<std::uint32_t>();
    if (!count) return Broken(line);
    manifest.restore_count = *count;
  } else if (kind == "made") {
    const auto time = words.Number<std::int64_t>();
    if (!time) return Broken(line);
    manifest.made = TimestampMs(*time);
  } else if (kind == "partition") {
    const auto end = words.Number<std::int64_t>();
    const std::string directory(words.Rest());
    if (!end || *end < 0 || !IsInside(directory) || directory.find('/') != directory.npos) {
      return Broken(line);
    }
    manifest.partitions.push_back({directory, Offset(*end)});
  } else if (kind == "file") {
    const auto size = words.Number<std::int64_t>();
    const auto crc = words.Number<std::uint32_t>(16);
    if (!size || *size < 0 || !crc || !IsInside(words.Rest())) return Broken(line);
    manifest.files.push_back({std::string(words.Rest()), *size, *crc});
  } else {
    return Broken(line);
  }
  return Ok();
}

}  // namespace

Bytes FormatBackupManifest(const BackupManifest& manifest) {
  Bytes text = fmt::format("{} {}\ncluster {}\nrestore-count {}\nmade {}\n", kMagic, kVersion,
                           manifest.cluster_id.ToString(), manifest.restore_count, manifest.made);
  for (const BackupPartition& partition : manifest.partitions) {
    text += fmt::format("partition {} {}\n", partition.end, partition.directory);
  }
  for (const BackupFile& file : manifest.files) {
    text += fmt::format("file {} {:08x} {}\n", file.size_bytes, file.crc, file.path);
  }
  return text + fmt::format("end {:08x}\n", record::Crc32c(text));
}

Result<BackupManifest> ParseBackupManifest(ByteView text) {
  Words first(text.substr(0, text.find('\n')));
  if (first.Next() != kMagic) return Fail(ErrorCode::kCorrupt, "backup manifest: not one");
  const auto version = first.Number<int>();
  if (!version || *version != kVersion) {
    return Fail(ErrorCode::kUnsupported,
                "backup manifest of another version; this program reads {}", kVersion);
  }
  const std::size_t last = text.rfind("\nend ");
  if (last == ByteView::npos ||
      text.substr(last + 1) !=
          fmt::format("end {:08x}\n", record::Crc32c(text.substr(0, last + 1)))) {
    return Fail(ErrorCode::kCorrupt, "backup manifest: cut short, or its checksum is wrong");
  }
  BackupManifest manifest;
  ByteView rest = text.substr(text.find('\n') + 1, last - text.find('\n'));
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    RETURN_IF_ERROR(ParseLine(rest.substr(0, end), manifest));
    rest.remove_prefix(end + 1);
  }
  return manifest;
}

}  // namespace logboom::broker
