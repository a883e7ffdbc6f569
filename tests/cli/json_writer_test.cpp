#include "cli/json_writer.h"

#include <gtest/gtest.h>

#include <limits>

namespace logboom::cli {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  JsonWriter(out).String(text);
  return out;
}

TEST(JsonWriter, ObjectsAndArraysNest) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("a").Int(-1);
  json.Key("b").BeginArray().UInt(2).Bool(true).Null().BeginObject().EndObject().EndArray();
  json.Key("c").Double(1.5);
  json.EndObject();
  EXPECT_EQ(out, R"({"a":-1,"b":[2,true,null,{}],"c":1.5})");
}

TEST(JsonWriter, NumbersThatJsonCannotSayAreNull) {
  std::string out;
  JsonWriter(out).Double(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(out, "null");
}

TEST(JsonWriter, ControlsAreEscaped) {
  EXPECT_EQ(Quoted("a\"b\\c\n\r\t"), R"("a\"b\\c\n\r\t")");
  EXPECT_EQ(Quoted(std::string_view("\0\x1b\x7f", 3)), R"("\u0000\u001b\u007f")");
  EXPECT_EQ(Quoted("\u0085\u202e"), R"("\u0085\u202e")");
  EXPECT_EQ(Quoted("\U000e0041"), R"("\udb40\udc41")");
}

TEST(JsonWriter, OtherUtf8StaysAsItIs) {
  EXPECT_EQ(Quoted("größer 木 🪵"), "\"größer 木 🪵\"");
}

TEST(JsonWriter, BytesThatAreNotUtf8AreReplacedInText) {
  EXPECT_EQ(Quoted("a\xff"), R"("a\ufffd")");
}

TEST(JsonWriter, BytesFieldsKeepEveryByte) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.BytesField("key", "k");
  json.BytesField("value", "\xff");
  json.BytesField("none", std::nullopt);
  json.EndObject();
  EXPECT_EQ(out, R"({"key":"k","value_base64":"/w==","none":null})");
}

}  // namespace
}  // namespace logboom::cli
