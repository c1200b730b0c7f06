//! DuckDB: one instance, closed at birth, many connections.
//!
//! The instance may read the published tables' folder and nothing else; extensions and settings are locked. A closure
//! goes to the connection, the connection never leaves.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use duckdb::{Config, Connection};

use crate::Error;
use crate::filter::quote_text;

/// What DuckDB may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Memory for all queries together, as DuckDB spells it (`4GB`).
    pub memory: String,
    /// Disk for what does not fit in memory.
    pub temporary_disk: String,
    /// Threads for all queries together.
    pub threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self { memory: "4GB".into(), temporary_disk: "16GB".into(), threads }
    }
}

/// The instance and its resting connections.
#[derive(Clone)]
pub(crate) struct Engine {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    root: Mutex<Connection>,
    resting: Mutex<Vec<Connection>>,
    version: AtomicU64,
}

/// A poisoned lock only means that another request failed half-way; the connection itself rolled back.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// Opens the working set `file`; queries may read below `tables` and spill below `temporary`.
    pub fn open(file: &Path, tables: &Path, temporary: &Path, limits: &Limits) -> Result<Self, Error> {
        let config = Config::default()
            .with("custom_user_agent", "tator")?
            .with("autoinstall_known_extensions", "false")?
            .with("autoload_known_extensions", "false")?
            .with("allow_community_extensions", "false")?;
        let root = Connection::open_with_flags(file, config)?;
        close_doors(&root, tables, temporary, limits)?;
        Ok(Self {
            shared: Arc::new(Shared { root: Mutex::new(root), resting: Mutex::default(), version: AtomicU64::new(0) }),
        })
    }

    /// The instance, without keeping it open.
    pub fn downgrade(&self) -> Weak<Shared> {
        Arc::downgrade(&self.shared)
    }

    /// The instance, if it is still open.
    pub fn upgrade(shared: &Weak<Shared>) -> Option<Self> {
        shared.upgrade().map(|shared| Self { shared })
    }

    /// A connection of its own, for as long as the caller needs one.
    pub fn connect(&self) -> Result<Connection, Error> {
        Ok(lock(&self.shared.root).try_clone()?)
    }

    /// How often data has changed since the start; what was counted at one version holds as long as it lasts.
    pub fn version(&self) -> u64 {
        self.shared.version.load(Ordering::SeqCst)
    }

    /// Data has changed.
    pub fn bump_version(&self) {
        self.shared.version.fetch_add(1, Ordering::SeqCst);
    }

    /// Lends a connection to `read`. Reading statements are planned anew every time: DuckDB plans with the column
    /// statistics of the moment, and a kept plan gives cut texts when the columns have grown since (1.5.6). Statements
    /// that read or write rows by number and do not sort have nothing to go stale: those few are kept.
    /// A connection whose statement failed is let go.
    pub fn with<T>(&self, read: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        let resting = lock(&self.shared.resting).pop();
        let connection = match resting {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let answer = read(&connection);
        if answer.is_ok() {
            lock(&self.shared.resting).push(connection);
        }
        answer
    }
}

/// Order matters: configuration is locked last (securing DuckDB, duckdb.org/docs/operations_manual/securing_duckdb).
fn close_doors(connection: &Connection, tables: &Path, temporary: &Path, limits: &Limits) -> Result<(), Error> {
    let folder = |path: &Path| quote_text(&path.to_string_lossy());
    let settings = format!(
        "SET memory_limit = {memory};
         SET threads = {threads};
         SET temp_directory = {temporary};
         SET max_temp_directory_size = {disk};
         SET checkpoint_threshold = '64MB';
         SET preserve_insertion_order = true;
         SET TimeZone = 'UTC';
         SET allowed_directories = [{tables}];
         SET enable_external_access = false;
         SET lock_configuration = true;",
        memory = quote_text(&limits.memory),
        threads = limits.threads,
        temporary = folder(temporary),
        disk = quote_text(&limits.temporary_disk),
        tables = folder(tables),
    );
    connection.execute_batch(&settings)?;
    Ok(())
}
