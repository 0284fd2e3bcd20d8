//! No `{:?}` and no message shows a secret.

mod common;

use common::{Mode, Pair, Rng, Step, sessions};
use lowkey_core::boot_log::{Bank, FlashFailed};
use lowkey_core::kk::Device;
use lowkey_core::page::{Contents, Page, PageError};
use lowkey_core::{
    Counter, CounterFailed, EntropyFailed, Ephemerals, Error, Id, Identity, Peer, Psk, Secret, SeedEntropy,
};
use std::fmt::Debug;

/// Erased flash, or memory that was cleared.
fn blanks() -> impl Iterator<Item = Secret<32>> {
    [0x00, 0xff].into_iter().map(|byte| Secret::new([byte; 32]))
}

struct Untouched;

impl Counter for Untouched {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        panic!("a number was taken");
    }
}

#[test]
fn memory_that_nobody_has_written_a_secret_to_is_none() {
    let public = Identity::new(Secret::new([1; 32])).unwrap().public_key();
    for blank in blanks() {
        let secret = || blank.duplicate();
        assert_eq!(Identity::new(secret()).err(), Some(Error::BlankKey));
        assert_eq!(Identity::from_parts(secret(), public).err(), Some(Error::BlankKey));
        assert_eq!(Psk::new(secret()).err(), Some(Error::BlankKey));
        assert_eq!(SeedEntropy::new(secret()).err(), Some(Error::BlankKey));
        let source = SeedEntropy::new(Secret::new([1; 32])).unwrap();
        assert_eq!(Ephemerals::new(source, secret(), &mut Untouched).err(), Some(Error::BlankKey));
    }
}

#[test]
fn one_bit_is_enough_for_a_secret() {
    for (blank, bit) in blanks().flat_map(|blank| (0..256).map(move |bit| (blank.duplicate(), bit))) {
        let mut secret = blank;
        secret.expose_mut()[bit / 8] ^= 1 << (bit % 8);
        assert!(Psk::new(secret).is_ok(), "bit {bit}");
    }
}

#[test]
fn a_stored_diffie_hellman_that_nobody_has_written_pins_nobody() {
    let identity = Identity::new(Secret::new([1; 32])).unwrap();
    let other = Identity::new(Secret::new([2; 32])).unwrap().public_key();
    for blank in blanks() {
        assert_eq!(Peer::from_parts(&identity, other, blank).err(), Some(Error::WeakKey));
    }
}

/// A byte that no text here holds by chance next to itself.
const MARK: u8 = 0xa7;

fn secret() -> Secret<32> {
    Secret::new([MARK; 32])
}

fn shows_nothing(what: &dyn Debug) {
    for text in [format!("{what:?}"), format!("{what:#?}"), format!("{what:x?}")] {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        for mark in ["167,167", "a7a7", "A7A7", "a7,a7", "xa7"] {
            assert!(!text.contains(mark), "{text}");
        }
    }
}

#[test]
fn debug_output_shows_no_secret() {
    let identity = Identity::new(secret()).unwrap();
    let peer =
        Peer::from_parts(&identity, Identity::new(Secret::new([1; 32])).unwrap().public_key(), secret())
            .unwrap();
    let contents = Contents {
        id: Id::new(b"id").unwrap(),
        address: "here:1",
        static_key: &secret(),
        peer: peer.public_key(),
        hedge: &secret(),
        seed: &secret(),
        psk: Some(&secret()),
    };
    let encoded = contents.encode().unwrap();
    let page = Page::read(encoded.expose()).unwrap();
    let all: [&dyn Debug; 9] = [
        &secret(),
        &identity,
        &peer,
        &Psk::new(secret()).unwrap(),
        &contents,
        &encoded,
        &page,
        &page.load().unwrap(),
        &page.hedge(),
    ];
    all.into_iter().for_each(shows_nothing);
    assert_eq!(format!("{:?}", Psk::new(secret()).unwrap()), "Psk(Secret(..))");
    assert!(format!("{identity:?}").starts_with("Identity { public: PublicKey("));
}

#[test]
fn debug_output_of_a_session_shows_counts_and_the_hash_and_no_key() {
    let mut rng = Rng(1);
    let keys = Pair::new(&mut rng);
    for mode in Mode::ALL {
        let (i, _) = sessions(mode, &keys, b"", &mut rng);
        assert_eq!(format!("{:?}", i.sealer), "Sealer { n: 0, .. }");
        assert_eq!(format!("{:?}", i.opener), "Opener { n: 0, .. }");
        let hash = format!("{:?}", i.handshake_hash());
        let want = format!(
            "Session {{ sealer: Sealer {{ n: 0, .. }}, opener: Opener {{ n: 0, .. }}, handshake_hash: {hash} }}"
        );
        assert_eq!(format!("{i:?}"), want);
    }
    assert_eq!(format!("{:?}", Device::new()), "Device { .. }");
}

#[test]
fn debug_output_of_a_claim_shows_the_peers_key_only() {
    let mut rng = Rng(2);
    let keys = Pair::new(&mut rng);
    let mut turn = [keys.initiator.initiate(Mode::Xx, b""), keys.responder.respond(Mode::Xx, b"")];
    for _ in 0..3 {
        let [writer, reader] = turn;
        let mut message = [0; 96];
        let (writer, n) = writer.write(&mut rng.ephemerals(), b"", &mut message).unwrap();
        turn = [reader.read(&mut message[..n]).unwrap().0, writer];
    }
    for step in turn {
        let Step::Claim(claim) = step else { panic!("a claim is expected") };
        assert_eq!(format!("{claim:?}"), format!("Claim({:?})", claim.public_key()));
    }
}

#[test]
fn every_error_says_something_and_no_two_say_the_same() {
    let errors = [
        Error::BufferTooSmall,
        Error::OwnKey,
        Error::WeakKey,
        Error::Entropy,
        Error::Counter,
        Error::Truncated,
        Error::Decrypt,
        Error::Exhausted,
        Error::OutOfTurn,
    ];
    let pages = [
        PageError::Truncated,
        PageError::Blank,
        PageError::NoPage,
        PageError::Version(9),
        PageError::Damaged,
        PageError::Malformed,
    ];
    let mut said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    said.extend(pages.iter().map(ToString::to_string));
    assert!(said.iter().all(|text| text.len() > 10));
    let count = said.len();
    said.sort();
    said.dedup();
    assert_eq!(said.len(), count);
    for small in [&EntropyFailed as &dyn Debug, &CounterFailed, &FlashFailed, &Bank::First] {
        shows_nothing(small);
    }
}
