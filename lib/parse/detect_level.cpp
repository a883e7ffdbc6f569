// DetectLevel: one walk over the words at the start of a line, from left to right.
#include <array>

#include "lib/parse/level.h"
#include "lib/parse/level_words.h"
#include "lib/parse/limits.h"
#include "lib/parse/scanner.h"

namespace logboom::parse {
namespace {

constexpr char kEscape = '\x1b';

// So that "error_count", "no-error" and "error.log" are words of their own, and no levels. A table:
// it is asked for every byte.
constexpr std::array<bool, 256> kWordBytes = [] {
  std::array<bool, 256> table{};
  for (unsigned byte = 0; byte < table.size(); ++byte) {
    const char c = static_cast<char>(byte);
    table[byte] =
        IsLetter(c) || IsDigit(c) || c == '_' || c == '-' || c == '.' || c == '@' || byte >= 0x80;
  }
  return table;
}();

constexpr bool IsWordByte(char c) { return kWordBytes[static_cast<unsigned char>(c)]; }

bool IsOneOf(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// <3>, <34>
std::optional<Level> LevelOfPriority(Scanner in) {
  if (!in.Take('<')) return std::nullopt;
  const ByteView digits = in.TakeWhile(IsDigit);
  if (digits.empty() || digits.size() > 3 || !in.Take('>')) return std::nullopt;
  const int priority = *Scanner(digits).TakeDigits(digits.size());
  if (priority > kSyslogPriorityMax) return std::nullopt;
  return LevelFromPriority(priority);
}

// I0102 15:04:05, I20260102 15:04:05
std::optional<Level> LevelOfKlog(Scanner in) {
  const ByteView letter = in.TakeBytes(1);
  const std::size_t digits = in.TakeWhile(IsDigit).size();
  const bool begins =
      (digits == 4 || digits == 8) && in.Take(' ') && in.TakeDigits(2) && in.Take(':');
  if (!begins || !IsOneOf(letter[0], "IWEF")) return std::nullopt;
  return LevelFromText(letter);
}

class LevelWalk {
 public:
  // `more`: the line goes on behind `text`, so that a word at its end is not known.
  LevelWalk(ByteView text, bool more) : text_(text), more_(more) {}

  std::optional<Level> Find() {
    while (at_ < text_.size()) {
      if (IsWordByte(text_[at_])) {
        const std::size_t end = EndOfWord(at_);
        if (const auto level = LevelOfWord(at_, end)) return level;
        at_ = end;
      } else {
        Step();
      }
    }
    return std::nullopt;
  }

 private:
  // NUL outside of the text.
  char ByteAt(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

  std::size_t EndOfWord(std::size_t at) const {
    while (at < text_.size() && IsWordByte(text_[at])) ++at;
    return at;
  }
  std::size_t SkipBlanks(std::size_t at) const {
    while (at < text_.size() && IsBlank(text_[at])) ++at;
    return at;
  }

  // Over what is no word: an escaped byte, a quote, a terminal's colour.
  void Step() {
    const char c = text_[at_];
    if (c == '"') quoted_ = !quoted_;
    at_ += c == '\\' ? 2U : 1U;
    if (c == kEscape && ByteAt(at_) == '[') SkipColour();
  }
  void SkipColour() {
    ++at_;
    while (IsDigit(ByteAt(at_)) || ByteAt(at_) == ';') ++at_;
    if (at_ < text_.size()) ++at_;
    word_may_begin_ = at_;
  }

  std::optional<Level> LevelOfWord(std::size_t begin, std::size_t end) const {
    if (end == text_.size() && more_) return std::nullopt;
    const ByteView word = text_.substr(begin, end - begin);
    const char before = begin == 0 || begin == word_may_begin_ ? ' ' : text_[begin - 1];
    const char behind = end == text_.size() ? ' ' : text_[end];
    const bool quoted_key = before == '"' && behind == '"';
    if ((quoted_ ? quoted_key : behind != '"') && IsLevelKey(word)) {
      return LevelBehindKey(quoted_key ? end + 1 : end, quoted_key);
    }
    // Most words of a line are none of these, and need not be looked up.
    const bool marked = IsUpper(word[0]) || behind == ':' || IsOneOf(before, "[:<");
    if (quoted_ || !marked) return std::nullopt;
    const auto level = LevelFromName(word);
    if (!level) return std::nullopt;
    const bool counts =
        IsBracketed(begin, end) || IsShouted(word, before, behind) || IsTold(begin, before, end);
    return counts ? level : std::nullopt;
  }

  // =error  ="error"  : error  ': 'error'; and "error" or 50 where the key is quoted.
  std::optional<Level> LevelBehindKey(std::size_t at, bool quoted_key) const {
    if (ByteAt(at) == '\'') ++at;
    at = SkipBlanks(at);
    if (ByteAt(at) != '=' && ByteAt(at) != ':') return std::nullopt;
    at = SkipBlanks(at + 1);
    if (IsOneOf(ByteAt(at), "\"'")) ++at;
    const std::size_t end = EndOfWord(std::min(at, text_.size()));
    if (at >= end || (end == text_.size() && more_)) return std::nullopt;
    const ByteView word = text_.substr(at, end - at);
    // A number behind a bare key may be anything's level: that of a battery, or of compression.
    if (IsDigit(word[0]) && !quoted_key) return std::nullopt;
    return LevelFromText(word);
  }

  // [error]  [error  ]  [core:error]  <error>
  bool IsBracketed(std::size_t begin, std::size_t end) const {
    if (begin == 0) return false;
    const char closing = ByteAt(SkipBlanks(end));
    const char opening = text_[begin - 1];
    if (opening == '<') return closing == '>';
    if (closing != ']') return false;
    if (opening != ':') return opening == '[';
    std::size_t module = begin - 1;
    while (module > 0 && IsWordByte(text_[module - 1])) --module;
    return module > 0 && text_[module - 1] == '[';
  }

  static bool IsShouted(ByteView word, char before, char behind) {
    return IsOneOf(before, " \t[(|:,;<{") && IsOneOf(behind, " \t\r])|:,;>}/!\x1b") &&
           std::all_of(word.begin(), word.end(), IsUpper);
  }

  // "error: text" where a message begins.
  bool IsTold(std::size_t begin, char before, std::size_t end) const {
    if (ByteAt(end) != ':' || (end + 1 < text_.size() && !IsBlank(text_[end + 1]))) return false;
    if (begin == 0 || begin == word_may_begin_) return true;
    return before == ' ' && begin >= 2 && IsOneOf(text_[begin - 2], ":]");
  }

  ByteView text_;
  bool more_;
  std::size_t at_ = 0;
  std::size_t word_may_begin_ = 0;  // behind the last colour
  bool quoted_ = false;
};

}  // namespace

std::optional<Level> DetectLevel(ByteView line) {
  const ByteView text = line.substr(0, kLevelBytesMax);
  if (const auto level = LevelOfPriority(Scanner(text))) return level;
  if (const auto level = LevelOfKlog(Scanner(text))) return level;
  return LevelWalk(text, line.size() > text.size()).Find();
}

}  // namespace logboom::parse
