// Whether two file names are of one log and its rotations: app.log, app.log.1, app.log-20260131,
// app-2026-01-31.log, app.log.old.gz. Numbers, dates and the usual endings of copies don't count.
// Functions without state; any thread.
#pragma once

#include <string>
#include <string_view>

namespace logboom::agent {

// "app.log" of all of the above.
std::string NameStem(std::string_view path);
bool SharesStem(std::string_view path, std::string_view other_path);

// The path less what rotation adds at its end: "/log/app.log" of "/log/app.log.1",
// "/log/app.log-20260131.gz" and of itself.
std::string BasePath(std::string_view path);

// "app.log.1" of "/var/log/app.log.1".
std::string_view FileName(std::string_view path);

}  // namespace logboom::agent
