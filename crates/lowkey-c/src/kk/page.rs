//! The fields of a key page, where they lie.

use crate::page::lowkey_page;
use crate::raw::{self, Lasting, LastingKey};
use lowkey_core::kk::Pinned;
use lowkey_core::{PublicKey, Secret};

/// What a device keeps of its page.
#[repr(C)] // in the order of C's structure, of which it is copied
pub(super) struct Page {
    pub(super) id: Lasting,
    private: LastingKey,
    public: LastingKey,
    peer: LastingKey,
    shared: LastingKey,
    hedge: LastingKey,
    /// NULL without one.
    psk: LastingKey,
}

impl Page {
    /// # Safety
    /// Its fields have been checked; the header's rules, for as long as the result exists.
    pub(super) unsafe fn new(page: &lowkey_page) -> Self {
        Self {
            id: raw::lasting(page.id, page.id_len),
            private: raw::lasting_key(page.private_key),
            public: raw::lasting_key(page.public_key),
            peer: raw::lasting_key(page.peer_key),
            shared: raw::lasting_key(page.shared),
            hedge: raw::lasting_key(page.hedge),
            psk: raw::lasting_key(page.psk),
        }
    }

    #[inline(always)] // pointers that lie there already
    pub(super) fn pinned(&self) -> Pinned<'_> {
        Pinned {
            private: Secret::of(&self.private),
            public: PublicKey::of(&self.public),
            peer: PublicKey::of(&self.peer),
            shared: Secret::of(&self.shared),
            psk: self.psk.get().map(Secret::of),
            hedge: Secret::of(&self.hedge),
        }
    }
}
