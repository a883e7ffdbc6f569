// What an input reads, as its table says: files, standard input, syslog or the journal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/options.h"
#include "lib/base/result.h"
#include "lib/daemon/config.h"

namespace logboom::agent {

// In a list of files.
inline constexpr std::string_view kStandardInputName = "-";

// Standard input may stand among the files of a table: two inputs. kInvalid where the table says
// nothing of what it reads, or several things.
Result<std::vector<InputKind>> InputKindsOf(const daemon::Config& config);

// A name in messages, where the input has none of its own.
std::string NameOf(const InputOptions& input);

Result<JournalOptions> ConfigureJournal(const daemon::Config& config);

}  // namespace logboom::agent
