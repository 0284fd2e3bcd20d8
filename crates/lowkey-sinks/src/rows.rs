//! The rows of a gateway that is the only one.

use crate::desk::{Desk, Done, Kept, damaged};
use crate::error::SinkError;
use lowkey_host::numbered::{HeldRow, Last, Later, Row, Rows, RunId, Unstored};
use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError, WriteTransaction};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The [`Rows`] of a gateway that is the only one, in a file that a crash does not damage.
///
/// What a call has written is on the disk when it returns; what many write at once is one commit. The file is made for
/// the eyes of its owner, and holds names of devices and numbers of messages. One process has it open at a time; a
/// second one is told so.
#[derive(Clone, Debug)]
pub struct FileRows(Arc<Desk<Holders>>);

impl FileRows {
    /// The file `rows.redb` in `folder`; both are made unless they are there.
    ///
    /// # Errors
    /// [`SinkError::InUse`]: another process has it. [`SinkError::File`]: it is damaged or of a later version, others
    /// than its owner may use it, or the system says no. It is as it was. Without it, each device begins as one that
    /// has sent nothing, so that its next messages may come twice.
    pub fn open(folder: &Path) -> Result<Self, SinkError> {
        Desk::open(folder, NAME, Holders::default()).map(Arc::new).map(Self)
    }

    /// Where the file is in `folder`, if it is there, so that whoever only looks makes none.
    pub fn in_folder(folder: &Path) -> Option<PathBuf> {
        Some(folder.join(NAME)).filter(|path| path.exists())
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// What is kept of the device of this name, for people.
    ///
    /// # Errors
    /// [`SinkError::File`].
    pub async fn row(&self, device: &str) -> Result<Option<Row>, SinkError> {
        let device = device.to_owned();
        let look = move |writing: &WriteTransaction, _: &mut Holders| {
            read(&writing.open_table(ROWS)?, &device).map(Done::Looked)
        };
        self.0.ask(look).await.map_err(SinkError::File)
    }

    /// A person has decided: the runs that a device was in before count no more, so that it may begin others, and one
    /// of those again after it was restored. How many they were; `None` for a device of which nothing is kept. A
    /// session that it has goes on.
    ///
    /// # Errors
    /// [`SinkError::File`].
    pub async fn forget_old_runs(&self, device: &str) -> Result<Option<usize>, SinkError> {
        let device = device.to_owned();
        let forget = move |writing: &WriteTransaction, _: &mut Holders| {
            let mut table = writing.open_table(ROWS)?;
            let Some(mut row) = read(&table, &device)? else { return Ok(Done::Looked(None)) };
            let forgotten = row.forget_old_runs();
            table.insert(&*device, &*row.to_string())?;
            Ok(Done::Changed(Some(forgotten)))
        };
        self.0.ask(forget).await.map_err(SinkError::File)
    }
}

impl Rows for FileRows {
    fn begin<'a>(&'a self, device: &'a str, run: RunId) -> Later<'a, Result<Box<dyn HeldRow>, Unstored>> {
        Box::pin(async move {
            let name: Arc<str> = device.into();
            let device = Arc::clone(&name);
            let enter = move |writing: &WriteTransaction, holders: &mut Holders| {
                let mut table = writing.open_table(ROWS)?;
                let (row, changed) = match read(&table, &name)? {
                    None => (Row::new(run), true),
                    Some(mut row) => match row.enter(run) {
                        Ok(changed) => (row, changed),
                        Err(unstored) => return Ok(Done::Looked(Err(unstored))),
                    },
                };
                let begun = Ok((holders.hold(&name), row.last()));
                if changed {
                    table.insert(&*name, &*row.to_string())?;
                    return Ok(Done::Changed(begun));
                }
                Ok(Done::Looked(begun))
            };
            let (holder, last) = self.0.ask(enter).await.map_err(Unstored::Failed)??;
            let held = Held { desk: Arc::clone(&self.0), device, run, holder, last };
            Ok(Box::new(held) as Box<dyn HeldRow>)
        })
    }
}

/// The row of a device, for the session that began last.
struct Held {
    desk: Arc<Desk<Holders>>,
    device: Arc<str>,
    run: RunId,
    holder: u64,
    last: Option<Last>,
}

impl HeldRow for Held {
    fn last(&self) -> Option<Last> {
        self.last
    }

    fn write(&mut self, last: Last) -> Later<'_, Result<(), Unstored>> {
        Box::pin(async move {
            let (device, holder, run) = (Arc::clone(&self.device), self.holder, self.run);
            let store = move |writing: &WriteTransaction, holders: &mut Holders| {
                if !holders.holds(&device, holder) {
                    return Ok(Done::Looked(Err(Unstored::Moved)));
                }
                let mut table = writing.open_table(ROWS)?;
                let row = read(&table, &device)?.filter(|row| row.run() == run);
                let Some(mut row) = row else { return Ok(Done::Looked(Err(Unstored::Moved))) };
                if !row.store(last) {
                    return Ok(Done::Looked(Ok(())));
                }
                table.insert(&*device, &*row.to_string())?;
                Ok(Done::Changed(Ok(())))
            };
            self.desk.ask(store).await.map_err(Unstored::Failed)??;
            self.last = Some(self.last.filter(|before| before.number > last.number).unwrap_or(last));
            Ok(())
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (device, holder) = (Arc::clone(&self.device), self.holder);
        // Nobody waits for that.
        drop(self.desk.tell(move |_, holders| {
            holders.release(&device, holder);
            Ok(Done::Looked(()))
        }));
    }
}

/// Which session of each device has begun last, while it is there.
#[derive(Debug, Default)]
struct Holders {
    of: HashMap<Arc<str>, u64>,
    next: u64,
}

impl Holders {
    fn hold(&mut self, device: &Arc<str>) -> u64 {
        self.next += 1;
        self.of.insert(Arc::clone(device), self.next);
        self.next
    }

    fn holds(&self, device: &str, holder: u64) -> bool {
        self.of.get(device) == Some(&holder)
    }

    fn release(&mut self, device: &str, holder: u64) {
        if self.holds(device, holder) {
            self.of.remove(device);
        }
    }
}

impl Kept for Holders {
    /// Sees that each row is one.
    fn recall(&mut self, database: &Database) -> Result<(), redb::Error> {
        let table = match database.begin_read()?.open_table(ROWS) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            table => table?,
        };
        for entry in table.iter()? {
            let (_, row) = entry?;
            parse(row.value())?;
        }
        Ok(())
    }
}

fn read(table: &Table<'_, &'static str, &'static str>, device: &str) -> Result<Option<Row>, redb::Error> {
    table.get(device)?.map(|row| parse(row.value())).transpose()
}

fn parse(row: &str) -> Result<Row, redb::Error> {
    row.parse().map_err(|_| damaged("a row is not what is kept of a device"))
}

const NAME: &str = "rows.redb";
/// By the device's name.
const ROWS: TableDefinition<'_, &str, &str> = TableDefinition::new("rows");
