#include "lib/daemon/process.h"

#include <dirent.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

namespace logboom::daemon {
namespace {

std::string FirstLine(const char* path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// The fields of /proc/self/stat from the third on: the second, the program's name, may hold
// anything.
std::vector<std::string> StatFields() {
  const std::string line = FirstLine("/proc/self/stat");
  const std::size_t name_end = line.rfind(')');
  std::vector<std::string> fields;
  if (name_end == std::string::npos) return fields;
  std::istringstream rest(line.substr(name_end + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

// proc(5) counts fields from 1, and StatFields() begins with the third.
std::uint64_t StatField(const std::vector<std::string>& fields, std::size_t number) {
  if (fields.size() <= number - 3) return 0;
  return std::strtoull(fields[number - 3].c_str(), nullptr, 10);
}

constexpr std::size_t kUserTicks = 14;
constexpr std::size_t kSystemTicks = 15;
constexpr std::size_t kThreads = 20;
constexpr std::size_t kStartTime = 22;
constexpr std::size_t kVirtualBytes = 23;
constexpr std::size_t kResidentPages = 24;

std::uint32_t CountOpenDescriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), closedir);
  if (directory == nullptr) return 0;
  std::uint32_t count = 0;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count > 0 ? count - 1 : 0;  // less the directory's own
}

std::uint64_t PageBytes() { return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)); }

}  // namespace

ProcessUsage ReadProcessUsage() {
  const std::vector<std::string> fields = StatFields();
  const auto ticks = StatField(fields, kUserTicks) + StatField(fields, kSystemTicks);
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  return {.resident_bytes = StatField(fields, kResidentPages) * PageBytes(),
          .virtual_bytes = StatField(fields, kVirtualBytes),
          .cpu_seconds = static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK)),
          .threads = static_cast<std::uint32_t>(StatField(fields, kThreads)),
          .open_descriptors = CountOpenDescriptors(),
          .descriptors_max = limit.rlim_cur};
}

std::uint64_t ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  std::uint64_t virtual_pages = 0;
  std::uint64_t resident_pages = 0;
  in >> virtual_pages >> resident_pages;
  return in ? resident_pages * PageBytes() : 0;
}

void ReturnFreeMemory() { malloc_trim(0); }

std::chrono::microseconds CpuTime() {
  timespec time = {};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return {};
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

int ProcessNumber() { return getpid(); }

std::string ProcessIdentity() {
  return fmt::format("{}-{}", getpid(), StatField(StatFields(), kStartTime));
}

std::string HostName() {
  std::array<char, 256> name = {};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

std::string BootId() { return FirstLine("/proc/sys/kernel/random/boot_id"); }

std::string MachineId() { return FirstLine("/etc/machine-id"); }

std::uint64_t RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  }
  return limit.rlim_cur;
}

}  // namespace logboom::daemon
