#include "tests/sim/source_fold.h"

#include <algorithm>

namespace logboom::sim {
namespace {

ByteView TextOf(const Incarnation& incarnation, const WrittenLine& line) {
  return ByteView(incarnation.content)
      .substr(static_cast<std::size_t>(line.begin),
              static_cast<std::size_t>(line.end - line.begin));
}

}  // namespace

SourceFold::Folded& SourceFold::Find(const Uuid& topic, const Uuid& source,
                                     const std::optional<record::SourceIdentity>& identity) {
  Folded& folded = sources_[{topic, source}];
  if (folded.known) return folded;
  folded.id = source;
  auto who = identity ? identity : identity_of_(topic, source);
  if (!who) {
    verdict_.Broken(Invariant::kBytesAsWritten, "nothing says who source {} is", source.ToString());
    return folded;
  }
  folded.known = true;
  folded.could_be = written_.Of(who->agent_id, who->inode, who->birth_time_ns);
  folded.identity = *who;
  if (folded.could_be.empty()) {
    verdict_.Broken(Invariant::kBytesAsWritten, "source {} is {}:{}, inode {}, which nobody made",
                    source.ToString(), who->agent_id, who->path, who->inode);
  }
  return folded;
}

void SourceFold::AddBatch(const Uuid& topic, ByteView batch) {
  record::BatchReader reader;
  if (Status opened = reader.Open(batch); !opened.ok()) {
    return verdict_.Broken(Invariant::kBytesAsWritten, "a batch: {}", opened.error().message);
  }
  Run run;
  while (verdict_.ok()) {
    auto next = reader.Next();
    if (!next.ok()) {
      return verdict_.Broken(Invariant::kBytesAsWritten, "a record: {}", next.error().message);
    }
    const record::Record* record = *next;
    if (record == nullptr) break;
    if (record->Header(record::kSpanHeader)) {
      EndRun(run);
      BeginRun(topic, *record, run);
    }
    if (run.source == nullptr) return;  // a plain producer's
    ++run.records;
    run.bytes += record->value.value_or(ByteView());
    if (!record->Header(record::kMoreHeader)) run.bytes += '\n';
  }
  EndRun(run);
}

void SourceFold::BeginRun(const Uuid& topic, const record::Record& record, Run& run) {
  auto span = record::DecodeSpan(*record.Header(record::kSpanHeader));
  if (!span.ok()) {
    return verdict_.Broken(Invariant::kBytesAsWritten, "{}", span.error().message);
  }
  std::optional<record::SourceIdentity> identity;
  if (const auto header = record.Header(record::kSourceHeader)) {
    if (auto decoded = record::DecodeSourceIdentity(*header); decoded.ok()) identity = *decoded;
  }
  run.span = *span;
  run.source = &Find(topic, span->source_id, identity);
}

void SourceFold::EndRun(Run& run) {
  if (run.source == nullptr || !verdict_.ok()) return;
  if (run.records != run.span.records) {
    verdict_.Broken(Invariant::kBytesAsWritten, "a span of {} records has {}", run.span.records,
                    run.records);
  }
  CheckPlace(*run.source, run.span);
  CompareBytes(*run.source, run);
  TakeLines(*run.source, run.bytes);
  run.source->span_end = run.span.end.value();
  TakeLeftOut(*run.source, run.source->span_end);
  run = Run();
}

void SourceFold::CheckPlace(const Folded& source, const record::SourceSpan& span) {
  const std::int64_t begin = span.begin.value();
  std::int64_t expected = std::max<std::int64_t>(source.span_end, 0);
  for (const Range& range : source.left_out) {
    if (range.begin <= expected) expected = std::max(expected, std::min(range.end, begin));
  }
  if (begin == expected) return;
  if (begin < expected) {
    return verdict_.Broken(Invariant::kEachByteOnceInOrder,
                           "source {}: [{}, {}) although all up to {} is there",
                           source.id.ToString(), begin, span.end, expected);
  }
  if (!GapCovers(source, expected, begin)) {
    verdict_.Broken(Invariant::kEachByteOnceInOrder,
                    "source {}: [{}, {}) is neither there nor a gap", source.id.ToString(),
                    expected, begin);
  }
}

bool SourceFold::GapCovers(const Folded& source, std::int64_t begin, std::int64_t end) {
  for (const Range& gap : source.gaps) {
    if (gap.begin <= begin) begin = std::max(begin, gap.end);
  }
  return begin >= end;
}

std::vector<const Incarnation*> SourceFold::WrittenAnew(const Folded& source,
                                                        ByteView beginning) const {
  std::vector<const Incarnation*> anew =
      written_.Of(source.identity.agent_id, source.identity.inode, source.identity.birth_time_ns);
  std::erase_if(anew, [beginning](const Incarnation* incarnation) {
    return !ByteView(incarnation->content).starts_with(beginning);
  });
  return anew;
}

void SourceFold::CompareBytes(Folded& source, const Run& run) {
  const auto begin = static_cast<std::size_t>(run.span.begin.value());
  const auto differs = [&](const Incarnation* incarnation) { return !IsOf(run, *incarnation); };
  const std::vector<const Incarnation*> before = source.could_be;
  std::erase_if(source.could_be, differs);
  if (!source.could_be.empty()) return;
  // Written anew since with the same beginning: nobody can tell, where nobody saw it being emptied.
  source.could_be = WrittenAnew(source, before.front()->content.substr(0, begin));
  std::erase_if(source.could_be, differs);
  if (!source.could_be.empty()) return;
  verdict_.Broken(Invariant::kBytesAsWritten, "source {}: nobody wrote [{}, {}) '{}'",
                  source.id.ToString(), begin, run.span.end, run.bytes.substr(0, 60));
}

bool SourceFold::IsOf(const Run& run, const Incarnation& incarnation) const {
  const auto begin = static_cast<std::size_t>(run.span.begin.value());
  const auto end = static_cast<std::size_t>(run.span.end.value());
  const ByteView content = incarnation.content;
  if (end < begin || content.size() < end) return false;
  if (lines_sent_ == Lines::kAll) return content.substr(begin, end - begin) == run.bytes;
  return WithoutLinesLeftOut(run, content);
}

// Of a line that began before the run, or goes on behind it, nobody knows whether its first part
// told: it is there or not.
bool SourceFold::WithoutLinesLeftOut(const Run& run, ByteView content) const {
  const auto end = static_cast<std::size_t>(run.span.end.value());
  ByteView found = run.bytes;
  std::uint32_t left_out = 0;
  bool all_whole = lines_sent_ == Lines::kSomeLeftOut;
  for (auto at = static_cast<std::size_t>(run.span.begin.value()); at < end;) {
    const std::size_t newline = content.find('\n', at);
    const std::size_t next = newline == ByteView::npos ? end : std::min(newline + 1, end);
    const ByteView line = content.substr(at, next - at);
    const bool is_whole = (at == 0 || content[at - 1] == '\n') && line.ends_with('\n');
    const bool is_there = is_whole ? !LeavesOut(line) : found.starts_with(line);
    all_whole = all_whole && is_whole;
    if (is_there && !found.starts_with(line)) return false;
    if (is_there) {
      found.remove_prefix(line.size());
    } else {
      ++left_out;
    }
    at = next;
  }
  return found.empty() && (!all_whole || left_out == run.span.dropped);
}

// Lines left out up to `end` have arrived where they should.
void SourceFold::TakeLeftOut(const Folded& source, std::int64_t end) {
  if (lines_sent_ == Lines::kAll) return;
  for (const Incarnation* incarnation : source.could_be) {
    Found& found = lines_[incarnation->writer];
    for (const WrittenLine& line : incarnation->lines) {
      if (line.end <= end && LeavesOut(TextOf(*incarnation, line))) found.See(line.number);
    }
  }
}

void SourceFold::AddLeftOut(const Uuid& topic, const Uuid& source, SourcePosition begin,
                            SourcePosition end) {
  Folded& folded = Find(topic, source, std::nullopt);
  folded.left_out.push_back({begin.value(), end.value()});
  std::sort(folded.left_out.begin(), folded.left_out.end(),
            [](const Range& a, const Range& b) { return a.begin < b.begin; });
  std::erase_if(folded.could_be, [&](const Incarnation* incarnation) {
    return std::any_of(incarnation->lines.begin(), incarnation->lines.end(), [&](const auto& line) {
      const bool is_inside = line.begin >= begin.value() && line.end <= end.value();
      return is_inside && !LeavesOut(TextOf(*incarnation, line));
    });
  });
  TakeLeftOut(folded, end.value());
}

void SourceFold::TakeLines(Folded& source, ByteView bytes) {
  while (!bytes.empty() && verdict_.ok()) {
    const std::size_t newline = bytes.find('\n');
    source.line += bytes.substr(0, newline);
    if (newline == ByteView::npos) return;
    TakeLine(source.line);
    source.line.clear();
    bytes.remove_prefix(newline + 1);
  }
}

void SourceFold::TakeLine(ByteView line) {
  LineName name;
  // A gap may end inside of a line.
  if (!ParseLine(line, name)) return;
  Found& lines = lines_[name.writer];
  const auto number = static_cast<std::int64_t>(name.number);
  if (Seen(name.writer, name.number)) {
    return verdict_.Broken(Invariant::kEachByteOnceInOrder, "{}: line {} twice", name.writer,
                           number);
  }
  if (number < lines.last && file_order_ == FileOrder::kKept) {
    return verdict_.Broken(Invariant::kEachByteOnceInOrder, "{}: line {} behind line {}",
                           name.writer, number, lines.last);
  }
  lines.See(name.number);
  lines.last = number;
  ++lines_seen_;
}

void SourceFold::AddGap(const Uuid& topic, const Uuid& source, SourcePosition begin,
                        SourcePosition end) {
  Folded& folded = Find(topic, source, std::nullopt);
  const Range gap{begin.value(), end.value()};
  const auto place =
      std::upper_bound(folded.gaps.begin(), folded.gaps.end(), gap,
                       [](const Range& a, const Range& b) { return a.begin < b.begin; });
  folded.gaps.insert(place, gap);
}

std::int64_t SourceFold::SpanEnd(const Uuid& topic, const Uuid& source) const {
  const auto found = sources_.find({topic, source});
  return found == sources_.end() ? -1 : found->second.span_end;
}

bool SourceFold::Seen(const std::string& writer, std::uint64_t number) const {
  const auto found = lines_.find(writer);
  return found != lines_.end() && number < found->second.seen.size() && found->second.seen[number];
}

std::size_t SourceFold::gap_count() const {
  std::size_t count = 0;
  for (const auto& [key, source] : sources_) count += source.gaps.size();
  return count;
}

// ---- at the end

bool SourceFold::Excused(const Incarnation& incarnation, const WrittenLine& line) const {
  if (incarnation.unknown_to_all) return true;
  for (const auto& [key, source] : sources_) {
    const bool is_it = std::find(source.could_be.begin(), source.could_be.end(), &incarnation) !=
                       source.could_be.end();
    if (is_it && InGap(source, line)) return true;
  }
  return false;
}

// The gap may begin inside of the line: what stands before it was sent, or left out.
bool SourceFold::InGap(const Folded& source, const WrittenLine& line) {
  const bool touches = std::any_of(
      source.gaps.begin(), source.gaps.end(),
      [&line](const Range& gap) { return gap.begin < line.end && gap.end > line.begin; });
  std::int64_t told = std::max(line.begin, source.span_end);
  for (const Range& range : source.left_out) {
    if (range.begin <= told) told = std::max(told, range.end);
  }
  return touches && GapCovers(source, told, line.end);
}

void SourceFold::CheckComplete(Verdict& verdict) const {
  // A line may stand in a file and in its copy: one of them explains its loss.
  std::map<std::pair<std::string, std::uint64_t>, const Incarnation*> lost;
  std::map<std::pair<std::string, std::uint64_t>, bool> excused;
  for (const Incarnation& incarnation : written_.all()) {
    for (const WrittenLine& line : incarnation.lines) {
      if (Seen(incarnation.writer, line.number)) continue;
      const auto key = std::make_pair(incarnation.writer, line.number);
      lost.emplace(key, &incarnation);
      excused[key] = excused[key] || Excused(incarnation, line);
    }
  }
  for (const auto& [key, incarnation] : lost) {
    if (excused[key]) continue;
    verdict.Broken(
        incarnation->destroyed ? Invariant::kLossIsAGap : Invariant::kEachByteOnceInOrder,
        "{}: line {} of {} (inode {}) is lost, and no gap says so", key.first, key.second,
        incarnation->path, incarnation->file.inode);
  }
  CheckGaps(verdict);
}

void SourceFold::CheckGaps(Verdict& verdict) const {
  for (const auto& [key, source] : sources_) {
    if (source.gaps.empty()) continue;
    // Of several in one file an agent without knowledge may take the wrong one.
    const auto in_file =
        written_.Of(source.identity.agent_id, source.identity.inode, source.identity.birth_time_ns);
    const bool gone = std::any_of(in_file.begin(), in_file.end(),
                                  [](const Incarnation* each) { return each->destroyed; });
    if (gone) continue;
    verdict.Broken(Invariant::kLossIsAGap, "source {} has a gap [{}, {}), but its bytes stand",
                   source.id.ToString(), source.gaps.front().begin, source.gaps.front().end);
  }
}

}  // namespace logboom::sim
