//! A registry file as it was at one moment, made of what it says and of what the one before it had.

use crate::error::Flaw;
use crate::psks::{self, Fault, Lack, PskFiles, Psks};
use crate::table::{Described, Entry, Piece, read_but};
use crate::text_file::Positions;
use lowkey_host::text::{clean, mask};
use lowkey_host::{Device, Digest, Fed, Feed, Id, Identity, LeftOut, Pinned, Psk, PublicKey, Registry};
use lowkey_transport::Mode;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;

/// All pinnings of a file, and from which text each came.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) fed: Fed,
    pub(crate) changes: Changes,
    pub(crate) texts: Texts,
}

/// What is in force already, and from which text it came.
#[derive(Clone, Copy)]
pub(crate) struct Old<'o> {
    pub(crate) feed: &'o Feed,
    pub(crate) texts: &'o Texts,
}

/// What a file that was read changed, in devices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Changes {
    /// How many there are now.
    pub devices: usize,
    /// Of a name that was not there.
    pub added: usize,
    /// Of a name that is there no longer.
    pub removed: usize,
    /// Of a name that stayed, with other pinnings or labels.
    pub changed: usize,
    /// Pinnings that are [left out](lowkey_host::Registry::left_out) now, whatever they were before.
    pub left_out: usize,
}

impl Changes {
    /// Whether any device is not as it was.
    pub fn any(&self) -> bool {
        self.added + self.removed + self.changed > 0
    }
}

impl Snapshot {
    /// The pinnings that `text` describes and whose PSK can be had, and the files of the PSKs; what is as in `old` is
    /// taken from there. Others are cold.
    pub(crate) fn read(
        text: &str,
        path: &Path,
        identity: &Identity,
        old: Option<Old<'_>>,
    ) -> Result<(Self, PskFiles), Flaw> {
        let texts = old.map_or_else(Texts::default, |old| old.texts.emptied());
        let server = identity.public_key();
        let pieces = read_but(text, &server, |piece| old?.texts.get(piece))?;
        let entries = pieces.iter().filter_map(|(_, piece)| match piece {
            Piece::Read(entry) => Some(entry),
            Piece::Kept { .. } => None,
        });
        let Psks { found, files } = psks::read(entries, path)?;
        let mut maker = Maker {
            identity,
            server,
            old: old.map(|old| old.feed),
            psks: found.into_iter(),
            positions: Positions::of(text),
            texts,
            all: Vec::with_capacity(pieces.len()),
            left_out: Vec::new(),
        };
        let mut pieces = pieces.into_iter().peekable();
        let mut before: Option<&str> = None;
        while let Some((text, piece)) = pieces.next() {
            // A piece of several devices is not kept: they are not one.
            let alone = ![before, pieces.peek().map(|(text, _)| *text)].contains(&Some(text));
            before = Some(text);
            match piece {
                Piece::Kept { pinnings, .. } => maker.keep(text, pinnings),
                Piece::Read(entry) => maker.make(text, entry, alone)?,
            }
        }
        let Maker { texts, all, left_out, .. } = maker;
        let changes = Changes { left_out: left_out.len(), ..changes(&all, old.map(|old| old.feed)) };
        let pinnings = all.into_iter().map(|(pinned, _)| pinned).collect();
        Ok((Self { fed: Fed { pinnings, left_out, digest: Some(Digest::of(text)) }, changes, texts }, files))
    }
}

/// Makes pinnings, or takes those that there are.
struct Maker<'m> {
    identity: &'m Identity,
    server: PublicKey,
    old: Option<&'m Feed>,
    psks: std::vec::IntoIter<Option<Result<Psk, Lack>>>,
    positions: Positions<'m>,
    texts: Texts,
    all: Vec<(Arc<Pinned>, Origin)>,
    left_out: Vec<LeftOut>,
}

/// Where a pinning is from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Old,
    New,
}

impl Maker<'_> {
    fn keep(&mut self, text: &str, pinnings: &[Arc<Pinned>]) {
        self.texts.insert(text, pinnings);
        self.all.extend(pinnings.iter().map(|pinned| (Arc::clone(pinned), Origin::Old)));
    }

    fn make(&mut self, text: &str, entry: Entry, alone: bool) -> Result<(), Flaw> {
        let old = self.old;
        let old_of = |id: &Id| old.and_then(|old| old.lookup(id));
        let mut known = entry.pinnings.iter().filter_map(|pinning| old_of(&pinning.id));
        let device = known
            .find(|old| **old.device() == entry.device)
            .map_or_else(|| Arc::new(entry.device), |old| Arc::clone(old.device()));
        let psk_files = entry.pinnings.iter().any(|pinning| pinning.psk_file.is_some());
        let begin = self.all.len();
        for described in entry.pinnings {
            let psk = match self.psks.next().flatten() {
                None => None,
                Some(Ok(psk)) => Some(psk),
                // What was read before is as good, as long as nobody has seen the file say something else.
                Some(Err(Lack { flaw, whose: Fault::Ours })) => {
                    match old_of(&described.id).filter(|old| is_but_for_psk(old, &device, &described)) {
                        Some(old) => self.all.push((old, Origin::Old)),
                        None => self.leave_out(&device, &described, &flaw),
                    }
                    continue;
                }
                // Never in another mode instead.
                Some(Err(Lack { flaw, .. })) => {
                    self.leave_out(&device, &described, &flaw);
                    continue;
                }
            };
            let pinned = described.pinned(&device, &self.server, psk)?;
            self.all.push(match old_of(&described.id) {
                Some(old) if pinned.is_same(&old) => (old, Origin::Old),
                Some(old) => (Arc::new(pinned.warmed_by(&old, self.identity)), Origin::New),
                None => (Arc::new(pinned), Origin::New),
            });
        }
        // What is in a PSK file can change without a change of the text.
        if alone && !psk_files {
            let made: Vec<_> = self.all[begin..].iter().map(|(pinned, _)| Arc::clone(pinned)).collect();
            self.texts.insert(text, &made);
        }
        Ok(())
    }

    fn leave_out(&mut self, device: &Device, described: &Described, flaw: &Flaw) {
        let at = self.positions.position(flaw.at);
        let (device, why) = (device.name().to_owned(), clean(&mask(&flaw.why)));
        self.left_out.push(LeftOut::new(device, (described.id, described.key), at, why));
    }
}

/// Whether it is what is described there, with a PSK.
pub(crate) fn is_but_for_psk(old: &Pinned, device: &Arc<Device>, described: &Described) -> bool {
    let same = Arc::ptr_eq(old.device(), device) && old.key() == described.key;
    same && old.expires() == described.expires
        && old.paired() == described.paired
        && old.mode() == Mode::KkPsk0
}

/// Counted by name, for pinnings have none.
fn changes(all: &[(Arc<Pinned>, Origin)], old: Option<&Feed>) -> Changes {
    #[derive(Default)]
    struct Tally {
        old: usize,
        now: usize,
        kept: usize,
    }
    let mut was = Vec::new();
    if let Some(old) = old {
        old.each(&mut |pinned| was.push(Arc::clone(pinned)));
    }
    let mut tallies: HashMap<&str, Tally> = HashMap::with_capacity(all.len());
    for (pinned, origin) in all {
        let tally = tallies.entry(pinned.device().name()).or_default();
        tally.now += 1;
        tally.kept += usize::from(*origin == Origin::Old);
    }
    for pinned in &was {
        tallies.entry(pinned.device().name()).or_default().old += 1;
    }
    let mut changes = Changes::default();
    for tally in tallies.values() {
        changes.devices += usize::from(tally.now > 0);
        match tally {
            Tally { old: 0, .. } => changes.added += 1,
            Tally { now: 0, .. } => changes.removed += 1,
            Tally { old, now, kept } if old != kept || now != kept => changes.changed += 1,
            _ => (),
        }
    }
    changes
}

/// Pinnings by the text of their table, so that what did not change is not read again.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    hashers: [RandomState; 2], // nobody can make two texts of one hash of 128 bits under unknown keys
    by_hash: HashMap<[u64; 2], Kept>,
}

/// The pinnings of one device.
#[derive(Debug)]
enum Kept {
    One([Arc<Pinned>; 1]),
    Two([Arc<Pinned>; 2]),
}

impl Texts {
    fn emptied(&self) -> Self {
        let room = self.by_hash.len() + 1;
        Self { hashers: self.hashers.clone(), by_hash: HashMap::with_capacity(room) }
    }

    fn hash(&self, text: &str) -> [u64; 2] {
        self.hashers.each_ref().map(|hasher| hasher.hash_one(text))
    }

    fn get(&self, text: &str) -> Option<&[Arc<Pinned>]> {
        Some(match self.by_hash.get(&self.hash(text))? {
            Kept::One(pinnings) => pinnings,
            Kept::Two(pinnings) => pinnings,
        })
    }

    fn insert(&mut self, text: &str, pinnings: &[Arc<Pinned>]) {
        let kept = match pinnings {
            [one] => Kept::One([Arc::clone(one)]),
            [one, two] => Kept::Two([Arc::clone(one), Arc::clone(two)]),
            _ => return,
        };
        let hash = self.hash(text);
        self.by_hash.insert(hash, kept);
    }
}
