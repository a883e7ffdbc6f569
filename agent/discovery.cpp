#include "agent/discovery.h"

#include <algorithm>
#include <utility>

#include "agent/binary_files.h"

namespace logboom::agent {
namespace {

// Links may lead in circles.
constexpr int kDepthMax = 40;

std::string Join(const std::string& directory, const std::string& name) {
  return (directory == "/" ? "" : directory) + "/" + name;
}

Result<std::vector<file::Glob>> Compile(const std::vector<std::string>& patterns) {
  std::vector<file::Glob> globs;
  for (const std::string& pattern : patterns) {
    if (!pattern.starts_with('/')) {
      return Fail(ErrorCode::kInvalid, "pattern '{}' is not an absolute path", pattern);
    }
    ASSIGN_OR_RETURN(file::Glob glob, file::ParseGlob(pattern));
    globs.push_back(std::move(glob));
  }
  return globs;
}

}  // namespace

bool CompiledInput::Matches(std::string_view path) const {
  const auto matches = [path](const file::Glob& glob) { return glob.Matches(path); };
  return std::any_of(include.begin(), include.end(), matches) &&
         std::none_of(exclude.begin(), exclude.end(), matches);
}

const CompiledInput* Discovery::InputOf(std::string_view path) const {
  const auto found = std::find_if(inputs_.begin(), inputs_.end(),
                                  [path](const auto& input) { return input.Matches(path); });
  return found == inputs_.end() ? nullptr : &*found;
}

Result<CompiledInput> CompileInput(const InputOptions& options) {
  CompiledInput input;
  input.options = &options;
  ASSIGN_OR_RETURN(input.include, Compile(options.include));
  ASSIGN_OR_RETURN(input.exclude, Compile(options.exclude));
  return input;
}

Discovery::Discovery(file::FileSystem& fs, file::DirectoryWatch* watch,
                     std::vector<CompiledInput> inputs, Notices& notices)
    : fs_(fs), watch_(watch), inputs_(std::move(inputs)), notices_(notices) {}

const std::map<std::string, FoundFile>& Discovery::Scan(ScanDepth depth) {
  depth_ = depth;
  ++scan_;
  unreadable_.clear();
  listed_.clear();
  matched_.clear();
  polls_ = false;
  for (const CompiledInput& input : inputs_) {
    for (std::size_t i = 0; i < input.include.size(); ++i) {
      Walk(input.include[i].FixedRoot(), input, i, 0);
    }
  }
  std::erase_if(found_, [this](const auto& entry) { return entry.second.scan != scan_; });
  touched_.clear();
  listed_.clear();
  return found_;
}

void Discovery::Walk(const std::string& directory, const CompiledInput& input, std::size_t include,
                     int depth) {
  if (depth > kDepthMax) return;
  Watch(directory);
  for (const file::DirectoryEntry& entry : List(directory)) {
    WalkEntry(Join(directory, entry.name), entry, input, include, depth);
  }
}

void Discovery::WalkEntry(const std::string& path, const file::DirectoryEntry& entry,
                          const CompiledInput& input, std::size_t include, int depth) {
  const file::Glob& glob = input.include[include];
  const bool matches = glob.Matches(path);
  if (entry.kind == file::FileKind::kRegular) {
    if (matches) Found(path, input, include, false);
    return;
  }
  const bool may_contain = glob.MayContain(path);
  if (!matches && !may_contain) return;
  auto kind = entry.kind;
  if (kind == file::FileKind::kOther) {
    const auto stat = fs_.Stat(path);  // of what a link leads to
    if (!stat) return;
    kind = stat->kind;
    if (kind == file::FileKind::kRegular && matches) return Found(path, input, include, true);
  }
  if (kind == file::FileKind::kDirectory && may_contain) Walk(path, input, include, depth + 1);
  const bool named = matches && glob.plain();
  if (kind == file::FileKind::kOther && matches) unreadable_[path] = "is no regular file";
  if (kind == file::FileKind::kDirectory && named) unreadable_[path] = "is a directory";
}

void Discovery::Found(const std::string& path, const CompiledInput& input, std::size_t include,
                      bool polled) {
  const auto excluded = [&path](const file::Glob& glob) { return glob.Matches(path); };
  if (std::any_of(input.exclude.begin(), input.exclude.end(), excluded)) return;
  const bool named = input.include[include].plain();
  if (!named && input.options->binary == BinaryFiles::kSkip && HasBinaryName(path)) return;
  matched_.insert({input.options, include});
  const auto there = found_.find(path);
  const bool is_known = there != found_.end();
  if (is_known && there->second.scan == scan_) {
    return FoundAgain(path, there->second, input, named);
  }
  FoundFile file{.input = input.options,
                 .stat = is_known ? there->second.stat : file::FileStat{},
                 .named = named,
                 .scan = scan_};
  if (depth_ == ScanDepth::kSizes || !is_known || touched_.contains(path)) {
    const auto stat = fs_.Stat(path);
    if (!stat) return;  // gone between listing and now, or out of reach
    file.stat = *stat;
  }
  polls_ = polls_ || polled;
  if (is_known) {
    there->second = file;
  } else {
    found_.emplace(path, file);
  }
}

void Discovery::FoundAgain(const std::string& path, FoundFile& there, const CompiledInput& input,
                           bool named) {
  there.named = there.named || named;
  if (there.input == input.options) return;
  notices_.SayOnce(
      "two inputs " + path, Severity::kError,
      fmt::format("{}: inputs '{}' and '{}' both send it to topic {}; it is read once, for the "
                  "first",
                  path, there.input->name, input.options->name, input.options->topic));
}

const std::vector<file::DirectoryEntry>& Discovery::List(const std::string& directory) {
  const auto [entry, is_new] = listed_.try_emplace(directory);
  if (!is_new) return entry->second;
  auto names = fs_.List(directory);
  if (names) {
    entry->second = *std::move(names);
    notices_.Forget("list " + directory);
  } else if (names.error().code != ErrorCode::kNotFound) {
    notices_.SayOnce("list " + directory, Severity::kWarn,
                     names.error().message + "; it is tried again every 10 s");
  }
  return entry->second;
}

void Discovery::Watch(const std::string& directory) {
  if (watched_.contains(directory)) return;
  const Status added = watch_ != nullptr
                           ? watch_->Add(directory)
                           : Status(Fail(ErrorCode::kUnsupported, "no watches on this system"));
  if (added.ok()) {
    watched_.insert(directory);
    unwatchable_.erase(directory);
    return;
  }
  if (added.error().code == ErrorCode::kNotFound) return;  // the next scan may find it
  polls_ = true;
  if (unwatchable_.insert(directory).second) {
    notices_.SayOnce("unwatched", Severity::kWarn,
                     fmt::format("{}: can't be watched ({}); it and its like are polled every "
                                 "second",
                                 directory, added.error().message));
  }
}

std::vector<std::string> Discovery::Unmatched() const {
  std::vector<std::string> unmatched;
  for (const CompiledInput& input : inputs_) {
    for (std::size_t i = 0; i < input.include.size(); ++i) {
      if (!matched_.contains({input.options, i})) unmatched.push_back(input.include[i].pattern());
    }
  }
  return unmatched;
}

}  // namespace logboom::agent
