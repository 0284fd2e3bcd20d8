//! From a key page to a handshake: one pinning, and errors that `?` carries on.

use lowkey_core::page::{Contents, Page};
use lowkey_core::{Id, Identity, Psk, Secret, SeedEntropy};
use lowkey_transport::{Error, Mode, Pinning};

#[test]
fn the_pinning_of_a_page_has_the_keys_of_that_page_and_its_mode() {
    let (ours, psk) = (Secret::new([1; 32]), Secret::new([3; 32]));
    let identity = Identity::new(ours.duplicate()).unwrap();
    let peer = Identity::new(Secret::new([2; 32])).unwrap().public_key();
    for (psk, mode) in [(None, Mode::Kk), (Some(&psk), Mode::KkPsk0)] {
        let contents = Contents {
            id: Id::new(b"boiler-7").unwrap(),
            address: "gateway.local:4242",
            static_key: &ours,
            peer,
            hedge: &Secret::new([4; 32]),
            seed: &Secret::new([5; 32]),
            psk,
        };
        let keys = Page::read(contents.encode().unwrap().expose()).unwrap().load().unwrap();
        let pinning = Pinning::of(&keys);
        assert_eq!((pinning.id, pinning.mode()), (contents.id, mode));
        assert_eq!(pinning.identity.public_key(), identity.public_key());
        assert_eq!(pinning.peer.public_key(), peer);
        let pinned = psk.map(|psk| Psk::new(psk.duplicate()).unwrap());
        assert!(pinned.zip(pinning.psk).is_none_or(|(ours, given)| ours.ct_eq(given)));
    }
}

/// What a firmware's start can run into, in a function that gives a channel's error.
#[test]
fn an_error_of_the_engine_is_carried_on_by_a_question_mark() {
    fn seeded(seed: Secret<32>) -> Result<SeedEntropy, Error> {
        Ok(SeedEntropy::new(seed)?)
    }
    assert!(seeded(Secret::new([1; 32])).is_ok());
    assert_eq!(seeded(Secret::zeroed()).err(), Some(Error::BlankKey));
    use lowkey_core::Error as Core;
    for (core, error) in [
        (Core::BufferTooSmall, Error::BufferTooSmall),
        (Core::OwnKey, Error::PeerKey),
        (Core::WeakKey, Error::PeerKey),
        (Core::Entropy, Error::Entropy),
        (Core::Counter, Error::Entropy),
        (Core::Exhausted, Error::Exhausted),
        (Core::Truncated, Error::Handshake),
        (Core::Decrypt, Error::Handshake),
    ] {
        assert_eq!(Error::from(core), error);
    }
}
