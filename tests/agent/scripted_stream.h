// A stream whose entries a test writes: one that holds them in memory until they are durable, or
// one that keeps them as the journal does.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/streams/record_stream.h"
#include "lib/record/span.h"

namespace logboom::agent {

// What the stream reads from; outlives agents.
struct StreamScript {
  struct Entry {
    std::string source;
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::string value;
    bool own_unit = false;
    std::string label = {};  // of the header lb.label.from
    std::optional<TimestampMs> time = {};
  };
  PositionUnit unit = PositionUnit::kBytes;
  std::string prefix = "fake:";
  std::vector<Entry> entries;
  bool ended = false;
  std::map<std::string, std::int64_t> released;
  int fails_to_seek = 0;
  std::map<std::string, bool> is_other;  // sources that are not what they were

  // As bytes of lines.
  void Write(const std::string& source, const std::string& value) {
    std::int64_t begin = 0;
    for (const Entry& entry : entries) {
      if (entry.source == source) begin = entry.end;
    }
    const auto size = static_cast<std::int64_t>(value.size());
    entries.push_back({source, begin, begin + size + 1, value});
  }
  void WriteAt(const std::string& source, std::int64_t number, const std::string& value) {
    entries.push_back({source, number, number + 1, value});
  }
};

class ScriptedStream final : public RecordStream {
 public:
  explicit ScriptedStream(StreamScript& script) : script_(script) {}

  const std::string& name() const override { return name_; }
  bool Owns(std::string_view path) const override { return path.starts_with(script_.prefix); }
  PositionUnit unit() const override { return script_.unit; }
  Status Poll(Instant) override { return Ok(); }
  std::vector<int> descriptors() const override { return {}; }
  MonotonicMs NextDue(MonotonicMs now) const override { return now + 10; }

  const StreamEntry* Peek() override {
    while (at_ < script_.entries.size()) {
      const StreamScript::Entry& entry = script_.entries[at_];
      const auto from = from_.find(entry.source);
      if (from == from_.end() || entry.begin >= from->second) break;
      ++at_;
    }
    if (at_ == script_.entries.size()) return nullptr;
    const StreamScript::Entry& entry = script_.entries[at_];
    headers_.clear();
    if (!entry.label.empty()) headers_.push_back({.key = "lb.label.from", .value = entry.label});
    entry_ = {.source = entry.source,
              .begin = SourcePosition(entry.begin),
              .end = SourcePosition(entry.end),
              .value = entry.value,
              .own_unit = entry.own_unit,
              .time = entry.time,
              .headers = headers_};
    return &entry_;
  }
  void Advance() override {
    const StreamScript::Entry& entry = script_.entries[at_++];
    window_ = WindowOf(entry);
    if (script_.unit == PositionUnit::kEntries) return;
    bytes_[entry.source].resize(static_cast<std::size_t>(entry.begin));
    bytes_[entry.source] += entry.value + "\n";
    const std::string& bytes = bytes_[entry.source];
    const std::size_t size = std::min(bytes.size(), record::kWindowBytes);
    window_ = record::HashBytes(ByteView(bytes).substr(bytes.size() - size));
  }
  std::uint64_t window() const override { return window_; }

  Result<std::vector<Resumed>> Seek(std::span<const StreamPlace> places) override {
    if (script_.fails_to_seek > 0) {
      --script_.fails_to_seek;
      return Fail(ErrorCode::kIo, "the script fails");
    }
    at_ = 0;
    from_ = {script_.released.begin(), script_.released.end()};
    std::vector<Resumed> resumed;
    for (const StreamPlace& place : places) {
      const bool is_same = !script_.is_other[place.source];
      if (!is_same) {
        resumed.push_back({.is_same = false});
        continue;
      }
      std::int64_t& from = from_[place.source];
      from = std::max(from, place.at.end.value());
      resumed.push_back({.at = {SourcePosition(from), place.at.window}});
    }
    return resumed;
  }
  Result<std::vector<StreamPlace>> SeekEnd() override {
    std::map<std::string, StreamPlace> ends;
    for (const StreamScript::Entry& entry : script_.entries) {
      ends[entry.source] = {.source = entry.source,
                            .at = {SourcePosition(entry.end), WindowOf(entry)}};
    }
    at_ = script_.entries.size();
    std::vector<StreamPlace> places;
    for (auto& [source, place] : ends) places.push_back(place);
    return places;
  }
  void Release(std::string_view source, SourcePosition durable) override {
    if (script_.unit == PositionUnit::kEntries) return;
    std::int64_t& released = script_.released[std::string(source)];
    released = std::max(released, durable.value());
  }
  bool ended() const override { return script_.ended && at_ == script_.entries.size(); }
  std::size_t unread_bytes() const override {
    std::size_t bytes = 0;
    for (std::size_t i = at_; i < script_.entries.size(); ++i) {
      bytes += script_.entries[i].value.size() + 1;
    }
    return bytes;
  }

 private:
  static std::uint64_t WindowOf(const StreamScript::Entry& entry) {
    return record::HashBytes(entry.source + entry.value);
  }

  StreamScript& script_;
  std::string name_ = "fake";
  std::size_t at_ = 0;
  std::map<std::string, std::int64_t> from_;
  std::map<std::string, std::string> bytes_;
  StreamEntry entry_;
  std::vector<record::HeaderView> headers_;
  std::uint64_t window_ = 0;
};

}  // namespace logboom::agent
