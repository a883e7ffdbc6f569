#include "tests/cli/program.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace logboom::cli {
namespace {

namespace fs = std::filesystem;

std::string MakeFolder() {
  std::string name = (fs::temp_directory_path() / "logboom-cli-XXXXXX").string();
  return mkdtemp(name.data());
}

std::string ReadFile(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The broker's address out of its ready line; waits for the line, or the end of the process.
std::string ReadAddress(int log) {
  std::string text;
  std::array<char, 512> buffer;
  while (true) {
    const std::size_t ready = text.find(": ready ");
    if (ready != std::string::npos && text.find('\n', ready) != std::string::npos) {
      const std::size_t begin = text.find("tcp://", ready);
      return text.substr(begin, text.find_first_of(" \n", begin) - begin);
    }
    const ssize_t count = read(log, buffer.data(), buffer.size());
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  std::fputs(text.c_str(), stderr);
  return {};
}

}  // namespace

Ended Logboom(const std::string& arguments, const std::string& broker, const std::string& input) {
  const fs::path folder = MakeFolder();
  std::ofstream(folder / "in", std::ios::binary) << input;
  const std::string environment =
      broker.empty() ? "env -u LOGBOOM_BROKER " : "env LOGBOOM_BROKER=" + broker + " ";
  const std::string command = environment + LOGBOOM_BIN_DIR "/logboom " + arguments + " >" +
                              (folder / "out").string() + " 2>" + (folder / "err").string() + " <" +
                              (folder / "in").string();
  const int status = std::system(command.c_str());
  Ended ended{WEXITSTATUS(status), ReadFile(folder / "out"), ReadFile(folder / "err")};
  fs::remove_all(folder);
  return ended;
}

RunningCommand::RunningCommand(const std::vector<std::string>& arguments,
                               const std::string& broker) {
  std::array<int, 2> output = {};
  if (pipe2(output.data(), O_CLOEXEC) != 0) return;
  process_ = fork();
  if (process_ == 0) {
    dup2(output[1], STDOUT_FILENO);
    setenv("LOGBOOM_BROKER", broker.c_str(), 1);
    std::vector<std::string> words = {"logboom"};
    for (const std::string& argument : arguments) words.push_back(argument);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    execv(LOGBOOM_BIN_DIR "/logboom", argv.data());
    _exit(127);
  }
  close(output[1]);
  output_ = output[0];
}

RunningCommand::~RunningCommand() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  close(output_);
}

std::string RunningCommand::ReadLine() const {
  std::string line;
  for (char c = '\0'; read(output_, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

int RunningCommand::Interrupt() {
  kill(process_, SIGINT);
  return WaitForEnd();
}

int RunningCommand::StopReading() {
  close(std::exchange(output_, -1));
  return WaitForEnd();
}

int RunningCommand::WaitForEnd() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

RunningBroker::RunningBroker(const std::string& name) : name_(name), folder_(MakeFolder()) {
  Start();
}

RunningBroker::~RunningBroker() {
  if (process_ > 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  fs::remove_all(folder_);
}

void RunningBroker::Start(const std::string& listen) {
  std::array<int, 2> log = {};
  if (pipe2(log.data(), O_CLOEXEC) != 0) return;
  const std::string data = folder_ + "/data";
  const std::string set_name = "broker.name=" + name_;
  process_ = fork();
  if (process_ == 0) {
    dup2(log[1], STDERR_FILENO);
    execl(LOGBOOM_BIN_DIR "/logboom-broker", "logboom-broker", "--data-dir", data.c_str(),
          "--listen", listen.c_str(), "--metrics-listen", "127.0.0.1:0", "--set", set_name.c_str(),
          nullptr);
    _exit(127);
  }
  close(log[1]);
  address_ = ReadAddress(log[0]);
  close(log[0]);
}

void RunningBroker::Stop() {
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

}  // namespace logboom::cli
