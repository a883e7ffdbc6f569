// Runs metadata transactions in order, off the loop thread, several in one commit where they wait
// together.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "broker/metadata/metadata_store.h"
#include "lib/base/result.h"

namespace logboom::broker {

struct MetadataDone {
  std::uint64_t id = 0;
  Status status;
  // It was a copy to elsewhere: where that failed, the store is sound all the same.
  bool copied_elsewhere = false;
};

// Submit and TakeDone are called from the loop thread. Transactions are done in the order of
// submission; those whose writes were joined into one commit succeed or fail together.
class MetadataWriter {
 public:
  virtual ~MetadataWriter() = default;
  virtual void Submit(std::uint64_t id, MetadataTransaction transaction) = 0;
  virtual std::optional<MetadataDone> TakeDone() = 0;
};

inline constexpr std::chrono::milliseconds kCopyInterval{5 * 60 * 1000};
// At most what came within so long is missing in a copy of what it should have soon.
inline constexpr std::chrono::milliseconds kCopySoon{10'000};

// On a thread of its own, which alone touches the store from now on, and renews the copy every
// `copy_interval` where something changed, and `copy_soon` after a transaction that asks for it.
// `wake_up` is called from that thread. Destruction finishes what was submitted, and renews the
// copy of what changed.
std::unique_ptr<MetadataWriter> MakeThreadMetadataWriter(
    std::unique_ptr<MetadataStore> store, std::function<void()> wake_up,
    std::chrono::milliseconds copy_interval = kCopyInterval,
    std::chrono::milliseconds copy_soon = kCopySoon);

// Within Submit: for tests and the simulator, whose store outlives the writer.
std::unique_ptr<MetadataWriter> MakeInlineMetadataWriter(MetadataStore& store);

}  // namespace logboom::broker
