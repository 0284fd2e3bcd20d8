//! A file that a crash does not damage, of one version and for one process.

use lowkey_registry::state_file::{self, make_folder};
use lowkey_registry::text_file::{TextError, Trust, believed};
use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, ReadableDatabase, StorageError, TableDefinition, TableError};
use std::fs;
use std::path::Path;
use std::{fmt, io};

/// Opens the file of this name in `folder`, or makes both.
pub(super) fn open(folder: &Path, name: &str) -> Result<Database, NotOpen> {
    make_folder(folder).map_err(NotOpen::File)?;
    let (path, new) = (folder.join(name), folder.join(format!("{name}.new")));
    // One that a server was killed over is no file yet, and not a damaged one.
    if !path.try_exists().map_err(NotOpen::File)? {
        let _ = fs::remove_file(&new); // there is none, as a rule
        write_version(&at(&new)?)?;
        fs::rename(&new, &path).map_err(NotOpen::File)?;
        // Its name outlives a power cut as well.
        #[cfg(unix)]
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(NotOpen::File)?;
    }
    reopen(&path)
}

/// Opens a file that was made.
pub(super) fn reopen(path: &Path) -> Result<Database, NotOpen> {
    if !path.try_exists().map_err(NotOpen::File)? {
        return Err(NotOpen::File(io::ErrorKind::NotFound.into()));
    }
    let database = at(path)?;
    match version(&database)? {
        Some(VERSION) => Ok(database),
        Some(other) => Err(NotOpen::Version(other)),
        None => Err(NotOpen::Damaged("it says no version".to_owned())),
    }
}

fn at(path: &Path) -> Result<Database, NotOpen> {
    let file = state_file::open(path).map_err(NotOpen::File)?;
    believed(&file, path, Trust::Secret).map_err(NotOpen::Foreign)?;
    let mut builder = Builder::new();
    // A damaged file is then an error and not a panic.
    builder.set_check_integrity_on_open(true).set_cache_size(CACHE);
    builder.create_with_backend(FileBackend::new(file)?).map_err(NotOpen::from)
}

fn version(database: &Database) -> Result<Option<u64>, redb::Error> {
    let head = match database.begin_read()?.open_table(HEAD) {
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        head => head?,
    };
    Ok(head.get(IS)?.map(|version| version.value()))
}

fn write_version(database: &Database) -> Result<(), redb::Error> {
    let writing = database.begin_write()?;
    writing.open_table(HEAD)?.insert(IS, VERSION)?;
    Ok(writing.commit()?)
}

/// What is read is not what was written.
pub(crate) fn damaged(what: &str) -> redb::Error {
    redb::Error::Corrupted(what.to_owned())
}

/// Why a file cannot be had.
#[derive(Debug)]
pub(super) enum NotOpen {
    /// Another process has it.
    InUse,
    /// It is of this version, which is none of ours.
    Version(u64),
    /// What is in it is not what was written.
    Damaged(String),
    /// Others than we may write it, or read it.
    Foreign(TextError),
    /// The system says no.
    File(io::Error),
}

impl From<DatabaseError> for NotOpen {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::InUse,
            DatabaseError::Storage(error) => redb::Error::from(error).into(),
            error => Self::Damaged(error.to_string()),
        }
    }
}

impl From<redb::Error> for NotOpen {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error)
                if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
            {
                Self::File(error)
            }
            redb::Error::PreviousIo => Self::File(io::Error::other("the disk has failed before")),
            redb::Error::Corrupted(why) => Self::Damaged(why),
            error => Self::Damaged(error.to_string()),
        }
    }
}

impl From<StorageError> for NotOpen {
    fn from(error: StorageError) -> Self {
        redb::Error::from(error).into()
    }
}

impl fmt::Display for NotOpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::File(error) => error.to_string(),
            Self::Foreign(error) => error.what(),
            Self::Version(version) => {
                format!(
                    "it is of version {version}, which a later lowkey has written; this one reads {VERSION}"
                )
            }
            Self::Damaged(why) => format!("it is damaged: {why}"),
            Self::InUse => "another server has it open".to_owned(),
        };
        f.write_str(&why)
    }
}

const HEAD: TableDefinition<'_, &str, u64> = TableDefinition::new("head");
const IS: &str = "version";
const VERSION: u64 = 1;
/// Of the file, in memory.
const CACHE: usize = 4 << 20;
