// Cuts what a snapshot holds into pages that fit into a message. A topic and an agent stand on one
// page; a group, and the owned partitions of one member, may go on on the next one under the same
// name. Values alone.
#pragma once

#include <cstddef>
#include <vector>

#include "lib/base/bytes.h"
#include "lib/protocol/messages.pb.h"

namespace logboom::broker {

class SnapshotPages {
 public:
  explicit SnapshotPages(std::size_t page_bytes_max) : page_bytes_max_(page_bytes_max) {}

  void Add(protocol::StatusResponse status);
  void Add(protocol::Topic topic);
  void Add(const protocol::Group& group);
  void Add(protocol::Agent agent);

  // Of all pages that are full so far.
  std::size_t bytes() const { return bytes_; }
  // Each a SnapshotResponse without id, time and `more`; there is at least one.
  std::vector<Bytes> Finish();

 private:
  // False: it did not fit on this page, and a new one has begun.
  bool Reserve(std::size_t bytes);
  void ClosePage();
  void AddInParts(const protocol::Group& group);

  std::size_t page_bytes_max_;
  protocol::SnapshotResponse page_;
  std::size_t page_bytes_ = 0;
  std::size_t bytes_ = 0;
  std::vector<Bytes> pages_;
};

}  // namespace logboom::broker
