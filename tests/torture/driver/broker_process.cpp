#include "tests/torture/driver/broker_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace logboom::torture {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kExitNotStarted = 127;
constexpr std::int64_t kSaidBytesMax = 256 << 10;

void Pause() { ::poll(nullptr, 0, 1); }

}  // namespace

BrokerProcess::~BrokerProcess() { Kill(); }

Status BrokerProcess::Start(const std::vector<std::string>& environment) {
  struct stat stat {};
  const bool there = ::stat(command_.stderr_path.c_str(), &stat) == 0;
  said_before_ = there ? stat.st_size : 0;
  if (said_before_ > kSaidBytesMax) {
    std::rename(command_.stderr_path.c_str(), (command_.stderr_path + ".before").c_str());
    said_before_ = 0;
  }
  ending_.reset();
  pid_ = ::fork();
  if (pid_ < 0) return ErrnoError(errno, "fork");
  if (pid_ == 0) Exec(environment);
  return Ok();
}

void BrokerProcess::Exec(const std::vector<std::string>& environment) const {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int out = ::open(command_.stderr_path.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0644);
  if (out < 0 || ::dup2(out, 2) < 0) ::_exit(kExitNotStarted);
  for (const std::string& one : environment) ::putenv(::strdup(one.c_str()));
  std::vector<std::string> words = {command_.program, "--data-dir",        command_.data_directory,
                                    "--listen",       "tcp://127.0.0.1:0", "--set",
                                    "metrics.listen="};
  for (const std::string& setting : command_.settings) {
    words.insert(words.end(), {"--set", setting});
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::execv(command_.program.c_str(), arguments.data());
  ::_exit(kExitNotStarted);
}

std::string BrokerProcess::said() const {
  std::ifstream file(command_.stderr_path);
  file.seekg(said_before_);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void BrokerProcess::Remark(const std::string& text) const {
  std::ofstream(command_.stderr_path, std::ios::app) << "--- " << text << '\n';
}

std::optional<std::string> BrokerProcess::WaitReady(std::chrono::milliseconds timeout) {
  constexpr std::string_view kWord = "ready ";
  const auto deadline = Clock::now() + timeout;
  while (Clock::now() < deadline) {
    const bool alive = running();
    const std::string text = said();
    const std::size_t at = text.find(kWord);
    if (at != std::string::npos && text.find('\n', at) != std::string::npos) {
      const std::size_t begin = at + kWord.size();
      return text.substr(begin, text.find_first_of(" \n", begin) - begin);
    }
    if (!alive) return std::nullopt;
    Pause();
  }
  return std::nullopt;
}

bool BrokerProcess::Reap(bool wait) {
  if (pid_ < 0) return true;
  int status = 0;
  if (::waitpid(pid_, &status, wait ? 0 : WNOHANG) != pid_) return false;
  pid_ = -1;
  ending_ = WIFSIGNALED(status) ? Ending{0, WTERMSIG(status)} : Ending{WEXITSTATUS(status), 0};
  return true;
}

bool BrokerProcess::running() { return !Reap(false); }

void BrokerProcess::Freeze() {
  if (pid_ <= 0 || !running()) return;
  ::kill(pid_, SIGSTOP);
  // It may have ended before: that is for Reap().
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WEXITED | WNOWAIT);
}

Ending BrokerProcess::Kill() {
  if (pid_ > 0 && !Reap(false)) {
    ::kill(pid_, SIGKILL);
    Reap(true);
  }
  return ending_.value_or(Ending{});
}

std::optional<Ending> BrokerProcess::WaitEnd(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (running()) {
    if (Clock::now() >= deadline) return std::nullopt;
    Pause();
  }
  return ending_;
}

std::optional<Ending> BrokerProcess::Stop(std::chrono::milliseconds timeout) {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
  return WaitEnd(timeout);
}

}  // namespace logboom::torture
