//! What is left of the file when the power fails, at each write of it.

use super::book::Book;
use super::memo::{Memo, Why};
use super::moment::Moment;
use super::state::State;
use super::store::{NotOpen, Recalled, Store};
use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use test_support::Random;
use test_support::world::log::Log;

/// A disk that keeps for sure what was synced, and of the rest what chance wants.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Bytes>>);

#[derive(Debug, Default)]
struct Bytes {
    /// As the program sees it.
    now: Vec<u8>,
    /// As it was when it was synced.
    synced: Vec<u8>,
    /// What was written since then.
    unsynced: Vec<(usize, Vec<u8>)>,
    /// How many more writes there will be; then every one fails.
    left: usize,
}

impl Disk {
    fn bytes(&self) -> MutexGuard<'_, Bytes> {
        self.0.lock().unwrap()
    }

    /// The power fails; what is there when it is back.
    fn after_the_cut(&self, random: &mut Random) -> Self {
        let bytes = self.bytes();
        let mut survived = bytes.synced.clone();
        for (at, written) in &bytes.unsynced {
            if random.below(2) == 0 {
                survived.resize(survived.len().max(at + written.len()), 0);
                survived[*at..at + written.len()].copy_from_slice(written);
            }
        }
        let bytes = Bytes { now: survived.clone(), synced: survived, unsynced: Vec::new(), left: usize::MAX };
        Self(Arc::new(Mutex::new(bytes)))
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        out.copy_from_slice(&self.bytes().now[at..at + out.len()]);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.bytes().now.resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut bytes = self.bytes();
        if bytes.left == 0 {
            return Err(io::Error::other("the power is gone"));
        }
        bytes.synced = bytes.now.clone();
        bytes.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self.bytes();
        bytes.left = bytes.left.checked_sub(1).ok_or_else(|| io::Error::other("the power is gone"))?;
        let at = usize::try_from(offset).unwrap();
        bytes.now[at..at + data.len()].copy_from_slice(data);
        bytes.unsynced.push((at, data.to_vec()));
        Ok(())
    }
}

fn memo(n: u32) -> Memo {
    let mut memo = Memo::default();
    memo.refused(n, Why::Expired, None, Moment::from_seconds(n).unwrap());
    memo
}

/// Writes ten times three memos; how many times that went well.
fn write(disk: &Disk) -> u32 {
    let Ok((store, _)) = Store::over(disk.clone()) else { return 0 };
    let names: [Box<str>; 3] = ["a", "b", "c"].map(Into::into);
    let written = (1..=10).take_while(|n| {
        let devices = names.clone().map(|name| (name, Some(memo(*n))));
        store.write(&devices, Moment::from_seconds(*n)).is_ok()
    });
    written.count().try_into().unwrap()
}

#[test]
fn after_a_power_cut_at_any_write_all_is_as_it_was_written_last_or_before() {
    let mut random = Random::new();
    let mut cuts = 0;
    for left in 0.. {
        let disk = Disk::default();
        disk.bytes().left = left;
        let written = write(&disk);
        if disk.bytes().left > 0 {
            assert_eq!(written, 10);
            break;
        }
        cuts += 1;
        let (_, Recalled { memos, alive }) = match Store::over(disk.after_the_cut(&mut random)) {
            Ok(opened) => opened,
            // It was being made: nothing was in it, and it is set aside.
            Err(NotOpen::Damaged(_)) if written == 0 && left < MAKING => continue,
            Err(error) => panic!("{left}: {error}"),
        };
        let found = alive.map_or(0, Moment::seconds);
        // The last one may be there although nobody was told.
        assert!(found == written || found == written + 1, "{left}: {found} of {written}");
        assert!(memos.iter().all(|(_, read)| *read == memo(found)), "{left}");
        assert_eq!(memos.len(), if found == 0 { 0 } else { 3 }, "{left}");
    }
    assert!(cuts > 50, "{cuts}");
}

/// A full disk, for example, on which there is room again later.
#[test]
fn what_could_not_be_written_for_a_while_is_written_when_it_can_be_again() {
    for left in MAKING..40 {
        let disk = Disk::default();
        disk.bytes().left = usize::MAX;
        let over = disk.clone();
        Log::begin();
        let state = State::over("devices.redb".to_owned(), move || Store::over(over.clone())).unwrap().0;
        let book = Mutex::new(Book::default());
        let touch = |n: u32| {
            let at = Moment::from_seconds(n).unwrap();
            ["a", "b"]
                .iter()
                .for_each(|name| book.lock().unwrap().of(name).refused(1, Why::Expired, None, at));
        };
        touch(1);
        state.write(&book);
        disk.bytes().left = left - MAKING;
        (2..8).for_each(|n| {
            touch(n);
            state.write(&book);
        });
        disk.bytes().left = usize::MAX;
        state.write(&book);
        drop(state);
        let said = Log::take();
        assert!(said.matches("what is remembered cannot be written").count() <= 1, "{said}");
        assert!(
            said.lines().all(|line| !line.contains("written") || line.contains("file=\"devices.redb\"")),
            "{said}"
        );
        let (_, Recalled { memos, .. }) = Store::over(disk).unwrap();
        let there: Vec<(Box<str>, Memo)> = memos;
        let expected = book.lock().unwrap().get("a").unwrap().clone().recalled(false);
        assert_eq!(there, ["a", "b"].map(|name| (name.into(), expected.clone())), "{left}");
    }
}

/// How many writes it takes until there is a file at all.
const MAKING: usize = 8;
