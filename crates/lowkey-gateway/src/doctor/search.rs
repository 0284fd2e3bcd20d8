//! Whose keys open the message 1 of an attempt that failed.

use lowkey_host::{Acceptor, Failure, Mode, Pinned};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Tries keys until its time is over.
pub(super) struct Search<'a> {
    acceptor: &'a Acceptor,
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
    pub(super) fn new(acceptor: &'a Acceptor, most: Duration) -> Self {
        let mut all = Vec::new();
        acceptor.registry().each(&mut |pinned| all.push(Arc::clone(pinned)));
        Self { acceptor, all, until: Instant::now() + most, complete: true, cut: false }
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

    /// Whether the last [`Self::maker`] ran out of time.
    pub(super) fn was_cut(&self) -> bool {
        self.cut
    }

    /// Who made the message 1 of `failure`: anybody registered (or one of `only`) with its own PSK; or, as `claimed` is
    /// the pinning of its id, that key with the PSK of another or another key with that PSK.
    ///
    /// The claimed pinning and `only` are tried whatever the time: strangers, who claim none, cannot use that up.
    pub(super) fn maker(
        &mut self,
        failure: &Failure,
        mode: Mode,
        claimed: Option<&Arc<Pinned>>,
        only: Option<&[Arc<Pinned>]>,
    ) -> Option<Maker> {
        self.cut = false;
        let acceptor = self.acceptor;
        let opens = |key: &Pinned, psk: &Pinned| acceptor.opens(failure, key, Some(psk));
        if let Some(claimed) = claimed.filter(|claimed| opens(claimed, claimed)) {
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
            if opens(pinned, pinned) {
                return Some(Maker::of(pinned, mode));
            }
            let claimed = claimed.filter(|_| mode == Mode::KkPsk0)?;
            let mixed = |key: &Arc<Pinned>, psk: &Arc<Pinned>| {
                Some(Maker { key: Arc::clone(key), psk: Some(Arc::clone(psk)) })
            };
            if opens(claimed, pinned) {
                return mixed(claimed, pinned);
            }
            if opens(pinned, claimed) { mixed(pinned, claimed) } else { None }
        });
        self.all = all;
        made
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
    use lowkey_core::kk;
    use lowkey_host::{Cause, Device, Devices, Hello, Identity, Limits, Peer, entropy};

    fn identity() -> Identity {
        Identity::new(entropy::random().unwrap()).unwrap()
    }

    fn acceptor(server: Identity, devices: Devices) -> Acceptor {
        Acceptor::new(server, devices, Limits::default()).unwrap()
    }

    fn failure(frame: &[u8]) -> Failure {
        let hello = Hello { mode: Mode::Kk, id: lowkey_host::Id::new(&[7]) };
        Failure::new(None, Some(hello), Cause::UnknownId, frame)
    }

    #[test]
    fn a_search_ends_with_its_time_and_says_so() {
        let server = identity();
        let pinned = Pinned::new(Device::new("pump-7").unwrap(), &server, identity().public_key()).unwrap();
        let acceptor = acceptor(server, Devices::new([pinned]).unwrap());
        let failure = failure(&[[1, 1, 1, 7].as_slice(), &[9; 52]].concat());
        for (time, complete) in [(Duration::ZERO, false), (Duration::from_secs(60), true)] {
            let mut search = Search::new(&acceptor, time);
            assert!(search.maker(&failure, Mode::Kk, None, None).is_none());
            assert_eq!((search.is_complete(), search.was_cut()), (complete, !complete));
        }
    }

    #[test]
    fn what_an_id_s_own_key_opens_is_known_however_late_it_is() {
        let (server, device) = (identity(), identity());
        let pinned = Pinned::new(Device::new("pump-7").unwrap(), &server, device.public_key()).unwrap();
        let (pinned, peer) = (Arc::new(pinned), Peer::pin(&device, server.public_key()).unwrap());
        let hello = [1, 1, 1, 7];
        let mut message = vec![0; 60];
        let initiator = kk::Initiator::new(&device, &peer, None, &[b"lowkey/1", &hello[..]].concat());
        let mut ephemerals = entropy::host_ephemerals().unwrap();
        let (_, len) = initiator.write_message_1(&mut ephemerals, &[1, 0], &mut message).unwrap();
        let failure = failure(&[&hello[..], &message[..len]].concat());
        let acceptor = acceptor(server, Devices::default());
        let mut search = Search::new(&acceptor, Duration::ZERO);
        assert!(search.maker(&failure, Mode::Kk, Some(&pinned), None).is_some());
        assert!(search.maker(&failure, Mode::Kk, None, Some(&[pinned])).is_some());
        assert!(search.is_complete());
    }
}
