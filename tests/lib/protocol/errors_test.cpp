#include "lib/protocol/errors.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace logboom::protocol {
namespace {

TEST(Errors, EveryCodeHasItsName) {
  std::set<std::string_view> names;
  for (int code = ErrorCode_MIN; code <= ErrorCode_MAX; ++code) {
    ASSERT_TRUE(ErrorCode_IsValid(code)) << code << " was left out: numbers are never reused";
    const auto name = ErrorCodeName(static_cast<ErrorCode>(code));
    EXPECT_NE(name, "UNKNOWN_ERROR") << code;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(ErrorCodeName(SPAN_CONFLICT), "SPAN_CONFLICT");
  EXPECT_EQ(ErrorCodeName(static_cast<ErrorCode>(ErrorCode_MAX + 1)), "UNKNOWN_ERROR");
}

TEST(Errors, OnlyWhatPassesByItselfIsRetriable) {
  const std::set<ErrorCode> retriable = {NO_SESSION, AGENT_ID_IN_USE, NO_SPACE,   STORAGE_FAILED,
                                         BUSY,       SHUTTING_DOWN,   NOT_PRIMARY};
  for (int code = ErrorCode_MIN; code <= ErrorCode_MAX; ++code) {
    EXPECT_EQ(IsRetriable(static_cast<ErrorCode>(code)),
              retriable.contains(static_cast<ErrorCode>(code)))
        << code;
  }
}

TEST(Errors, TheProgramsErrorsCrossTheWireWithTheirMeaning) {
  using Code = logboom::ErrorCode;
  for (const Code code :
       {Code::kInvalid, Code::kCorrupt, Code::kNotFound, Code::kExists, Code::kIo, Code::kNoSpace,
        Code::kPermission, Code::kUnsupported, Code::kLimit, Code::kBusy}) {
    const Error wire = ToWire(logboom::Error{code, "what"});
    EXPECT_EQ(FromWire(wire).code, code);
    EXPECT_EQ(wire.retriable(), IsRetriable(wire.code()));
  }
}

TEST(Errors, MessageHoldsTheBrokersWordsAndTheCodesName) {
  const auto error = FromWire(MakeError(UNKNOWN_TOPIC, "no topic 'web'"));
  EXPECT_EQ(error.message, "no topic 'web' (UNKNOWN_TOPIC)");
  EXPECT_EQ(error.code, logboom::ErrorCode::kNotFound);
}

TEST(Errors, MessageIsMadeFitForTheWire) {
  const Error error = MakeError(INVALID_REQUEST, "bad \xFF");
  EXPECT_TRUE(Error().ParseFromString(error.SerializeAsString()));
}

TEST(Errors, CodesOfANewerBrokerAreErrorsStill) {
  Error error;
  error.set_code(static_cast<ErrorCode>(99));
  EXPECT_EQ(FromWire(error).message, "the broker refused the request (UNKNOWN_ERROR)");
}

}  // namespace
}  // namespace logboom::protocol
