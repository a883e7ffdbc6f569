#include "exporters/prometheus/collector.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lib/transport/inproc_transport.h"
#include "tests/lib/client/fake_broker.h"

namespace logboom::exporter {
namespace {

// Brokers that answer snapshots while somebody waits for them: each look at the clock lets them
// work, and a little time pass.
class CollectorTest : public testing::Test {
 protected:
  void AddBroker(const std::string& address, const std::string& name) {
    auto broker = std::make_unique<client::FakeBroker>(network.MakeServer(address));
    broker->hello.set_broker_name(name);
    broker->on_asked = [this, name, raw = broker.get()](const client::Asked& asked) {
      ++asked_of[name];
      protocol::Response response;
      response.mutable_snapshot()->set_snapshot_id(1);
      response.mutable_snapshot()->mutable_status()->set_broker_name(name);
      raw->Answer(asked, response);
    };
    brokers.push_back(std::move(broker));
  }

  std::unique_ptr<Collector> Make(const std::vector<std::string>& addresses) {
    std::vector<Collector::Target> targets;
    for (const std::string& address : addresses) {
      targets.push_back({address, [this, address] { return Connect(address); }});
    }
    return std::make_unique<Collector>(std::move(targets), CollectorOptions{},
                                       [this] { return Now(); });
  }

  Result<std::unique_ptr<transport::ClientTransport>> Connect(const std::string& address) {
    return network.MakeClient(address);
  }

  Instant Now() {
    const std::lock_guard lock(mutex);
    for (const auto& broker : brokers) broker->Step();
    time.Pass(10);
    return time.now;
  }

  transport::InprocNetwork network{transport::InprocWait::kReturnsAtOnce};
  std::mutex mutex;
  client::FakeTime time;
  std::vector<std::unique_ptr<client::FakeBroker>> brokers;
  std::map<std::string, int> asked_of;
};

TEST_F(CollectorTest, EachBrokerIsLabelledWithItsName) {
  AddBroker("tcp://a:1", "log-1");
  AddBroker("tcp://b:1", "log-2");
  const auto readings = Make({"tcp://a:1", "tcp://b:1"})->Collect();
  ASSERT_EQ(readings->size(), 2U);
  EXPECT_EQ((*readings)[0].broker, "log-1");
  EXPECT_TRUE((*readings)[0].snapshot.ok());
  EXPECT_EQ((*readings)[1].broker, "log-2");
}

TEST_F(CollectorTest, BrokersOfOneNameAreToldApartByTheirAddress) {
  AddBroker("tcp://a:1", "same");
  AddBroker("tcp://a:2", "same");
  const auto readings = Make({"tcp://a:1", "tcp://a:2"})->Collect();
  EXPECT_EQ((*readings)[0].broker, "tcp://a:1");
  EXPECT_EQ((*readings)[1].broker, "tcp://a:2");
}

TEST_F(CollectorTest, ABrokerThatIsSilentIsAnErrorOfItsOwn) {
  AddBroker("tcp://a:1", "log-1");
  const auto readings = Make({"tcp://nobody:1", "tcp://a:1"})->Collect();
  ASSERT_FALSE((*readings)[0].snapshot.ok());
  EXPECT_EQ((*readings)[0].broker, "tcp://nobody:1");
  EXPECT_TRUE((*readings)[1].snapshot.ok());
}

TEST_F(CollectorTest, ABrokerThatWentAwayKeepsItsName) {
  AddBroker("tcp://a:1", "log-1");
  const auto collector = Make({"tcp://a:1"});
  ASSERT_TRUE((*collector->Collect())[0].snapshot.ok());
  brokers.clear();
  const auto readings = collector->Collect();
  EXPECT_FALSE((*readings)[0].snapshot.ok());
  EXPECT_EQ((*readings)[0].broker, "log-1");
}

TEST_F(CollectorTest, TheConnectionIsKeptFromScrapeToScrape) {
  AddBroker("tcp://a:1", "log-1");
  const auto collector = Make({"tcp://a:1"});
  collector->Collect();
  collector->Collect();
  EXPECT_EQ(brokers[0]->hellos.size(), 1U);
  EXPECT_EQ(asked_of["log-1"], 2);
}

TEST_F(CollectorTest, ScrapesAtTheSameTimeAllGetWholeReadings) {
  AddBroker("tcp://a:1", "log-1");
  const auto collector = Make({"tcp://a:1"});
  constexpr int kScrapers = 4;
  std::vector<std::thread> scrapers;
  std::vector<int> good(kScrapers);
  for (int i = 0; i < kScrapers; ++i) {
    scrapers.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round) {
        const auto readings = collector->Collect();
        if (readings->size() == 1 && readings->front().snapshot.ok())
          ++good[static_cast<std::size_t>(i)];
      }
    });
  }
  for (std::thread& scraper : scrapers) scraper.join();
  EXPECT_EQ(good, std::vector<int>(kScrapers, 20));
}

}  // namespace
}  // namespace logboom::exporter
