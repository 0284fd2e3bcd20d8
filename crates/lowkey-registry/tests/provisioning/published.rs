//! What the documentation prints is nobody's key.

use lowkey_core::page::{Contents, Page};
use lowkey_core::{Code, CodeError, Id};
use lowkey_crypto::Blake2s;
use lowkey_host::{Identity, PublicKey, Secret};
use lowkey_registry::keys::{self, KeyTextError};
use lowkey_registry::{FileRegistry, parse_code};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use test_support::folder::{Bench, folder};

/// All that is printed: public keys, and 32 bytes that somebody could take for a private key or a PSK.
fn printed() -> (Vec<PublicKey>, Vec<[u8; 32]>) {
    let (mut keys, mut secrets) = (Vec::new(), Vec::new());
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            keys.extend(keys::parse_public(word));
            secrets.extend(hex(word));
        }
        // `11` × 32
        for (before, _) in text.match_indices("` × 32").map(|(at, _)| text.split_at(at)) {
            let digits = before.rsplit('`').next().unwrap();
            secrets.extend(hex(&digits.repeat(32)));
        }
        // A key page, sixteen bytes a line.
        let page = text.split("```text\n").filter(|block| block.starts_with("  0: ")).map(|block| {
            let lines = block.split("```").next().unwrap().lines();
            let digits = lines.filter_map(|line| line.split_once(": ")).map(|(_, digits)| digits);
            digits.collect::<String>().replace(' ', "")
        });
        for page in page {
            let field = |at: usize| hex(&page[2 * at..2 * at + 64]).unwrap();
            secrets.extend([104, 296].map(field));
            keys.extend([136, 168].map(|at| PublicKey::new(field(at))));
        }
    }
    keys.extend(secrets.iter().copied().map(PublicKey::new));
    let public = |secret: &[u8; 32]| Identity::new(Secret::new(*secret)).unwrap().public_key();
    keys.extend(secrets.iter().map(public));
    (keys, secrets)
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let book = fs::read_dir(root.join("docs/src")).unwrap().map(|entry| entry.unwrap().path());
    let book = book.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    book.chain([root.join("README.md"), root.join("SECURITY.md")]).collect()
}

/// 32 bytes in hex.
fn hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap();
    digits.then(|| std::array::from_fn(byte))
}

/// Whether `list` is what a source has behind `begin`; it is written there if the environment asks for that.
fn has(file: &str, begin: &str, list: &str) -> bool {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    let source = fs::read_to_string(&path).unwrap();
    let (before, rest) = source.split_once(begin).unwrap();
    let end = rest.find([']', '}']).unwrap();
    if rest[..end] != *list && std::env::var_os(WRITE).is_some() {
        fs::write(&path, format!("{before}{begin}{list}{}", &rest[end..])).unwrap();
        return true;
    }
    rest[..end] == *list
}

/// As `published.rs` has them: the first eight bytes, in order.
fn list(all: impl Iterator<Item = [u8; 32]>) -> String {
    let fronts: BTreeSet<[u8; 8]> = all.map(|bytes| *bytes.first_chunk().unwrap()).collect();
    let groups = |front: [u8; 8]| {
        front.chunks(2).map(|pair| format!("{:02x}{:02x}", pair[0], pair[1])).collect::<Vec<_>>()
    };
    fronts.into_iter().map(|front| format!("    0x{},\n", groups(front).join("_"))).collect()
}

#[test]
fn whatever_key_the_documentation_prints_is_refused_by_a_server_and_for_a_device() {
    let (keys, secrets) = printed();
    assert!(keys.len() > 30 && secrets.len() > 5);
    let hash = |secret: &[u8; 32]| {
        let mut hash = [0; 32];
        Blake2s::hash(&[secret], &mut hash);
        hash
    };
    let expected = [list(keys.iter().map(|key| *key.canonical().as_bytes())), list(secrets.iter().map(hash))];
    let [keys_list, psks_list] = expected;
    let is_right = has("crates/lowkey-core/src/published.rs", "const KEYS: &[u64] = &[\n", &keys_list)
        & has("crates/lowkey-core/src/published.rs", "const PSKS: &[u64] = &[\n", &psks_list)
        & has("tools/lowkey_keys.py", "\nPUBLISHED_KEYS = {\n", &keys_list)
        & has("tools/lowkey_keys.py", "\nPUBLISHED_PSKS = {\n", &psks_list);
    if std::env::var_os(WRITE).is_some() {
        return; // what was built has the old lists
    }
    assert!(is_right, "{WRITE}=1 cargo test -p lowkey-registry --test provisioning writes the lists anew");
    // A server does not take one for its own, nor lets one in.
    for secret in &secrets {
        let refused = keys::identity_text(&Secret::new(*secret)).unwrap_err();
        assert_eq!(refused, KeyTextError::Published("a private key (LKSEC1…)"));
        let refused = keys::psk_text(&Secret::new(*secret)).unwrap_err();
        assert!(refused.to_string().contains("a PSK (LKPSK1…) that is printed in Lowkey's documentation"));
    }
    let folder = folder();
    let path = folder.path().join("devices.toml");
    let server = Identity::new(Secret::new([1; 32])).unwrap();
    for key in keys.iter().filter(|key| !key.is_low_order()) {
        fs::write(&path, format!("[[device]]\nname = \"a\"\nkey = \"{}\"\n", keys::encode_public(key)))
            .unwrap();
        let refused = FileRegistry::load(&path, &server).unwrap_err().to_string();
        assert!(
            refused.contains("devices.toml:3:1: the key is printed in Lowkey's documentation"),
            "{refused}"
        );
        // Nor is a device made for one.
        let bench = Bench::new();
        let refused = bench.provision(|order| (order.server, order.registry) = (*key, None)).unwrap_err();
        assert!(
            refused.to_string().contains("the server's key is printed in Lowkey's documentation"),
            "{refused}"
        );
        assert!(!bench.page.exists());
    }
}

#[test]
fn a_page_with_a_key_that_the_documentation_prints_is_known_on_a_device() {
    let (keys, secrets) = printed();
    let own = |byte| Secret::new([byte; 32]);
    let is_published = |static_key: [u8; 32], peer: PublicKey, psk: Option<[u8; 32]>| {
        let (static_key, psk) = (Secret::new(static_key), psk.map(Secret::new));
        let contents = Contents {
            id: Id::new(b"id").unwrap(),
            address: "",
            static_key: &static_key,
            peer,
            hedge: &own(3),
            seed: &own(4),
            psk: psk.as_ref(),
        };
        Page::read(contents.encode().unwrap().expose()).unwrap().is_published()
    };
    let (ours, theirs) = ([1; 32], Identity::new(own(2)).unwrap().public_key());
    assert!(!is_published(ours, theirs, None) && !is_published(ours, theirs, Some([5; 32])));
    for key in keys.into_iter().filter(|key| !key.is_low_order()) {
        assert!(is_published(ours, key, None), "{key:?}");
    }
    for secret in secrets {
        assert!(is_published(secret, theirs, None) && is_published(ours, theirs, Some(secret)));
    }
}

#[test]
fn whatever_code_the_documentation_prints_is_nobody_s() {
    let mut found = 0;
    for file in documents() {
        let text = fs::read_to_string(&file).unwrap();
        for word in text.split(|c: char| c.is_whitespace() || matches!(c, '`' | '"' | ',' | ';' | '(' | ')'))
        {
            if let Ok(code) = parse_code(word) {
                panic!("{}: the code {:?} works; print the one of the protocol", file.display(), code.name());
            }
            found += usize::from(Code::parse(word).map(drop) == Err(CodeError::Published));
        }
    }
    assert!(found > 0);
}

const WRITE: &str = "LOWKEY_WRITE_PUBLISHED";
