// Which lines belong to one event: a stack trace with the line that tells of it, a message with its
// indented lines.
//
// Decided by the lines of the event itself and nothing before them, so that reading may begin anew
// at the first line of any event and cuts the rest of the file as before.
#pragma once

#include <memory>
#include <string_view>

#include "lib/base/bytes.h"
#include "lib/base/result.h"
#include "lib/parse/pattern.h"

namespace logboom::agent {

enum class FoldKind { kNone, kIndented, kJava, kDotnet, kPython, kGo, kRuby, kPhp, kStart };

// "none", "indented", "java", "dotnet", "python", "go", "ruby", "php"; kInvalid for others, naming
// these. kStart has a pattern of its own, and no name.
Result<FoldKind> ParseFoldKind(std::string_view name);

// One owner, one thread.
class Folding {
 public:
  virtual ~Folding() = default;
  // The first line of an event, without its newline.
  virtual void Begin(ByteView line) = 0;
  // Whether the line behind those of the event so far belongs to it.
  virtual bool Continues(ByteView line) = 0;
};

// Null for kNone. `start` of kStart: what each event's first line matches, and no other.
std::unique_ptr<Folding> MakeFolding(FoldKind kind, std::shared_ptr<const parse::Pattern> start);

}  // namespace logboom::agent
