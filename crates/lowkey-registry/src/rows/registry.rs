//! What a server answers from when rows come and go one by one.

mod claims;
mod table;

use crate::snapshot::Changes;
use crate::told::{left_out, loaded};
use lowkey_host::{Fed, FedChange, Feed, Id, Identity, LeftOut, Pinned, Registry, Removed, Trouble};
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use table::{Compiler, Said, Table};

/// The devices of a registry that is kept in rows, each with a revision.
///
/// A row that is wrong takes out its own device and no other. What is in force depends on the rows that there are, and
/// not on the order in which they came: two servers that see the same rows let in the same devices. Of rows that claim
/// the same id, key or code the one of the lowest revision is in force. Which are not, [`faults`](Self::faults) says.
///
/// Cheap to clone; all clones share their devices. The rows themselves are not kept, but for those with PSK files.
#[derive(Clone)]
pub struct RowRegistry {
    shared: Arc<Shared>,
}

struct Shared {
    named: PathBuf,
    compiler: Compiler,
    feed: Feed,
    table: Mutex<Table>,
}

/// A row that comes, in the place of the one of this name if there is one, or one that goes.
#[derive(Clone, Debug)]
pub struct Row {
    /// The device's name, which the row says as well.
    pub name: String,
    /// Of two rows the later one's is larger, whosever they are.
    pub revision: u64,
    /// As it is [kept](super::Ranked::kept); `None`: the device is gone.
    pub kept: Option<String>,
}

/// A row that is not in force.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RowFault {
    /// The name by which it is kept.
    pub name: String,
    /// What is wrong, in a line.
    pub why: String,
}

impl RowRegistry {
    /// No rows yet. People read of the place as `named`; PSK files are relative to `folder`.
    pub fn new(named: impl Into<PathBuf>, folder: PathBuf, identity: impl Into<Arc<Identity>>) -> Self {
        let identity = identity.into();
        let shared = Shared {
            named: named.into(),
            feed: Feed::new(Arc::clone(&identity), Fed::default()),
            compiler: Compiler { identity, folder },
            table: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Puts `rows` in the place of all that there are, whatever revisions those have: look-ups see what was, or this.
    /// In force when it returns.
    ///
    /// This blocks, for some milliseconds for each 10,000 devices.
    pub fn replace(&self, rows: Vec<Row>) -> Changes {
        let Shared { compiler, feed, .. } = &*self.shared;
        let mut table = self.table();
        let known = table.said();
        let (new, changes) = table.replaced(rows, compiler, feed);
        *table = new;
        feed.replace(Fed { pinnings: table.pinnings(), left_out: table.left_out().to_vec(), digest: None });
        self.told(&known, &table, changes);
        changes
    }

    /// Takes these changes, all at once. Those of a revision that has been seen are no news, and left alone. In force
    /// when it returns.
    pub fn change(&self, rows: Vec<Row>) -> Changes {
        let Shared { compiler, feed, .. } = &*self.shared;
        let mut table = self.table();
        let known = table.said();
        let (FedChange { out, pinnings, .. }, changes) = table.change(rows, compiler, feed);
        feed.change(FedChange { out, pinnings, left_out: table.left_out().to_vec() });
        self.told(&known, &table, changes);
        changes
    }

    /// Looks at PSK files, a few at a time, and reads them again once one has changed and rests: to be called a few
    /// times a second. This blocks.
    pub fn look(&self) {
        let Shared { compiler, feed, .. } = &*self.shared;
        let mut table = self.table();
        if !table.psks_changed() {
            return;
        }
        let known = table.said();
        let (FedChange { out, pinnings, .. }, changes) = table.read_psks_again(compiler, feed);
        feed.change(FedChange { out, pinnings, left_out: table.left_out().to_vec() });
        self.told(&known, &table, changes);
    }

    /// The name of a row among `rows`, all those that there are, that is older than what has come before: of a revision
    /// that was seen, and not the one that is here.
    pub fn contradicted_by<'r>(&self, rows: &'r [Row]) -> Option<&'r str> {
        let table = self.table();
        rows.iter().find(|row| row.kept.is_some() && table.has_passed(row)).map(|row| &*row.name)
    }

    /// The largest revision of all rows that have come or gone.
    pub fn revision(&self) -> u64 {
        self.table().revision()
    }

    /// How many devices are in force.
    pub fn len(&self) -> usize {
        self.table().devices()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows that are not in force because they are wrong, or claim what another's has, by name.
    pub fn faults(&self) -> Vec<RowFault> {
        self.table().faults()
    }

    /// What people call it.
    pub fn named(&self) -> &Path {
        &self.shared.named
    }

    fn told(&self, known: &Said, table: &Table, changes: Changes) {
        if changes.any() {
            loaded(&self.shared.named, changes);
        }
        left_out(table.left_out(), &known.left_out);
        let known: HashSet<&RowFault> = known.faults.iter().collect();
        for RowFault { name: device, why: error } in
            table.faults().iter().filter(|fault| !known.contains(fault))
        {
            tracing::warn!(name: "lowkey.registry_row_faulty", target: "lowkey", device, error, "row not in force; its device is as one that nobody knows");
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.shared.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry for RowRegistry {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        self.shared.feed.lookup(id)
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        self.shared.feed.each(see);
    }

    fn trouble(&self) -> Option<Trouble> {
        let faults = self.faults();
        let RowFault { name, why } = faults.first()?;
        let more = match faults.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more rows are wrong"),
        };
        let what = format!("the row of {name:?} is not in force: {why}{more}");
        let in_force = "all other rows are in force";
        Some(Trouble::new(what).meanwhile(in_force).mended_by("write that row again, or take it out"))
    }

    fn left_out(&self) -> Vec<LeftOut> {
        self.shared.feed.left_out()
    }

    fn removed(&self) -> Vec<Removed> {
        self.shared.feed.removed()
    }

    fn generation(&self) -> u64 {
        self.shared.feed.generation()
    }

    fn since(&self) -> Option<SystemTime> {
        self.shared.feed.since()
    }

    fn is_warm(&self) -> bool {
        self.shared.feed.is_warm()
    }
}

impl fmt::Debug for RowRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowRegistry").field("named", &self.shared.named).finish_non_exhaustive()
    }
}
