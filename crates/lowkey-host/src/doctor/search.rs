//! Whose keys open a recorded message 1.

use crate::registry::{Pinned, Registry};
use crate::server::FirstFrame;
use crate::{Identity, Mode, Peer, Psk};
use lowkey_core::kk;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tries keys until its time is over.
pub(super) struct Search<'a> {
    identity: &'a Identity,
    all: Vec<Arc<Pinned>>,
    until: Instant,
    complete: bool,
    cut: bool,
}

/// Who made a message 1.
pub(super) struct Maker {
    /// Whose static key it has.
    pub(super) key: Arc<Pinned>,
    /// Whose PSK, if it has one.
    pub(super) psk: Option<Arc<Pinned>>,
}

impl<'a> Search<'a> {
    pub(super) fn new(identity: &'a Identity, registry: &dyn Registry, most: Duration) -> Self {
        let mut all = Vec::new();
        registry.each(&mut |pinned| all.push(Arc::clone(pinned)));
        Self { identity, all, until: Instant::now() + most, complete: true, cut: false }
    }

    pub(super) fn has_device(&self, name: &str) -> bool {
        self.all.iter().any(|pinned| pinned.device().name() == name)
    }

    /// The pinnings of the device of this name. They are asked for once: a stranger's records can be many, and so can
    /// devices.
    pub(super) fn pinnings_of(&self, name: &str) -> Vec<Arc<Pinned>> {
        self.all.iter().filter(|pinned| pinned.device().name() == name).cloned().collect()
    }

    /// Whether there was time for everything so far.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether there was none for all of the last [`Self::maker`].
    pub(super) fn was_cut(&self) -> bool {
        self.cut
    }

    /// Whether `first` opens with the key of `pinned`, and its PSK if the mode has one.
    fn opens(&self, first: &FirstFrame, mode: Mode, pinned: &Pinned) -> bool {
        let Some(pinning) = pinned.pinning(self.identity) else { return false };
        match (mode, pinning.psk) {
            (Mode::Kk, _) => self.try_one(first, pinning.peer, None),
            (Mode::KkPsk0, Some(psk)) => self.try_one(first, pinning.peer, Some(psk)),
            _ => false,
        }
    }

    /// Who made `first`: anybody registered (or one of `only`) with its own PSK; or, as `claimed` is the pinning of
    /// its id, that key with the PSK of another or another key with that PSK.
    ///
    /// The claimed pinning and `only` are tried whatever the time: strangers, who claim none, cannot use that up.
    pub(super) fn maker(
        &mut self,
        first: &FirstFrame,
        mode: Mode,
        claimed: Option<&Arc<Pinned>>,
        only: Option<&[Arc<Pinned>]>,
    ) -> Option<Maker> {
        self.cut = false;
        if let Some(claimed) = claimed.filter(|claimed| self.opens(first, mode, claimed)) {
            return Some(Maker::of(claimed, mode));
        }
        let all = std::mem::take(&mut self.all);
        let made = only.unwrap_or(&all).iter().find_map(|pinned| {
            if only.is_none() && Instant::now() >= self.until {
                (self.complete, self.cut) = (false, true);
            }
            if self.cut {
                return None;
            }
            if self.opens(first, mode, pinned) {
                return Some(Maker::of(pinned, mode));
            }
            let claimed = claimed.filter(|_| mode == Mode::KkPsk0)?;
            let mixed = |key: &Arc<Pinned>, psk: &Arc<Pinned>| {
                Some(Maker { key: Arc::clone(key), psk: Some(Arc::clone(psk)) })
            };
            if self.opens_mixed(first, claimed, pinned) {
                return mixed(claimed, pinned);
            }
            if self.opens_mixed(first, pinned, claimed) { mixed(pinned, claimed) } else { None }
        });
        self.all = all;
        made
    }

    fn opens_mixed(&self, first: &FirstFrame, key: &Pinned, psk: &Pinned) -> bool {
        let (Some(key), Some(psk)) = (key.pinning(self.identity), psk.pinning(self.identity)) else {
            return false;
        };
        psk.psk.is_some_and(|psk| self.try_one(first, key.peer, Some(psk)))
    }

    /// One multiplication: an ephemeral is another in every message.
    fn try_one(&self, first: &FirstFrame, peer: &Peer, psk: Option<&Psk>) -> bool {
        let frame = first.as_bytes();
        let hello = 3 + frame.get(2).map_or(0, |len| usize::from(*len));
        let Some((hello, message)) = frame.split_at_checked(hello) else { return false };
        let prologue = [b"lowkey/1", hello].concat();
        let responder = kk::Responder::new(self.identity, peer, psk, &prologue);
        responder.read_message_1(&mut message.to_vec()).is_ok()
    }
}

impl Maker {
    fn of(pinned: &Arc<Pinned>, mode: Mode) -> Self {
        let psk = (mode == Mode::KkPsk0).then(|| Arc::clone(pinned));
        Self { key: Arc::clone(pinned), psk }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, Devices};

    #[test]
    fn a_search_ends_with_its_time_and_says_so() {
        let identity = Identity::new(crate::keys::generate().unwrap()).unwrap();
        let key = Identity::new(crate::keys::generate().unwrap()).unwrap().public_key();
        let pinned = Pinned::new(Device::new("pump-7").unwrap(), &identity, key).unwrap();
        let devices = Devices::new([pinned]).unwrap();
        let frame = FirstFrame::new(&[[1, 1, 1, 7].as_slice(), &[9; 52]].concat());
        for (time, complete) in [(Duration::ZERO, false), (Duration::from_secs(60), true)] {
            let mut search = Search::new(&identity, &devices, time);
            assert!(search.maker(&frame, Mode::Kk, None, None).is_none());
            assert_eq!((search.is_complete(), search.was_cut()), (complete, !complete));
        }
    }

    #[test]
    fn what_an_id_s_own_key_opens_is_known_however_late_it_is() {
        let identity = Identity::new(crate::keys::generate().unwrap()).unwrap();
        let device = Identity::new(crate::keys::generate().unwrap()).unwrap();
        let pinned = Pinned::new(Device::new("pump-7").unwrap(), &identity, device.public_key()).unwrap();
        let (pinned, peer) = (Arc::new(pinned), Peer::pin(&device, identity.public_key()).unwrap());
        let hello = [1, 1, 1, 7];
        let mut message = vec![0; 60];
        let initiator = kk::Initiator::new(&device, &peer, None, &[b"lowkey/1", &hello[..]].concat());
        let mut ephemerals = crate::entropy::host_ephemerals().unwrap();
        let (_, len) = initiator.write_message_1(&mut ephemerals, &[1, 0], &mut message).unwrap();
        let frame = FirstFrame::new(&[&hello[..], &message[..len]].concat());
        let mut search = Search::new(&identity, &Devices::default(), Duration::ZERO);
        assert!(search.maker(&frame, Mode::Kk, Some(&pinned), None).is_some());
        assert!(search.maker(&frame, Mode::Kk, None, Some(&[pinned])).is_some());
        assert!(search.is_complete());
    }

    #[test]
    fn frames_that_lie_about_their_id_open_with_nothing() {
        let identity = Identity::new(crate::keys::generate().unwrap()).unwrap();
        let key = Identity::new(crate::keys::generate().unwrap()).unwrap().public_key();
        let pinned = Pinned::new(Device::new("pump-7").unwrap(), &identity, key).unwrap();
        let search = Search::new(&identity, &Devices::default(), Duration::from_secs(60));
        for frame in [&[][..], &[1], &[1, 1, 255], &[1, 1, 3, 0], &[255; 160]] {
            assert!(!search.opens(&FirstFrame::new(frame), Mode::Kk, &pinned));
        }
    }
}
