#include "lib/file/trees.h"

#include <vector>

namespace logboom::file {

Status Link(FileSystem& fs, const std::string& from, const std::string& to) {
  if (auto* links = dynamic_cast<HardLinks*>(&fs)) return links->Link(from, to);
  return Fail(ErrorCode::kUnsupported, "link {} to {}: there are no hard links here", from, to);
}

Status RemoveIfThere(FileSystem& fs, const std::string& path) {
  const Status removed = fs.Remove(path);
  if (!removed.ok() && removed.error().code != ErrorCode::kNotFound) return removed;
  return Ok();
}

Status RemoveTree(FileSystem& fs, const std::string& path) {
  const Result<std::vector<DirectoryEntry>> entries = fs.List(path);
  if (!entries.ok()) {
    return entries.error().code == ErrorCode::kNotFound ? Ok() : Status(entries.error());
  }
  for (const DirectoryEntry& entry : *entries) {
    const std::string child = fmt::format("{}/{}", path, entry.name);
    if (entry.kind == FileKind::kDirectory) {
      RETURN_IF_ERROR(RemoveTree(fs, child));
    } else {
      RETURN_IF_ERROR(fs.Remove(child));
    }
  }
  return fs.RemoveDirectory(path);
}

}  // namespace logboom::file
