//! The last registry that was read, for a start while NATS is away.

use crate::error::NatsError;
use lowkey_registry::rows::Row;
use lowkey_registry::state_file;
use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A file of rows that no crash damages.
#[derive(Debug)]
pub(crate) struct Snapshot {
    file: PathBuf,
    database: Mutex<Database>,
}

/// What was read last.
#[derive(Debug, Default)]
pub(crate) struct Last {
    /// Which registry it was; nothing if none was read yet.
    pub(crate) born: String,
    pub(crate) rows: Vec<Row>,
}

impl Snapshot {
    /// The file in `folder`, made unless it is there; only its owner reads it.
    pub(crate) fn open(folder: &Path) -> Result<Self, NatsError> {
        let file = folder.join(FILE);
        let failed = failed(&file);
        let opened = state_file::open(&file).map_err(|error| failed(&error))?;
        let file_of_it = FileBackend::new(opened).map_err(|error| failed(&error))?;
        let database =
            redb::Builder::new().create_with_backend(file_of_it).map_err(|error| failed(&error))?;
        Ok(Self { database: database.into(), file })
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn read(&self) -> Result<Last, NatsError> {
        let read = || -> Result<Last, redb::Error> {
            let reading = self.database().begin_read()?;
            let (rows, head) = match (reading.open_table(ROWS), reading.open_table(HEAD)) {
                (Ok(rows), Ok(head)) => (rows, head),
                (Err(redb::TableError::TableDoesNotExist(_)), _) => return Ok(Last::default()),
                (Err(error), _) | (_, Err(error)) => return Err(error.into()),
            };
            let born = head.get(BORN)?.map(|born| born.value().to_owned()).unwrap_or_default();
            let rows = rows.iter()?.map(|entry| {
                let (name, row) = entry?;
                let (revision, kept) = row.value();
                Ok(Row { name: name.value().to_owned(), revision, kept: Some(kept.to_owned()) })
            });
            let rows = rows.collect::<Result<_, redb::StorageError>>()?;
            Ok(Last { born, rows })
        };
        read().map_err(|error| failed(&self.file)(&error))
    }

    /// Puts these in the place of all.
    pub(crate) fn replace(&self, born: &str, rows: &[Row]) -> Result<(), NatsError> {
        self.write(|writing| {
            writing.delete_table(ROWS)?;
            writing.open_table(HEAD)?.insert(BORN, born)?;
            change(writing, rows)
        })
    }

    /// Takes changes along.
    pub(crate) fn change(&self, rows: &[Row]) -> Result<(), NatsError> {
        self.write(|writing| change(writing, rows))
    }

    fn write(
        &self,
        what: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), NatsError> {
        let write = || -> Result<(), redb::Error> {
            let writing = self.database().begin_write()?;
            what(&writing)?;
            Ok(writing.commit()?)
        };
        write().map_err(|error| failed(&self.file)(&error))
    }

    fn database(&self) -> std::sync::MutexGuard<'_, Database> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn change(writing: &redb::WriteTransaction, rows: &[Row]) -> Result<(), redb::Error> {
    let mut table = writing.open_table(ROWS)?;
    for Row { name, revision, kept } in rows {
        match kept {
            Some(kept) => drop(table.insert(&**name, (*revision, &**kept))?),
            None => drop(table.remove(&**name)?),
        }
    }
    Ok(())
}

fn failed(file: &Path) -> impl Fn(&dyn fmt::Display) -> NatsError + use<> {
    let file = lowkey_registry::text_file::shown(file);
    move |error| NatsError::Snapshot(format!("{file}: {error}"))
}

const FILE: &str = "registry.redb";
const ROWS: TableDefinition<'_, &str, (u64, &str)> = TableDefinition::new("rows");
const HEAD: TableDefinition<'_, &str, &str> = TableDefinition::new("head");
const BORN: &str = "born";

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, revision: u64, kept: Option<&str>) -> Row {
        Row { name: name.to_owned(), revision, kept: kept.map(str::to_owned) }
    }

    fn names(snapshot: &Snapshot) -> Vec<String> {
        snapshot.read().unwrap().rows.into_iter().map(|row| row.name).collect()
    }

    #[test]
    fn what_was_kept_is_there_after_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let snapshot = Snapshot::open(folder.path()).unwrap();
        assert!(names(&snapshot).is_empty());
        snapshot.replace("one", &[row("a", 1, Some("x")), row("b", 2, Some("y"))]).unwrap();
        snapshot.change(&[row("a", 3, None), row("c", 4, Some("z"))]).unwrap();
        drop(snapshot);
        let snapshot = Snapshot::open(folder.path()).unwrap();
        assert_eq!(
            (names(&snapshot), snapshot.read().unwrap().born),
            (vec!["b".to_owned(), "c".to_owned()], "one".to_owned())
        );
        snapshot.replace("two", &[row("d", 1, Some("x"))]).unwrap();
        assert_eq!(
            (names(&snapshot), snapshot.read().unwrap().born),
            (vec!["d".to_owned()], "two".to_owned())
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(snapshot.file()).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "only its owner reads who there is");
        }
    }
}
