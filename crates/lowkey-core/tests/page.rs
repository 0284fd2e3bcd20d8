//! The key page: what goes in comes out, and nothing else is taken for a page.

mod common;

use common::Rng;
use lowkey_core::page::{Contents, LEN, MAX_ADDRESS, Page, PageError};
use lowkey_core::{Error, Id, Identity, Peer, PublicKey, Secret, kk};
use lowkey_crypto::Blake2s;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Secrets of which every byte tells where it belongs.
struct Secrets {
    static_key: Secret<32>,
    peer: PublicKey,
    hedge: Secret<32>,
    seed: Secret<32>,
    psk: Secret<32>,
}

impl Secrets {
    fn fixed() -> Self {
        let row = |first: u8| Secret::new(std::array::from_fn(|at| first + at as u8));
        let peer = Identity::new(row(0x20)).unwrap().public_key();
        Self { static_key: row(0x00), peer, hedge: row(0x40), seed: row(0x60), psk: row(0x80) }
    }

    fn contents<'a>(&'a self, id: &[u8], address: &'a str, with_psk: bool) -> Contents<'a> {
        Contents {
            id: Id::new(id).unwrap(),
            address,
            static_key: &self.static_key,
            peer: self.peer,
            hedge: &self.hedge,
            seed: &self.seed,
            psk: with_psk.then_some(&self.psk),
        }
    }

    fn page(&self) -> [u8; LEN] {
        *self.contents(b"boiler-7", "gateway.local:4242", true).encode().unwrap().expose()
    }
}

/// Makes the check right again after a change.
fn recheck(page: &mut [u8; LEN]) {
    let mut hash = Blake2s::new();
    hash.update(&page[..328]);
    page[328..].copy_from_slice(&hash.finalize()[..16]);
}

/// The BLAKE2s-256 of pages that a Python script made from the table in `page.rs`, X25519 included.
#[test]
fn the_layout_is_frozen() {
    let secrets = Secrets::fixed();
    for (with_psk, golden) in [(true, GOLDEN_WITH_PSK), (false, GOLDEN_WITHOUT_PSK)] {
        let page = secrets.contents(b"boiler-7", "gateway.local:4242", with_psk).encode().unwrap();
        let mut hash = Blake2s::new();
        hash.update(page.expose());
        assert_eq!(hash.finalize()[..], common::hex(golden)[..], "with a PSK: {with_psk}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(test_support::random::seed()),
        ..ProptestConfig::with_cases(64)
    })]

    #[test]
    fn what_was_encoded_is_read(
        seed: u64,
        id in proptest::collection::vec(any::<u8>(), 1..=32),
        address in "\\PC{0,16}",
        with_psk: bool,
    ) {
        let mut rng = Rng(seed);
        let secrets = Secrets {
            static_key: rng.secret(),
            peer: Identity::new(rng.secret()).unwrap().public_key(),
            hedge: rng.secret(),
            seed: rng.secret(),
            psk: rng.secret(),
        };
        let contents = secrets.contents(&id, &address, with_psk);
        let encoded = contents.encode().unwrap();
        // Flash goes on behind the page.
        let mut flash = encoded.expose().to_vec();
        flash.extend([0xff; 9]);
        let page = Page::read(&flash).unwrap();
        prop_assert_eq!(page.id().as_bytes(), &id[..]);
        prop_assert_eq!(page.address(), &address);
        let identity = Identity::new(secrets.static_key.duplicate()).unwrap();
        let (keys, pinned) = (page.load().unwrap(), Peer::pin(&identity, secrets.peer).unwrap());
        prop_assert_eq!(keys.id(), page.id());
        prop_assert_eq!(keys.identity().public_key(), identity.public_key());
        prop_assert_eq!(keys.peer().public_key(), secrets.peer);
        prop_assert!(keys.peer().shared_secret().ct_eq(pinned.shared_secret()));
        prop_assert_eq!(keys.psk().is_some(), with_psk);
        prop_assert!(page.hedge().ct_eq(&secrets.hedge));
        prop_assert!(page.seed().ct_eq(&secrets.seed));
        prop_assert_eq!(encoded.expose()[296..328] == secrets.psk.expose()[..], with_psk);
    }

    #[test]
    fn no_bytes_make_reading_panic(mut bytes in proptest::collection::vec(any::<u8>(), LEN), like_a_page: bool) {
        if like_a_page {
            bytes[..5].copy_from_slice(b"LKPG\x01");
            let page = bytes.first_chunk_mut().unwrap();
            recheck(page);
        }
        if let Ok(page) = Page::read(&bytes) {
            let _ = page.load();
        }
    }
}

/// The secrets of a page and those of its peer make a handshake: with the PSK, and only with it.
#[test]
fn the_keys_of_a_page_shake_hands() {
    let secrets = Secrets::fixed();
    let bytes = secrets.page();
    let page = Page::read(&bytes).unwrap();
    let keys = page.load().unwrap();
    let server = Identity::new(Secret::new(std::array::from_fn(|at| 0x20 + at as u8))).unwrap();
    let device = Peer::pin(&server, keys.identity().public_key()).unwrap();
    let mut rng = Rng(1);
    for (server_psk, opens) in [(keys.psk(), true), (None, false)] {
        let mut message = [0; 48];
        let initiator = kk::Initiator::new(keys.identity(), keys.peer(), keys.psk(), b"");
        initiator.write_message_1(&mut rng.ephemerals(), b"", &mut message).unwrap();
        let responder = kk::Responder::new(&server, &device, server_psk, b"");
        assert_eq!(responder.read_message_1(&mut message).is_ok(), opens);
    }
}

#[test]
fn every_flipped_byte_is_found() {
    let page = Secrets::fixed().page();
    for at in 0..LEN {
        for flip in [1, 0x80, 0xff] {
            let mut damaged = page;
            damaged[at] ^= flip;
            let want = match at {
                0..=3 => PageError::NoPage,
                4 => PageError::Version(1 ^ flip),
                _ => PageError::Damaged,
            };
            assert_eq!(Page::read(&damaged).err(), Some(want), "byte {at}");
        }
    }
}

#[test]
fn every_truncated_page_is_truncated() {
    let page = Secrets::fixed().page();
    for len in 0..LEN {
        assert_eq!(Page::read(&page[..len]).err(), Some(PageError::Truncated));
        assert_eq!(Page::read(&[0xff; LEN][..len]).err(), Some(PageError::Truncated));
    }
}

/// Provisioning lost power: programmed in words from the front, or with any word still erased.
#[test]
fn a_page_written_halfway_is_not_used() {
    let page = Secrets::fixed().page();
    assert_eq!(Page::read(&[0xff; LEN]).err(), Some(PageError::Blank));
    for word in (0..LEN).step_by(4) {
        let mut front = [0xff; LEN];
        front[..word].copy_from_slice(&page[..word]);
        assert!(Page::read(&front).is_err(), "{word} bytes written");
        let mut hole = page;
        hole[word..word + 4].fill(0xff);
        assert!(Page::read(&hole).is_err(), "the word at {word} is missing");
    }
}

#[test]
fn something_else_is_not_a_page() {
    assert_eq!(Page::read(&[0; LEN]).err(), Some(PageError::NoPage));
    assert_eq!(Page::read(&[0xfe; LEN]).err(), Some(PageError::NoPage));
    let mut nearly_blank = [0xff; LEN];
    nearly_blank[LEN - 1] = 0x7f;
    assert_eq!(Page::read(&nearly_blank).err(), Some(PageError::NoPage));
}

#[test]
fn an_unknown_version_is_named_whether_its_check_is_right_or_not() {
    for version in [0, 2, 0x7f, 0xff] {
        let mut page = Secrets::fixed().page();
        page[4] = version;
        assert_eq!(Page::read(&page).err(), Some(PageError::Version(version)));
        recheck(&mut page);
        assert_eq!(Page::read(&page).err(), Some(PageError::Version(version)));
    }
}

#[test]
fn impossible_fields_are_malformed_even_with_the_right_check() {
    let with = |at: usize, value: u8| {
        let mut page = Secrets::fixed().page();
        page[at] = value;
        recheck(&mut page);
        Page::read(&page).err()
    };
    for (at, value) in [
        (5, 0b10),  // an unknown flag
        (5, 0x81),  // another
        (6, 0),     // no id
        (6, 33),    // an id longer than its field
        (6, 0xff),  // by far
        (7, 65),    // an address longer than its field
        (7, 0xff),  // by far
        (40, 0xff), // an address that is not UTF-8
    ] {
        assert_eq!(with(at, value), Some(PageError::Malformed), "byte {at} is {value}");
    }
    assert_eq!(with(6, 32), None);
    assert_eq!(with(7, 64), None);
}

#[test]
fn a_page_without_one_of_its_secrets_is_neither_written_nor_read() {
    let secrets = Secrets::fixed();
    for blank in [0x00, 0xff] {
        for at in [104, 232, 264, 296] {
            let mut page = secrets.page();
            page[at..at + 32].fill(blank);
            recheck(&mut page);
            assert_eq!(Page::read(&page).unwrap_err(), PageError::Malformed, "{blank:02x} at {at}");
        }
        let none = &Secret::new([blank; 32]);
        let whole = || secrets.contents(b"boiler-7", "gateway.local:4242", true);
        for lacking in [
            Contents { static_key: none, ..whole() },
            Contents { hedge: none, ..whole() },
            Contents { seed: none, ..whole() },
            Contents { psk: Some(none), ..whole() },
        ] {
            assert_eq!(lacking.encode().unwrap_err(), Error::BlankKey);
        }
    }
}

#[test]
fn a_peer_that_cannot_be_pinned_is_neither_written_nor_read() {
    let secrets = Secrets::fixed();
    let own = Identity::new(secrets.static_key.duplicate()).unwrap().public_key();
    let weak = PublicKey::new([0; 32]);
    for (peer, why) in [(own, Error::OwnKey), (weak, Error::WeakKey)] {
        let contents = Contents { peer, ..secrets.contents(b"id", "", false) };
        assert_eq!(contents.encode().err(), Some(why));
    }
    let mut page = secrets.page();
    page[168..200].copy_from_slice(own.as_bytes());
    recheck(&mut page);
    assert_eq!(Page::read(&page).unwrap().load().err(), Some(Error::OwnKey));
    let mut page = secrets.page();
    page[200..232].fill(0);
    recheck(&mut page);
    assert_eq!(Page::read(&page).unwrap().load().err(), Some(Error::WeakKey));
}

#[test]
fn an_address_has_at_most_64_bytes() {
    let secrets = Secrets::fixed();
    let address = "x".repeat(MAX_ADDRESS + 1);
    assert_eq!(secrets.contents(b"id", &address, false).encode().err(), Some(Error::BufferTooSmall));
    let encoded = secrets.contents(b"id", &address[1..], false).encode().unwrap();
    assert_eq!(Page::read(encoded.expose()).unwrap().address(), &address[1..]);
}

#[test]
fn an_id_has_1_to_32_bytes() {
    for len in 0..40 {
        let id = Id::new(&vec![7; len]);
        assert_eq!(id.is_some(), (1..=32).contains(&len));
        assert!(id.is_none_or(|id| id.as_bytes() == vec![7; len]));
    }
    assert_ne!(Id::new(&[0; 2]), Id::new(&[0; 3]));
}

/// `hashlib.blake2s(b"lowkey id" + initiator + responder).digest()[:8]`, of Python.
#[test]
fn the_default_id_names_initiator_then_responder() {
    let (a, b) = (PublicKey::new([1; 32]), PublicKey::new([2; 32]));
    assert_eq!(Id::of_pinning(&a, &b).as_bytes(), common::hex(ID_OF_1_AND_2));
    assert_ne!(Id::of_pinning(&a, &b), Id::of_pinning(&b, &a));
}

const GOLDEN_WITH_PSK: &str = "295ad86f9e5e0e2b3d59673b39b2bec62c9d5833cfa559fc4eee7c6eee86399a";
const GOLDEN_WITHOUT_PSK: &str = "24dcfe09717a78b2a9b36d66fa6a9d10cd28540e061ff15602c8779aec988d23";
const ID_OF_1_AND_2: &str = "58f70da43b35874f";
