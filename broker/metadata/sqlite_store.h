// The metadata store on SQLite: `metadata.sqlite` with its copy `metadata.copy.sqlite`.
//
// WAL, synchronous = FULL, one exclusive connection, used by one thread at a time: SQLite
// below 3.51.3 has a race with two connections in WAL mode, and a second reader has no business
// here. Each row carries the CRC-32C of its key and value; a row whose sum is wrong is taken from
// the copy, else left out, and told.
//
// After a crash: every transaction whose Apply returned success is there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/metadata/metadata_store.h"
#include "lib/file/file_system.h"

namespace logboom::broker {

// What opening found, for the log and the status page. Empty: nothing worth telling.
struct MetadataOpenReport {
  bool created = false;            // there was neither a database nor a copy
  std::vector<std::string> notes;  // each a sentence: what was found, what was done about it
};

struct OpenedStore {
  std::unique_ptr<MetadataStore> store;
  MetadataOpenReport report;
};

// `directory` is the data directory. A database that is missing comes back from the copy; one that
// is broken (quick_check) goes to `quarantine` first. `fs` is used for names alone; SQLite does its
// own I/O.
Result<OpenedStore> OpenSqliteStore(file::FileSystem& fs, const std::string& directory,
                                    const std::string& quarantine, TimestampMs now);

}  // namespace logboom::broker
