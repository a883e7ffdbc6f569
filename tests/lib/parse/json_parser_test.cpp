#include "lib/parse/json_parser.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lib/base/random.h"
#include "lib/parse/limits.h"
#include "tests/fuzz/mutate.h"
#include "tests/lib/parse/parsed.h"

namespace logboom::parse {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kSeed = 8259;

std::optional<Pairs> Read(std::string_view line) { return Parsed("json", line); }

TEST(JsonParser, MembersAreFieldsInTheirOrder) {
  EXPECT_EQ(Read(R"({"level":"info","msg":"a b","n":-1.5e3,"ok":true,"no":false,"x":null})"),
            (Pairs{{"level", "info"},
                   {"msg", "a b"},
                   {"n", "-1.5e3"},
                   {"ok", "true"},
                   {"no", "false"},
                   {"x", "null"}}));
  EXPECT_EQ(Read("{}"), Pairs{});
  EXPECT_EQ(Read(" { \"a\" : 1 ,\t\"a\":2} \r"), (Pairs{{"a", "1"}, {"a", "2"}}));
}

TEST(JsonParser, ObjectsInObjectsAreNamedWithDots) {
  EXPECT_EQ(Read(R"({"a":{"b":{"c":1,"d":"x\ty"},"e":2},"f":3,"g":{"h":{}}})"),
            (Pairs{{"a.b.c", "1"}, {"a.b.d", "x\ty"}, {"a.e", "2"}, {"f", "3"}, {"g.h", "{}"}}));
}

TEST(JsonParser, ArraysAndEmptyObjectsAreTheirText) {
  EXPECT_EQ(Read(R"({"a":[1, {"b":["\"]"]}, []],"c":[],"d":{ }})"),
            (Pairs{{"a", R"([1, {"b":["\"]"]}, []])"}, {"c", "[]"}, {"d", "{ }"}}));
}

TEST(JsonParser, EscapesAreTakenBack) {
  EXPECT_EQ(Read(R"({"a":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00","\u006b":"\u0000"})"),
            (Pairs{{"a", "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
                   {"k", std::string(1, '\0')}}));
}

TEST(JsonParser, HalfASurrogatePairIsTheReplacementCharacter) {
  EXPECT_EQ(Read(R"({"a":"\ud83d!\ude00\ud83d\u0041\ud83d\ud83d\ude00"})"),
            (Pairs{{"a",
                    "\xef\xbf\xbd!\xef\xbf\xbd\xef\xbf\xbd"
                    "A\xef\xbf\xbd\xf0\x9f\x98\x80"}}));
}

TEST(JsonParser, BytesThatAreNoUtf8StayAsTheyAre) {
  EXPECT_EQ(Read("{\"a\":\"\xff\xc3\"}"), (Pairs{{"a", "\xff\xc3"}}));
}

TEST(JsonParser, WhatIsNoObjectIsNotParsed) {
  for (const std::string_view line : {"",
                                      " ",
                                      "null",
                                      "1",
                                      "\"a\"",
                                      "[]",
                                      "{",
                                      "}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "{\"a\":1}}",
                                      "{\"a\":1} x",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":01}",
                                      "{\"a\":1.}",
                                      "{\"a\":.5}",
                                      "{\"a\":+1}",
                                      "{\"a\":-}",
                                      "{\"a\":1e}",
                                      "{\"a\":1e+}",
                                      "{\"a\":NaN}",
                                      "{\"a\":tru}",
                                      "{\"a\":True}",
                                      "{\"a\":\"b}",
                                      "{\"a\":\"\\x41\"}",
                                      "{\"a\":\"\\u12\"}",
                                      "{\"a\":\"\\a\"}",
                                      "{\"a\":\"\\'\"}",
                                      "{\"a\":\"tab\there\"}",
                                      "{\"a\":[1,]}",
                                      "{\"a\":[1 2]}",
                                      "{\"a\":[1}",
                                      "{\"a\":{\"b\":1}",
                                      "{\"a\":1 \"b\":2}",
                                      "{\"a\":[\"\n\"]}",
                                      "\xef\xbb\xbf{}",
                                      "text {\"a\":1}"}) {
    EXPECT_EQ(Read(line), std::nullopt) << line;
  }
}

std::string NestedObjects(std::size_t depth) {
  std::string line;
  for (std::size_t i = 1; i < depth; ++i) line += "{\"a\":";
  return line + "{\"z\":1}" + std::string(depth - 1, '}');
}

TEST(JsonParser, NestsUpToTheLimitAndNotDeeper) {
  EXPECT_TRUE(Read(NestedObjects(kJsonDepthMax)));
  EXPECT_FALSE(Read(NestedObjects(kJsonDepthMax + 1)));
  const auto arrays = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(Read(arrays(kJsonDepthMax - 1)));
  EXPECT_FALSE(Read(arrays(kJsonDepthMax)));
  EXPECT_FALSE(Read(arrays(1'000'000)));
}

TEST(JsonParser, TakesFieldsUpToTheLimitAndNotOneMore) {
  const auto members = [](std::size_t count) {
    std::string line = "{\"a\":0";
    for (std::size_t i = 1; i < count; ++i) line += ",\"a\":0";
    return line + "}";
  };
  EXPECT_EQ(Read(members(kFieldsMax)).value_or(Pairs{}).size(), kFieldsMax);
  EXPECT_FALSE(Read(members(kFieldsMax + 1)));
}

TEST(JsonParser, JoinsNamesUpToTheLimitAndNotLonger) {
  const auto nested = [](std::size_t bytes) {
    return "{\"a\":{\"" + std::string(bytes - 2, 'n') + "\":1}}";
  };
  EXPECT_TRUE(Read(nested(kFieldNameBytesMax)));
  EXPECT_FALSE(Read(nested(kFieldNameBytesMax + 1)));
  const auto prefix = [](std::size_t bytes) {
    return "{\"" + std::string(bytes, 'n') + "\":{\"\":1}}";
  };
  EXPECT_TRUE(Read(prefix(kFieldNameBytesMax - 1)));
  EXPECT_FALSE(Read(prefix(kFieldNameBytesMax)));
}

// What the parser promises, told by a library that reads JSON into a tree.
void Flatten(const std::string& prefix, const Json& object, bool ascii, Pairs& out) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_object() && !value.empty()) {
      Flatten(prefix + name + ".", value, ascii, out);
    } else {
      out.emplace_back(prefix + name,
                       value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', ascii));
    }
  }
}

std::string RandomText(Random& random) {
  static constexpr std::string_view kParts[] = {"a",  "\"", "\\", "/", "\n",       "\x01",    " ",
                                                "{}", "[",  ":",  ",", "\xc3\xa9", "12345678"};
  std::string text;
  for (std::uint64_t i = random.Below(6); i > 0; --i) text += kParts[random.Below(13)];
  return text;
}

Json RandomValue(Random& random, unsigned depth);

Json RandomObject(Random& random, unsigned depth) {
  Json object = Json::object();
  for (std::uint64_t i = random.Below(5); i > 0; --i) {
    object[RandomText(random)] = RandomValue(random, depth + 1);
  }
  return object;
}

Json RandomValue(Random& random, unsigned depth) {
  switch (random.Below(depth > 4 ? 5 : 7)) {
    case 0: return static_cast<std::int64_t>(random.Next());
    case 1: return random.Below(2) == 0;
    case 2: return nullptr;
    case 3:
    case 4: return RandomText(random);
    case 5: return Json::array({RandomValue(random, depth + 1), RandomText(random)});
    default: return RandomObject(random, depth);
  }
}

TEST(JsonParser, ReadsWhatAnotherLibraryWrote) {
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  SeededRandom random(kSeed);
  for (int i = 0; i < 2'000; ++i) {
    const Json object = RandomObject(random, 0);
    Pairs expected;
    const bool ascii = i % 2 == 0;
    Flatten("", object, ascii, expected);
    EXPECT_EQ(Read(object.dump(-1, ' ', ascii)), expected) << object.dump();
  }
}

// Nothing where the other library has a limit of its own: half a surrogate pair, 1e999.
std::optional<bool> IsObjectToAnother(std::string_view line) {
  try {
    return Json::parse(line).is_object();
  } catch (const Json::out_of_range&) {
    return std::nullopt;
  } catch (const Json::parse_error& error) {
    if (std::string_view(error.what()).find("surrogate") != std::string_view::npos) return {};
    return false;
  }
}

TEST(JsonParser, RefusesWhatAnotherLibraryRefuses) {
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  SeededRandom random(kSeed);
  int accepted = 0;
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    Bytes line = RandomObject(random, 0).dump(-1, ' ', true);
    fuzz::Mutate(random, line);
    for (char& byte : line) {
      byte = static_cast<char>(static_cast<unsigned char>(byte) & 0x7fU);  // it refuses no-UTF-8
    }
    const auto is_object = IsObjectToAnother(line);
    if (!is_object) continue;
    (*is_object ? accepted : refused)++;
    EXPECT_EQ(Read(line).has_value(), *is_object) << line;
  }
  EXPECT_GT(accepted, 500);
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace logboom::parse
