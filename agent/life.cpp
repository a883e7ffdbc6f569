#include "agent/life.h"

#include <algorithm>
#include <utility>

#include "agent/open_stream.h"
#include "lib/daemon/clock.h"
#include "lib/daemon/launch.h"
#include "lib/daemon/log.h"
#include "lib/daemon/process.h"
#include "lib/transport/zmq_transport.h"

namespace logboom::agent {
namespace {

// None: directories are polled, as they are where the system has no watch left.
std::unique_ptr<file::DirectoryWatch> OpenWatch(const Configuration& configuration) {
  if (configuration.polls) return nullptr;
  auto watch = file::MakeInotifyWatch();
  if (watch.ok()) return *std::move(watch);
  daemon::Warn("{}; directories are polled", watch.error().message);
  return nullptr;
}

// Beside watched files there are sockets, watches, the checkpoint, libraries.
std::size_t OpenFilesMax(std::uint64_t descriptors, std::size_t configured) {
  constexpr std::uint64_t kOthers = 64;
  const std::uint64_t left = descriptors > 2 * kOthers ? descriptors - kOthers : kOthers;
  return std::min<std::size_t>(configured, left);
}

}  // namespace

Result<std::unique_ptr<Life>> Life::Begin(Configuration configuration, const LifeSeams& seams,
                                          Handover* before) {
  std::unique_ptr<Life> life(new Life(std::move(configuration)));
  ASSIGN_OR_RETURN(auto transport, transport::ConnectZmq(life->configuration_.broker));
  RETURN_IF_ERROR(life->MakeAgent(seams, before));
  if (before != nullptr) life->agent_->TakeOver(*before);
  life->link_ = std::make_unique<client::AgentLink>(std::move(transport), life->Hello(),
                                                    *life->agent_, seams.random);
  life->agent_->Attach(*life->link_);
  life->agent_->Begin(daemon::Now());
  return life;
}

Status Life::MakeAgent(const LifeSeams& seams, Handover* before) {
  watch_ = OpenWatch(configuration_);
  AgentOptions options = configuration_.options;
  options.open_files_max = OpenFilesMax(seams.descriptors, options.open_files_max);
  const auto open_stream = [this, &random = seams.random](const InputOptions& input) {
    return OpenStream(input, configuration_.options, random);
  };
  ASSIGN_OR_RETURN(agent_, Agent::Make(std::move(options),
                                       {.fs = seams.logs,
                                        .watch = watch_.get(),
                                        .checkpoint = seams.checkpoint,
                                        .random = seams.random,
                                        .open_stream = open_stream,
                                        .memory_bytes = daemon::ResidentBytes,
                                        .return_memory = daemon::ReturnFreeMemory,
                                        .cpu_time = daemon::CpuTime},
                                       before));
  return Ok();
}

client::AgentHello Life::Hello() const {
  client::AgentHello hello;
  hello.agent_id = configuration_.options.agent_id;
  hello.host = configuration_.options.host;
  hello.labels = configuration_.labels;
  hello.boot_id = daemon::BootId();
  hello.process_id = daemon::ProcessIdentity();
  hello.topics = agent_->topics();
  hello.program_version = std::string(daemon::Version());
  return hello;
}

}  // namespace logboom::agent
