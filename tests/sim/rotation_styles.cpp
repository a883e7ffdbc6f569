#include "tests/sim/rotation_styles.h"

namespace logboom::sim {
namespace {

using Finds = RotatedLog::Finds;
using Writer = RotatedLog::Writer;

constexpr int kChainKept = 3;

// Within the patterns, by turns: app.log.1, app.log.2 ...
std::string Inside(const RotatedLog& log) { return log.Beside(fmt::format(".{}", log.turn)); }
std::string Outside(const RotatedLog& log) { return log.Beside(fmt::format("-old-{}", log.turn)); }

// app.log.2 becomes .3, .1 becomes .2; the last one is deleted.
void MakeRoom(RotatedLog& log, int kept, const char* separator) {
  const auto name = [&](int age) { return log.Beside(fmt::format("{}{}", separator, age)); };
  for (int age = kept; age > 0; --age) {
    if (!log.Exists(name(age))) continue;
    if (age == kept) {
      log.RemoveRotated(name(age), static_cast<std::size_t>(kept));
    } else {
      log.MoveRotated(name(age), name(age + 1));
    }
  }
}

void Rename(RotatedLog& log) { log.Rename(Inside(log), Finds::kAlways); }
void RenameOut(RotatedLog& log) { log.Rename(Outside(log), Finds::kIfAcked); }
void Chain(RotatedLog& log) {
  MakeRoom(log, kChainKept, ".");
  log.Rename(log.Beside(".1"), Finds::kAlways);
}
// The one file that is kept goes, whether it was read or not.
void ChainTooShort(RotatedLog& log) {
  MakeRoom(log, 1, ".");
  log.Rename(log.Beside(".1"), Finds::kAlways);
}
void ChainOut(RotatedLog& log) {
  MakeRoom(log, kChainKept, "-");
  log.Rename(log.Beside("-1"), Finds::kIfAcked);
}
void Dated(RotatedLog& log) {
  log.Rename(log.Beside(fmt::format(".202601{:02}", log.turn)), Finds::kAlways);
}
void DatedLive(RotatedLog& log) {
  log.GoOnAt(fmt::format("/log/web/app-2026-01-{:02}.log", log.turn));
}
void Moved(RotatedLog& log) {
  log.Rename(fmt::format("/log/web/archive/app.log.{}", log.turn), Finds::kAlways);
}
void MovedOut(RotatedLog& log) {
  log.Rename(fmt::format("/log/elsewhere/app.log.{}", log.turn), Finds::kNever);
}
void Copy(RotatedLog& log) { log.Copy(Inside(log), Finds::kAlways); }
void CopyIntoChain(RotatedLog& log) {
  MakeRoom(log, kChainKept, ".");
  log.Copy(log.Beside(".1"), Finds::kAlways);
}
void CopyOut(RotatedLog& log) { log.Copy(Outside(log), Finds::kIfAcked); }
void TruncateCopied(RotatedLog& log) { log.TruncateCopied(); }
void Truncate(RotatedLog& log) { log.Truncate(); }
void TruncateAndRegrow(RotatedLog& log) {
  const std::int64_t size_bytes = log.size_bytes();
  log.Truncate();
  log.WritePast(size_bytes);
}
void Create(RotatedLog& log) { log.Remove(); }
void UnlinkWhileOpen(RotatedLog& log) { log.Remove(Writer::kGoesOn); }
void LateWrites(RotatedLog& log) { log.Rename(Inside(log), Finds::kAlways, Writer::kGoesOn); }

constexpr auto kBanner = Beginning::kBanner;

}  // namespace

const std::vector<RotationStyle>& RotationStyles() {
  static const std::vector<RotationStyle> kStyles = {
      {.name = "rename", .rotate = Rename},
      {.name = "rename_out", .rotate = RenameOut},
      {.name = "chain", .rotate = Chain, .prepared = kChainKept},
      {.name = "chain_too_short", .rotate = ChainTooShort, .prepared = 1},
      {.name = "chain_out", .rotate = ChainOut, .prepared = kChainKept},
      {.name = "dated", .rotate = Dated},
      {.name = "dated_live", .rotate = DatedLive, .ordered = false},
      {.name = "moved", .rotate = Moved},
      {.name = "moved_out", .rotate = MovedOut},
      {.name = "copytruncate", .rotate = TruncateCopied, .copy = Copy, .ordered = false},
      {.name = "copytruncate_chain",
       .rotate = TruncateCopied,
       .copy = CopyIntoChain,
       .prepared = kChainKept,
       .ordered = false},
      {.name = "copytruncate_out", .rotate = TruncateCopied, .copy = CopyOut, .ordered = false},
      {.name = "copytruncate_none", .rotate = Truncate},
      {.name = "truncate_regrow", .rotate = TruncateAndRegrow},
      // On this disk it has the inode of the one before, unless somebody holds that open.
      {.name = "create", .rotate = Create},
      {.name = "rename_alike", .rotate = Rename, .beginning = kBanner},
      {.name = "copytruncate_alike",
       .rotate = TruncateCopied,
       .copy = Copy,
       .ordered = false,
       .beginning = kBanner},
      {.name = "truncate_alike", .rotate = TruncateAndRegrow, .beginning = kBanner},
      {.name = "create_alike", .rotate = Create, .beginning = kBanner},
      {.name = "unlink_open", .rotate = UnlinkWhileOpen, .ordered = false},
      {.name = "late_writes", .rotate = LateWrites, .ordered = false},
  };
  return kStyles;
}

}  // namespace logboom::sim
