//! The memos in a file that a crash does not damage.

use super::bytes::{decode, encode};
use super::memo::Memo;
use super::moment::Moment;
use lowkey_registry::state_file::{self, make_folder};
use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition,
    TableError,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::{fmt, io};

/// A file of memos, open and nobody else's.
#[derive(Debug)]
pub(super) struct Store(Database);

/// What a file had in it.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    pub(super) memos: Vec<(Box<str>, Memo)>,
    /// When a server last wrote that it lives.
    pub(super) alive: Option<Moment>,
}

/// Why a file cannot be had.
#[derive(Debug)]
pub(super) enum NotOpen {
    /// Another server has it.
    InUse,
    /// What is in it is not what was written.
    Damaged(String),
    /// The system says no.
    File(io::Error),
}

impl Store {
    /// Opens the file in `folder`, or makes it, for its owner's eyes only.
    pub(super) fn open(folder: &Path) -> Result<(Self, Recalled), NotOpen> {
        make_folder(folder).map_err(NotOpen::File)?;
        let (path, new) = (folder.join(NAME), folder.join(NEW));
        // One that a server was killed over is no file yet, and not a damaged one.
        if !path.exists() {
            let _ = fs::remove_file(&new); // there is none, as a rule
            drop(Self::at(&new)?);
            fs::rename(new, &path).map_err(NotOpen::File)?;
        }
        Self::at(&path)
    }

    fn at(path: &Path) -> Result<(Self, Recalled), NotOpen> {
        let file = state_file::open(path).map_err(NotOpen::File)?;
        Self::over(FileBackend::new(file).map_err(NotOpen::from)?)
    }

    /// The same over whatever keeps its bytes.
    pub(super) fn over(backend: impl StorageBackend) -> Result<(Self, Recalled), NotOpen> {
        let mut builder = Builder::new();
        // A damaged file is then an error and not a panic.
        builder.set_check_integrity_on_open(true).set_cache_size(CACHE);
        let database = builder.create_with_backend(backend).map_err(NotOpen::from)?;
        let store = Self(database);
        let recalled = store.recall().map_err(|error| NotOpen::Damaged(error.to_string()))?;
        Ok((store, recalled))
    }

    fn recall(&self) -> Result<Recalled, Box<dyn std::error::Error>> {
        let read = self.0.begin_read()?;
        let table = match read.open_table(DEVICES) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(Recalled::default()),
            table => table?,
        };
        let mut recalled = Recalled::default();
        for row in table.iter()? {
            let (name, bytes) = row?;
            let memo = decode(bytes.value()).ok_or("a memo is not of this version")?;
            recalled.memos.push((name.value().into(), memo));
        }
        let server = read.open_table(SERVER)?;
        recalled.alive = server.get(ALIVE)?.and_then(|alive| Moment::from_seconds(alive.value()));
        Ok(recalled)
    }

    /// Writes the memos of these devices, or takes them out, and when a server lived. All of it is on the disk when
    /// this returns, or nothing.
    pub(super) fn write(
        &self,
        devices: &[(Box<str>, Option<Memo>)],
        alive: Option<Moment>,
    ) -> Result<(), redb::Error> {
        let write = self.0.begin_write()?;
        {
            let mut table = write.open_table(DEVICES)?;
            for (name, memo) in devices {
                match memo {
                    Some(memo) => drop(table.insert(&**name, &*encode(memo))?),
                    None => drop(table.remove(&**name)?),
                }
            }
            let mut server = write.open_table(SERVER)?;
            if let Some(alive) = alive {
                server.insert(ALIVE, alive.seconds())?;
            }
        }
        Ok(write.commit()?)
    }
}

/// Puts a damaged file out of the way; where it is then.
pub(super) fn set_aside(folder: &Path, now: Moment) -> io::Result<PathBuf> {
    let aside = folder.join(format!("{NAME}.damaged-{}", now.seconds()));
    fs::rename(folder.join(NAME), &aside)?;
    Ok(aside)
}

impl From<DatabaseError> for NotOpen {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::InUse,
            DatabaseError::Storage(redb::StorageError::Io(error))
                if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
            {
                Self::File(error)
            }
            error => Self::Damaged(error.to_string()),
        }
    }
}

impl fmt::Display for NotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("another server has it open"),
            Self::Damaged(why) => write!(f, "it is damaged: {why}"),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotOpen {}

/// The file's name.
pub(super) const NAME: &str = "devices.redb";
const DEVICES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("devices");
const SERVER: TableDefinition<'_, &str, u32> = TableDefinition::new("server");
const ALIVE: &str = "alive";
/// Its name while it is made.
const NEW: &str = "devices.redb.new";
/// Of the file, in memory: it is read when a server begins, and then only written.
const CACHE: usize = 1 << 20;
