#include "tests/torture/driver/disk_rounds.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "tests/torture/driver/inspection.h"
#include "tests/torture/driver/life.h"

namespace logboom::torture {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kThinLife{30'000};
constexpr milliseconds kAgainTimeout{20'000};
constexpr std::uint64_t kAfterFreeMs = 300;
constexpr std::int64_t kReserveBytes = 2 << 20;

struct Sizes {
  const char* image;       // what the file system believes in
  const char* room;        // of the thin device
  const char* room_later;  // once it is given more
};

Sizes SizesOf(const std::string& file_system, bool thin) {
  if (!thin) return {file_system == "xfs" ? "320M" : "64M", "400m", "400m"};
  // XFS writes its log and its groups' headers first.
  return file_system == "xfs" ? Sizes{"400M", "112m", "400m"} : Sizes{"200M", "14m", "200m"};
}

Status RunShell(const std::string& command) {
  const int status = std::system(command.c_str());
  if (status == 0) return Ok();
  return Fail(ErrorCode::kPermission, "'{}' ended with {}", command, WEXITSTATUS(status));
}

}  // namespace

// The image is in a memory file system of its own, whose size is the device's real one.
Status DiskRounds::PrepareDisk() {
  const Sizes sizes = SizesOf(options_.file_system, options_.thin);
  disk_.reset();
  ::umount2(thin().c_str(), MNT_DETACH);
  const std::string size = fmt::format("size={}", sizes.room);
  if (::mount("none", thin().c_str(), "tmpfs", 0, size.c_str()) != 0) {
    return Error{ErrorCode::kPermission, ErrnoError(errno, "mount " + thin()).message};
  }
  const std::string image = thin() + "/disk.img";
  const char* how =
      options_.file_system == "xfs" ? "mkfs.xfs -q -K" : "mkfs.ext4 -q -m 0 -b 4096 -E nodiscard";
  RETURN_IF_ERROR(RunShell(fmt::format("truncate -s {} {}", sizes.image, image)));
  RETURN_IF_ERROR(RunShell(fmt::format("{} {} >/dev/null 2>&1", how, image)));
  auto attached = Disk::Attach(image, options_.file_system, data());
  if (!attached.ok()) return Error{ErrorCode::kPermission, attached.error().message};
  disk_.emplace(*std::move(attached));
  if (options_.thin) {
    Status limited = disk_->LimitRequestsToPages();
    if (!limited.ok()) return Error{ErrorCode::kPermission, limited.error().message};
  }
  return disk_->Mount();
}

Status DiskRounds::GiveRoom() {
  const std::string size =
      fmt::format("size={}", SizesOf(options_.file_system, options_.thin).room_later);
  if (::mount("none", thin().c_str(), "tmpfs", MS_REMOUNT, size.c_str()) != 0) {
    return ErrnoError(errno, "enlarge " + thin());
  }
  return Ok();
}

Status DiskRounds::Run(const std::function<void(std::uint64_t)>& progress) {
  Status own = Disk::MakeMountsPrivate();
  if (!own.ok()) return Error{ErrorCode::kPermission, own.error().message};
  std::error_code ignored;
  std::filesystem::create_directory(thin(), ignored);
  while (counts_.rounds < options_.rounds && books_.findings.clean()) {
    ++counts_.rounds;
    books_.StartAnew();
    RETURN_IF_ERROR(PrepareDisk());
    broker_ = std::make_unique<BrokerProcess>(
        BrokerCommand{.program = options_.program,
                      .data_directory = data() + "/broker",
                      .settings = {fmt::format("storage.reserve={}", kReserveBytes), kCompaction},
                      .stderr_path = options_.folder + "/broker.stderr"});
    RETURN_IF_ERROR(MakeTopics(*broker_, books_, random_));
    RETURN_IF_ERROR(options_.thin ? RunThinRound() : RunFullRound());
    load_.reset();
    connection_.reset();
    broker_->Kill();
    progress(counts_.rounds);
  }
  return Ok();
}

bool DiskRounds::StartAndInspect() {
  load_.reset();
  connection_ = ConnectTo(*broker_, books_, random_);
  if (connection_ == nullptr) return false;
  Status seen = Inspect(*connection_, books_, Depth::kAll);
  if (!seen.ok()) Finding(seen.error().message);
  load_ = std::make_unique<Load>(*connection_, books_, random_,
                                 LoadOptions{.any_refusal = options_.thin});
  return books_.findings.clean();
}

// ---- thin

void DiskRounds::LoadUntilItEnds(milliseconds most) {
  const auto end = Clock::now() + most;
  while (Clock::now() < end && broker_->running()) load_->Turn(milliseconds{1});
  connection_->Drain();
}

void DiskRounds::CheckFailure() {
  const auto& ending = broker_->ending();
  if (!ending) return Finding("the device had no room, and the broker lived on");
  if (ending->exit_code != 1 || ending->signal != 0) {
    return Finding(fmt::format("the broker ended with {} (signal {}): {}", ending->exit_code,
                               ending->signal, broker_->said()));
  }
  ++counts_.failed;
  if (std::filesystem::exists(data() + "/broker/FAILED")) ++counts_.marked;
}

Status DiskRounds::MountAnew() {
  RETURN_IF_ERROR(disk_->Unmount());
  return disk_->Mount();
}

Status DiskRounds::StartOnWhatIsLeft() {
  if (random_.Below(2) == 0) RETURN_IF_ERROR(MountAnew());
  RETURN_IF_ERROR(broker_->Start());
  if (broker_->WaitReady(kAgainTimeout)) {
    ++counts_.same_mount;
    return Ok();
  }
  // The file system has shut itself down, or is read-only.
  broker_->Kill();
  RETURN_IF_ERROR(MountAnew());
  return broker_->Start();
}

Status DiskRounds::RunThinRound() {
  RETURN_IF_ERROR(broker_->Start());
  if (!StartAndInspect()) return Ok();
  LoadUntilItEnds(kThinLife);
  CheckFailure();
  broker_->Kill();
  if (!books_.findings.clean()) return Ok();
  RETURN_IF_ERROR(GiveRoom());
  RETURN_IF_ERROR(StartOnWhatIsLeft());
  if (!StartAndInspect()) return Ok();
  if (!WaitForAnAck()) Finding("with room again, nothing is acknowledged");
  StopInOrder(*broker_, connection_.get(), books_);
  if (std::filesystem::exists(data() + "/broker/FAILED"))
    Finding("the mark FAILED was not removed");
  RETURN_IF_ERROR(broker_->Start());
  StartAndInspect();
  return Ok();
}

// ---- full

void DiskRounds::Fill(std::int64_t leave_bytes) {
  struct statvfs free {};
  if (::statvfs(data().c_str(), &free) != 0) return;
  const auto room = static_cast<std::int64_t>(free.f_bavail * free.f_frsize);
  const int fd = ::open((data() + "/filler").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return;
  // Where less is left than was seen, as much as there is.
  for (std::int64_t size = room - leave_bytes; size > 0; size -= size / 8 + 4096) {
    if (::posix_fallocate(fd, 0, size) == 0) break;
  }
  ::close(fd);
}

bool DiskRounds::WaitForAnAck() {
  const std::uint64_t before = books_.counts.batches_acked;
  const auto end = Clock::now() + kAgainTimeout;
  while (books_.counts.batches_acked == before) {
    if (Clock::now() >= end || !broker_->running()) return false;
    load_->Turn(milliseconds{2});
  }
  return true;
}

// Whether the broker has lived through it.
bool DiskRounds::FillUnderLoad() {
  const std::uint64_t refused = books_.counts.refusals;
  load_->SetNoSpaceExpected(true);
  Fill(static_cast<std::int64_t>(random_.Below(4)) * (kReserveBytes / 2));
  LoadUntilItEnds(milliseconds{random_.Below(2000)});
  if (books_.counts.refusals > refused) ++counts_.refused;
  return broker_->running();
}

// It starts on the full disk. An agent's hello needs a row, so that there may be none before there
// is room.
void DiskRounds::KillAndStart() {
  ++counts_.kills;
  broker_->Kill();
  connection_->Drain();
  Status started = broker_->Start();
  if (!started.ok()) return Finding(started.error().message);
  if (!broker_->WaitReady(kAgainTimeout)) Finding("no start on a full disk: " + broker_->said());
}

Status DiskRounds::RunFullRound() {
  RETURN_IF_ERROR(broker_->Start());
  if (!StartAndInspect()) return Ok();
  for (int fill = 0; fill < 3 && books_.findings.clean(); ++fill) {
    LoadUntilItEnds(milliseconds{random_.Below(300)});
    if (!FillUnderLoad()) {
      Finding("the broker ended on a full disk: " + broker_->said());
      return Ok();
    }
    const bool killed = random_.Below(2) == 0;
    if (killed) KillAndStart();
    ::unlink((data() + "/filler").c_str());
    if (!books_.findings.clean() || (killed && !StartAndInspect())) return Ok();
    load_->SetNoSpaceExpected(true);
    if (!WaitForAnAck()) Finding("with room again, nothing is acknowledged: " + broker_->said());
    ++counts_.went_on;
    LoadUntilItEnds(milliseconds{random_.Below(kAfterFreeMs)});
  }
  if (books_.findings.clean()) StopInOrder(*broker_, connection_.get(), books_);
  return Ok();
}

}  // namespace logboom::torture
