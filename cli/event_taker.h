// Takes a consumer's events apart: records and gaps for the verb, a word on standard error for all
// that can't be read.
#pragma once

#include <string_view>

#include "cli/environment.h"
#include "cli/exit_code.h"
#include "cli/reading.h"
#include "lib/client/consumer.h"

namespace logboom::cli {

// One owner, one thread. Remembers in code() what went wrong.
class EventTaker {
 public:
  EventTaker(Context& context, ReadingEvents& events) : context_(context), events_(events) {}

  // OffsetOutOfRange is the source's: it knows what to do about it.
  void Take(const Reading& reading, const client::ConsumerEvent& event);
  // "BROKER topic/0: WHAT", with the broker where there are several.
  void Trouble(const Reading& reading, std::string_view what, ExitCode code);
  void Worsen(ExitCode code) { code_ = Worse(code_, code); }

  // TakeRecord() said no.
  bool stopped() const { return stopped_; }
  ExitCode code() const { return code_; }

 private:
  void TakeBatch(const Reading& reading, const client::FetchedBatch& batch);
  void TellUnreadable(const Reading& reading, const client::Unreadable& range);

  Context& context_;
  ReadingEvents& events_;
  client::FetchedRecords records_;
  bool stopped_ = false;
  ExitCode code_ = ExitCode::kDone;
};

// "records 3 to 7 are gone; going on at 8", or that there is no such offset yet.
std::string DescribeOutOfRange(const client::OffsetOutOfRange& range);

}  // namespace logboom::cli
