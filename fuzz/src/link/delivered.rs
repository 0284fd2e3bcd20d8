//! How far a link has come with the fragments that its peer has made.

use crate::peer::Peer;
use lowkey_transport::Part;

/// What has come out of a link.
#[derive(Default)]
pub(super) struct Delivered {
    /// Whole fragments.
    pub(super) count: usize,
    /// Bytes of the one that comes next.
    pub(super) offset: usize,
    /// Bytes of its message before it.
    pub(super) message_len: usize,
    /// The same, as `assemble` has put them together.
    pub(super) assembled: Vec<u8>,
}

impl Delivered {
    /// The fragment that has to come next, and whether its message goes on behind it.
    pub(super) fn next<'p>(&self, peer: &'p Peer) -> &'p (Vec<u8>, Part) {
        peer.made.get(self.count).expect("a fragment that nobody made")
    }

    /// What is left of it.
    pub(super) fn rest<'p>(&self, peer: &'p Peer) -> &'p [u8] {
        &self.next(peer).0[self.offset..]
    }

    /// It has been taken to its end.
    pub(super) fn taken(&mut self, peer: &Peer) {
        let (bytes, part) = self.next(peer);
        self.message_len = if *part == Part::More { self.message_len + bytes.len() } else { 0 };
        self.count += 1;
        self.offset = 0;
    }
}
