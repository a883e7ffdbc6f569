#include "lib/client/broker_labels.h"

#include <gtest/gtest.h>

namespace logboom::client {
namespace {

using Labels = std::vector<std::string>;

TEST(BrokerLabels, AreNamesWhereTheseTellBrokersApart) {
  EXPECT_EQ(BrokerLabels({{"tcp://a:1", "log-1"}, {"tcp://b:1", "log-2"}}),
            (Labels{"log-1", "log-2"}));
}

TEST(BrokerLabels, AreAddressesWhereTwoHaveOneName) {
  EXPECT_EQ(BrokerLabels({{"tcp://a:1", "same"}, {"tcp://b:1", "other"}, {"tcp://a:2", "same"}}),
            (Labels{"tcp://a:1", "other", "tcp://a:2"}));
}

TEST(BrokerLabels, IsTheAddressOfOneThatHasNotSaidItsName) {
  EXPECT_EQ(BrokerLabels({{"tcp://a:1", ""}, {"tcp://b:1", "log-2"}}),
            (Labels{"tcp://a:1", "log-2"}));
}

}  // namespace
}  // namespace logboom::client
