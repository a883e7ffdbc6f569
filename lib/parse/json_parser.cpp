#include "lib/parse/json_parser.h"

#include <array>

#include "lib/parse/escapes.h"
#include "lib/parse/limits.h"
#include "lib/parse/quoted_text.h"
#include "lib/parse/scanner.h"

namespace logboom::parse {
namespace {

constexpr bool IsJsonSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Control characters are none of JSON's.
struct JsonString {
  static constexpr Controls kControls = Controls::kEnd;
  static char* Unescape(Scanner& in, char* out) { return UnescapeJson(in, out); }
  static bool Skip(Scanner& in) {
    std::array<char, 4> unused;
    return UnescapeJson(in, unused.data()) != nullptr;
  }
};

// One line's reader. Members are read one by one, to any depth up to the limit, by recursion.
class JsonReader {
 public:
  JsonReader(ByteView line, Fields& out) : in_(line), out_(out) {}

  bool ReadLine() {
    SkipSpaces();
    if (!in_.Take('{')) return false;
    SkipSpaces();
    if (!in_.Take('}') && !ReadMembers(1)) return false;
    SkipSpaces();
    return in_.done();
  }

 private:
  // Behind the opening bracket of a list that is not empty, with the closing one.
  template <typename Item>
  bool ReadList(char closing, Item item) {
    do {
      SkipSpaces();
      if (!item()) return false;
      SkipSpaces();
    } while (in_.Take(','));
    return in_.Take(closing);
  }

  bool TakeColon() {
    SkipSpaces();
    if (!in_.Take(':')) return false;
    SkipSpaces();
    return true;
  }

  bool ReadMembers(unsigned depth) {
    return ReadList('}', [this, depth] {
      ByteView name;
      return in_.Take('"') && ReadString(name) && TakeColon() && ReadMember(name, depth);
    });
  }

  bool ReadMember(ByteView name, unsigned depth) {
    if (in_.Take('"')) {
      ByteView value;
      return ReadString(value) && AddField(name, value);
    }
    const ByteView from = in_.rest();
    if (in_.peek() == '{') {
      in_.TakeBytes(1);
      SkipSpaces();
      if (!in_.Take('}')) return ReadObject(name, depth + 1);
    } else if (!SkipValue(depth)) {
      return false;
    }
    return AddField(name, from.substr(0, from.size() - in_.rest().size()));
  }

  // Its members' names begin with its own.
  bool ReadObject(ByteView name, unsigned depth) {
    const std::size_t outer = prefix_bytes_;
    if (depth > kJsonDepthMax || name.size() + 1 > prefix_.size() - outer) return false;
    name.copy(prefix_.data() + outer, name.size());
    prefix_bytes_ = outer + name.size() + 1;
    prefix_[prefix_bytes_ - 1] = '.';
    const bool read = ReadMembers(depth);
    prefix_bytes_ = outer;
    return read;
  }

  bool AddField(ByteView name, ByteView value) {
    if (prefix_bytes_ == 0) return out_.Add(name, value);
    if (prefix_bytes_ + name.size() > kFieldNameBytesMax) return false;
    return out_.Add(out_.arena().Join({{prefix_.data(), prefix_bytes_}, name}), value);
  }

  // Behind the opening quote, with the closing one.
  bool ReadString(ByteView& text) { return ReadQuotedText<JsonString>(in_, out_.arena(), text); }

  // Anything but a string of the object itself: checked, and not kept.
  bool SkipValue(unsigned depth) {
    switch (in_.peek()) {
      case '"': return in_.Take('"') && SkipString();
      case '{': return in_.Take('{') && SkipMembers(depth + 1);
      case '[': return in_.Take('[') && SkipElements(depth + 1);
      case 't': return in_.Take("true");
      case 'f': return in_.Take("false");
      case 'n': return in_.Take("null");
      default: return SkipNumber();
    }
  }

  bool SkipString() { return SkipQuotedText<JsonString>(in_); }

  bool SkipMembers(unsigned depth) {
    if (depth > kJsonDepthMax) return false;
    SkipSpaces();
    if (in_.Take('}')) return true;
    return ReadList('}', [this, depth] {
      return in_.Take('"') && SkipString() && TakeColon() && SkipValue(depth);
    });
  }

  bool SkipElements(unsigned depth) {
    if (depth > kJsonDepthMax) return false;
    SkipSpaces();
    if (in_.Take(']')) return true;
    return ReadList(']', [this, depth] { return SkipValue(depth); });
  }

  bool SkipNumber() {
    in_.Take('-');
    if (!in_.Take('0') && in_.TakeWhile(IsDigit).empty()) return false;
    if (in_.Take('.') && in_.TakeWhile(IsDigit).empty()) return false;
    if (in_.Take('e') || in_.Take('E')) {
      if (!in_.Take('+')) in_.Take('-');
      return !in_.TakeWhile(IsDigit).empty();
    }
    return true;
  }

  void SkipSpaces() {
    if (IsJsonSpace(in_.peek())) in_.TakeWhile(IsJsonSpace);
  }

  Scanner in_;
  Fields& out_;
  std::array<char, kFieldNameBytesMax> prefix_;  // "a.b." while in b
  std::size_t prefix_bytes_ = 0;
};

}  // namespace

bool JsonParser::Read(ByteView line, Fields& out) const { return JsonReader(line, out).ReadLine(); }

}  // namespace logboom::parse
