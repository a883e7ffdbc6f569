// Preloaded into a broker (LD_PRELOAD): counts the calls that it, and the database in it, make on
// files below one directory, and at the wanted one kills the process or lets the call fail.
//
// It speaks to the kernel by syscall(2), so that nothing has to be looked up, and holds no lock:
// the calls may come from any thread, and the process may end in any of them.
// With it the headers make inline functions of the names below.
#undef _FORTIFY_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "tests/torture/driver/shim_state.h"

namespace logboom::torture {
namespace {

constexpr int kDescriptorsMax = 1 << 16;

// Which descriptors are of files below the directory. Zero until then.
std::atomic<bool> watched[kDescriptorsMax];

struct Setup {
  ShimState* state = nullptr;
  const char* directory = nullptr;
  std::size_t directory_size = 0;
};

Setup MakeSetup() {
  Setup setup;
  const char* file = std::getenv(kShimStateFile);
  const char* directory = std::getenv(kShimDirectory);
  if (file == nullptr || directory == nullptr) return setup;
  const auto fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC));
  void* page = ::mmap(nullptr, sizeof(ShimState), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::syscall(SYS_close, fd);
  if (page == MAP_FAILED) return setup;
  setup.state = static_cast<ShimState*>(page);
  setup.directory = directory;
  setup.directory_size = ::strlen(directory);
  return setup;
}

const Setup& TheSetup() {
  static const Setup setup = MakeSetup();
  return setup;
}

bool Below(const char* path) {
  const Setup& setup = TheSetup();
  return setup.state != nullptr && path != nullptr &&
         ::strncmp(path, setup.directory, setup.directory_size) == 0;
}

bool Watched(int fd) {
  return fd >= 0 && fd < kDescriptorsMax && watched[fd].load(std::memory_order_relaxed);
}

enum class Kind { kReads, kNeedsRoom, kOther };

// What becomes of a call: it is made, fails with an error, or is cut to so many bytes.
struct Verdict {
  int error = 0;
  bool half = false;
  bool kill_after = false;
};

bool Applies(ShimAction action, Kind kind, bool is_write) {
  switch (action) {
    case ShimAction::kCount: return false;
    case ShimAction::kKill:
    case ShimAction::kKillHalf:
    case ShimAction::kEio: return true;
    case ShimAction::kEnospc: return kind == Kind::kNeedsRoom;
    case ShimAction::kShort: return is_write;
  }
  return false;
}

void Note(ShimState& state, const char* name, const char* path) {
  if (state.hits.fetch_add(1) != 0) return;
  char* out = state.what;
  char* const end = state.what + sizeof(state.what) - 1;
  for (const char* part : {name, " ", path}) {
    for (; *part != '\0' && out < end; ++part) *out++ = *part;
  }
  *out = '\0';
}

void KillSelf() {
  ::syscall(SYS_kill, ::syscall(SYS_getpid), SIGKILL);
  while (true) ::syscall(SYS_pause);
}

Verdict Judge(const char* name, const char* path, Kind kind, bool is_write = false) {
  ShimState& state = *TheSetup().state;
  const std::uint64_t number = state.calls.fetch_add(1) + 1;
  const bool due = state.for_good != 0 ? number >= state.at : number == state.at;
  if (!due || !Applies(state.action, kind, is_write)) return {};
  Note(state, name, path);
  switch (state.action) {
    case ShimAction::kKill: KillSelf(); break;
    case ShimAction::kKillHalf: return {.half = is_write, .kill_after = true};
    case ShimAction::kEio: return {.error = EIO};
    case ShimAction::kEnospc: return {.error = ENOSPC};
    case ShimAction::kShort: return {.half = true};
    case ShimAction::kCount: break;
  }
  return {};
}

// A descriptor's path, for the note.
Verdict JudgeFd(const char* name, int fd, Kind kind, bool is_write = false) {
  char link[32] = "/proc/self/fd/";
  char digits[12];
  int count = 0;
  for (int rest = fd; count == 0 || rest > 0; rest /= 10) {
    digits[count++] = static_cast<char>('0' + rest % 10);
  }
  char* out = link + ::strlen(link);
  while (count > 0) *out++ = digits[--count];
  *out = '\0';
  char path[120];
  const long size = ::syscall(SYS_readlink, link, path, sizeof(path) - 1);
  path[size < 0 ? 0 : size] = '\0';
  return Judge(name, path, kind, is_write);
}

template <typename Call>
auto Make(const Verdict& verdict, Call call) -> decltype(call()) {
  if (verdict.error != 0) {
    errno = verdict.error;
    return -1;
  }
  const auto result = call();
  if (verdict.kill_after) KillSelf();
  return result;
}

std::size_t Cut(const Verdict& verdict, std::size_t size) {
  return verdict.half ? std::max<std::size_t>(size / 2, 1) : size;
}

int Open(int directory, const char* path, int flags, mode_t mode) {
  auto call = [&] { return static_cast<int>(::syscall(SYS_openat, directory, path, flags, mode)); };
  if (!Below(path)) return call();
  const Kind kind = (flags & O_CREAT) != 0 ? Kind::kNeedsRoom : Kind::kOther;
  const int fd = Make(Judge("open", path, kind), call);
  if (fd >= 0 && fd < kDescriptorsMax) watched[fd].store(true, std::memory_order_relaxed);
  return fd;
}

mode_t ModeOf(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

ssize_t Read(int fd, void* out, std::size_t size, off_t at) {
  auto call = [&]() -> ssize_t { return ::syscall(SYS_pread64, fd, out, size, at); };
  return Watched(fd) ? Make(JudgeFd("pread", fd, Kind::kReads), call) : call();
}

ssize_t Write(int fd, const void* from, std::size_t size, off_t at) {
  if (!Watched(fd)) return ::syscall(SYS_pwrite64, fd, from, size, at);
  const Verdict verdict = JudgeFd("pwrite", fd, Kind::kNeedsRoom, true);
  return Make(verdict, [&]() -> ssize_t {
    return ::syscall(SYS_pwrite64, fd, from, Cut(verdict, size), at);
  });
}

// Calls of a descriptor that return 0.
template <typename... Arguments>
int Simple(const char* name, Kind kind, long number, int fd, Arguments... arguments) {
  auto call = [&] { return static_cast<int>(::syscall(number, fd, arguments...)); };
  return Watched(fd) ? Make(JudgeFd(name, fd, kind), call) : call();
}

// Calls of a path that return 0.
template <typename... Arguments>
int OfPath(const char* name, Kind kind, long number, const char* path, Arguments... arguments) {
  auto call = [&] { return static_cast<int>(::syscall(number, path, arguments...)); };
  return Below(path) ? Make(Judge(name, path, kind), call) : call();
}

}  // namespace
}  // namespace logboom::torture

// NOLINTBEGIN: the names are libc's, and so are their shapes.
namespace shim = logboom::torture;
using shim::Kind;

extern "C" {

#define TORTURE_OPEN(name)                              \
  int name(const char* path, int flags, ...) {          \
    va_list arguments;                                  \
    va_start(arguments, flags);                         \
    const mode_t mode = shim::ModeOf(flags, arguments); \
    va_end(arguments);                                  \
    return shim::Open(AT_FDCWD, path, flags, mode);     \
  }
TORTURE_OPEN(open)
TORTURE_OPEN(open64)
#undef TORTURE_OPEN
int __open_2(const char* path, int flags) { return shim::Open(AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return shim::Open(AT_FDCWD, path, flags, 0); }

int close(int fd) {
  if (shim::Watched(fd)) shim::watched[fd].store(false, std::memory_order_relaxed);
  return static_cast<int>(::syscall(SYS_close, fd));
}

ssize_t pread(int fd, void* out, size_t size, off_t at) { return shim::Read(fd, out, size, at); }
ssize_t pread64(int fd, void* out, size_t size, off_t at) { return shim::Read(fd, out, size, at); }
ssize_t __pread_chk(int fd, void* out, size_t size, off_t at, size_t) {
  return shim::Read(fd, out, size, at);
}
ssize_t __pread64_chk(int fd, void* out, size_t size, off_t at, size_t) {
  return shim::Read(fd, out, size, at);
}
ssize_t pwrite(int fd, const void* from, size_t size, off_t at) {
  return shim::Write(fd, from, size, at);
}
ssize_t pwrite64(int fd, const void* from, size_t size, off_t at) {
  return shim::Write(fd, from, size, at);
}

int fsync(int fd) { return shim::Simple("fsync", Kind::kNeedsRoom, SYS_fsync, fd); }
int fdatasync(int fd) { return shim::Simple("fdatasync", Kind::kNeedsRoom, SYS_fdatasync, fd); }
int syncfs(int fd) noexcept { return shim::Simple("syncfs", Kind::kNeedsRoom, SYS_syncfs, fd); }
int ftruncate(int fd, off_t size) noexcept {
  return shim::Simple("ftruncate", Kind::kNeedsRoom, SYS_ftruncate, fd, size);
}
int ftruncate64(int fd, off_t size) noexcept {
  return shim::Simple("ftruncate", Kind::kNeedsRoom, SYS_ftruncate, fd, size);
}
int fallocate(int fd, int mode, off_t at, off_t size) {
  return shim::Simple("fallocate", Kind::kNeedsRoom, SYS_fallocate, fd, mode, at, size);
}
int fallocate64(int fd, int mode, off_t at, off_t size) {
  return shim::Simple("fallocate", Kind::kNeedsRoom, SYS_fallocate, fd, mode, at, size);
}

int rename(const char* from, const char* to) noexcept {
  return shim::OfPath("rename", Kind::kNeedsRoom, SYS_rename, from, to);
}
int unlink(const char* path) noexcept {
  return shim::OfPath("unlink", Kind::kOther, SYS_unlink, path);
}
int rmdir(const char* path) noexcept {
  return shim::OfPath("rmdir", Kind::kOther, SYS_rmdir, path);
}
int mkdir(const char* path, mode_t mode) noexcept {
  return shim::OfPath("mkdir", Kind::kNeedsRoom, SYS_mkdir, path, mode);
}

}  // extern "C"
// NOLINTEND
