//! A page of cases, as `tests/m3/src/bin/on_device/page.rs` reads it.

use crate::Result;

/// A page in the making.
pub(crate) struct Page {
    bytes: Vec<u8>,
    /// How many cases of each of [`KINDS`].
    counts: [usize; KINDS.len()],
}

/// A private key, a public key and their shared secret.
pub(crate) type Shared = [[u8; 32]; 3];

/// Something that was sealed, with its tag, and what is in it unless it is forged.
pub(crate) struct Sealed<'c> {
    pub(crate) key: [u8; 32],
    pub(crate) nonce: [u8; 12],
    pub(crate) ad: &'c [u8],
    pub(crate) sealed: &'c [u8],
    pub(crate) plain: Option<&'c [u8]>,
}

impl Page {
    pub(crate) fn new() -> Self {
        Self { bytes: b"m3 page\n".to_vec(), counts: [0; KINDS.len()] }
    }

    pub(crate) fn x25519(&mut self, case: &Shared) {
        self.begin(0, 1);
        self.bytes.extend(case.as_flattened());
    }

    pub(crate) fn iterated(&mut self, times: u16, result: &[u8]) {
        self.begin(1, 2);
        self.number(times);
        self.bytes.extend(result);
    }

    pub(crate) fn aead(&mut self, case: &Sealed<'_>) {
        self.begin(2, if case.plain.is_some() { 3 } else { 4 });
        self.bytes.extend(case.key);
        self.bytes.extend(case.nonce);
        for string in [Some(case.ad), Some(case.sealed), case.plain].into_iter().flatten() {
            self.string(string);
        }
    }

    pub(crate) fn hash(&mut self, key: Option<[u8; 32]>, message: &[u8], hash: &[u8]) {
        self.begin(3, if key.is_some() { 6 } else { 5 });
        self.bytes.extend(key.iter().flatten());
        self.string(message);
        self.bytes.extend(hash);
    }

    pub(crate) fn digest(&mut self, function: u16, digest: &[u8; 32]) {
        self.begin(4, 7);
        self.number(function);
        self.bytes.extend(digest);
    }

    pub(crate) fn twins(&mut self, rounds: u16) {
        self.begin(5, 8);
        self.number(rounds);
    }

    pub(crate) fn ladders(&mut self, most: u16) {
        self.begin(6, 9);
        self.number(most);
    }

    pub(crate) fn memory(&mut self) {
        self.begin(7, 10);
    }

    /// The bytes, if the device has room for them.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>> {
        let bytes = [&self.bytes[..], &END].concat();
        if bytes.len() > ROOM {
            return Err(format!("a page of {} bytes does not fit {ROOM}", bytes.len()).into());
        }
        Ok(bytes)
    }

    /// What the device says when all of it has passed.
    pub(crate) fn expected(&self) -> String {
        let counted = KINDS.iter().zip(self.counts).filter(|(_, count)| *count > 0);
        counted.map(|(kind, count)| format!("{kind}: {count}\n")).collect()
    }

    fn begin(&mut self, kind: usize, number: u16) {
        self.counts[kind] += 1;
        self.number(number);
    }

    fn number(&mut self, number: u16) {
        self.bytes.extend(number.to_le_bytes());
    }

    fn string(&mut self, string: &[u8]) {
        self.number(string.len() as u16);
        self.bytes.extend(string);
    }
}

/// As the device calls them.
const KINDS: [&str; 8] = [
    "X25519",
    "X25519, iterated",
    "ChaCha20-Poly1305",
    "BLAKE2s",
    "digests over lengths and alignments",
    "assembly and Rust, word for word",
    "ladders",
    "memcpy and its kin",
];
/// The number of no case.
const END: [u8; 2] = [0; 2];
/// The upper half of the flash.
const ROOM: usize = 0x2_0000;
