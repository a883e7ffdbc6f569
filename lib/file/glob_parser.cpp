#include "lib/file/glob_parser.h"

#include <algorithm>
#include <vector>

#include "lib/file/glob.h"

namespace logboom::file {
namespace {

ByteSet Only(unsigned char byte) { return ByteSet().set(byte); }
ByteSet NotSlash() { return ~Only('/'); }

// The second and further bytes of a UTF-8 character.
ByteSet Continuation() {
  ByteSet set;
  for (unsigned byte = 0x80; byte < 0xc0; ++byte) set.set(byte);
  return set;
}

}  // namespace

Status GlobParser::Parse() {
  if (pattern_.size() > kGlobBytesMax) {
    return Fail(ErrorCode::kLimit, "pattern '{}...': {} bytes, at most {}", pattern_.substr(0, 40),
                pattern_.size(), kGlobBytesMax);
  }
  while (!AtEnd()) {
    if (Next('}')) return Wrong("'}}' without a '{{'; write '\\}}' for the character itself");
    RETURN_IF_ERROR(Item());
  }
  program_.End();
  RETURN_IF_ERROR(CheckAbsolute());
  return CheckNames();
}

Status GlobParser::CheckAbsolute() const {
  if (!program_.MatchesEmpty() && program_.FirstBytes() == Only('/')) return Ok();
  return Fail(ErrorCode::kInvalid, "pattern '{}': not an absolute path; begin it with '/'",
              pattern_);
}

Status GlobParser::CheckNames() const {
  if (after_slash_) return Wrong("ends with '/', but only files are matched; end it with '/**'");
  std::size_t from = 0;
  while (from < pattern_.size()) {
    const std::size_t end = std::min(pattern_.find('/', from), pattern_.size());
    const std::string_view name = pattern_.substr(from, end - from);
    if (name == "." || name == "..") {
      return Fail(ErrorCode::kInvalid,
                  "pattern '{}': '{}' never matches; write the path without it", pattern_, name);
    }
    from = end + 1;
  }
  return Ok();
}

Status GlobParser::Item() {
  const char c = pattern_[at_];
  const bool special = c == '*' || c == '?' || c == '[' || c == '{';
  if (special) plain_ = false;
  switch (c) {
    case '*': return Star();
    case '[': return Set();
    case '{': return Braces();
    case '\\': return Escaped();
    case '?':
      ++at_;
      after_slash_ = false;
      program_.TakeOne(NotSlash() & ~Continuation());
      RestOfCharacter();
      return Ok();
    default: return Literal(c);
  }
}

Status GlobParser::Literal(char c) {
  if (c == '\0') return Wrong("a NUL byte is in no path");
  ++at_;
  if (c == '/' && after_slash_) return Ok();  // "//" is "/"
  after_slash_ = c == '/';
  program_.TakeOne(Only(static_cast<unsigned char>(c)));
  if (plain_) prefix_ += c;
  return Ok();
}

Status GlobParser::Escaped() {
  ++at_;
  if (AtEnd()) return Wrong("'\\' at the end; write '\\\\' for the character itself");
  return Literal(pattern_[at_]);
}

void GlobParser::RestOfCharacter() { program_.TakeAny(Continuation()); }

Status GlobParser::Star() {
  if (at_ + 1 < pattern_.size() && pattern_[at_ + 1] == '*') return Stars();
  ++at_;
  after_slash_ = false;
  program_.TakeAny(NotSlash());
  return Ok();
}

Status GlobParser::Stars() {
  const bool begins_name = Before(at_) == '/';
  at_ += 2;
  const bool ends_name = Next('/') || (AtEnd() && depth_ == 0);
  if (!begins_name || !ends_name) {
    return Wrong("'**' stands alone between slashes, or at the end after one; write '**/*.log'");
  }
  if (AtEnd()) {
    after_slash_ = false;
    program_.TakeOne(NotSlash());
    program_.TakeAny(~ByteSet());
    return Ok();
  }
  // Names, each with the slash behind it.
  ++at_;
  const InstructionIndex leave = program_.Branch();
  program_.TakeOne(NotSlash());
  program_.TakeAny(NotSlash());
  program_.TakeOne(Only('/'));
  program_.Aim(program_.Jump(), leave);
  program_.AimHere(leave);
  after_slash_ = true;
  return Ok();
}

Status GlobParser::Set() {
  ++at_;
  after_slash_ = false;
  const bool negated = Next('!') || Next('^');
  if (negated) ++at_;
  ASSIGN_OR_RETURN(const ByteSet members, SetMembers());
  if (!negated) {
    program_.TakeOne(members);
    return Ok();
  }
  program_.TakeOne(NotSlash() & ~Continuation() & ~members);
  RestOfCharacter();
  return Ok();
}

Result<ByteSet> GlobParser::SetMembers() {
  ByteSet members;
  do {  // a ']' in the first place stands for itself
    ASSIGN_OR_RETURN(const unsigned first, SetMember());
    unsigned last = first;
    if (Next('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
      ++at_;
      ASSIGN_OR_RETURN(last, SetMember());
    }
    if (last < first) return Wrong("a range in '[...]' runs backwards");
    for (unsigned byte = first; byte <= last; ++byte) members.set(byte);
  } while (!Next(']'));
  ++at_;
  members.reset('/');  // where a range holds it
  return members;
}

Result<unsigned char> GlobParser::SetMember() {
  if (Next('[') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] == ':') {
    return Wrong("named classes are not known; write [0-9] for [[:digit:]]");
  }
  if (Next('\\')) ++at_;
  if (AtEnd()) return Wrong("'[' without a ']'; write '\\[' for the character itself");
  const auto byte = static_cast<unsigned char>(pattern_[at_]);
  if (byte == 0 || byte >= 0x80) return Wrong("'[...]' takes ASCII characters; write '{{a,b}}'");
  if (byte == '/') return Wrong("'/' in '[...]' never matches");
  ++at_;
  return byte;
}

Status GlobParser::Braces() {
  if (++depth_ > kGlobNestingMax) {
    return Fail(ErrorCode::kLimit, "pattern '{}': braces nested more than {} deep", pattern_,
                kGlobNestingMax);
  }
  const bool after_slash_before = after_slash_;
  bool after_slash_in_all = true;
  std::vector<InstructionIndex> ends;
  bool more = true;
  while (more) {
    ++at_;  // '{' or ','
    const InstructionIndex other = program_.Branch();
    after_slash_ = after_slash_before;
    while (!AtEnd() && !Next(',') && !Next('}')) RETURN_IF_ERROR(Item());
    if (AtEnd()) return Wrong("'{{' without a '}}'; write '\\{{' for the character itself");
    after_slash_in_all = after_slash_in_all && after_slash_;
    more = Next(',');
    ends.push_back(program_.Jump());
    program_.Aim(other, more ? program_.size() : other + 1);  // the last has no other
  }
  ++at_;
  for (const InstructionIndex end : ends) program_.AimHere(end);
  after_slash_ = after_slash_in_all;
  --depth_;
  return Ok();
}

}  // namespace logboom::file
