#include "agent/framing/folding.h"

#include <algorithm>
#include <array>
#include <utility>

namespace logboom::agent {
namespace {

constexpr std::array<std::pair<std::string_view, FoldKind>, 8> kNames{
    {{"none", FoldKind::kNone},
     {"indented", FoldKind::kIndented},
     {"java", FoldKind::kJava},
     {"dotnet", FoldKind::kDotnet},
     {"python", FoldKind::kPython},
     {"go", FoldKind::kGo},
     {"ruby", FoldKind::kRuby},
     {"php", FoldKind::kPhp}}};

bool IsSpace(char c) { return c == ' ' || c == '\t'; }
bool IsBlank(ByteView line) {
  return std::ranges::all_of(line, [](char c) { return IsSpace(c) || c == '\r'; });
}
bool IsIndented(ByteView line) { return !line.empty() && IsSpace(line.front()) && !IsBlank(line); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool BeginsWithAnyOf(ByteView line, std::initializer_list<std::string_view> heads) {
  return std::ranges::any_of(heads, [line](ByteView head) { return line.starts_with(head); });
}

// What stands ahead of the first colon, blank or end of line.
ByteView FirstWord(ByteView line) { return line.substr(0, line.find_first_of(": \t\r")); }

bool IsNameByte(char c) {
  return IsLetter(c) || IsDigit(c) || std::string_view("_.$\\`+/").find(c) != ByteView::npos;
}

// "java.lang.IllegalStateException: closed", "System.IO.IOException: ...", "App\\FooError".
bool NamesAnException(ByteView line) {
  const ByteView word = FirstWord(line);
  const bool ends = word.ends_with("Exception") || word.ends_with("Error") ||
                    word.ends_with("Throwable") || word.ends_with("Failure");
  const bool is_end =
      word.size() == line.size() || line[word.size()] == ':' || line[word.size()] == '\r';
  return ends && is_end && word.find_first_of(".\\") != ByteView::npos &&
         std::ranges::all_of(word, IsNameByte);
}

// Lines that are indented belong to the one ahead of them.
class IndentedFolding final : public Folding {
 public:
  void Begin(ByteView /*line*/) override {}
  bool Continues(ByteView line) override { return IsIndented(line); }
};

// Java, Kotlin, Scala; and .NET, whose traces differ in lines that are indented anyway.
class JavaFolding final : public Folding {
 public:
  void Begin(ByteView line) override { in_trace_ = BeginsTrace(line); }
  bool Continues(ByteView line) override {
    if (IsIndented(line)) return in_trace_ = true;
    if (BeginsWithAnyOf(line, {"Caused by: ", "Suppressed: "})) return in_trace_ = true;
    // The exception that a log line tells of; a second one is an event of its own.
    return !in_trace_ && NamesAnException(line) && (in_trace_ = true);
  }

 private:
  static bool BeginsTrace(ByteView line) {
    return NamesAnException(line) ||
           BeginsWithAnyOf(line, {"Exception in thread ", "Unhandled exception"});
  }
  bool in_trace_ = false;
};

class PythonFolding final : public Folding {
 public:
  void Begin(ByteView line) override {
    state_ = IsTraceback(line) ? State::kTrace : State::kHeader;
  }
  bool Continues(ByteView line) override {
    switch (state_) {
      case State::kHeader:
        if (IsTraceback(line)) return Go(State::kTrace);
        return IsIndented(line);
      case State::kTrace:
        if (IsIndented(line)) return true;
        return !IsBlank(line) && Go(State::kException);
      case State::kException:
        if (IsIndented(line)) return true;
        return IsBlank(line) && Go(State::kBlank);
      case State::kBlank:
        return BeginsWithAnyOf(line, {"During handling of the above exception, ",
                                      "The above exception was the direct cause "}) &&
               Go(State::kChain);
      case State::kChain:
        if (IsBlank(line)) return true;
        return IsTraceback(line) && Go(State::kTrace);
    }
    return false;
  }

 private:
  enum class State {
    kHeader,     // any line
    kTrace,      // a traceback's frames
    kException,  // the line that names the exception
    kBlank,      // behind it
    kChain,      // between two tracebacks of one error
  };
  static bool IsTraceback(ByteView line) { return line.starts_with("Traceback (most recent call"); }
  bool Go(State state) {
    state_ = state;
    return true;
  }
  State state_ = State::kHeader;
};

class GoFolding final : public Folding {
 public:
  void Begin(ByteView line) override {
    in_panic_ =
        BeginsWithAnyOf(line, {"panic: ", "fatal error: ", "SIGQUIT: "}) || IsGoroutine(line);
  }
  bool Continues(ByteView line) override {
    if (IsIndented(line)) return true;
    if (!in_panic_) return IsGoroutine(line) && (in_panic_ = true);
    return IsBlank(line) || IsGoroutine(line) || IsCall(line) ||
           BeginsWithAnyOf(line, {"[signal ", "panic(", "created by ", "exit status ",
                                  "runtime stack:", "...additional frames"});
  }

 private:
  // "goroutine 17 [running]:"
  static bool IsGoroutine(ByteView line) {
    return line.starts_with("goroutine ") && line.find(" [") != ByteView::npos;
  }
  // "main.(*Server).serve(0xc000012345, 0x1)", "main.main(...)"
  static bool IsCall(ByteView line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    const ByteView name = line.substr(0, line.find(' '));
    return line.ends_with(')') && name.find('.') != ByteView::npos &&
           name.find('(') != ByteView::npos && (IsLetter(line.front()) || line.front() == '_');
  }
  bool in_panic_ = false;
};

class RubyFolding final : public Folding {
 public:
  void Begin(ByteView line) override { in_trace_ = IsPlace(line); }
  bool Continues(ByteView line) override {
    if (IsIndented(line)) return true;
    if (!IsPlace(line)) return false;
    // "a.rb:1:in `f'" is a frame; with a message behind it, it is an error of its own.
    return IsFrame(line) || !std::exchange(in_trace_, true);
  }

 private:
  static bool IsPlace(ByteView line) {
    return line.find(":in `") != ByteView::npos || line.find(":in '") != ByteView::npos;
  }
  static bool IsFrame(ByteView line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line.ends_with('\'');
  }
  bool in_trace_ = false;
};

// What does not begin an event belongs to the one ahead of it.
class StartFolding final : public Folding {
 public:
  explicit StartFolding(std::shared_ptr<const parse::Pattern> start) : start_(std::move(start)) {}
  void Begin(ByteView /*line*/) override {}
  bool Continues(ByteView line) override { return !start_->IsIn(line); }

 private:
  std::shared_ptr<const parse::Pattern> start_;
};

class PhpFolding final : public Folding {
 public:
  void Begin(ByteView line) override { in_trace_ = line.find("Stack trace:") != ByteView::npos; }
  bool Continues(ByteView line) override {
    if (IsIndented(line)) return true;
    if (BeginsWithAnyOf(line, {"Stack trace:", "PHP Stack trace:"})) return in_trace_ = true;
    return in_trace_ && (IsFrame(line) || BeginsWithAnyOf(line, {"Next ", "PHP   "}));
  }

 private:
  // "#0 /srv/app.php(12): f()"
  static bool IsFrame(ByteView line) {
    return line.size() >= 2 && line[0] == '#' && IsDigit(line[1]);
  }
  bool in_trace_ = false;
};

}  // namespace

Result<FoldKind> ParseFoldKind(std::string_view name) {
  for (const auto& [known, kind] : kNames) {
    if (known == name) return kind;
  }
  return Fail(ErrorCode::kInvalid, "none, indented, java, dotnet, python, go, ruby or php");
}

std::unique_ptr<Folding> MakeFolding(FoldKind kind, std::shared_ptr<const parse::Pattern> start) {
  switch (kind) {
    case FoldKind::kNone: return nullptr;
    case FoldKind::kIndented: return std::make_unique<IndentedFolding>();
    case FoldKind::kJava:
    case FoldKind::kDotnet: return std::make_unique<JavaFolding>();
    case FoldKind::kPython: return std::make_unique<PythonFolding>();
    case FoldKind::kGo: return std::make_unique<GoFolding>();
    case FoldKind::kRuby: return std::make_unique<RubyFolding>();
    case FoldKind::kPhp: return std::make_unique<PhpFolding>();
    case FoldKind::kStart: return std::make_unique<StartFolding>(std::move(start));
  }
  return nullptr;
}

}  // namespace logboom::agent
