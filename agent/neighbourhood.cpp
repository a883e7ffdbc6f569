#include "agent/neighbourhood.h"

#include <utility>

#include "agent/name_stem.h"

namespace logboom::agent {

const std::vector<Neighbour>& Neighbourhood::Of(const std::string& path) {
  const std::string directory = file::ParentDirectory(path);
  const auto [entry, is_new] = directories_.try_emplace(directory);
  if (!is_new) return entry->second;
  const auto names = fs_.List(directory);
  if (!names) return entry->second;
  for (const file::DirectoryEntry& name : *names) {
    if (name.kind != file::FileKind::kRegular) continue;
    std::string full = (directory == "/" ? "" : directory) + "/" + name.name;
    const auto stat = fs_.Stat(full);
    if (!stat) continue;
    std::string stem = NameStem(full);
    entry->second.push_back({std::move(full), std::move(stem), *stat});
  }
  return entry->second;
}

}  // namespace logboom::agent
