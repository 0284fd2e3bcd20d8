//! A page of cases, as [`m3_tests::page`] lays it out.

use m3_tests::page::{
    AEAD, DIGEST, END, FORGED, HASH, ITERATED, KEYED_HASH, KINDS, Kind, LADDERS, LEN, MAGIC, MEMORY, TWINS,
    X25519,
};

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
        Self { bytes: MAGIC.to_vec(), counts: [0; KINDS.len()] }
    }

    pub(crate) fn x25519(&mut self, case: &Shared) {
        self.begin(Kind::X25519, X25519);
        self.bytes.extend(case.as_flattened());
    }

    pub(crate) fn iterated(&mut self, times: u16, result: &[u8]) {
        self.begin(Kind::Iterated, ITERATED);
        self.number(times);
        self.bytes.extend(result);
    }

    pub(crate) fn aead(&mut self, case: &Sealed<'_>) {
        self.begin(Kind::Aead, if case.plain.is_some() { AEAD } else { FORGED });
        self.bytes.extend(case.key);
        self.bytes.extend(case.nonce);
        for string in [Some(case.ad), Some(case.sealed), case.plain].into_iter().flatten() {
            self.string(string);
        }
    }

    pub(crate) fn hash(&mut self, key: Option<[u8; 32]>, message: &[u8], hash: &[u8]) {
        self.begin(Kind::Hash, if key.is_some() { KEYED_HASH } else { HASH });
        self.bytes.extend(key.iter().flatten());
        self.string(message);
        self.bytes.extend(hash);
    }

    pub(crate) fn digest(&mut self, function: u16, digest: &[u8; 32]) {
        self.begin(Kind::Digest, DIGEST);
        self.number(function);
        self.bytes.extend(digest);
    }

    pub(crate) fn twins(&mut self, rounds: u16) {
        self.begin(Kind::Twins, TWINS);
        self.number(rounds);
    }

    pub(crate) fn ladders(&mut self, most: u16) {
        self.begin(Kind::Ladders, LADDERS);
        self.number(most);
    }

    pub(crate) fn memory(&mut self) {
        self.begin(Kind::Memory, MEMORY);
    }

    /// The bytes, if the device has room for them.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>> {
        let bytes = [&self.bytes[..], &END.to_le_bytes()].concat();
        if bytes.len() > LEN {
            return Err(format!("a page of {} bytes does not fit {LEN}", bytes.len()).into());
        }
        Ok(bytes)
    }

    /// What the device says when all of it has passed.
    pub(crate) fn expected(&self) -> String {
        let counted = KINDS.iter().zip(self.counts).filter(|(_, count)| *count > 0);
        counted.map(|(kind, count)| format!("{kind}: {count}\n")).collect()
    }

    fn begin(&mut self, kind: Kind, number: u16) {
        self.counts[kind as usize] += 1;
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
