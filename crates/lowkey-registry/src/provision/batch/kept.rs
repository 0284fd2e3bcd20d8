//! What stands in the files of a device: its key page, and the name of its code. Each file is whole, of this batch, and
//! its owner's alone, or an error.

use crate::codes;
use crate::keys::KeyFileError;
use crate::text_file::{self, Trust};
use lowkey_core::page::{Contents, Fields, LEN, Page, PageError};
use lowkey_core::{Id, PublicKey, Secret};
use lowkey_host::text::Hex;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A key page that stands in its file, without its secrets.
pub(super) struct KeptPage {
    pub(super) key: PublicKey,
    pub(super) id: Id,
    pub(super) sha256: String,
}

impl KeptPage {
    /// Of these keys, and these bytes.
    pub(super) fn of(key: PublicKey, id: Id, bytes: &[u8; LEN]) -> Self {
        Self { key, id, sha256: Hex(&Sha256::digest(bytes)).to_string() }
    }
}

/// Where the page of a device of this name is.
pub(super) fn page_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{PAGE}"))
}

/// Where its code is.
pub(super) fn code_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{CODE}"))
}

/// Why a file of a device is not what it should be.
pub(super) enum NoFile {
    /// There is no such file.
    Absent,
    /// There is nothing in it.
    Empty,
    /// It is not of this batch; why.
    Wrong(String),
}

impl fmt::Display for NoFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "there is none",
            Self::Empty => "there is nothing in it",
            Self::Wrong(why) => why,
        })
    }
}

/// The page in a file, if every byte of it is what its keys, `server` and `address` make; of no address, whatever
/// it is.
pub(super) fn read_page(path: &Path, server: &PublicKey, address: Option<&str>) -> Result<KeptPage, NoFile> {
    let mut file = open(path, LEN as u64)?;
    let mut bytes = Zeroizing::new([0; LEN]);
    file.read_exact(&mut *bytes).map_err(|_| NoFile::Wrong(PageError::Truncated.to_string()))?;
    kept(&bytes, server, address).map_err(NoFile::Wrong)
}

/// The name of the code in a file.
pub(super) fn read_code(path: &Path) -> Result<Id, NoFile> {
    let file = open(path, LONGEST_CODE as u64)?;
    match codes::read_up_to(LONGEST_CODE, file, path) {
        Ok(codes) => match &*codes {
            [code] => Ok(code.name()),
            codes => Err(NoFile::Wrong(format!("{} codes stand in it", codes.len()))),
        },
        Err(KeyFileError::Encoding { line, why, .. }) => Err(NoFile::Wrong(format!("line {line}: {why}"))),
        Err(error) => Err(NoFile::Wrong(error.to_string())),
    }
}

/// A file that nobody but its owner may use, with something in it.
fn open(path: &Path, longest: u64) -> Result<File, NoFile> {
    let (file, metadata) = match text_file::open(path, Trust::Secret, longest) {
        Ok(opened) => opened,
        Err(error) if error.is_missing() => return Err(NoFile::Absent),
        Err(error) => return Err(NoFile::Wrong(error.what())),
    };
    if metadata.len() == 0 {
        return Err(NoFile::Empty);
    }
    // A key of root's may be its group's to read, so that a service gets it. These are nobody's but the line's.
    #[cfg(unix)]
    if let mode = std::os::unix::fs::MetadataExt::mode(&metadata) & 0o7777
        && mode & 0o077 != 0
    {
        let mend = format!("chmod 600 {}", text_file::shell_quote(path));
        let why = format!("others than its owner may use it (mode {mode:04o}); mend that with: {mend}");
        return Err(NoFile::Wrong(why));
    }
    Ok(file)
}

/// What is kept of these bytes.
fn kept(bytes: &[u8; LEN], server: &PublicKey, address: Option<&str>) -> Result<KeptPage, String> {
    let page = Page::read(bytes).map_err(|error| error.to_string())?;
    let fields = Fields::read(bytes).map_err(|error| error.to_string())?;
    let address = address.unwrap_or(page.address());
    let key = PublicKey::new(*fields.public_key);
    let id = Id::of_pinning(&key, server);
    let contents = Contents {
        id,
        address,
        static_key: Secret::of(fields.private_key),
        peer: *server,
        hedge: Secret::of(fields.hedge),
        seed: Secret::of(fields.seed),
        psk: fields.psk.map(Secret::of),
    };
    let again = contents.encode().map_err(|error| error.to_string())?;
    if !again.ct_eq(Secret::of(bytes)) {
        return Err("is not what its keys make for this server and this address".into());
    }
    Ok(KeptPage::of(key, id, bytes))
}

pub(super) const PAGE: &str = ".page";
pub(super) const CODE: &str = ".code";
/// In bytes: comments and a code.
const LONGEST_CODE: usize = 4096;
