//! The ways to take what has come, each against what the peer has made.

use super::Case;
use crate::keys::is_kk;
use lowkey_transport::{Error, Part};
use std::task::Poll;

impl Case {
    pub(super) fn receive(&mut self) -> Option<Poll<Option<Part>>> {
        let received = self.link.receive();
        let received = self.note(received)?;
        match received {
            Poll::Ready(Some(part)) => {
                assert!(is_kk(self.mode), "a fragment in a pairing");
                let made = self.delivered.next(&self.peer);
                assert_eq!(part, made.1);
                let whole = self.delivered.message_len + made.0.len();
                assert!(whole <= self.max_message, "{whole} bytes, the limit is {}", self.max_message);
            }
            Poll::Ready(None) => {
                assert_eq!(self.peer.closed_after, Some(self.delivered.count), "an end that nobody sent");
                let last = self.delivered.count.checked_sub(1).map(|last| self.peer.made[last].1);
                assert_ne!(last, Some(Part::More), "an end inside a message");
            }
            Poll::Pending => {}
        }
        Some(received)
    }

    pub(super) fn take(&mut self) {
        let waits = matches!(self.receive(), Some(Poll::Ready(Some(_))));
        let fragment = self.link.take().map(|fragment| (fragment.bytes.to_vec(), fragment.part));
        assert_eq!(fragment.is_some(), waits);
        let Some((bytes, part)) = fragment else { return };
        let rest = self.delivered.rest(&self.peer);
        assert_eq!((&bytes[..], part), (rest, self.delivered.next(&self.peer).1));
        self.delivered.assembled.clear();
        self.delivered.taken(&self.peer);
    }

    pub(super) fn read(&mut self, room: usize) {
        let received = self.receive();
        let mut out = vec![0; room];
        let read = self.link.read(&mut out);
        let Some(read) = self.note(read) else { return };
        if room == 0 {
            return assert_eq!(read, Poll::Ready(0));
        }
        let Some(Poll::Ready(Some(_))) = received else {
            return assert_eq!(Some(read), received.map(|received| received.map(|_end| 0)));
        };
        let n = if let Poll::Ready(n) = read { n } else { 0 }; // an empty message
        let rest = self.delivered.rest(&self.peer);
        assert_eq!(out[..n], rest[..room.min(rest.len())]);
        let all = n == rest.len();
        self.delivered.assembled.clear();
        self.delivered.offset += n;
        if all {
            self.delivered.taken(&self.peer);
        }
    }

    pub(super) fn assemble(&mut self, room: usize) {
        let received = self.receive();
        let so_far = &self.delivered.assembled;
        let mut out = vec![0xaa; room.max(so_far.len())];
        out[..so_far.len()].copy_from_slice(so_far);
        let assembled = self.link.recv_message(&mut out);
        let Some(Poll::Ready(Some(part))) = received else {
            let whole = self.note(assembled);
            return assert!(matches!(whole, None | Some(Poll::Pending | Poll::Ready(None))));
        };
        let message = [&self.delivered.assembled, self.delivered.rest(&self.peer)].concat();
        if message.len() > out.len() {
            return assert_eq!(assembled, Err(Error::BufferTooSmall));
        }
        let whole = if part == Part::Last { Poll::Ready(Some(message.len())) } else { Poll::Pending };
        assert_eq!(assembled, Ok(whole));
        assert_eq!(out[..message.len()], message);
        self.delivered.assembled = if part == Part::Last { vec![] } else { message };
        self.delivered.taken(&self.peer);
    }
}
