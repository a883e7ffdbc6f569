#include <sqlite3.h>

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "agent/checkpoint.h"

namespace logboom::agent {
namespace {

constexpr int kVersion = 1;
constexpr const char* kFileName = "checkpoint.sqlite";

constexpr const char* kSchema = R"(
CREATE TABLE IF NOT EXISTS source (
  topic_id BLOB NOT NULL, source_id BLOB NOT NULL, path BLOB NOT NULL,
  device INTEGER NOT NULL, inode INTEGER NOT NULL, birth_time_ns INTEGER NOT NULL,
  begin INTEGER NOT NULL, size_seen INTEGER NOT NULL,
  PRIMARY KEY (topic_id, source_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS input (name BLOB PRIMARY KEY) WITHOUT ROWID;
PRAGMA user_version = 1;
)";

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

Error SqliteError(sqlite3* db, const std::string& what) {
  const int code = sqlite3_errcode(db) & 0xff;
  const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
  return Fail(damaged ? ErrorCode::kCorrupt : ErrorCode::kIo, "{}: {}", what, sqlite3_errmsg(db));
}

Status Execute(sqlite3* db, const char* sql, const std::string& path) {
  if (sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return Ok();
  return SqliteError(db, path);
}

Result<Statement> Prepare(sqlite3* db, const char* sql, const std::string& path) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) == SQLITE_OK) {
    return Statement(statement);
  }
  return SqliteError(db, path);
}

void BindBlob(sqlite3_stmt* statement, int at, ByteView bytes) {
  sqlite3_bind_blob64(statement, at, bytes.empty() ? "" : bytes.data(), bytes.size(),
                      SQLITE_TRANSIENT);
}

Bytes Blob(sqlite3_stmt* statement, int column) {
  const void* data = sqlite3_column_blob(statement, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  return data == nullptr ? Bytes() : Bytes(static_cast<const char*>(data), size);
}

class SqliteCheckpoint final : public Checkpoint {
 public:
  SqliteCheckpoint(Database db, std::string path) : db_(std::move(db)), path_(std::move(path)) {}

  Result<std::vector<CheckpointRow>> LoadSources() override {
    ASSIGN_OR_RETURN(const Statement select,
                     Prepare(db_.get(),
                             "SELECT topic_id, source_id, path, device, inode, birth_time_ns, "
                             "begin, size_seen FROM source",
                             path_));
    std::vector<CheckpointRow> rows;
    int step = SQLITE_ROW;
    while ((step = sqlite3_step(select.get())) == SQLITE_ROW) {
      if (auto row = RowOf(select.get())) rows.push_back(*std::move(row));
    }
    if (step != SQLITE_DONE) return SqliteError(db_.get(), path_);
    return rows;
  }

  Result<std::vector<std::string>> LoadInputs() override {
    ASSIGN_OR_RETURN(const Statement select, Prepare(db_.get(), "SELECT name FROM input", path_));
    std::vector<std::string> names;
    int step = SQLITE_ROW;
    while ((step = sqlite3_step(select.get())) == SQLITE_ROW) {
      names.push_back(Blob(select.get(), 0));
    }
    if (step != SQLITE_DONE) return SqliteError(db_.get(), path_);
    return names;
  }

  Status Save(std::span<const CheckpointRow> sources,
              std::span<const std::string> inputs) override {
    RETURN_IF_ERROR(Execute(db_.get(), "BEGIN", path_));
    Status written = Write(sources, inputs);
    if (written.ok()) written = Execute(db_.get(), "COMMIT", path_);
    if (!written.ok()) sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    sqlite3_db_release_memory(db_.get());  // its pages: the next save is some time off
    return written;
  }

 private:
  // Nothing where its ids are none: whoever wrote that, it was not this program.
  static std::optional<CheckpointRow> RowOf(sqlite3_stmt* select) {
    const auto topic_id = Uuid::FromBytes(Blob(select, 0));
    const auto source_id = Uuid::FromBytes(Blob(select, 1));
    if (!topic_id || !source_id) return std::nullopt;
    return CheckpointRow{
        .topic_id = *topic_id,
        .source_id = *source_id,
        .path = Blob(select, 2),
        .file = {.device = static_cast<std::uint64_t>(sqlite3_column_int64(select, 3)),
                 .inode = static_cast<std::uint64_t>(sqlite3_column_int64(select, 4)),
                 .birth_time_ns = sqlite3_column_int64(select, 5)},
        .begin = sqlite3_column_int64(select, 6),
        .size_seen = sqlite3_column_int64(select, 7)};
  }

  Status Write(std::span<const CheckpointRow> sources, std::span<const std::string> inputs) {
    ASSIGN_OR_RETURN(
        const Statement put,
        Prepare(db_.get(), "INSERT OR REPLACE INTO source VALUES (?,?,?,?,?,?,?,?)", path_));
    ASSIGN_OR_RETURN(
        const Statement remove,
        Prepare(db_.get(), "DELETE FROM source WHERE topic_id = ? AND source_id = ?", path_));
    ASSIGN_OR_RETURN(const Statement input,
                     Prepare(db_.get(), "INSERT OR IGNORE INTO input VALUES (?)", path_));
    for (const CheckpointRow& row : sources) {
      if (row.final) {
        BindIds(remove.get(), row);
        RETURN_IF_ERROR(Run(remove.get()));
      } else {
        BindRow(put.get(), row);
        RETURN_IF_ERROR(Run(put.get()));
      }
    }
    for (const std::string& name : inputs) {
      BindBlob(input.get(), 1, name);
      RETURN_IF_ERROR(Run(input.get()));
    }
    return Ok();
  }

  static void BindIds(sqlite3_stmt* statement, const CheckpointRow& row) {
    BindBlob(statement, 1, row.topic_id.bytes());
    BindBlob(statement, 2, row.source_id.bytes());
  }

  static void BindRow(sqlite3_stmt* statement, const CheckpointRow& row) {
    BindIds(statement, row);
    BindBlob(statement, 3, row.path);
    sqlite3_bind_int64(statement, 4, static_cast<sqlite3_int64>(row.file.device));
    sqlite3_bind_int64(statement, 5, static_cast<sqlite3_int64>(row.file.inode));
    sqlite3_bind_int64(statement, 6, row.file.birth_time_ns);
    sqlite3_bind_int64(statement, 7, row.begin);
    sqlite3_bind_int64(statement, 8, row.size_seen);
  }

  Status Run(sqlite3_stmt* statement) {
    const int step = sqlite3_step(statement);
    sqlite3_reset(statement);
    if (step == SQLITE_DONE) return Ok();
    return SqliteError(db_.get(), path_);
  }

  Database db_;
  std::string path_;
};

Result<Database> OpenDatabase(const std::string& path) {
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(path.c_str(), &raw,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database db(raw);
  if (opened != SQLITE_OK) return SqliteError(db.get(), path);
  sqlite3_extended_result_codes(db.get(), 0);
  // A cache: a lost last second only costs looking again.
  RETURN_IF_ERROR(Execute(db.get(),
                          "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; "
                          "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-512; "
                          "PRAGMA trusted_schema=OFF",
                          path));
  {
    ASSIGN_OR_RETURN(const Statement version, Prepare(db.get(), "PRAGMA user_version", path));
    if (sqlite3_step(version.get()) != SQLITE_ROW) return SqliteError(db.get(), path);
    const int found = sqlite3_column_int(version.get(), 0);
    if (found != 0 && found != kVersion) {
      return Fail(ErrorCode::kCorrupt, "{}: has version {}, and this program reads {}", path, found,
                  kVersion);
    }
  }
  RETURN_IF_ERROR(Execute(db.get(), kSchema, path));
  ASSIGN_OR_RETURN(const Statement check, Prepare(db.get(), "PRAGMA quick_check(1)", path));
  if (sqlite3_step(check.get()) != SQLITE_ROW || Blob(check.get(), 0) != "ok") {
    return Fail(ErrorCode::kCorrupt, "{}: is damaged", path);
  }
  return db;
}

}  // namespace

Result<std::unique_ptr<Checkpoint>> OpenSqliteCheckpoint(const std::string& state_directory) {
  const std::string path = state_directory + "/" + kFileName;
  auto db = OpenDatabase(path);
  if (!db && db.error().code == ErrorCode::kCorrupt) {
    std::error_code ignored;
    std::filesystem::rename(path, path + ".damaged", ignored);
    std::filesystem::remove(path + "-wal", ignored);
    std::filesystem::remove(path + "-shm", ignored);
    db = OpenDatabase(path);
  }
  if (!db) return db.error();
  return std::make_unique<SqliteCheckpoint>(*std::move(db), path);
}

}  // namespace logboom::agent
