//! Messages that what stands behind will never take, kept for people.

use crate::desk::{Desk, Done, Kept, damaged};
use crate::error::SinkError;
use lowkey_host::numbered::{DIGEST_LEN, RunId, SetAside};
use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError, WriteTransaction};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where messages are kept that were refused for good, so that one of them does not keep all that follow it from going
/// on: a file of bounded size, that a crash does not damage.
///
/// It holds what devices have said, in the clear, and so is for its owner's eyes only. When it is full, or a device has
/// its share in it, nothing more is put in: that device waits then until a person has taken something out, and nothing
/// is lost.
#[derive(Clone, Debug)]
pub struct Aside {
    desk: Arc<Desk<Shelf>>,
    held: Arc<Mutex<Held>>,
    bounds: Bounds,
}

/// How much is kept, in all and of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Messages, of all devices.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Messages, of one device.
    pub device_messages: u64,
    /// Their bytes.
    pub device_bytes: u64,
}

impl Default for Bounds {
    /// 10,000 messages and 64 MiB, of which one device has a tenth and an eighth.
    fn default() -> Self {
        Self { messages: 10_000, bytes: 64 << 20, device_messages: 1_000, device_bytes: 8 << 20 }
    }
}

/// How much is kept now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Messages.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// How much is on the disk.
#[derive(Debug, Default)]
struct Held {
    all: Amount,
    of: HashMap<Box<str>, Amount>,
}

impl Aside {
    /// The file `aside.redb` in `folder`; both are made unless they are there.
    ///
    /// # Errors
    /// [`SinkError::InUse`] and [`SinkError::File`], as of [`FileRows::open`](crate::FileRows::open).
    pub fn open(folder: &Path, bounds: Bounds) -> Result<Self, SinkError> {
        let held = Arc::<Mutex<Held>>::default();
        let shelf = Shelf {
            bounds,
            all: Amount::default(),
            of: HashMap::new(),
            changed: Changed::All,
            held: Arc::clone(&held),
        };
        let desk = Desk::open(folder, NAME, shelf).map(Arc::new)?;
        Ok(Self { desk, held, bounds })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        self.desk.path()
    }

    /// The file in `folder`, without making it: `None`, nothing was ever kept there.
    pub fn in_folder(folder: &Path) -> Option<PathBuf> {
        Some(folder.join(NAME)).filter(|path| path.exists())
    }

    /// How much may be kept.
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// How much is kept now: what is on the disk.
    pub fn amount(&self) -> Amount {
        self.held().all
    }

    /// How much of one device.
    pub fn amount_of(&self, device: &str) -> Amount {
        self.held().of.get(device).copied().unwrap_or_default()
    }

    /// Of how many devices something is kept.
    pub fn devices(&self) -> u64 {
        self.held().of.len() as u64
    }

    /// Those that have their share, by name: as many messages as they may, or nine tenths of the bytes, so that the
    /// next one may have no room.
    pub fn full(&self) -> Vec<String> {
        let most = self.bounds;
        let is_full = |is: &Amount| {
            is.messages >= most.device_messages || is.bytes >= most.device_bytes - most.device_bytes / 10
        };
        let held = self.held();
        let mut full: Vec<String> =
            held.of.iter().filter(|(_, is)| is_full(is)).map(|(device, _)| device.to_string()).collect();
        full.sort();
        full
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept, by device, run and number: of one device, or of all; at most so many.
    ///
    /// # Errors
    /// [`SinkError::File`].
    pub async fn list(&self, device: Option<&str>, most: usize) -> Result<Vec<SetAside>, SinkError> {
        let device = device.map(str::to_owned);
        let look = move |writing: &WriteTransaction, _: &mut Shelf| {
            let table = writing.open_table(MESSAGES)?;
            let range = match &device {
                Some(device) => {
                    table.range((&**device, 0, 0, 0)..=(&**device, u64::MAX, u64::MAX, u64::MAX))?
                }
                None => table.iter()?,
            };
            let shown = range.take(most).map(|entry| {
                let (key, value) = entry?;
                let ((device, run, number, _), (status, at, why, bytes)) = (key.value(), value.value());
                Ok(SetAside {
                    device: device.to_owned(),
                    run: RunId::new(run.to_be_bytes()),
                    number,
                    status,
                    why: why.to_owned(),
                    at: UNIX_EPOCH + Duration::from_secs(at),
                    bytes: bytes.len() as u64,
                })
            });
            shown.collect::<Result<Vec<_>, redb::Error>>().map(Done::Looked)
        };
        self.desk.ask(look).await.map_err(SinkError::File)
    }

    /// The bytes of a message that is kept. Of several with one number, which are of a device with a twin: the first.
    ///
    /// # Errors
    /// [`SinkError::File`].
    pub async fn message(&self, device: &str, run: RunId, number: u64) -> Result<Option<Vec<u8>>, SinkError> {
        let device = device.to_owned();
        let look = move |writing: &WriteTransaction, _: &mut Shelf| {
            let table = writing.open_table(MESSAGES)?;
            let found = table.range(keys(&device, run, number))?.next().transpose()?;
            Ok(Done::Looked(found.map(|(_, value)| value.value().3.to_vec())))
        };
        self.desk.ask(look).await.map_err(SinkError::File)
    }

    /// A person has decided: this message is kept no longer. Whether it was.
    ///
    /// # Errors
    /// [`SinkError::File`].
    pub async fn remove(&self, device: &str, run: RunId, number: u64) -> Result<bool, SinkError> {
        let device = device.to_owned();
        let remove = move |writing: &WriteTransaction, shelf: &mut Shelf| {
            let mut table = writing.open_table(MESSAGES)?;
            let removed = take_out(&mut table, shelf, &device, keys(&device, run, number))?;
            Ok(if removed == 0 { Done::Looked(false) } else { Done::Changed(true) })
        };
        self.desk.ask(remove).await.map_err(SinkError::File)
    }

    /// A person has decided: no message of this device is kept any longer. How many they were.
    ///
    /// # Errors
    /// [`SinkError::File`].
    pub async fn remove_all(&self, device: &str) -> Result<u64, SinkError> {
        let device = device.to_owned();
        let remove = move |writing: &WriteTransaction, shelf: &mut Shelf| {
            let mut table = writing.open_table(MESSAGES)?;
            let range = (&*device, 0, 0, 0)..=(&*device, u64::MAX, u64::MAX, u64::MAX);
            let removed = take_out(&mut table, shelf, &device, range)?;
            Ok(if removed == 0 { Done::Looked(0) } else { Done::Changed(removed) })
        };
        self.desk.ask(remove).await.map_err(SinkError::File)
    }

    /// Keeps a message; why not, if there is no room for it.
    pub(crate) async fn keep(&self, refused: Refused) -> Result<Result<(), String>, String> {
        let keep = move |writing: &WriteTransaction, shelf: &mut Shelf| {
            let Refused { device, run, number, digest, status, why, bytes } = refused;
            let [run, digest] = [*run.as_bytes(), digest].map(u64::from_be_bytes);
            let key = (&*device, run, number, digest);
            let mut table = writing.open_table(MESSAGES)?;
            if table.get(key)?.is_some() {
                return Ok(Done::Looked(Ok(()))); // and a crash came before its row was written
            }
            let new = Amount { messages: 1, bytes: bytes.len() as u64 };
            if let Err(full) = shelf.room_for(&device, new) {
                return Ok(Done::Looked(Err(full)));
            }
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            table.insert(key, (status, now, &*why, &*bytes))?;
            shelf.put(&device, new);
            Ok(Done::Changed(Ok(())))
        };
        self.desk.ask(keep).await
    }
}

/// What is put in.
pub(crate) struct Refused {
    pub(crate) device: Arc<str>,
    pub(crate) run: RunId,
    pub(crate) number: u64,
    pub(crate) digest: [u8; DIGEST_LEN],
    pub(crate) status: u16,
    pub(crate) why: String,
    pub(crate) bytes: Vec<u8>,
}

/// How much is in it, with what is not committed yet.
struct Shelf {
    bounds: Bounds,
    all: Amount,
    of: HashMap<Box<str>, Amount>,
    /// Of which devices `held` does not say it.
    changed: Changed,
    held: Arc<Mutex<Held>>,
}

enum Changed {
    All,
    Some(Vec<Box<str>>),
}

impl Shelf {
    fn room_for(&self, device: &str, new: Amount) -> Result<(), String> {
        let fits = |is: Amount, messages, bytes| is.messages < messages && is.bytes + new.bytes <= bytes;
        let (bounds, of) = (self.bounds, self.of.get(device).copied().unwrap_or_default());
        if !fits(of, bounds.device_messages, bounds.device_bytes) {
            return Err("as many messages of this device are set aside as may be".to_owned());
        }
        if !fits(self.all, bounds.messages, bounds.bytes) {
            return Err("as many messages are set aside as may be".to_owned());
        }
        Ok(())
    }

    fn put(&mut self, device: &str, new: Amount) {
        let of = self.of.entry(device.into()).or_default();
        for amount in [of, &mut self.all] {
            amount.messages += new.messages;
            amount.bytes += new.bytes;
        }
        self.changes(device);
    }

    fn changes(&mut self, device: &str) {
        if let Changed::Some(devices) = &mut self.changed {
            devices.push(device.into());
        }
    }

    fn take(&mut self, device: &str, old: Amount) {
        if let Some(of) = self.of.get_mut(device) {
            of.messages -= old.messages;
            of.bytes -= old.bytes;
            if of.messages == 0 {
                self.of.remove(device);
            }
        }
        self.all.messages -= old.messages;
        self.all.bytes -= old.bytes;
        self.changes(device);
    }
}

impl Kept for Shelf {
    fn recall(&mut self, database: &Database) -> Result<(), redb::Error> {
        (self.all, self.of, self.changed) = (Amount::default(), HashMap::new(), Changed::All);
        let table = match database.begin_read()?.open_table(MESSAGES) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            table => table?,
        };
        for entry in table.iter()? {
            let (key, value) = entry?;
            let bytes = value.value().3.len() as u64;
            self.put(key.value().0, Amount { messages: 1, bytes });
        }
        Ok(())
    }

    fn settled(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all = self.all;
        match std::mem::replace(&mut self.changed, Changed::Some(Vec::new())) {
            Changed::All => held.of.clone_from(&self.of),
            Changed::Some(devices) => {
                for device in devices {
                    match self.of.get(&device) {
                        Some(amount) => held.of.insert(device, *amount),
                        None => held.of.remove(&device),
                    };
                }
            }
        }
    }
}

type Key<'a> = (&'a str, u64, u64, u64);
type Messages<'t> = Table<'t, Key<'static>, (u16, u64, &'static str, &'static [u8])>;

/// All with this number.
fn keys(device: &str, run: RunId, number: u64) -> std::ops::RangeInclusive<Key<'_>> {
    let run = u64::from_be_bytes(*run.as_bytes());
    (device, run, number, 0)..=(device, run, number, u64::MAX)
}

fn take_out(
    table: &mut Messages<'_>,
    shelf: &mut Shelf,
    device: &str,
    range: std::ops::RangeInclusive<Key<'_>>,
) -> Result<u64, redb::Error> {
    let mut old = Amount::default();
    for entry in table.extract_from_if(range, |_, _| true)? {
        let (_, value) = entry?;
        old.messages += 1;
        old.bytes += value.value().3.len() as u64;
    }
    if shelf.all.messages < old.messages || shelf.all.bytes < old.bytes {
        return Err(damaged("more was set aside than was counted"));
    }
    shelf.take(device, old);
    Ok(old.messages)
}

const NAME: &str = "aside.redb";
/// By device, run, number and digest: status, seconds since 1970, what was said, and the message.
const MESSAGES: TableDefinition<'_, Key<'static>, (u16, u64, &str, &[u8])> = TableDefinition::new("messages");

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn refused(number: u64) -> Refused {
        let (device, run) = ("a".into(), RunId::new([1; 8]));
        let why = "no such unit".to_owned();
        Refused { device, run, number, digest: [0; DIGEST_LEN], status: 422, why, bytes: vec![0; 10] }
    }

    #[tokio::test]
    async fn what_is_said_to_be_there_is_on_the_disk_also_where_the_disk_has_failed() {
        let folder = tempfile::tempdir().unwrap();
        let aside = Aside::open(folder.path(), Bounds::default()).unwrap();
        aside.keep(refused(1)).await.unwrap().unwrap();
        // What comes while the thread is held is one commit.
        let ((go, held), (begins, begun)) = (channel::<()>(), channel());
        let hold = aside.desk.tell(move |_, _| {
            begins.send(()).unwrap();
            let _ = held.recv();
            Ok(Done::Looked(()))
        });
        begun.recv().unwrap();
        let mut kept = Box::pin(aside.keep(refused(2)));
        assert!(begin(&mut kept).is_none());
        let fails = aside.desk.tell(|_, shelf| {
            assert_eq!(shelf.all.messages, 2);
            Err::<Done<()>, _>(redb::Error::PreviousIo)
        });
        go.send(()).unwrap();
        hold.await.unwrap().unwrap();
        assert!(kept.await.is_err() && fails.await.unwrap().is_err());
        assert_eq!((aside.amount(), aside.devices()), (Amount { messages: 1, bytes: 10 }, 1));
        // Opened again, it counts what is there.
        aside.keep(refused(3)).await.unwrap().unwrap();
        assert_eq!(aside.amount_of("a"), Amount { messages: 2, bytes: 20 });
    }

    /// Begins it.
    fn begin<T>(later: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match std::pin::Pin::new(later).poll(&mut context) {
            std::task::Poll::Ready(done) => Some(done),
            std::task::Poll::Pending => None,
        }
    }
}
