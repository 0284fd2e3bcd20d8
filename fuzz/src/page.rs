//! The key page: read from arbitrary bytes, and from pages whose check is right and whose fields are not.
//!
//! Held to: what is read is what lies there, an impossible field is refused, and what a provisioning
//! tool writes is read back.

use lowkey_core::page::{Contents, LEN, MAX_ADDRESS, Page, PageError};
use lowkey_core::{Error, Id, Identity, PublicKey, Secret};
use lowkey_crypto::Blake2s;
use test_support::Input;

const CHECK: usize = 328;

/// Reads pages. The first byte says how they come about.
pub fn page(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 4 {
        0 => read(input.bytes(usize::MAX)),
        1 => {
            let mut bytes = input.bytes(LEN).to_vec();
            bytes.resize(LEN, 0);
            bytes[..5].copy_from_slice(b"LKPG\x01");
            correct(&mut bytes);
            read(&bytes);
        }
        2 => {
            let mut bytes = valid().to_vec();
            while let Some(at) = input.op() {
                let at = usize::from(at) + input.below(2) * 256;
                bytes.iter_mut().skip(at).zip(input.chunk()).for_each(|(to, from)| *to = *from);
            }
            if bytes[0] & 1 == 0 {
                correct(&mut bytes); // `L` is even: a page that still begins with it
            }
            read(&bytes);
        }
        _ => encode(&mut input),
    }
}

/// Puts the right check behind 328 bytes.
pub(crate) fn correct(bytes: &mut [u8]) {
    let mut hash = Blake2s::new();
    hash.update(&bytes[..CHECK]);
    bytes[CHECK..LEN].copy_from_slice(&hash.finalize()[..LEN - CHECK]);
}

/// A page as a provisioning tool writes it.
pub(crate) fn valid() -> [u8; LEN] {
    *encoded(&Id::new(b"fuzz").expect("4 bytes"), "host:1", [1; 32], [9; 32], Some([5; 32]))
        .expect("a key that can be pinned")
        .expose()
}

fn encoded(
    id: &Id,
    address: &str,
    key: [u8; 32],
    peer: [u8; 32],
    psk: Option<[u8; 32]>,
) -> Result<Secret<LEN>, Error> {
    let psk = psk.map(Secret::new);
    let contents = Contents {
        id: *id,
        address,
        static_key: &Secret::new(key),
        peer: PublicKey::new(peer),
        hedge: &Secret::new([3; 32]),
        seed: &Secret::new([4; 32]),
        psk: psk.as_ref(),
    };
    contents.encode()
}

fn read(bytes: &[u8]) {
    let page = match Page::read(bytes) {
        Ok(page) => page,
        Err(error) => {
            assert_eq!(error == PageError::Truncated, bytes.len() < LEN);
            assert!(!error.as_str().is_empty() && error.to_string() == error.as_str());
            return;
        }
    };
    let field = |at: usize, len: usize| &bytes[at..][..len];
    let mut corrected = bytes[..LEN].to_vec();
    correct(&mut corrected);
    assert_eq!(corrected, bytes[..LEN], "a page whose check is wrong was read");

    assert!((1..=32).contains(&bytes[6]) && usize::from(bytes[7]) <= MAX_ADDRESS);
    assert_eq!(page.id().as_bytes(), field(8, bytes[6].into()));
    assert_eq!(page.address().as_bytes(), field(40, bytes[7].into()));
    match page.load() {
        Ok(keys) => {
            assert_eq!(keys.id(), page.id());
            assert_eq!(keys.identity().public_key().as_bytes(), field(136, 32));
            assert_eq!(keys.peer().public_key().as_bytes(), field(168, 32));
            assert_eq!(keys.peer().shared_secret().expose(), field(200, 32));
            assert_eq!(keys.psk().is_some(), bytes[5] == 1);
            assert_ne!(field(136, 32), field(168, 32), "our own key as the peer's");
        }
        Err(Error::OwnKey) => {} // in any spelling
        Err(error) => {
            assert_eq!(error, Error::WeakKey);
            assert!(is_blank(field(200, 32)));
        }
    }
    assert!(bytes[5] <= 1, "an unknown flag");
    assert_eq!(page.hedge().expose(), field(232, 32));
    assert_eq!(page.seed().expose(), field(264, 32));
    assert!(!format!("{page:?}").is_empty());
}

fn encode(input: &mut Input<'_>) {
    fn array(input: &mut Input<'_>) -> [u8; 32] {
        let mut array = [0; 32];
        array.iter_mut().zip(input.bytes(32)).for_each(|(to, from)| *to = *from);
        array
    }
    let Some(id) = Id::new(input.chunk()) else { return };
    let address = String::from_utf8_lossy(input.chunk());
    let psk = input.flag().then(|| array(input));
    let (key, peer) = (array(input), array(input));
    match encoded(&id, &address, key, peer, psk) {
        Ok(bytes) => {
            let page = Page::read(bytes.expose()).expect("what was encoded is read");
            assert_eq!((page.id(), page.address()), (&id, &*address));
            let keys = page.load().expect("what was pinned is pinned");
            assert_eq!(keys.identity().public_key(), Identity::new(Secret::new(key)).unwrap().public_key());
            assert_eq!(*keys.peer().public_key().as_bytes(), peer);
            assert_eq!(keys.psk().is_some(), psk.is_some());
            read(bytes.expose());
        }
        Err(Error::BufferTooSmall) => assert!(address.len() > MAX_ADDRESS),
        Err(Error::BlankKey) => assert!(is_blank(&key) || psk.is_some_and(|psk| is_blank(&psk))),
        Err(error) => assert!(matches!(error, Error::OwnKey | Error::WeakKey), "{error:?}"),
    }
}

/// Cleared memory or erased flash.
fn is_blank(key: &[u8]) -> bool {
    key.iter().all(|byte| *byte == 0) || key.iter().all(|byte| *byte == 0xff)
}
