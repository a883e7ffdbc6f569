// The verbs of the command line. Each adds itself, its flags and its help, and chooses what to run
// when it is the one that was typed.
#pragma once

#include <functional>

#include "cli/environment.h"
#include "cli/exit_code.h"

namespace CLI {
class App;
}

namespace logboom::cli {

using RunVerb = std::function<ExitCode(Context&)>;

// What the parsed command line says to do.
struct Choice {
  RunVerb run;
  bool one_broker = false;  // administration: more is a usage error
  bool takes_raw = false;   // --format raw
  bool no_broker = false;   // works without one
};

void AddTopicsVerbs(CLI::App& app, Choice& choice);
// Below "topics".
void AddTopicsTrimVerb(CLI::App& topics, Choice& choice);
void AddProduceVerb(CLI::App& app, Choice& choice);
void AddConsumeVerb(CLI::App& app, Choice& choice);
void AddTailVerb(CLI::App& app, Choice& choice);
void AddGroupsVerbs(CLI::App& app, Choice& choice);
// Below "groups".
void AddGroupsResetVerb(CLI::App& groups, Choice& choice);
void AddLagVerb(CLI::App& app, Choice& choice);
void AddAgentsVerbs(CLI::App& app, Choice& choice);
void AddStatusVerb(CLI::App& app, Choice& choice);
void AddSegmentVerbs(CLI::App& app, Choice& choice);
void AddCompletionsVerb(CLI::App& app, Choice& choice);

}  // namespace logboom::cli
