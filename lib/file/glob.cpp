#include "lib/file/glob.h"

#include <utility>

#include "lib/file/glob_parser.h"

namespace logboom::file {

Result<Glob> ParseGlob(std::string_view pattern) {
  GlobParser parser(pattern);
  RETURN_IF_ERROR(parser.Parse());
  Glob glob;
  glob.pattern_ = std::string(pattern);
  glob.prefix_ = parser.prefix();
  glob.plain_ = parser.plain();
  const std::size_t slash = glob.prefix_.rfind('/');
  const bool below_root = slash != 0 && slash != std::string::npos;
  glob.fixed_root_ = below_root ? glob.prefix_.substr(0, slash) : "/";
  glob.program_ = parser.TakeProgram();
  return glob;
}

bool Glob::Matches(std::string_view path) const {
  if (plain_) return path == prefix_;
  return path.starts_with(prefix_) && !path.ends_with('/') && program_.Matches(path);
}

bool Glob::MayContain(std::string_view directory) const {
  std::string below(directory);
  if (!below.ends_with('/')) below += '/';
  return program_.CouldGoOn(below);
}

}  // namespace logboom::file
