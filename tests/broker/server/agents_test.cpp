// What agents report, who may ask for it, and the broker's status.
#include "tests/broker/server/server_rig.h"

namespace logboom::broker {
namespace {

class AgentsTest : public testing::Test {
 protected:
  void SetUp() override {
    protocol::Request hello = agent_.AgentHello("web-1");
    (*hello.mutable_hello()->mutable_agent()->mutable_labels())["env"] = "prod";
    ASSERT_TRUE(agent_.Started(agent_.Ask(std::move(hello))).ok());
    viewer_.Hello();
  }
  Reply Report(std::uint64_t id, bool last, int files, int first = 0) {
    protocol::Request request;
    protocol::AgentReportRequest& report = *request.mutable_agent_report();
    report.set_report_id(id);
    report.set_last(last);
    report.set_program_version("9");
    report.set_started_ms(5);
    report.set_time_ms(rig_.now().wall.value() + 250);
    report.set_bytes_acked(70);
    report.set_errors(2);
    report.set_lines_dropped(7);
    report.set_last_error("disk on fire");
    for (int i = first; i < first + files; ++i) {
      protocol::AgentFile& file = *report.add_files();
      file.set_path(fmt::format("/var/log/{}\xFF.log", i));
      file.set_topic("web");
      file.set_size_bytes(100);
      file.set_read(90);
      file.set_acked(40);
      file.set_last_line_ms(123);
      file.set_state("reading");
    }
    return agent_.Ask(std::move(request));
  }
  Reply Describe(const std::string& id, std::uint32_t skip = 0) {
    protocol::Request request;
    request.mutable_describe_agent()->set_agent_id(id);
    request.mutable_describe_agent()->set_skip_files(skip);
    return viewer_.Ask(std::move(request));
  }
  protocol::Agent Listed() {
    protocol::Request request;
    request.mutable_list_agents();
    const Reply reply = viewer_.Ask(std::move(request));
    EXPECT_EQ(reply.response.list_agents().agents_size(), 1);
    return reply.response.list_agents().agents(0);
  }
  ServerRig rig_;
  TestClient agent_{rig_};
  TestClient viewer_{rig_};
};

TEST_F(AgentsTest, AReportInPartsReplacesTheOneBeforeOnceItIsWhole) {
  EXPECT_TRUE(Report(1, true, 1).ok());
  EXPECT_TRUE(Report(2, false, 2).ok());
  EXPECT_EQ(Listed().files(), 1U);
  EXPECT_TRUE(Report(2, true, 2, 2).ok());
  const protocol::Agent agent = Listed();
  EXPECT_EQ(agent.agent_id(), "web-1");
  EXPECT_EQ(agent.host(), "host-1");
  EXPECT_EQ(agent.program_version(), "9");
  EXPECT_TRUE(agent.connected());
  EXPECT_EQ(agent.files(), 4U);
  EXPECT_EQ(agent.backlog_bytes(), 4U * 60);
  EXPECT_EQ(agent.bytes_acked(), 70U);
  EXPECT_EQ(agent.errors(), 2U);
  EXPECT_EQ(agent.lines_dropped(), 7U);
  EXPECT_EQ(agent.last_error(), "disk on fire");
  EXPECT_EQ(agent.labels().at("env"), "prod");
  EXPECT_NEAR(static_cast<double>(agent.clock_skew_ms()), 250, 10);
}

TEST_F(AgentsTest, TheAnswerToAReportTellsTheBrokersTime) {
  const Reply reply = Report(1, true, 1);
  ASSERT_TRUE(reply.ok());
  EXPECT_EQ(reply.response.agent_report().time_ms(), rig_.now().wall.value());
}

TEST_F(AgentsTest, DescribeComesInPages) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Report(1, i == 2, 900, i * 900).ok());
  std::uint32_t seen = 0;
  while (true) {
    const Reply page = Describe("web-1", seen);
    ASSERT_TRUE(page.ok());
    const auto& files = page.response.describe_agent().files();
    EXPECT_LE(files.size(), protocol::kFilesPageMax);
    for (const auto& file : files) {
      EXPECT_EQ(file.path(), fmt::format("/var/log/{}\xFF.log", seen++));
      EXPECT_EQ(file.acked(), 40);
    }
    if (!page.response.describe_agent().more()) break;
  }
  EXPECT_EQ(seen, 2'700U);
  EXPECT_EQ(Describe("web-1", 1'000'000).response.describe_agent().files_size(), 0);
  EXPECT_FALSE(Describe("web-1", 1'000'000).response.describe_agent().more());
}

TEST_F(AgentsTest, AnUnknownAgentIsUnknown) {
  EXPECT_EQ(Describe("nobody").code(), protocol::UNKNOWN_AGENT);
}

TEST_F(AgentsTest, OnlyTheHolderReports) {
  protocol::Request request;
  request.mutable_agent_report()->set_report_id(1);
  EXPECT_EQ(viewer_.Ask(std::move(request)).code(), protocol::INVALID_REQUEST);
  TestClient next(rig_);
  next.HelloAs("web-1");
  EXPECT_EQ(Report(1, true, 1).code(), protocol::FENCED);
}

TEST_F(AgentsTest, AnAgentThatIsGoneIsKnownAndNotConnected) {
  rig_.Turn(31'000);
  viewer_.Hello();
  EXPECT_FALSE(Listed().connected());
  rig_.Crash();
  rig_.Open();
  viewer_.Hello();
  EXPECT_FALSE(Listed().connected());
  EXPECT_EQ(Listed().host(), "host-1");
}

TEST_F(AgentsTest, StatusTellsCountsRatesAndConditions) {
  rig_.facts.data_directory = "/data";
  rig_.facts.sync_method = "fdatasync";
  rig_.facts.log_bytes = 5;
  rig_.facts.conditions.push_back({"disk low", "free some", TimestampMs{9}});
  ASSERT_TRUE(agent_.Await(agent_.SendSpans({FirstSpanOf(1, 0, 100)})).ok());
  ASSERT_TRUE(agent_.Await(agent_.SendSpans({SpanOf(1, 0, 100)})).ok());
  agent_.Await(agent_.SendSpans({SpanOf(1, 500, 600)}));
  rig_.Turn(1'001);
  rig_.Turn(1'001);
  protocol::Request request;
  request.mutable_status();
  const Reply reply = viewer_.Ask(std::move(request));
  ASSERT_TRUE(reply.ok());
  const protocol::StatusResponse& status = reply.response.status();
  EXPECT_EQ(status.broker_name(), "broker-1");
  EXPECT_EQ(status.data_directory(), "/data");
  EXPECT_EQ(status.topics(), 1U);
  EXPECT_EQ(status.partitions(), 1U);
  EXPECT_EQ(status.sessions(), 2U);
  EXPECT_EQ(status.agents_connected(), 1U);
  EXPECT_EQ(status.records_appended(), 1U);
  EXPECT_EQ(status.duplicates(), 1U);
  EXPECT_EQ(status.span_conflicts(), 1U);
  EXPECT_GT(status.requests(), 4U);
  EXPECT_EQ(status.errors(), 1U);
  EXPECT_EQ(status.bytes_not_durable(), 0U);
  EXPECT_GT(status.append_bytes_per_second(), 0);
  ASSERT_EQ(status.conditions_size(), 1);
  EXPECT_EQ(status.conditions(0).name(), "disk low");
}

TEST_F(AgentsTest, AStatusHoldsAsManyConditionsAsFitIntoAMessage) {
  rig_.facts.conditions.assign(501, {"start-up", "what", TimestampMs{1}});
  protocol::Request request;
  request.mutable_status();
  EXPECT_EQ(viewer_.Ask(std::move(request)).response.status().conditions_size(), 500);
}

}  // namespace
}  // namespace logboom::broker
