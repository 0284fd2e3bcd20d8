//! The manifest of a batch: one row a device, no secret, every cell as it is written here and in no other way.

use super::items::Item;
use super::kept::KeptPage;
use crate::code_name::show_code_name;
use crate::file::LONGEST;
use crate::keys;
use crate::provision::error::ProvisionError;
use crate::text_file::{self, TextError, Trust};
use lowkey_core::{Fingerprint, Id, PublicKey};
use lowkey_host::text::Hex;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What the manifest says of one device.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) serial: String,
    pub(super) key: PublicKey,
    id: Id,
    page_sha256: String,
    code: Option<Id>,
}

impl Row {
    pub(super) fn of(item: &Item, page: &KeptPage, code: Option<Id>) -> Self {
        let KeptPage { key, id, sha256 } = page;
        let Item { name, serial } = item.clone();
        Self { name, serial, key: *key, id: *id, page_sha256: sha256.clone(), code }
    }

    /// The cells, in the order of [`COLUMNS`].
    pub(super) fn cells(&self) -> [String; COLUMNS.len()] {
        [
            self.name.clone(),
            self.serial.clone(),
            format!("0x{}", Hex(self.id.as_bytes())),
            keys::encode_public(&self.key),
            Fingerprint::of(&self.key).to_string(),
            self.page_sha256.clone(),
            self.code.map(|code| show_code_name(&code)).unwrap_or_default(),
        ]
    }
}

/// What the first line of a manifest says.
pub(super) const COLUMNS: [&str; 7] =
    ["name", "serial", "id", "public_key", "fingerprint", "page_sha256", CODE_COLUMN];
/// The column that is of the code's file and not of the page.
pub(super) const CODE_COLUMN: &str = "code";

/// Writes the manifest, at once and whole; one that is there has to say the same.
pub(super) fn write(path: &Path, rows: &[Row]) -> Result<(), ProvisionError> {
    let mut text = COLUMNS.join(",") + "\n";
    for row in rows {
        text += &row.cells().join(",");
        text.push('\n');
    }
    match read(path) {
        Ok(there) if there == text => return Ok(()),
        Ok(_) => {
            let why = "is there already, and says something else than this batch; name another file";
            return Err(ProvisionError::about(path, why));
        }
        Err(error) if error.is_missing() => (),
        Err(error) => return Err(ProvisionError::Order(error.to_string())),
    }
    put(path, &text).map_err(|error| ProvisionError::about(path, error))
}

/// The text of a manifest.
pub(super) fn read(path: &Path) -> Result<String, TextError> {
    text_file::read(path, Trust::Ours, LONGEST)
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = Path::new(&new);
    match fs::remove_file(new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => (), // left behind by one who was killed, perhaps
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o644);
    let mut file: File = options.open(new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)
}
