//! The page itself: the same bytes, and the same pages refused.

use super::{Python, hex, tools, unhex};
use crate::common::Folder;
use lowkey_core::page::{Contents, LEN, MAX_ADDRESS, Page};
use lowkey_core::{Identity, Secret};
use lowkey_host::{Id, PublicKey};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use test_support::Random;

/// What is in a page, and the page that Rust makes of it.
struct Device {
    id: Vec<u8>,
    address: String,
    peer: PublicKey,
    secrets: [Secret<32>; 4],
    has_psk: bool,
}

impl Device {
    fn random(random: &mut Random, id: usize, address: usize) -> Self {
        let server = Identity::new(random.secret()).unwrap();
        Self {
            id: random.bytes(id),
            address: "ü".repeat(address / 2) + &"h".repeat(address % 2),
            peer: server.public_key(),
            secrets: [(); 4].map(|()| random.secret()),
            has_psk: random.below(2) == 1,
        }
    }

    /// The keys of RFC 7748 §6.1, which are in the book.
    fn of_the_book() -> Self {
        let [ours, theirs] = [
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        ]
        .map(|key| <[u8; 32]>::try_from(unhex(key)).unwrap());
        let server = Identity::new(Secret::new(theirs)).unwrap().public_key();
        let secret = |first: u8| Secret::new(std::array::from_fn(|at| first + at as u8));
        let secrets = [Secret::new(ours), secret(0x40), secret(0x60), secret(0x80)];
        let id = Id::of_pinning(&Identity::new(secrets[0].duplicate()).unwrap().public_key(), &server);
        let address = "192.168.1.10:7000".to_owned();
        Self { id: id.as_bytes().to_vec(), address, peer: server, secrets, has_psk: true }
    }

    fn in_rust(&self) -> Result<Vec<u8>, String> {
        let [static_key, hedge, seed, psk] = &self.secrets;
        let contents = Contents {
            id: Id::new(&self.id).unwrap(),
            address: &self.address,
            static_key,
            peer: self.peer.canonical(),
            hedge,
            seed,
            psk: self.has_psk.then_some(psk),
        };
        Ok(contents.encode().map_err(|error| error.to_string())?.expose().to_vec())
    }

    fn in_json(&self) -> Value {
        let [private_key, hedge, seed, psk] = self.secrets.each_ref().map(|secret| hex(secret.expose()));
        json!({
            "id": hex(&self.id), "address": self.address, "peer": hex(self.peer.as_bytes()), "hedge": hedge,
            "private_key": private_key, "seed": seed, "psk": self.has_psk.then_some(psk),
        })
    }

    fn in_python(&self, python: &mut Python) -> Result<Vec<u8>, String> {
        python.ask("encode", self.in_json()).map(|page| unhex(page.as_str().unwrap()))
    }
}

#[test]
fn the_same_keys_make_the_same_page_byte_for_byte() {
    let folder = Folder::empty();
    let Some(mut python) = Python::within(&folder) else { return };
    let mut random = Random::new();
    for len in 0..=MAX_ADDRESS {
        let mut device = Device::random(&mut random, 1 + len % Id::MAX, len);
        device.has_psk = len % 3 != 0;
        assert_eq!(device.in_python(&mut python).unwrap(), device.in_rust().unwrap(), "{len}");
    }
}

#[test]
fn a_server_s_key_is_written_in_its_one_spelling_and_one_that_protects_nothing_is_refused() {
    let folder = Folder::empty();
    let Some(mut python) = Python::within(&folder) else { return };
    let mut device = Device::random(&mut Random::new(), 8, 0);
    let ours = Identity::new(device.secrets[0].duplicate()).unwrap().public_key();
    let small = |number: u8| PublicKey::new(std::array::from_fn(|at| if at == 0 { number } else { 0 }));
    let near_2_to_255 = |low: u8| PublicKey::new(std::array::from_fn(|at| if at == 0 { low } else { 0xff }));
    let low_order = [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ];
    let low_order = low_order.map(|key| PublicKey::new(unhex(key).try_into().unwrap()));
    let keys = (0..20)
        .map(small)
        .chain((0xe8..=0xff).map(near_2_to_255))
        .chain(low_order)
        .chain([ours, device.peer]);
    let mut refused = 0;
    for key in keys {
        for highest_bit in [0, 0x80] {
            let mut spelled = *key.as_bytes();
            spelled[31] = spelled[31] & 0x7f | highest_bit;
            device.peer = PublicKey::new(spelled);
            match device.in_rust() {
                Ok(page) => assert_eq!(device.in_python(&mut python), Ok(page), "{:?}", device.peer),
                Err(_) => {
                    device.in_python(&mut python).unwrap_err();
                    refused += 1;
                }
            }
        }
    }
    // 0, 1 and p - 1; 0 and 1 as p and p + 1; two more; our own.
    assert_eq!(refused, 2 * 8);
}

#[test]
fn a_secret_that_nobody_has_drawn_and_a_length_that_no_page_has_are_refused() {
    let folder = Folder::empty();
    let Some(mut python) = Python::within(&folder) else { return };
    let right = Device::of_the_book().in_json();
    python.ask("encode", right.clone()).unwrap();
    let bytes = |len: usize| "5a".repeat(len);
    let mut refused = |field: &str, wrong: Value, why: &str| {
        let mut device = right.clone();
        device[field] = wrong;
        let said = python.ask("encode", device).unwrap_err();
        assert!(said.contains(why), "{field}: {said}");
    };
    for secret in ["private_key", "hedge", "seed", "psk"] {
        for blank in ["00", "ff"] {
            refused(secret, blank.repeat(32).into(), "nobody has written one there");
        }
        for len in [1, 31, 33] {
            refused(secret, bytes(len).into(), "a secret has 32 bytes");
        }
    }
    refused("peer", bytes(31).into(), "a public key has 32 bytes");
    refused("id", "".into(), "not 1 to 32");
    refused("id", bytes(33).into(), "not 1 to 32");
    refused("address", "h".repeat(65).into(), "longer than 64 bytes");
    refused("address", "ü".repeat(33).into(), "longer than 64 bytes");
}

#[test]
fn a_page_that_rust_refuses_is_refused_for_the_same_reason() {
    let folder = Folder::empty();
    let Some(mut python) = Python::within(&folder) else { return };
    let page = Device::of_the_book().in_rust().unwrap();
    let mut same = |page: &[u8]| {
        let said = python.ask("read", hex(page)).map(|address| address.as_str().unwrap().to_owned());
        let said = said.map_err(|why| why.replace("this tool", "this firmware"));
        let rust = Page::read(page).map(|page| page.address().to_owned()).map_err(|error| error.to_string());
        assert_eq!(said, rust, "{}", hex(page));
        rust.is_ok()
    };
    assert!(same(&page));
    assert!(same(&[&page[..], b"the log"].concat()), "it may stand before something else");
    assert!(!same(&[0xff; LEN]) && !same(&[0; LEN]) && !same(&[]) && !same(&page[..LEN - 1]));
    for at in 0..LEN {
        let mut damaged = page.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(!same(&damaged));
    }
    // Whoever writes the check anew makes a page that is impossible, or another one.
    let put = |changes: &[(usize, u8)]| {
        let mut page = page.clone();
        changes.iter().for_each(|(at, byte)| page[*at] = *byte);
        checked(page)
    };
    let lengths_and_flags =
        [(5, 0), (5, 2), (5, 3), (6, 0), (6, 33), (6, 32), (7, 0), (7, 65), (7, 64), (40, 0xff)];
    for change in lengths_and_flags {
        same(&put(&[change]));
    }
    for secret in [104, 232, 264, 296] {
        for blank in [0, 0xff] {
            let blanked: Vec<_> = (secret..secret + 32).map(|at| (at, blank)).collect();
            assert!(!same(&put(&blanked)));
        }
    }
}

#[test]
fn a_page_is_right_only_if_every_byte_of_it_is_what_its_keys_make() {
    let folder = Folder::empty();
    let Some(mut python) = Python::within(&folder) else { return };
    let mut device = Device::of_the_book();
    device.has_psk = false;
    let page = device.in_rust().unwrap();
    python.ask("check", hex(&page)).unwrap();
    // The public key, the shared secret, what is unused of id, address and PSK: as a tool that errs would write them.
    for at in (16..40).chain(57..104).chain(136..168).chain(200..232).chain(296..328) {
        let mut wrong = page.clone();
        wrong[at] ^= 1 << (at % 8);
        Page::read(&checked(wrong.clone())).unwrap();
        let why = python.ask("check again", hex(&wrong)).unwrap_err();
        assert!(why.contains("is not what the other fields make it"), "{at}: {why}");
    }
    let mut spelled = page.clone();
    spelled[199] |= 0x80; // the highest bit of the server's key
    assert!(python.ask("check again", hex(&spelled)).unwrap_err().contains("server's key"));
    let mut address = page;
    address[40] = b'0';
    assert!(python.ask("check again", hex(&address)).unwrap_err().contains("is no address"));
}

#[test]
fn what_is_in_a_page_is_not_printed_with_its_secrets() {
    let folder = Folder::empty();
    let Some(mut python) = Python::within(&folder) else { return };
    let shown = python.ask("repr", Device::of_the_book().in_json()).unwrap();
    let shown = shown.as_str().unwrap();
    assert!(shown.contains("192.168.1.10:7000") && shown.contains("id="), "{shown}");
    assert!(["private_key", "hedge", "seed", "psk"].iter().all(|secret| !shown.contains(secret)), "{shown}");
}

#[test]
fn the_page_that_the_book_shows_is_the_one_of_its_keys() {
    let book =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/provisioning.md"))
            .unwrap();
    let example = book.split_once("<!-- the example of a key page -->").unwrap().1;
    let dump = example.split("```").nth(1).unwrap();
    let bytes = dump.lines().filter_map(|line| line.split_once(": ")).map(|(_, bytes)| unhex(bytes));
    let page: Vec<u8> = bytes.flatten().collect();
    assert_eq!(hex(&Device::of_the_book().in_rust().unwrap()), hex(&page));
    let folder = Folder::empty();
    let Some(mut python) = Python::within(&folder) else { return };
    assert_eq!(python.ask("again", hex(&page)).unwrap(), hex(&page));
}

#[test]
fn the_tools_are_written_in_the_oldest_python_that_they_are_for() {
    let folder = Folder::empty();
    let Some(mut python) = super::interpreter(&folder) else { return };
    let run = "import ast, pathlib, sys\n\
               for file in pathlib.Path(sys.argv[1]).glob('*.py'):\n    \
               ast.parse(file.read_text('utf-8'), file.name, feature_version=(3, 9)); print(file.name)";
    let output = python.args(["-c", run]).arg(tools()).output().unwrap();
    let parsed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(parsed.lines().count(), 3, "{parsed}");
}

/// `page` with a check that is right.
fn checked(mut page: Vec<u8>) -> Vec<u8> {
    let mut hash = [0; 32];
    lowkey_crypto::Blake2s::hash(&[&page[..328]], &mut hash);
    page[328..].copy_from_slice(&hash[..16]);
    page
}
