// Standard input: bytes from a pipe, cut as those of a file, held until they are durable.
#include "agent/streams/pipe_stream.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "agent/shaping.h"
#include "agent/streams/limits.h"
#include "tests/agent/agent_rig.h"

namespace logboom::agent {
namespace {

using Strings = std::vector<std::string>;

class Pipe {
 public:
  Pipe() {
    EXPECT_EQ(pipe(ends_), 0);
    // So that a test can fill it to the brim.
    EXPECT_EQ(fcntl(ends_[1], F_SETFL, O_NONBLOCK), 0);
  }
  ~Pipe() {
    close(ends_[0]);
    Close();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  // How many of them it took.
  std::size_t Write(ByteView bytes) const {
    const ssize_t written = write(ends_[1], bytes.data(), bytes.size());
    return written < 0 ? 0 : static_cast<std::size_t>(written);
  }
  void Close() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  int reader() const { return ends_[0]; }

 private:
  int ends_[2] = {-1, -1};
};

class PipeRig : public AgentRig {
 public:
  PipeRig() {
    InputOptions input;
    input.name = "stdin";
    input.kind = InputKind::kStandardInput;
    input.topic = kTopic;
    agent_options.inputs = {input};
    open_stream = [this](const InputOptions& each) -> Result<std::unique_ptr<RecordStream>> {
      const PipeOptions options{.framing = {.record_bytes_max = agent_options.max_line_bytes,
                                            .encoding = each.encoding,
                                            .strip_cr = each.strip_cr,
                                            .container = each.container,
                                            .fold = each.multiline},
                                .multiline_timeout = each.multiline_timeout,
                                .partial_timeout = agent_options.partial_timeout};
      return MakePipeStream(pipe->reader(), Uuid::Make(random), options);
    };
  }
  InputOptions& input() { return agent_options.inputs.front(); }

  std::unique_ptr<Pipe> pipe = std::make_unique<Pipe>();
};

TEST(PipeStream, LinesArriveAndTheEndOfInputEndsTheAgent) {
  PipeRig rig;
  rig.Start();
  rig.pipe->Write("one\ntwo\nwithout newline");
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"one", "two"}));
  EXPECT_FALSE(rig.agent->done());
  rig.pipe->Close();
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"one", "two", "without newline"}));
  EXPECT_FALSE(rig.topic().log.back().more);
  EXPECT_TRUE(rig.agent->done());
  EXPECT_EQ(rig.topic().log.front().key, "host:stdin");
  EXPECT_EQ(rig.topic().sources.size(), 1U);
  EXPECT_TRUE(rig.topic().sources.begin()->second.final);
  EXPECT_EQ(rig.agent->Totals().counters.bytes_acked, 23U);
}

TEST(PipeStream, AnInputWithoutAByteEndsTheAgentToo) {
  PipeRig rig;
  rig.pipe->Close();
  rig.Start();
  rig.Run(2'000);
  EXPECT_TRUE(rig.agent->done());
  EXPECT_TRUE(rig.topic().sources.empty());
}

TEST(PipeStream, NothingIsTakenBeyondWhatIsHeldUntilItIsDurable) {
  PipeRig rig;
  rig.broker.syncs_by_itself = false;
  rig.Start();
  const std::string line(999, 'x');
  std::size_t written = 0;
  const std::string chunk = line + "\n" + line + "\n";
  const auto write_for = [&](int ticks) {
    for (int i = 0; i < ticks; ++i) {
      for (std::size_t got = 1; got > 0;) {
        got = rig.pipe->Write(ByteView(chunk).substr(written % chunk.size()));
        written += got;
      }
      rig.Tick();
    }
  };
  write_for(1'000);
  EXPECT_LE(written, kStreamHeldBytesMax + (std::size_t{1} << 20U));
  EXPECT_GE(written, kStreamHeldBytesMax);
  const std::size_t stuck = written;
  write_for(100);
  EXPECT_EQ(written, stuck);
  rig.broker.syncs_by_itself = true;
  rig.broker.Sync();
  write_for(100);
  EXPECT_GT(written, stuck);
  rig.pipe->Close();
  rig.Run(20'000);
  EXPECT_TRUE(rig.agent->done());
  EXPECT_EQ(rig.agent->Totals().counters.bytes_acked, written);
}

TEST(PipeStream, NothingIsLostOrDoubledWhenConnectionsAreCut) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    PipeRig rig;
    SeededRandom random(seed);
    rig.Start();
    std::string written;
    std::string waiting;
    for (int round = 0; round < 200; ++round) {
      if (waiting.size() < 1'000'000) {
        waiting += Lines("pipe", round * 1'000, round * 1'000 + 500);
      }
      const std::size_t got = rig.pipe->Write(waiting);
      written += waiting.substr(0, got);
      waiting.erase(0, got);
      rig.broker.syncs_by_itself = random.Below(3) > 0;
      if (random.Below(6) == 0) rig.network.CutAfter(kBrokerAddress, random.Below(20));
      if (random.Below(9) == 0) rig.broker.Restart();
      if (random.Below(9) == 0) rig.broker.false_conflicts = 1;
      rig.Run(static_cast<std::int64_t>(random.Below(1'000)));
    }
    rig.broker.syncs_by_itself = true;
    rig.pipe->Close();
    rig.Run(60'000);
    ASSERT_TRUE(rig.agent->done());
    if (written.back() != '\n') written += '\n';
    ASSERT_TRUE(SameBytes(rig.BytesOf("stdin"), written));
  }
}

TEST(PipeStream, TheSourceOfAProcessThatIsGoneIsClosedByTheNext) {
  PipeRig rig;
  rig.Start();
  rig.pipe->Write("one\n");
  rig.Run(2'000);
  rig.Kill();
  rig.pipe = std::make_unique<Pipe>();
  rig.Start();
  rig.pipe->Write("two\n");
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"one", "two"}));
  EXPECT_EQ(rig.Rows(protocol::CLOSE).size(), 1U);
  EXPECT_TRUE(rig.Rows(protocol::GAP).empty());
  EXPECT_EQ(rig.topic().sources.size(), 2U);
}

TEST(PipeStream, AnUnterminatedLineIsSentAfterAWhileAndJoinedOn) {
  PipeRig rig;
  rig.Start();
  rig.pipe->Write("half a");
  rig.Run(29'000);
  EXPECT_TRUE(rig.Values().empty());
  rig.Run(3'000);
  EXPECT_EQ(rig.Values(), Strings{"half a"});
  EXPECT_TRUE(rig.topic().log.front().more);
  rig.pipe->Write(" line\n");
  rig.Run(2'000);
  EXPECT_EQ(rig.BytesOf("stdin"), "half a line\n");
}

TEST(PipeStream, EventsOfSeveralLinesAreOneRecord) {
  PipeRig rig;
  rig.input().multiline = FoldKind::kIndented;
  rig.Start();
  rig.pipe->Write("event\n  goes on\n");
  rig.Run(500);
  rig.pipe->Write("  and on\nnext\n");
  rig.Run(5'000);
  EXPECT_EQ(rig.Values(), (Strings{"event\n  goes on\n  and on", "next"}));
}

TEST(PipeStream, ContainersLinesHaveTheirStreamAsALabel) {
  PipeRig rig;
  auto shaping = std::make_shared<Shaping>();
  shaping->dedupe = true;
  rig.input().container = ContainerFormat::kCri;
  rig.input().shaping = shaping;
  rig.broker.values_are_bytes = false;
  rig.Start();
  for (const char* stream : {"stdout", "stderr", "stderr", "stderr"}) {
    rig.pipe->Write(fmt::format("2026-09-21T10:00:00.5Z {} F the same\n", stream));
  }
  rig.pipe->Write("no container's line\n");
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(),
            (Strings{"the same", "the same", "last line repeated 2 times", "no container's line"}));
  EXPECT_EQ(rig.topic().log[0].headers.at("lb.label.stream"), "stdout");
  EXPECT_EQ(rig.topic().log[1].headers.at("lb.label.stream"), "stderr");
  EXPECT_EQ(rig.topic().log[3].headers.count("lb.label.stream"), 0U);
  EXPECT_EQ(rig.agent->Totals().counters.not_understood.lines_not_parsed, 1U);
}

TEST(PipeStream, TheByteOrderMarkOfUtf16StandsAtTheBeginningAlone) {
  PipeRig rig;
  rig.broker.values_are_bytes = false;
  rig.input().encoding = Encoding::kUtf16;
  rig.Start();
  rig.pipe->Write(std::string("\xfe", 1));
  rig.Run(1'000);
  rig.pipe->Write(std::string("\xff\0a\0\n\0b\0\n", 9));
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"a", "b"}));
}

TEST(PipeStream, ALongLineIsSentInParts) {
  PipeRig rig;
  rig.agent_options.max_line_bytes = 10;
  rig.Start();
  rig.pipe->Write("0123456789abc\n");
  rig.Run(2'000);
  EXPECT_EQ(rig.Values(), (Strings{"0123456789", "abc"}));
  EXPECT_EQ(rig.BytesOf("stdin"), "0123456789abc\n");
}

}  // namespace
}  // namespace logboom::agent
