//! Which devices there are: names, ids, keys.

mod device;
mod devices;
mod digest;
mod enrol;
mod feed;
mod left_out;
mod paired;
mod pinned;
mod removed;
mod trouble;
mod unique;

pub use device::{Device, DeviceError};
pub use devices::Devices;
pub use digest::Digest;
pub use enrol::{Bearer, Enrol, Finalised, NotEnrolled};
pub use feed::{Fed, FedChange, Feed};
pub use left_out::LeftOut;
pub use paired::Paired;
pub use pinned::Pinned;
#[cfg(test)]
pub(crate) use pinned::counted;
pub(crate) use pinned::multiply;
pub use removed::Removed;
pub use trouble::Trouble;
pub use unique::{Taken, Unique};

use lowkey_core::Id;
use std::sync::Arc;
use std::time::SystemTime;

/// Who may connect.
///
/// Asked once in every attempt, before anything has been proven, on the thread that plays the handshake:
/// answer from memory. A registry that lies elsewhere is asked with [`LazyAccept`](crate::LazyAccept).
pub trait Registry: Send + Sync {
    /// The pinning that has this id, of whichever device.
    ///
    /// Take the same time for an id that is not known. Give the same [`Arc`] each time: making a
    /// [`Pinned`] takes a multiplication, which tells whoever measures it that the id is known.
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>>;

    /// Shows every pinning to `see`, for whoever asks why a device is refused; may take its time. A registry
    /// that cannot list its pinnings shows none.
    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        let _ = see;
    }

    /// What keeps it from being up to date, for example why a file was not read again; `None` if nothing does.
    fn trouble(&self) -> Option<Trouble> {
        None
    }

    /// What stands in it and is not in force: pinnings whose PSK cannot be had, in the order of the file. Not to be
    /// asked in every attempt.
    fn left_out(&self) -> Vec<LeftOut> {
        Vec::new()
    }

    /// Pinnings that were taken out of it lately and are not back, the newest first, as many as it cares to keep: for
    /// whoever is asked why a device is refused. Not to be asked in every attempt.
    fn removed(&self) -> Vec<Removed> {
        Vec::new()
    }

    /// A number that grows whenever pinnings were removed or replaced: live sessions are then looked up
    /// again, and those whose pinning is gone end. It grows only once look-ups see the change. A registry that never
    /// changes stays with 0.
    fn generation(&self) -> u64 {
        0
    }

    /// Of the text that look-ups answer from, for whoever wants to know whether what was written is in force; `None`
    /// for a registry that is made of none. It changes only once look-ups see the new text, and
    /// [`generation`](Self::generation) has grown by then if it grows.
    fn digest(&self) -> Option<Digest> {
        None
    }

    /// When the text was read that look-ups answer from; `None` as for [`digest`](Self::digest).
    fn since(&self) -> Option<SystemTime> {
        None
    }

    /// Whether what it knows may be out of date, and for so long that nobody is let in by it. While it is, attempts
    /// hear that we are busy, whoever asks and before any multiplication, and a [`sweep`](crate::Acceptor::sweep) ends
    /// every session. [`trouble`](Self::trouble) says why. Asked in every attempt: answer from memory.
    fn is_stale(&self) -> bool {
        false
    }

    /// Whether every pinning that can be found has its Diffie-Hellman computed, which is so for all that
    /// [`Pinned::new`] makes. A registry that holds [cold](Pinned::cold) ones says no until they are
    /// [warm](Pinned::warm), and whoever passes look-ups on to another registry passes this on as well: as long as it
    /// is false, every attempt takes the time of one, known id or not.
    fn is_warm(&self) -> bool {
        true
    }
}

impl<R: Registry + ?Sized> Registry for Arc<R> {
    fn lookup(&self, id: &Id) -> Option<Arc<Pinned>> {
        (**self).lookup(id)
    }

    fn generation(&self) -> u64 {
        (**self).generation()
    }

    fn digest(&self) -> Option<Digest> {
        (**self).digest()
    }

    fn since(&self) -> Option<SystemTime> {
        (**self).since()
    }

    fn each(&self, see: &mut dyn FnMut(&Arc<Pinned>)) {
        (**self).each(see);
    }

    fn trouble(&self) -> Option<Trouble> {
        (**self).trouble()
    }

    fn left_out(&self) -> Vec<LeftOut> {
        (**self).left_out()
    }

    fn removed(&self) -> Vec<Removed> {
        (**self).removed()
    }

    fn is_stale(&self) -> bool {
        (**self).is_stale()
    }

    fn is_warm(&self) -> bool {
        (**self).is_warm()
    }
}

/// Reads an id as people write it: text of 1 to 32 bytes, or `0x` and 2 to 64 hexadecimal digits.
pub fn parse_id(text: &str) -> Option<Id> {
    let Some(digits) = text.strip_prefix("0x") else { return Id::new(text.as_bytes()) };
    if digits.len() % 2 != 0 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let bytes = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).ok());
    Id::new(&bytes.collect::<Option<Vec<u8>>>()?)
}
