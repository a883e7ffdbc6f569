// Facts of this process and this machine, as the operating system tells them. Any thread. A fact
// that can't be had is empty or zero.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace logboom::daemon {

struct ProcessUsage {
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  double cpu_seconds = 0;
  std::uint32_t threads = 0;
  std::uint32_t open_descriptors = 0;
  std::uint64_t descriptors_max = 0;
};
ProcessUsage ReadProcessUsage();

std::uint64_t ResidentBytes();
// Gives memory that was freed back to the operating system.
void ReturnFreeMemory();
// Of all threads, user and system, since the process began.
std::chrono::microseconds CpuTime();
int ProcessNumber();
// Unlike that of any other process of this boot: number and start time.
std::string ProcessIdentity();
std::string HostName();
// Of the kernel: changes with every boot.
std::string BootId();
// /etc/machine-id: stays over reboots. Empty in many containers.
std::string MachineId();
// The soft limit of open files raised to the hard one; what it is then.
std::uint64_t RaiseDescriptorLimit();

}  // namespace logboom::daemon
