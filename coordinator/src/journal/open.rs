//! Opening: a fresh file gets its tables; another one is checked, by its bytes alone, before SQLite may write anything.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection};
use traipse_sweep::Incarnation;

use super::header::{self, APPLICATION_ID};
use super::{Damage, Error, log};

/// Version of the tables. A change of them raises it, adds a step to what brings older files up to it, and leaves a folder
/// of the version before in `tests/data`.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// How long a connection of an earlier life may take to let go.
const BUSY: Duration = Duration::from_secs(10);

/// Rows that are read before the first of them is taken.
const READ_AHEAD: usize = 1_024;

/// SQLite's codes for a file that is no database, and for one that is broken.
const NOT_A_DATABASE: &str = "26";
const CORRUPT: u64 = 11;

const TABLES: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE journal(seq INTEGER PRIMARY KEY, facts BLOB NOT NULL, digest BLOB NOT NULL);
CREATE TABLE snapshots(seq INTEGER PRIMARY KEY, state BLOB NOT NULL, digest BLOB NOT NULL);
CREATE TABLE rows(id INTEGER PRIMARY KEY, sweep BLOB NOT NULL, job INTEGER NOT NULL, generation INTEGER NOT NULL,
    block BLOB NOT NULL, UNIQUE(sweep, job, generation));
CREATE TABLE workers(id INTEGER PRIMARY KEY, info BLOB NOT NULL UNIQUE);
CREATE TABLE attempts(id INTEGER PRIMARY KEY, sweep BLOB NOT NULL, job INTEGER NOT NULL, attempt INTEGER NOT NULL,
    worker INTEGER NOT NULL REFERENCES workers(id), record BLOB NOT NULL);
CREATE TABLE artifacts(sweep BLOB NOT NULL, job INTEGER NOT NULL, generation INTEGER NOT NULL, kind TEXT NOT NULL,
    lease INTEGER NOT NULL, size INTEGER NOT NULL, sha256 BLOB NOT NULL,
    PRIMARY KEY(sweep, job, generation, kind)) WITHOUT ROWID;
CREATE TABLE segments(sweep BLOB NOT NULL, upto INTEGER NOT NULL, PRIMARY KEY(sweep, upto)) WITHOUT ROWID;
CREATE TABLE files(path TEXT PRIMARY KEY, sweep BLOB NOT NULL, upto INTEGER NOT NULL, kind TEXT NOT NULL,
    size INTEGER NOT NULL, sha256 BLOB NOT NULL, n_rows INTEGER NOT NULL,
    FOREIGN KEY(sweep, upto) REFERENCES segments(sweep, upto)) WITHOUT ROWID;
";

/// An open file in a new life of the coordinator.
pub(super) struct Opened {
    pub(super) connection: SqliteConnection,
    /// This life, durable already.
    pub(super) incarnation: Incarnation,
    /// Makes the tokens of leases; the same in every life.
    pub(super) secret: [u8; 32],
}

/// Opens the file, or makes it; `fresh` is the secret of a new one.
pub(super) async fn open(path: &Path, fresh: [u8; 32]) -> Result<Opened, Error> {
    header::check(path)?;
    log::check(path)?;
    let mut connection = connect(path).await?;
    check_durable(&mut connection, path).await?;
    if is_empty(&mut connection, path).await? {
        create(&mut connection, path, fresh).await?;
    } else {
        check_kind(&mut connection, path).await?;
        check_pages(&mut connection, path).await?;
    }
    let secret = secret(&mut connection, path).await?;
    let incarnation = begin_life(&mut connection, path).await?;
    Ok(Opened { connection, incarnation, secret })
}

async fn connect(path: &Path) -> Result<SqliteConnection, Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        // A checkpoint at 16 MiB instead of 4, and a log that shrinks again after a burst.
        .pragma("wal_autocheckpoint", "4096")
        .pragma("journal_size_limit", "67108864")
        // In KiB: the index of the rows that are not sealed yet has to fit, or every row costs a read.
        .pragma("cache_size", "-16384")
        // A page of rows crosses to this thread at once: handing over a few at a time costs more than reading them.
        .row_buffer_size(READ_AHEAD)
        .disable_statement_logging();
    options.connect().await.map_err(|source| opening(path, source))
}

/// A file that is no database, or a broken one, shows itself at the first statement, wherever that is.
fn opening(path: &Path, source: sqlx::Error) -> Error {
    let code = source.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    let (path, code) = (path.to_owned(), code.unwrap_or_default());
    match code.as_str() {
        NOT_A_DATABASE => Error::Foreign { path },
        // The low byte is the code; the others say more of it.
        code if code.parse::<u64>().is_ok_and(|code| code & 0xff == CORRUPT) => {
            Error::Damaged { path, damage: Damage::Pages(source.to_string()) }
        }
        _ => Error::Open { path, source },
    }
}

/// Reads back what durability rests on.
async fn check_durable(connection: &mut SqliteConnection, path: &Path) -> Result<(), Error> {
    let synchronous: i64 = value(connection, path, "PRAGMA synchronous").await?;
    let journal: String = value(connection, path, "PRAGMA journal_mode").await?;
    let locking: String = value(connection, path, "PRAGMA locking_mode").await?;
    let found = [
        ("synchronous", if synchronous == 2 { "FULL".to_owned() } else { synchronous.to_string() }, "FULL"),
        ("journal_mode", journal, "wal"),
        ("locking_mode", locking, "exclusive"),
    ];
    match found.into_iter().find(|(_, found, expected)| found != expected) {
        None => Ok(()),
        Some((pragma, found, expected)) => Err(Error::NotDurable { path: path.to_owned(), pragma, found, expected }),
    }
}

async fn is_empty(connection: &mut SqliteConnection, path: &Path) -> Result<bool, Error> {
    let n_tables: i64 = value(connection, path, "SELECT COUNT(*) FROM sqlite_master").await?;
    let kind: i64 = value(connection, path, "PRAGMA application_id").await?;
    Ok(n_tables == 0 && kind == 0)
}

async fn create(connection: &mut SqliteConnection, path: &Path, secret: [u8; 32]) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let mut transaction = connection.begin().await.map_err(failed)?;
    transaction.execute(sqlx::raw_sql(TABLES)).await.map_err(failed)?;
    let header = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};");
    transaction.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(header))).await.map_err(failed)?;
    for (key, bytes) in [("secret", secret.to_vec()), ("incarnation", 0_u32.to_be_bytes().to_vec())] {
        let insert = sqlx::query("INSERT INTO meta(key, value) VALUES (?, ?)").bind(key).bind(bytes);
        insert.execute(&mut *transaction).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

async fn check_kind(connection: &mut SqliteConnection, path: &Path) -> Result<(), Error> {
    let kind: i64 = value(connection, path, "PRAGMA application_id").await?;
    if kind != i64::from(APPLICATION_ID) {
        return Err(Error::Foreign { path: path.to_owned() });
    }
    let found: i64 = value(connection, path, "PRAGMA user_version").await?;
    if found != i64::from(SCHEMA_VERSION) {
        return Err(Error::Version { path: path.to_owned(), found, expected: SCHEMA_VERSION.into() });
    }
    Ok(())
}

/// Reads every page: the file holds no more than what is not sealed yet.
async fn check_pages(connection: &mut SqliteConnection, path: &Path) -> Result<(), Error> {
    let damaged = |found: String| Error::Damaged { path: path.to_owned(), damage: Damage::Pages(found) };
    let check = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut *connection).await;
    match check {
        Ok::<String, _>(found) if found == "ok" => Ok(()),
        Ok(found) => Err(damaged(found)),
        Err(sqlx::Error::Database(error)) => Err(damaged(error.message().to_owned())),
        Err(source) => Err(Error::Read { path: path.to_owned(), source }),
    }
}

async fn secret(connection: &mut SqliteConnection, path: &Path) -> Result<[u8; 32], Error> {
    let bytes: Vec<u8> = value(connection, path, "SELECT value FROM meta WHERE key = 'secret'").await?;
    bytes.try_into().map_err(|_| Error::Damaged { path: path.to_owned(), damage: Damage::Value("the secret") })
}

/// Raises the incarnation, durably, before anything is granted in it.
async fn begin_life(connection: &mut SqliteConnection, path: &Path) -> Result<Incarnation, Error> {
    let bytes: Vec<u8> = value(connection, path, "SELECT value FROM meta WHERE key = 'incarnation'").await?;
    let malformed = || Error::Damaged { path: path.to_owned(), damage: Damage::Value("the incarnation") };
    let last = u32::from_be_bytes(bytes.try_into().map_err(|_| malformed())?);
    let next = last.checked_add(1).ok_or_else(malformed)?;
    sqlx::query("UPDATE meta SET value = ? WHERE key = 'incarnation'")
        .bind(next.to_be_bytes().to_vec())
        .execute(connection)
        .await
        .map_err(|source| Error::Write { path: path.to_owned(), source })?;
    Ok(Incarnation(next))
}

/// One value of one row.
async fn value<T>(connection: &mut SqliteConnection, path: &Path, sql: &'static str) -> Result<T, Error>
where
    T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite> + Send + Unpin,
{
    sqlx::query_scalar(sql).fetch_one(connection).await.map_err(|source| opening(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_life_begins_after_the_last_and_the_secret_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.sqlite");
        for life in 1..=3 {
            let mut opened = open(&path, [life; 32]).await.unwrap();
            assert_eq!(opened.incarnation, Incarnation(life.into()));
            assert_eq!(opened.secret, [1; 32]);
            let synchronous: i64 = value(&mut opened.connection, &path, "PRAGMA synchronous").await.unwrap();
            assert_eq!(synchronous, 2, "FULL");
            assert!(!dir.path().join("journal.sqlite-shm").exists(), "no shared memory: home directories are NFS");
            opened.connection.close().await.unwrap();
        }
    }

    #[tokio::test]
    async fn other_files_are_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let text = dir.path().join("text");
        std::fs::write(&text, "this is a letter to my mother, and no database at all\n".repeat(99)).unwrap();
        let before = std::fs::read(&text).unwrap();
        assert!(matches!(open(&text, [0; 32]).await, Err(Error::Foreign { .. })));
        assert_eq!(std::fs::read(&text).unwrap(), before);

        // Of another program, in its own journal mode, which must stay.
        let other = dir.path().join("other");
        let mut connection =
            SqliteConnectOptions::new().filename(&other).create_if_missing(true).connect().await.unwrap();
        connection.execute("CREATE TABLE mine(a)").await.unwrap();
        connection.close().await.unwrap();
        let before = std::fs::read(&other).unwrap();
        assert!(matches!(open(&other, [0; 32]).await, Err(Error::Foreign { .. })));
        assert_eq!(std::fs::read(&other).unwrap(), before);

        let newer = dir.path().join("newer");
        let mut opened = open(&newer, [0; 32]).await.unwrap();
        opened.connection.execute("PRAGMA user_version = 99").await.unwrap();
        opened.connection.close().await.unwrap();
        let before = std::fs::read(&newer).unwrap();
        let error = open(&newer, [0; 32]).await.map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("schema version 99") && error.contains("reads version"), "{error}");
        assert_eq!(std::fs::read(&newer).unwrap(), before);
    }
}
