// Traces as the runtimes print them.
#include "agent/framing/folding.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace logboom::agent {
namespace {

// How many lines each event has.
std::vector<int> Fold(FoldKind kind, const std::string& text,
                      std::shared_ptr<const parse::Pattern> start = nullptr) {
  const auto folding = MakeFolding(kind, start);
  std::vector<int> events;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    const ByteView line = ByteView(text).substr(at, end - at);
    if (!events.empty() && folding->Continues(line)) {
      ++events.back();
    } else {
      folding->Begin(line);
      events.push_back(1);
    }
    at = end + 1;
  }
  return events;
}

using Events = std::vector<int>;

TEST(Folding, KindsAreThoseOfTheManual) {
  EXPECT_EQ(*ParseFoldKind("none"), FoldKind::kNone);
  EXPECT_EQ(*ParseFoldKind("php"), FoldKind::kPhp);
  EXPECT_EQ(MakeFolding(FoldKind::kNone, nullptr), nullptr);
  const auto unknown = ParseFoldKind("cobol");
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().message.find("indented"), std::string::npos);
}

TEST(Folding, IndentedLinesBelongToTheLineAheadOfThem) {
  EXPECT_EQ(Fold(FoldKind::kIndented, "a\n b\n\tc\n\nd\n \ne\n"), (Events{3, 1, 1, 1, 1}));
}

TEST(Folding, JavaTraceBelongsToTheLineThatTellsOfIt) {
  EXPECT_EQ(Fold(FoldKind::kJava,
                 "2026-11-23 18:00:00,123 ERROR [main] c.e.Shop - order 17 failed\n"
                 "java.lang.IllegalStateException: no stock\n"
                 "\tat com.example.Shop.order(Shop.java:42)\n"
                 "\tat com.example.Main.main(Main.java:7)\n"
                 "\tSuppressed: java.io.IOException: close\n"
                 "\t\tat com.example.Shop.close(Shop.java:50)\n"
                 "Caused by: java.sql.SQLException: Connection refused\n"
                 "\tat com.example.Db.connect(Db.java:9)\n"
                 "\t... 3 more\n"
                 "2026-11-23 18:00:01,000 INFO [main] c.e.Shop - order 18\n"),
            (Events{9, 1}));
}

TEST(Folding, TwoJavaTracesAreTwoEvents) {
  EXPECT_EQ(Fold(FoldKind::kJava,
                 "java.lang.OutOfMemoryError\n"
                 "\tat a.B.c(B.java:1)\n"
                 "java.lang.RuntimeException: again\n"
                 "\tat a.B.c(B.java:2)\n"
                 "Exception in thread \"main\" java.lang.Error: x\n"
                 "\tat a.B.main(B.java:3)\n"),
            (Events{2, 2, 2}));
}

TEST(Folding, ALineThatOnlySpeaksOfAnExceptionIsAnEvent) {
  EXPECT_EQ(Fold(FoldKind::kJava,
                 "INFO start\n"
                 "IOException: no package, no trace\n"
                 "see com.example.FooException for more\n"
                 "com.example.FooException in the text\n"),
            (Events{1, 1, 1, 1}));
}

TEST(Folding, DotnetTrace) {
  EXPECT_EQ(Fold(FoldKind::kDotnet,
                 "fail: Shop.Orders[0]\n"
                 "      An unhandled exception has occurred\n"
                 "      System.InvalidOperationException: no stock\n"
                 "       ---> System.IO.IOException: disk\n"
                 "         at Shop.Db.Read() in /src/Db.cs:line 9\n"
                 "         --- End of inner exception stack trace ---\n"
                 "         at Shop.Orders.Post(Int32 id) in /src/Orders.cs:line 42\n"
                 "info: Shop.Orders[0]\n"
                 "      order 18\n"
                 "Unhandled exception. System.NullReferenceException: Object reference not set\n"
                 "   at Program.Main() in /src/Program.cs:line 3\n"),
            (Events{7, 2, 2}));
}

TEST(Folding, PythonTraceWithItsCause) {
  EXPECT_EQ(Fold(FoldKind::kPython,
                 "ERROR:shop:order 17 failed\n"
                 "Traceback (most recent call last):\n"
                 "  File \"/srv/shop.py\", line 4, in order\n"
                 "    stock[17]\n"
                 "    ~~~~~^^^^\n"
                 "KeyError: 17\n"
                 "\n"
                 "During handling of the above exception, another exception occurred:\n"
                 "\n"
                 "Traceback (most recent call last):\n"
                 "  File \"/srv/shop.py\", line 6, in order\n"
                 "    raise OrderError(17)\n"
                 "shop.OrderError: 17\n"
                 "INFO:shop:order 18\n"),
            (Events{13, 1}));
}

TEST(Folding, PythonTracesOneBehindTheOtherAreTwoEvents) {
  EXPECT_EQ(Fold(FoldKind::kPython,
                 "Traceback (most recent call last):\n"
                 "  File \"a.py\", line 1, in <module>\n"
                 "ValueError\n"
                 "Traceback (most recent call last):\n"
                 "  File \"a.py\", line 1, in <module>\n"
                 "ValueError\n"
                 "done\n"),
            (Events{3, 3, 1}));
}

TEST(Folding, GoPanic) {
  EXPECT_EQ(Fold(FoldKind::kGo,
                 "2026/11/23 18:00:00 http: panic serving 127.0.0.1:5: boom\n"
                 "goroutine 19 [running]:\n"
                 "net/http.(*conn).serve.func1(0xc0000a0000)\n"
                 "\t/usr/lib/go/src/net/http/server.go:1801 +0x13a\n"
                 "panic({0x1, 0x2})\n"
                 "\t/usr/lib/go/src/runtime/panic.go:890 +0x262\n"
                 "2026/11/23 18:00:01 done (all is well)\n"),
            (Events{6, 1}));
  EXPECT_EQ(Fold(FoldKind::kGo,
                 "panic: runtime error: invalid memory address or nil pointer dereference\n"
                 "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x4a]\n"
                 "\n"
                 "goroutine 1 [running]:\n"
                 "main.(*Shop).order(...)\n"
                 "\t/srv/main.go:8\n"
                 "main.main()\n"
                 "\t/srv/main.go:12 +0x1d\n"
                 "created by main.start in goroutine 7\n"
                 "\t/srv/main.go:3 +0x1\n"
                 "exit status 2\n"
                 "restarted\n"),
            (Events{11, 1}));
}

TEST(Folding, RubyTrace) {
  EXPECT_EQ(Fold(FoldKind::kRuby,
                 "shop.rb:4:in `order': no stock (RuntimeError)\n"
                 "\tfrom shop.rb:9:in `each'\n"
                 "\tfrom shop.rb:12:in `<main>'\n"
                 "shop.rb:4:in `order': no stock (RuntimeError)\n"
                 "\tfrom shop.rb:9:in `each'\n"
                 "E, [2026-11-23T18:00:00] ERROR -- : NoMethodError\n"
                 "app/models/order.rb:5:in `ship'\n"
                 "app/models/order.rb:9:in `send'\n"
                 "I, [2026-11-23T18:00:01]  INFO -- : order 18\n"),
            (Events{3, 2, 3, 1}));
}

TEST(Folding, PhpTrace) {
  EXPECT_EQ(Fold(FoldKind::kPhp,
                 "[23-Nov-2026 18:00:00 UTC] PHP Fatal error:  Uncaught Exception: x in /a.php:3\n"
                 "Stack trace:\n"
                 "#0 /srv/a.php(7): f()\n"
                 "#1 {main}\n"
                 "\n"
                 "[23-Nov-2026 18:00:01 UTC] PHP Fatal error:  Uncaught E: x in /a.php:3\n"
                 "Stack trace:\n"
                 "#0 {main}\n"
                 "Next App\\OrderException: y in /a.php:5\n"
                 "Stack trace:\n"
                 "#0 {main}\n"
                 "  thrown in /srv/a.php on line 5\n"
                 "#1 is no frame where there is no trace\n"),
            (Events{4, 1, 8}));
  EXPECT_EQ(Fold(FoldKind::kPhp, "a\n#1 of a list\n"), (Events{1, 1}));
}

TEST(Folding, ByStartALineThatDoesNotMatchBelongsToTheOneBefore) {
  const auto start = std::make_shared<const parse::Pattern>(*parse::Pattern::Make(R"(^\d{4}-)"));
  EXPECT_EQ(Fold(FoldKind::kStart, "2026-1 a\nb\n\n 2026-\n2026-2\n2026-3\nc\n", start),
            (Events{4, 1, 2}));
  EXPECT_EQ(Fold(FoldKind::kStart, "b\nc\n2026-1\n", start), (Events{2, 1}));
}

}  // namespace
}  // namespace logboom::agent
