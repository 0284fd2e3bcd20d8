//! The file behind a memory: what is written to it, when, and what is said when that fails.

use super::book::Book;
use super::moment::Moment;
use super::store::{self, NAME, NotOpen, Store};
use super::{Memory, Shared};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The file behind a memory.
#[derive(Debug)]
pub(super) struct State {
    store: Store,
    /// Whether it was said that it cannot be written.
    failing: AtomicBool,
}

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
        let opened = match Store::open(folder) {
            Err(NotOpen::Damaged(error)) => store::set_aside(folder, now).map_err(NotOpen::File).and_then(|aside| {
                let aside = aside.display();
                tracing::error!(name: "lowkey.state_damaged", target: "lowkey", error, %aside, "what was remembered is damaged; it was set aside, and memory begins anew");
                Store::open(folder)
            }),
            opened => opened,
        };
        match opened {
            Ok((store, recalled)) => {
                let mut memos = recalled.memos;
                let alive = recalled.alive.unwrap_or(now);
                let open = memos.iter_mut().map(|(_, memo)| memo).filter(|memo| memo.is_open());
                open.for_each(|memo| memo.lost(alive));
                let state = State { store, failing: AtomicBool::new(false) };
                let book = Mutex::new(Book::recalled(memos));
                Self(Arc::new(Shared { book, state: Some(state), ..Shared::default() }))
            }
            Err(error) => {
                let file = folder.join(NAME);
                let file = file.display();
                tracing::error!(name: "lowkey.state_failed", target: "lowkey", %file, %error, "devices are remembered until this process ends, and no longer");
                Self::new()
            }
        }
    }
}

impl State {
    /// Writes what has changed. What cannot be written is tried again the next time.
    pub(super) fn write(&self, book: &Mutex<Book>) {
        let lock = || book.lock().unwrap_or_else(PoisonError::into_inner);
        // Once through all names: what changes meanwhile has its turn the next time.
        let mut behind: Box<str> = "".into();
        loop {
            let devices = lock().unwritten(&behind, AT_ONCE);
            // Nothing is written as well: that this server lives.
            if let Err(error) = self.store.write(&devices, Moment::now()) {
                lock().still_unwritten(devices);
                if !self.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(name: "lowkey.state_unwritten", target: "lowkey", %error, "what is remembered cannot be written; it is tried again");
                }
                return;
            }
            if self.failing.swap(false, Ordering::Relaxed) {
                tracing::info!(name: "lowkey.state_written", target: "lowkey", "what is remembered can be written again");
            }
            match devices.into_iter().nth(AT_ONCE - 1) {
                Some((last, _)) => behind = last,
                None => return,
            }
        }
    }
}

/// How many memos are written in one go: a larger one would take more of the file at once.
const AT_ONCE: usize = 4096;
