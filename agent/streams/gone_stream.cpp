#include "agent/streams/gone_stream.h"

#include <algorithm>
#include <utility>

namespace logboom::agent {
namespace {

constexpr std::int64_t kNeverMs = 3'600'000;

class GoneStream final : public RecordStream {
 public:
  GoneStream(std::string name, std::vector<std::string> sources)
      : name_(std::move(name)), sources_(std::move(sources)) {}

  const std::string& name() const override { return name_; }
  bool Owns(std::string_view path) const override {
    return std::find(sources_.begin(), sources_.end(), path) != sources_.end();
  }
  PositionUnit unit() const override { return PositionUnit::kBytes; }
  Status Poll(Instant) override { return Ok(); }
  std::vector<int> descriptors() const override { return {}; }
  MonotonicMs NextDue(MonotonicMs now) const override { return now + kNeverMs; }
  const StreamEntry* Peek() override { return nullptr; }
  void Advance() override {}
  std::uint64_t window() const override { return 0; }
  Result<std::vector<Resumed>> Seek(std::span<const StreamPlace> places) override {
    return std::vector<Resumed>(places.size(), Resumed{.is_same = false});
  }
  Result<std::vector<StreamPlace>> SeekEnd() override { return std::vector<StreamPlace>{}; }
  void Release(std::string_view, SourcePosition) override {}
  bool ended() const override { return true; }

 private:
  std::string name_;
  std::vector<std::string> sources_;
};

}  // namespace

std::unique_ptr<RecordStream> MakeGoneStream(std::string name, std::vector<std::string> sources) {
  return std::make_unique<GoneStream>(std::move(name), std::move(sources));
}

}  // namespace logboom::agent
