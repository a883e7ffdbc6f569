#include <gtest/gtest.h>

#include <cerrno>

#include "lib/base/byte_list.h"
#include "lib/base/bytes.h"
#include "lib/base/random.h"
#include "lib/base/result.h"
#include "lib/base/types.h"
#include "lib/base/uuid.h"

namespace logboom {
namespace {

TEST(Bytes, WriterAndReaderRoundTrip) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.Int<std::int64_t>(-2);
  writer.Int<std::uint16_t>(0x0102);
  writer.String("line");
  EXPECT_EQ(bytes.substr(8, 2), std::string("\x01\x02"));
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Int<std::int64_t>(), -2);
  EXPECT_EQ(reader.Int<std::uint16_t>(), 0x0102);
  EXPECT_EQ(reader.String(), "line");
  EXPECT_TRUE(reader.done());
}

TEST(Bytes, ReaderNeverReadsPastTheEnd) {
  Bytes bytes;
  ByteWriter(bytes).Int<std::uint32_t>(5);  // announces 5 bytes, brings 2
  bytes += "ab";
  ByteReader reader(bytes);
  EXPECT_EQ(reader.String(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Int<std::uint8_t>(), 0);
  EXPECT_FALSE(reader.done());
}

std::uint16_t TakeShort(ByteReader& in) { return in.Int<std::uint16_t>(); }

TEST(Bytes, AListIsACountAndItsItems) {
  const ByteView bytes("\x02\x00\x01\x00\x02\x00\x03", 7);
  ByteReader reader(bytes);
  EXPECT_EQ(ReadList<std::uint8_t>(reader, TakeShort), (std::vector<std::uint16_t>{1, 2}));
  EXPECT_EQ(reader.rest(), bytes.substr(5));
  EXPECT_TRUE(reader.ok());
}

TEST(Bytes, AListThatIsShortEndsBeforeItsFirstShortItem) {
  const ByteView lie("\xff\xff\xff\xff\x00\x01\x00", 7);
  ByteReader reader(lie);
  EXPECT_EQ(ReadList<std::uint32_t>(reader, TakeShort), (std::vector<std::uint16_t>{1}));
  EXPECT_FALSE(reader.ok());
  ByteReader no_count(lie.substr(0, 3));
  EXPECT_TRUE(ReadList<std::uint32_t>(no_count, TakeShort).empty());
  EXPECT_FALSE(no_count.ok());
}

TEST(Bytes, HexRoundTripsAndRefusesWhatIsNotHex) {
  EXPECT_EQ(ToHex(std::string("\x00\xff", 2)), "00ff");
  EXPECT_EQ(FromHex("00fF"), std::string("\x00\xff", 2));
  EXPECT_EQ(FromHex("0"), std::nullopt);
  EXPECT_EQ(FromHex("0g"), std::nullopt);
}

TEST(Uuid, TextRoundTrips) {
  SeededRandom random(7);
  Uuid id = Uuid::Make(random);
  EXPECT_EQ(Uuid::Parse(id.ToString()), id);
  EXPECT_EQ(Uuid::FromBytes(id.bytes()), id);
  EXPECT_EQ(id.ToString()[14], '4');
  EXPECT_FALSE(id.nil());
  EXPECT_EQ(Uuid::Parse("not-a-uuid"), std::nullopt);
}

// A page that begins behind nil would else leave out the half with the high bit set.
TEST(Uuid, NilComesBeforeAllOthers) {
  const Uuid high = *Uuid::Parse("f0000000-0000-4000-8000-000000000000");
  const Uuid low = *Uuid::Parse("10000000-0000-4000-8000-000000000000");
  EXPECT_LT(Uuid{}, low);
  EXPECT_LT(low, high);
}

TEST(Random, SameSeedGivesSameNumbers) {
  SeededRandom a(42);
  SeededRandom b(42);
  SeededRandom c(43);
  std::uint64_t first = a.Next();
  EXPECT_EQ(first, b.Next());
  EXPECT_NE(first, c.Next());
}

Result<int> Half(int value) {
  if (value % 2 != 0) return Fail(ErrorCode::kInvalid, "{} is odd", value);
  return value / 2;
}

Result<int> Quarter(int value) {
  ASSIGN_OR_RETURN(int half, Half(value));
  return Half(half);
}

TEST(Result, ErrorsPassThroughWithTheirMessage) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().message, "3 is odd");
  EXPECT_EQ(Quarter(6).error().Within("quarter").message, "quarter: 3 is odd");
}

TEST(Result, ErrnoBecomesACodeToBranchOn) {
  EXPECT_EQ(ErrnoError(ENOSPC, "write x").code, ErrorCode::kNoSpace);
  EXPECT_EQ(ErrnoError(ENOENT, "open x").message, "open x: No such file or directory");
}

TEST(StrongInt, StepsAndSubtracts) {
  Offset offset{5};
  EXPECT_EQ((offset + 3) - offset, 3);
  EXPECT_LT(offset, offset + 1);
  static_assert(!std::is_convertible_v<Offset, FilePosition>);
}

}  // namespace
}  // namespace logboom
