#include "cli/record_printer.h"

#include <gtest/gtest.h>

#include <vector>

#include "lib/record/span.h"
#include "tests/cli/captured_output.h"

namespace logboom::cli {
namespace {

constexpr TimestampMs kTime(1'795'379'355'123);  // 2026-11-22T20:29:15.123Z

const RecordOrigin kWeb{"b1", "web", PartitionIndex(0)};
const RecordOrigin kSsh{"b1", "ssh", PartitionIndex(2)};

record::Record MakeRecord(std::optional<ByteView> key, std::optional<ByteView> value,
                          std::vector<record::HeaderView> headers = {}) {
  return {.offset = Offset(1234),
          .timestamp = kTime,
          .key = key,
          .value = value,
          .headers = std::move(headers)};
}

const std::vector<record::HeaderView> kMore = {{.key = "lb.more", .value = ""}};

TEST(TextPrinter, LineHasTimePartitionOffsetKeyAndValue) {
  CapturedOutput captured;
  const auto printer = MakeTextPrinter(captured.out(), {});
  printer->Print(kWeb, MakeRecord("host:/var/log/x", "the line"));
  printer->Print(kWeb, MakeRecord(std::nullopt, "no key"));
  printer->Print(kWeb, MakeRecord("k", std::nullopt));
  EXPECT_EQ(captured.Text(),
            "2026-11-22T20:29:15.123Z 0:1234 host:/var/log/x | the line\n"
            "2026-11-22T20:29:15.123Z 0:1234 | no key\n"
            "2026-11-22T20:29:15.123Z 0:1234 k | \n");
}

TEST(TextPrinter, SeveralTopicsAndBrokersAreNamed) {
  CapturedOutput captured;
  const auto printer = MakeTextPrinter(captured.out(), {.show_broker = true, .show_topic = true});
  printer->Print(kSsh, MakeRecord(std::nullopt, "v"));
  EXPECT_EQ(captured.Text(), "2026-11-22T20:29:15.123Z b1 ssh/2:1234 | v\n");
}

TEST(TextPrinter, ControlBytesAreVisible) {
  CapturedOutput captured;
  const auto printer = MakeTextPrinter(captured.out(), {});
  printer->Print(kWeb, MakeRecord("k\n", "a\x1b[2Jb\tc\xff"));
  EXPECT_EQ(captured.Text(), "2026-11-22T20:29:15.123Z 0:1234 k\\n | a\\x1b[2Jb\tc\\xff\n");
}

TEST(TextPrinter, GapStandsInItsPlace) {
  CapturedOutput captured;
  const auto printer = MakeTextPrinter(captured.out(), {});
  client::SourceRow row;
  row.offset = Offset(7);
  row.agent_id = "a1";
  row.path = "/var/log/x";
  row.time = kTime;
  row.row.kind = client::RowKind::kGap;
  row.row.begin = SourcePosition(10);
  row.row.end = SourcePosition(20);
  row.row.end_is_exact = false;
  row.row.reason = "rotated away";
  printer->PrintRow(kWeb, row);
  EXPECT_EQ(captured.Text(),
            "2026-11-22T20:29:15.123Z 0:7 GAP /var/log/x of agent a1: bytes 10 to at least 20 are "
            "missing: rotated away\n");
}

TEST(TextPrinter, WhatASpanLeavesOutIsToldAheadOfItsFirstRecord) {
  const Bytes span = record::EncodeSpan({.log_tag = 1,
                                         .source_id = {},
                                         .begin = SourcePosition(10),
                                         .end = SourcePosition(90),
                                         .window = 0,
                                         .records = 1,
                                         .dropped = 3});
  const std::vector<record::HeaderView> headers = {{.key = "lb.span", .value = ByteView(span)}};
  const auto row = LeftOutOf(MakeRecord("web-1:/var/log/x", "a", headers));
  ASSERT_TRUE(row);
  CapturedOutput text;
  MakeTextPrinter(text.out(), {})->PrintRow(kWeb, *row);
  EXPECT_EQ(text.Text(),
            "2026-11-22T20:29:15.123Z 0:1234 LEFT OUT /var/log/x of agent web-1: bytes 10 to 90: 3 "
            "lines left out\n");
  CapturedOutput json;
  MakeJsonPrinter(json.out(), {})->PrintRow(kWeb, *row);
  EXPECT_EQ(json.Text(),
            R"({"topic":"web","partition":0,"offset":1234,"timestamp_ms":1795379355123,)"
            R"("left_out":{"agent":"web-1","path":"/var/log/x","begin":10,"end":90,"lines":3}})"
            "\n");
  EXPECT_FALSE(LeftOutOf(MakeRecord("k", "a")));
}

TEST(JsonPrinter, OneObjectALine) {
  CapturedOutput captured;
  const auto printer = MakeJsonPrinter(captured.out(), {});
  const std::vector<record::HeaderView> headers = {{.key = "level", .value = "warn"},
                                                   {.key = "lb.span", .value = "\xff\x01"},
                                                   {.key = "null", .value = std::nullopt}};
  printer->Print(kWeb, MakeRecord("k", "a\"b", headers));
  EXPECT_EQ(captured.Text(),
            R"({"topic":"web","partition":0,"offset":1234,"timestamp_ms":1795379355123,"key":"k",)"
            R"("value":"a\"b","headers":{"level":"warn","lb.span_base64":"/wE=","null":null}})"
            "\n");
}

TEST(JsonPrinter, BytesThatAreNotUtf8ComeAsBase64AndMissingOnesAsNull) {
  CapturedOutput captured;
  const auto printer = MakeJsonPrinter(captured.out(), {.show_broker = true});
  printer->Print(kWeb, MakeRecord(std::nullopt, "\xff"));
  EXPECT_EQ(captured.Text(),
            R"({"broker":"b1","topic":"web","partition":0,"offset":1234,)"
            R"("timestamp_ms":1795379355123,"key":null,"value_base64":"/w==","headers":{}})"
            "\n");
}

class RawPrinterTest : public testing::Test {
 protected:
  void Print(const RecordOrigin& origin, std::string_view key, std::string_view value) {
    printer_->Print(origin, MakeRecord(key, value));
  }
  void PrintPart(const RecordOrigin& origin, std::string_view key, std::string_view value) {
    printer_->Print(origin, MakeRecord(key, value, kMore));
  }
  CapturedOutput captured_;
  std::unique_ptr<RecordPrinter> printer_ = MakeRawPrinter(captured_.out());
};

TEST_F(RawPrinterTest, ValueBytesAreUntouched) {
  Print(kWeb, "k", std::string_view("\x1b\0\xff\r", 4));
  Print(kWeb, "k", "");
  EXPECT_EQ(captured_.Text(), std::string("\x1b\0\xff\r\n\n", 6));
}

TEST_F(RawPrinterTest, PartsOfALineJoin) {
  PrintPart(kWeb, "f", "one ");
  PrintPart(kWeb, "f", "two ");
  Print(kWeb, "f", "three");
  Print(kWeb, "f", "next");
  EXPECT_EQ(captured_.Text(), "one two three\nnext\n");
}

TEST_F(RawPrinterTest, NewlineWaitsForTheNextRecord) {
  PrintPart(kWeb, "f", "one ");
  EXPECT_EQ(captured_.Text(), "one ");
}

TEST_F(RawPrinterTest, RecordOfAnotherSourcePrintsTheNewlineFirst) {
  PrintPart(kWeb, "f", "half");
  Print(kWeb, "g", "other");
  Print(kWeb, "f", "rest");
  PrintPart(kWeb, "f", "half");
  Print(kSsh, "f", "same key, other partition");
  EXPECT_EQ(captured_.Text(), "half\nother\nrest\nhalf\nsame key, other partition\n");
}

TEST_F(RawPrinterTest, EndOfOutputPrintsTheNewlineOnce) {
  PrintPart(kWeb, "f", "half");
  printer_->Finish();
  printer_->Finish();
  EXPECT_EQ(captured_.Text(), "half\n");
}

TEST_F(RawPrinterTest, HeaderWithoutAValueGoesOnToo) {
  printer_->Print(kWeb, MakeRecord("f", "a", {{.key = "lb.more", .value = std::nullopt}}));
  Print(kWeb, "f", "b");
  EXPECT_EQ(captured_.Text(), "ab\n");
}

}  // namespace
}  // namespace logboom::cli
