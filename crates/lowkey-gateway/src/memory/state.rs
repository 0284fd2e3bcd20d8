//! The file behind a memory: what is written to it, when, and what is said when that fails.

use super::book::Book;
use super::moment::Moment;
use super::store::{self, NAME, NotOpen, Recalled, Store};
use super::{Memory, Shared};
use lowkey_registry::text_file::shown;
use std::error::Error;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The file behind a memory.
pub(super) struct State {
    /// None after an error: a database that could not write once does not write again until it is opened anew.
    store: Mutex<Option<Store>>,
    open: Box<Open>,
    /// Its file, for people.
    file: String,
    /// Whether it was said that it cannot be written.
    failing: AtomicBool,
}

/// Opens the file, which may be another one than before.
type Open = dyn Fn() -> Result<(Store, Recalled), NotOpen> + Send + Sync;

impl Memory {
    /// One that a file in `folder` keeps over a restart, `devices.redb`, written every two seconds: a crash loses no
    /// more than that. It is this server's alone.
    ///
    /// A file that is damaged is set aside (`devices.redb.damaged-…`) and begun anew; one that cannot be had at all, or
    /// that another server has open, makes this one a memory [without a file](Self::new). Both are said in the log
    /// (`lowkey.state_damaged`, `lowkey.state_failed`), and are no reason not to serve devices.
    ///
    /// Blocks: 100,000 devices take about a second.
    pub fn open(folder: &Path) -> Self {
        let now = Moment::now();
        let owned = folder.to_owned();
        let file = shown(&folder.join(NAME));
        match State::over(file.clone(), move || open_or_begin(&owned)) {
            Ok((state, recalled)) => {
                let mut memos = recalled.memos;
                let alive = recalled.alive.unwrap_or(now);
                let open = memos.iter_mut().map(|(_, memo)| memo).filter(|memo| memo.is_open());
                open.for_each(|memo| memo.lost(alive));
                let book = Mutex::new(Book::recalled(memos));
                Self(Arc::new(Shared { book, state: Some(state), ..Shared::default() }))
            }
            Err(error) => {
                tracing::error!(name: "lowkey.state_failed", target: "lowkey", %file, %error, "devices are remembered until this process ends, and no longer");
                Self::new()
            }
        }
    }
}

/// Opens the file in `folder`; one that is damaged is set aside, and begun anew.
fn open_or_begin(folder: &Path) -> Result<(Store, Recalled), NotOpen> {
    match Store::open(folder) {
        Err(NotOpen::Damaged(error)) => {
            let aside = store::set_aside(folder, Moment::now()).map_err(NotOpen::File)?;
            let aside = shown(&aside);
            tracing::error!(name: "lowkey.state_damaged", target: "lowkey", error, %aside, "what was remembered is damaged; it was set aside, and memory begins anew");
            Store::open(folder)
        }
        opened => opened,
    }
}

impl State {
    /// Over what `open` gives of `file`, now and after errors.
    pub(super) fn over(
        file: String,
        open: impl Fn() -> Result<(Store, Recalled), NotOpen> + Send + Sync + 'static,
    ) -> Result<(Self, Recalled), NotOpen> {
        let (store, recalled) = open()?;
        let store = Mutex::new(Some(store));
        Ok((Self { store, open: Box::new(open), file, failing: AtomicBool::new(false) }, recalled))
    }

    /// Writes what has changed. What cannot be written is tried again the next time.
    pub(super) fn write(&self, book: &Mutex<Book>) {
        match self.try_to_write(book) {
            Ok(()) => {
                if self.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!(name: "lowkey.state_written", target: "lowkey", file = self.file, "what is remembered can be written again");
                }
            }
            Err(error) => {
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(name: "lowkey.state_unwritten", target: "lowkey", file = self.file, %error, "what is remembered cannot be written; it is tried again");
                }
            }
        }
    }

    fn try_to_write(&self, book: &Mutex<Book>) -> Result<(), Box<dyn Error>> {
        let lock = || book.lock().unwrap_or_else(PoisonError::into_inner);
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match store.take() {
            Some(open) => open,
            None => {
                let (open, recalled) = (self.open)()?;
                lock().all_unwritten(recalled.memos.into_iter().map(|(name, _)| name));
                open
            }
        };
        // Once through all names: what changes meanwhile has its turn the next time. What happened before now is
        // written when that this server lives is, and not earlier.
        let now = Moment::now();
        let mut behind: Box<str> = "".into();
        loop {
            let devices = lock().unwritten(&behind, AT_ONCE);
            let is_last = devices.len() < AT_ONCE;
            open.write(&devices, is_last.then_some(now))?;
            match devices.into_iter().next_back() {
                Some((last, _)) if !is_last => behind = last,
                _ => break,
            }
        }
        *store = Some(open);
        Ok(())
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("failing", &self.failing).finish_non_exhaustive()
    }
}

/// How many memos are written in one go: a larger one would take more of the file at once.
const AT_ONCE: usize = 4096;
