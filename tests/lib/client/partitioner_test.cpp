#include "lib/client/partitioner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace logboom::client {
namespace {

struct Vector {
  std::string key;
  std::uint32_t hash;
  std::int32_t partition_of_seven;
};

// Computed with Kafka's Python client (kafka.partitioner.default.murmur2); "21", "foobar" and the
// strings "a-little-bit-..." are of Kafka's own test of its hash.
const std::vector<Vector> kVectors = {
    {"", 275'646'681U, 2},
    {"a", 2'731'586'172U, 5},
    {"ab", 316'155'434U, 0},
    {"abc", 479'470'107U, 4},
    {"abcd", 2'971'317'748U, 5},
    {"21", 3'321'034'988U, 3},
    {"foobar", 3'504'634'814U, 0},
    {"a-little-bit-long-string", 3'308'985'760U, 1},
    {"a-little-bit-longer-string", 2'808'662'467U, 0},
    {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", 4'236'069'325U, 3},
    {"web-1:/var/log/syslog", 3'204'547'832U, 1},
    {std::string("\xff\x80\x00\x01\xfe", 5), 4'121'406'832U, 2},
    {"\x80", 857'690'492U, 1},
};

TEST(Partitioner, HashIsKafkasMurmur2) {
  for (const Vector& vector : kVectors) EXPECT_EQ(Murmur2(vector.key), vector.hash) << vector.key;
}

TEST(Partitioner, PartitionIsKafkasChoice) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(PartitionOfKey(vector.key, 7), PartitionIndex(vector.partition_of_seven));
    EXPECT_EQ(PartitionOfKey(vector.key, 1), PartitionIndex(0));
  }
}

}  // namespace
}  // namespace logboom::client
