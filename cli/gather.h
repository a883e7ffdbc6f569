// One question put to every broker of a command, and the answers with the broker's name.
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cli/brokers.h"

namespace logboom::cli {

template <typename T>
struct OfBroker {
  std::string broker;
  T value;
};

template <typename T>
struct Gathered {
  std::vector<OfBroker<T>> found;
  ExitCode code = ExitCode::kDone;
  bool any_answered = false;
  bool several = false;  // more than one was asked for: rows say which
};

// A broker of several need not know everything: what it has not is missing only where none has it.
enum class IfMissing { kComplain, kElsewhereIsEnough };

// `ask` takes an Admin and returns a Result; what fails is complained about.
template <typename Ask>
auto GatherFromAll(Context& context, IfMissing if_missing, Ask ask) {
  using T = typename std::invoke_result_t<Ask, client::Admin&>::value_type;
  ReachedBrokers reached = ReachBrokers(context);
  Gathered<T> gathered{
      .found = {}, .code = reached.code, .any_answered = false, .several = reached.several};
  std::vector<Error> missing;
  for (const Broker& broker : reached.brokers) {
    auto answer = ask(*broker.admin);
    if (answer.ok()) {
      gathered.any_answered = true;
      gathered.found.push_back({broker.name, *std::move(answer)});
      continue;
    }
    const Error error = answer.error().Within(broker.address);
    if (if_missing == IfMissing::kElsewhereIsEnough && error.code == ErrorCode::kNotFound) {
      missing.push_back(error);
    } else {
      gathered.code = Worse(gathered.code, Complain(context, error));
    }
  }
  if (!gathered.found.empty()) return gathered;
  for (const Error& error : missing) gathered.code = Worse(gathered.code, Complain(context, error));
  return gathered;
}

// Where the answers are lists: their elements, each with its broker.
template <typename Ask>
auto GatherElements(Context& context, IfMissing if_missing, Ask ask) {
  auto lists = GatherFromAll(context, if_missing, std::move(ask));
  using T = typename decltype(lists.found.front().value)::value_type;
  Gathered<T> gathered{.found = {},
                       .code = lists.code,
                       .any_answered = lists.any_answered,
                       .several = lists.several};
  for (auto& [broker, list] : lists.found) {
    for (T& one : list) gathered.found.push_back({broker, std::move(one)});
  }
  return gathered;
}

}  // namespace logboom::cli
