#include "broker/metadata/sqlite_store.h"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "lib/record/crc32c.h"

namespace logboom::broker {
namespace {

constexpr std::string_view kDatabaseName = "metadata.sqlite";
constexpr std::string_view kCopyName = "metadata.copy.sqlite";
// Holds blocks that are given back where the disk is full.
constexpr std::string_view kReserveName = "metadata.reserve";
constexpr std::int64_t kReserveBytes = std::int64_t{1} << 20U;
// The version of the schema below; another one is refused. 1 left the kind out of the sums.
constexpr int kSchemaVersion = 2;
// As SQLite keeps it, behind CREATE TABLE.
constexpr std::string_view kTable =
    "row (kind INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, crc INTEGER NOT NULL, "
    "PRIMARY KEY (kind, key)) WITHOUT ROWID";

ErrorCode CodeOf(int sqlite_code) {
  switch (sqlite_code & 0xFF) {
    case SQLITE_FULL: return ErrorCode::kNoSpace;
    case SQLITE_READONLY: return ErrorCode::kReadOnly;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::kBusy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    // What is asked of it never changes: where that is an error, the file is not what it was.
    case SQLITE_ERROR: return ErrorCode::kCorrupt;
    case SQLITE_PERM:
    case SQLITE_AUTH: return ErrorCode::kPermission;
    default: return ErrorCode::kIo;
  }
}

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// One open database; every failure becomes an Error that names the file.
class Database {
 public:
  static Result<Database> Open(const std::string& path, int mode) {
    sqlite3* raw = nullptr;
    int code = sqlite3_open_v2(path.c_str(), &raw,
                               mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    Database database(raw, path);
    if (code != SQLITE_OK) return database.Failure("open", code);
    return database;
  }

  Status Execute(const std::string& sql) {
    int code = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return Failure(sql, code);
    return Ok();
  }

  Result<Statement> Prepare(const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    int code = sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &raw, nullptr);
    if (code != SQLITE_OK) return Failure(sql, code);
    return Statement(raw);
  }

  // The first column of the first row, as text.
  Result<std::string> Text(const std::string& sql) {
    ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
    int code = sqlite3_step(statement.get());
    if (code != SQLITE_ROW) return Failure(sql, code);
    const unsigned char* text = sqlite3_column_text(statement.get(), 0);
    return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
  }

  Error Failure(std::string_view what, int code) const {
    const char* message = database_ ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
    return Fail(CodeOf(code), "{}: {} ({}): {}", path_, message, sqlite3_errstr(code), what);
  }

 private:
  Database(sqlite3* raw, std::string path) : database_(raw), path_(std::move(path)) {}
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  std::string path_;
};

std::uint32_t RowChecksum(Table table, ByteView key, ByteView value) {
  Bytes all(1, static_cast<char>(table));
  all += key;
  all += value;
  return record::Crc32c(all);
}

// Which table's row this is. A kind that has rotted alone is the one that fits the sum.
std::optional<Table> TableOf(std::int64_t kind, ByteView key, ByteView value, std::uint32_t crc) {
  const auto fits = [&](std::int64_t one) {
    return RowChecksum(static_cast<Table>(one), key, value) == crc;
  };
  if (kind >= 1 && kind <= kTableCount && fits(kind)) return static_cast<Table>(kind);
  for (std::int64_t one = 1; one <= kTableCount; ++one) {
    if (fits(one)) return static_cast<Table>(one);
  }
  return std::nullopt;
}

Status QuickCheck(Database& database) {
  ASSIGN_OR_RETURN(std::string verdict, database.Text("PRAGMA quick_check(1)"));
  if (verdict != "ok") return Fail(ErrorCode::kCorrupt, "quick_check says: {}", verdict);
  return Ok();
}

// quick_check believes what the database says of itself.
Status CheckTable(Database& database) {
  ASSIGN_OR_RETURN(const std::string sql,
                   database.Text("SELECT max(sql) FROM sqlite_master WHERE name = 'row'"));
  if (sql == fmt::format("CREATE TABLE {}", kTable)) return Ok();
  return Fail(ErrorCode::kCorrupt, "the table of rows is declared as '{}'", sql);
}

// Versions of the file format that a writer and a reader must know: 1, or 2 with a write-ahead log.
// SQLite itself would go on reading a file whose byte for writers has rotted, and write no more.
Status CheckFormatVersions(file::FileSystem& fs, const std::string& path) {
  constexpr std::int64_t kVersionsAt = 18;
  ASSIGN_OR_RETURN(const std::unique_ptr<file::File> file, fs.Open(path, file::OpenMode::kRead));
  char versions[2] = {};
  ASSIGN_OR_RETURN(const std::size_t got, file->PRead(kVersionsAt, std::span(versions)));
  const auto known = [](char version) { return version == 1 || version == 2; };
  if (got < sizeof(versions) || (known(versions[0]) && known(versions[1]))) return Ok();
  return Fail(ErrorCode::kCorrupt, "{}: its header tells unknown versions of SQLite's format",
              path);
}

// Whether there was a schema already.
enum class Schema { kFound, kMade };

Result<Schema> PrepareSchema(Database& database) {
  // locking_mode comes first: in exclusive mode the WAL index lives in memory, without a -shm file.
  for (const char* pragma :
       {"PRAGMA locking_mode=EXCLUSIVE", "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
        "PRAGMA foreign_keys=ON", "PRAGMA trusted_schema=OFF"}) {
    RETURN_IF_ERROR(database.Execute(pragma));
  }
  ASSIGN_OR_RETURN(std::string version, database.Text("PRAGMA user_version"));
  if (version != "0" && version != std::to_string(kSchemaVersion)) {
    return Fail(ErrorCode::kUnsupported,
                "metadata schema version {} was written by another version of Logboom; this one "
                "reads version {}",
                version, kSchemaVersion);
  }
  // Nothing is written to a database that is not sound.
  RETURN_IF_ERROR(QuickCheck(database));
  if (version != "0") {
    RETURN_IF_ERROR(CheckTable(database));
    return Schema::kFound;
  }
  RETURN_IF_ERROR(database.Execute(fmt::format("CREATE TABLE IF NOT EXISTS {}", kTable)));
  RETURN_IF_ERROR(database.Execute("PRAGMA user_version=" + std::to_string(kSchemaVersion)));
  return Schema::kMade;
}

struct LoadedRows {
  std::vector<MetadataRow> good;
  struct Bad {  // its sum is wrong
    Table table;
    Bytes key;
    std::uint32_t sum = 0;  // as stored
  };
  std::vector<Bad> bad;
  std::vector<Table> told_by_sum;  // of good rows, whose kind had rotted
};

ByteView Column(sqlite3_stmt* statement, int index) {
  const void* bytes = sqlite3_column_blob(statement, index);
  auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
  return {static_cast<const char*>(bytes), bytes == nullptr ? 0 : size};
}

Result<LoadedRows> LoadRows(Database& database) {
  ASSIGN_OR_RETURN(Statement statement,
                   database.Prepare("SELECT kind, key, value, crc FROM row ORDER BY kind, key"));
  LoadedRows rows;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
    const std::int64_t kind = sqlite3_column_int64(statement.get(), 0);
    ByteView key = Column(statement.get(), 1);
    ByteView value = Column(statement.get(), 2);
    auto crc = static_cast<std::uint32_t>(sqlite3_column_int64(statement.get(), 3));
    const std::optional<Table> table = TableOf(kind, key, value, crc);
    if (!table) {
      rows.bad.push_back({static_cast<Table>(kind), Bytes(key), crc});
      continue;
    }
    if (static_cast<std::int64_t>(*table) != kind) rows.told_by_sum.push_back(*table);
    rows.good.push_back({*table, Bytes(key), Bytes(value)});
  }
  if (code != SQLITE_DONE) return database.Failure("read rows", code);
  return rows;
}

struct MainDatabase {
  Database database;
  Schema schema = Schema::kFound;
};

Result<MainDatabase> OpenMain(const std::string& directory) {
  ASSIGN_OR_RETURN(Database database, Database::Open(fmt::format("{}/{}", directory, kDatabaseName),
                                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  ASSIGN_OR_RETURN(Schema schema, PrepareSchema(database));
  return MainDatabase{std::move(database), schema};
}

// Read-only: the copy is replaced whole, never changed.
Result<Database> OpenCopy(const std::string& directory) {
  ASSIGN_OR_RETURN(Database database, Database::Open(fmt::format("{}/{}", directory, kCopyName),
                                                     SQLITE_OPEN_READONLY));
  RETURN_IF_ERROR(QuickCheck(database));
  return database;
}

std::string AgeText(std::int64_t age_ms) {
  return age_ms < 120'000 ? fmt::format("{} s", age_ms / 1000)
                          : fmt::format("{} min", age_ms / 60'000);
}

std::string RowText(Table table) {
  return table == Table::kCommittedOffset
             ? std::string("a consumer group's committed offset")
             : fmt::format("a metadata row of kind {}", static_cast<int>(table));
}

std::string BadRowNote(Table table, bool came_back, const std::string& age) {
  const bool offset = table == Table::kCommittedOffset;
  const std::string what = RowText(table);
  if (!came_back) {
    return fmt::format(
        "{} had a wrong checksum and was removed: the copy does not hold it either{}", what,
        offset ? "; the group starts as one that has committed nothing" : "");
  }
  return fmt::format("{} had a wrong checksum and came back from the copy, which is {} old{}", what,
                     age, offset ? ": the group reads again what it has read since" : "");
}

class SqliteStore final : public MetadataStore {
 public:
  SqliteStore(file::FileSystem& fs, std::string directory, Database database)
      : fs_(fs), directory_(std::move(directory)), database_(std::move(database)) {}

  Result<std::vector<MetadataRow>> Load() override {
    ASSIGN_OR_RETURN(LoadedRows rows, LoadRows(database_));
    return std::move(rows.good);
  }

  Status Apply(const MetadataTransaction& transaction) override {
    return Apply(transaction, Before::kStays);
  }

  // What becomes of the rows that the transaction does not name.
  enum class Before { kStays, kGoes };
  Status Apply(const MetadataTransaction& transaction, Before before) {
    Status applied = TryApply(transaction, before);
    // Where no byte is free the log is begun again from its front; then the reserve is given back.
    // So an administrator can always do what frees space.
    if (IsFull(applied) && database_.Text("PRAGMA wal_checkpoint(RESTART)").ok()) {
      applied = TryApply(transaction, before);
    }
    if (IsFull(applied) && fs_.Remove(ReservePath()).ok()) applied = TryApply(transaction, before);
    RETURN_IF_ERROR(applied);
    KeepReserve();
    // What is committed is done, whether or not it can be copied: on a full disk an administrator
    // must still be able to delete a topic. The next renewal copies it.
    if (transaction.renew_copy) {
      Status renewed = RenewCopy();
      static_cast<void>(renewed.ok());
    }
    return Ok();
  }

  // Holds some room for the next full disk, once there is plenty again.
  void KeepReserve() {
    if (fs_.Stat(ReservePath()).ok()) return;
    const auto space = fs_.SpaceOf(directory_);
    if (!space.ok() || space->available_bytes < kReserveBytes * 16) return;
    auto file = fs_.Open(ReservePath(), file::OpenMode::kCreate);
    if (!file.ok() || (*file)->Preallocate(kReserveBytes).ok()) return;
    Status removed = fs_.Remove(ReservePath());
    static_cast<void>(removed.ok());
  }

  // Puts rows whose sum is wrong back from the copy, which is `age` old; says of each what became
  // of it.
  Status RepairBadRows(const std::string& age, std::vector<std::string>& notes) {
    ASSIGN_OR_RETURN(LoadedRows rows, LoadRows(database_));
    if (rows.bad.empty() && rows.told_by_sum.empty()) return Ok();
    for (const Table table : rows.told_by_sum) {
      notes.push_back(fmt::format("{} had lost its kind, which its checksum told", RowText(table)));
    }
    std::map<std::pair<Table, Bytes>, Bytes> copied = RowsOfCopy();
    MetadataTransaction repair;
    bool positions = false;
    for (const LoadedRows::Bad& bad : rows.bad) {
      const auto found = FindCopied(copied, bad);
      const bool back = found != copied.end();
      const Table table = back ? found->first.first : bad.table;
      notes.push_back(BadRowNote(table, back, age));
      if (back) repair.Put(table, found->first.second, found->second);
      positions = positions || table == Table::kSource || table == Table::kPositionStamp;
    }
    // A position from the copy is older than the stamp that the log is read from, so all stamps
    // go: the log completes what the copy does not know.
    std::erase_if(repair.writes, [positions](const MetadataWrite& write) {
      return positions && write.table == Table::kPositionStamp;
    });
    for (MetadataRow& row : rows.good) {
      if (positions && row.table == Table::kPositionStamp) continue;
      repair.Put(row.table, std::move(row.key), std::move(row.value));
    }
    // A row whose key has rotted stands where no search finds it, so that all are written anew.
    return Apply(repair, Before::kGoes);
  }

  Status RenewCopy() override {
    const std::string copy = directory_ + "/" + std::string(kCopyName);
    const std::string fresh = copy + ".tmp";
    if (Status removed = fs_.Remove(fresh);
        !removed.ok() && removed.error().code != ErrorCode::kNotFound) {
      return removed;
    }
    if (Status written = CopyTo(fresh); !written.ok()) {
      // Half a copy must not hold the last free bytes.
      Status removed = fs_.Remove(fresh);
      static_cast<void>(removed.ok());
      return written;
    }
    RETURN_IF_ERROR(fs_.Rename(fresh, copy));
    return fs_.SyncDirectory(directory_);
  }

  Status CopyTo(const std::string& path) override {
    ASSIGN_OR_RETURN(Statement vacuum, database_.Prepare("VACUUM INTO ?1"));
    sqlite3_bind_text(vacuum.get(), 1, path.c_str(), -1, SQLITE_TRANSIENT);
    if (int code = sqlite3_step(vacuum.get()); code != SQLITE_DONE) {
      return database_.Failure("VACUUM INTO " + path, code);
    }
    ASSIGN_OR_RETURN(std::unique_ptr<file::File> file, fs_.Open(path, file::OpenMode::kReadWrite));
    return file->Sync();
  }

 private:
  static bool IsFull(const Status& status) {
    return !status.ok() && status.error().code == ErrorCode::kNoSpace;
  }
  std::string ReservePath() const { return fmt::format("{}/{}", directory_, kReserveName); }

  Status TryApply(const MetadataTransaction& transaction, Before before) {
    RETURN_IF_ERROR(database_.Execute("BEGIN IMMEDIATE"));
    Status written = before == Before::kGoes ? database_.Execute("DELETE FROM row") : Ok();
    if (written.ok()) written = WriteAll(transaction);
    if (written.ok()) written = database_.Execute("COMMIT");
    if (written.ok()) return written;
    // Where the commit itself failed SQLite may have rolled back already: then this one fails, and
    // nothing is left to undo.
    Status undone = database_.Execute("ROLLBACK");
    static_cast<void>(undone.ok());
    return written;
  }

  using CopiedRows = std::map<std::pair<Table, Bytes>, Bytes>;

  // The row of this key; else, where the key or the kind itself has rotted, the one with this sum.
  static CopiedRows::const_iterator FindCopied(const CopiedRows& copied,
                                               const LoadedRows::Bad& bad) {
    const auto found = copied.find({bad.table, bad.key});
    if (found != copied.end()) return found;
    return std::find_if(copied.begin(), copied.end(), [&](const auto& row) {
      return RowChecksum(row.first.first, row.first.second, row.second) == bad.sum;
    });
  }

  // What the copy holds; nothing where it can't be read.
  std::map<std::pair<Table, Bytes>, Bytes> RowsOfCopy() const {
    std::map<std::pair<Table, Bytes>, Bytes> copied;
    auto copy = OpenCopy(directory_);
    if (!copy.ok()) return copied;
    auto rows = LoadRows(*copy);
    if (!rows.ok()) return copied;
    for (MetadataRow& row : rows->good) copied[{row.table, row.key}] = std::move(row.value);
    return copied;
  }

  Status WriteAll(const MetadataTransaction& transaction) {
    ASSIGN_OR_RETURN(Statement put, database_.Prepare("INSERT OR REPLACE INTO row (kind, key, "
                                                      "value, crc) VALUES (?1, ?2, ?3, ?4)"));
    ASSIGN_OR_RETURN(Statement remove,
                     database_.Prepare("DELETE FROM row WHERE kind = ?1 AND key = ?2"));
    for (const MetadataWrite& write : transaction.writes) {
      sqlite3_stmt* statement = write.value ? put.get() : remove.get();
      sqlite3_bind_int(statement, 1, static_cast<int>(write.table));
      BindBlob(statement, 2, write.key);
      if (write.value) {
        BindBlob(statement, 3, *write.value);
        sqlite3_bind_int64(statement, 4, RowChecksum(write.table, write.key, *write.value));
      }
      if (int code = sqlite3_step(statement); code != SQLITE_DONE) {
        return database_.Failure("write a row", code);
      }
      sqlite3_reset(statement);
    }
    return Ok();
  }

  // The bytes outlive the step.
  static void BindBlob(sqlite3_stmt* statement, int index, const Bytes& bytes) {
    sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC);
  }

  file::FileSystem& fs_;
  std::string directory_;
  Database database_;
};

// Moves a database and what belongs to it aside. Names in the quarantine carry the time.
Status Quarantine(file::FileSystem& fs, const std::string& directory, const std::string& quarantine,
                  std::string_view name, TimestampMs now) {
  RETURN_IF_ERROR(fs.CreateDirectories(quarantine));
  for (std::string_view suffix : {"", "-wal", "-shm"}) {
    const std::string from = fmt::format("{}/{}{}", directory, name, suffix);
    const std::string to = fmt::format("{}/{}-{}{}", quarantine, name, now, suffix);
    if (Status moved = fs.Rename(from, to);
        !moved.ok() && moved.error().code != ErrorCode::kNotFound) {
      return moved;
    }
  }
  RETURN_IF_ERROR(fs.SyncDirectory(quarantine));
  return fs.SyncDirectory(directory);
}

// Copies the copy's bytes to the database's place, durably.
Status RestoreFromCopy(file::FileSystem& fs, const std::string& directory) {
  // A database of metadata; far below this.
  constexpr std::size_t kCopyBytesMax = std::size_t{4} << 30U;
  const std::string copy = fmt::format("{}/{}", directory, kCopyName);
  ASSIGN_OR_RETURN(Bytes bytes, file::ReadWholeFile(fs, copy, kCopyBytesMax));
  return file::ReplaceFile(fs, fmt::format("{}/{}", directory, kDatabaseName), bytes);
}

// The copy's age, where there is a copy.
std::optional<std::int64_t> CopyAgeMs(file::FileSystem& fs, const std::string& directory,
                                      TimestampMs now) {
  auto stat = fs.Stat(fmt::format("{}/{}", directory, kCopyName));
  if (!stat.ok()) return std::nullopt;
  return now.value() - stat->modified_ns / 1'000'000;
}

// The version of the copy's schema, where the copy is sound.
std::optional<std::string> VersionOfCopy(const std::string& directory) {
  auto copy = OpenCopy(directory);
  if (!copy.ok()) return std::nullopt;
  const auto version = copy->Text("PRAGMA user_version");
  return version.ok() ? std::optional(*version) : std::nullopt;
}

// A version that the copy does not have is no newer program's doing: that renews the copy too.
Result<MainDatabase> OpenSound(file::FileSystem& fs, const std::string& directory) {
  RETURN_IF_ERROR(CheckFormatVersions(fs, fmt::format("{}/{}", directory, kDatabaseName)));
  auto database = OpenMain(directory);
  if (database.ok() || database.error().code != ErrorCode::kUnsupported) return database;
  if (VersionOfCopy(directory) != std::to_string(kSchemaVersion)) return database;
  return Fail(ErrorCode::kCorrupt, "{}; its copy has version {}", database.error().message,
              kSchemaVersion);
}

// Sees to it that there is a sound database, or none at all, at the database's place.
Result<MetadataOpenReport> MakeReady(file::FileSystem& fs, const std::string& directory,
                                     const std::string& quarantine, TimestampMs now) {
  MetadataOpenReport report;
  const auto age_ms = CopyAgeMs(fs, directory, now);
  const bool there = fs.Stat(fmt::format("{}/{}", directory, kDatabaseName)).ok();
  if (there) {
    auto database = OpenSound(fs, directory);
    // One without content beside a copy has lost it.
    const bool lost = database.ok() && database->schema == Schema::kMade && age_ms;
    if (database.ok() && !lost) return report;
    if (!database.ok() && database.error().code != ErrorCode::kCorrupt) return database.error();
    report.notes.push_back(fmt::format("the metadata database is broken ({}) and went to {}",
                                       lost ? "it is empty" : database.error().message,
                                       quarantine));
  }
  report.created = !age_ms;
  if (!there && !age_ms) return report;
  // A write-ahead log without its database must go too: it would be replayed into the restored one.
  RETURN_IF_ERROR(Quarantine(fs, directory, quarantine, kDatabaseName, now));
  if (!age_ms) return report;
  if (auto copy = OpenCopy(directory); !copy.ok()) {
    if (copy.error().code != ErrorCode::kCorrupt) return copy.error();
    report.notes.push_back(fmt::format("the copy of the metadata is broken ({}) and went to {}",
                                       copy.error().message, quarantine));
    RETURN_IF_ERROR(Quarantine(fs, directory, quarantine, kCopyName, now));
    report.created = true;
    return report;
  }
  RETURN_IF_ERROR(RestoreFromCopy(fs, directory));
  report.notes.push_back(fmt::format(
      "the metadata database {} and came back from its copy, which is {} old: topics and positions "
      "are completed from the log, consumer groups go back to what they had committed by then, and "
      "what else changed is lost",
      there ? "was broken" : "was missing", AgeText(*age_ms)));
  return report;
}

}  // namespace

Result<OpenedStore> OpenSqliteStore(file::FileSystem& fs, const std::string& directory,
                                    const std::string& quarantine, TimestampMs now) {
  ASSIGN_OR_RETURN(MetadataOpenReport report, MakeReady(fs, directory, quarantine, now));
  ASSIGN_OR_RETURN(MainDatabase main, OpenMain(directory));
  auto store = std::make_unique<SqliteStore>(fs, directory, std::move(main.database));
  const std::string age = AgeText(CopyAgeMs(fs, directory, now).value_or(0));
  RETURN_IF_ERROR(store->RepairBadRows(age, report.notes));
  store->KeepReserve();
  RETURN_IF_ERROR(fs.SyncDirectory(directory));
  return OpenedStore{std::move(store), std::move(report)};
}

}  // namespace logboom::broker
