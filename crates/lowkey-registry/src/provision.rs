//! Makes a device, or new keys for one: its key page, and its place in the registry.

mod address;
pub mod batch;
mod error;
mod register;
mod secrets;

pub use address::check as check_address;
pub use error::ProvisionError;
pub use register::{KnownKey, Registered, find_public_key, register};

use crate::edit::{Change, Edit, Written};
use crate::file::quote;
use crate::keys::{self, KeyFileError, create_private, remove_unfinished};
use crate::text_file::shown;
use lowkey_core::Secret;
use lowkey_core::page::LEN;
use lowkey_host::text::{Hex, holds_a_secret, mask, steers};
use lowkey_host::{Device, Id, PublicKey};
use secrets::Secrets;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use zeroize::Zeroizing;

/// How a key page is written to its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The 344 bytes, to be put into flash as they are.
    Binary,
    /// A C array, to be compiled in.
    C,
    /// A Rust array, to be compiled in.
    Rust,
}

/// Where the PSK of a new device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PskFile<'a> {
    /// There is none: KK.
    None,
    /// It is drawn, and the server's copy goes to this new file: KKpsk0.
    New(&'a Path),
    /// It is in this file already, made for this device and no other: KKpsk0.
    Existing(&'a Path),
}

impl<'a> PskFile<'a> {
    fn path(self) -> Option<&'a Path> {
        match self {
            Self::None => None,
            Self::New(path) | Self::Existing(path) => Some(path),
        }
    }
}

/// What a new device is to be.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// What the server calls it.
    pub name: &'a str,
    /// The server's static key.
    pub server: PublicKey,
    /// The pinning's id; without one the default.
    pub id: Option<Id>,
    /// Where the device finds the server, `host:port`; may be empty.
    pub address: &'a str,
    /// The new file for its key page.
    pub page: &'a Path,
    /// How the page is written.
    pub format: Format,
    /// Whether the pinning has a PSK, and the file of the server's copy.
    pub psk: PskFile<'a>,
    /// The registry that the device is added to.
    pub registry: Option<&'a Path>,
    /// Whether the device is new.
    pub rotation: Rotation,
}

/// Whether a device is made, or a second pinning for one that there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// A new device.
    #[default]
    None,
    /// New keys for a device that the registry has with one pinning: they stand beside the old ones, so that both
    /// connect until the old ones are removed ([`finish`](crate::rotation::finish)) or have ended. Where the old ones
    /// have a PSK, the new ones need one of their own.
    Beside {
        /// When the old pinning ends; `None` leaves that as it is.
        until: Option<SystemTime>,
    },
}

/// What was made. The private key is in the key page and nowhere else.
#[derive(Clone, Debug)]
pub struct Made {
    /// The device's public key.
    pub key: PublicKey,
    /// The pinning's id.
    pub id: Id,
    /// Its `[[device]]` table; of a rotation, the fields of the new `[[device.pinning]]`.
    pub lines: String,
    /// What was written to the registry, if one was named.
    pub written: Option<Written>,
}

/// Makes a device, or new keys for one: draws its secrets, writes its key page to a new file that only its owner reads,
/// and adds it to the registry if one is named. A registry that is made on the way, or is empty, names the server that
/// it is for.
///
/// # Errors
/// [`ProvisionError`]; no file was left behind and the registry is as it was.
pub fn provision(order: &Order<'_>) -> Result<Made, ProvisionError> {
    provision_and(order, |_| Ok(()))
}

/// The same for whoever has to do something with what is made, such as to print its lines, before it counts: the
/// files are there when `then` is called, and the registry is as it was. What `then` says no to is undone.
///
/// # Errors
/// [`ProvisionError`], or what `then` gave; no file was left behind and the registry is as it was.
pub fn provision_and<E: From<ProvisionError>>(
    order: &Order<'_>,
    then: impl FnOnce(&Made) -> Result<(), E>,
) -> Result<Made, E> {
    // As the server spells it, or the device would hash other bytes than the server does.
    let order = &Order { server: order.server.canonical(), ..order.clone() };
    let secrets = Secrets::draw(psk(order.psk)?)?;
    let key = secrets.public_key()?;
    let id = order.id.unwrap_or_else(|| Id::of_pinning(&key, &order.server));
    check(order)?;
    let edit = order.registry.map(Edit::begin).transpose().map_err(ProvisionError::Registry)?;
    let page = secrets.page(id, order.address, order.server)?;
    let lines = lines(order, key)?;
    let refused = |error| ProvisionError::refused(order.registry.unwrap_or(Path::new("")), error);
    let changed = |edit: &Edit| {
        let new = match order.rotation {
            Rotation::None => edit.with(&[&lines], &order.server),
            Rotation::Beside { until } => {
                edit.with_pinning(&order.server, (order.name, id), &lines, until)?
            }
        };
        edit.check(&new, &order.server)?;
        if let (PskFile::Existing(_), Some(psk)) = (order.psk, &secrets.psk) {
            edit.check_psk(psk, &order.server)?;
        }
        Ok(new)
    };
    let new = edit.as_ref().map(changed).transpose().map_err(refused)?;

    let mut created = Created::default();
    created.file(order.page, &render(&page, order))?;
    if let (PskFile::New(file), Some(psk)) = (order.psk, &secrets.psk) {
        let made = created.file(
            file,
            keys::psk_text(psk)
                .map_err(|error| ProvisionError::Order(error.to_string()))?
                .expose()
                .as_bytes(),
        )?;
        if let Some(edit) = &edit {
            let file_error = |error| KeyFileError::File { path: file.to_owned(), error };
            edit.hand_over(&made).map_err(|error| ProvisionError::File(file_error(error)))?;
        }
    }
    let written = order
        .registry
        .zip(new.as_ref())
        .map(|(registry, new)| Written::new(registry, &order.server, new, Change::Added(key)));
    let made = Made { key, id, lines, written };
    then(&made)?;
    if let (Some(edit), Some(new)) = (edit, new) {
        edit.put(&new).map_err(refused)?;
    }
    created.keep();
    Ok(made)
}

fn psk(of: PskFile<'_>) -> Result<Option<Secret<32>>, ProvisionError> {
    match of {
        PskFile::None => Ok(None),
        PskFile::New(_) => keys::generate().map(Some).map_err(ProvisionError::Entropy),
        PskFile::Existing(path) => keys::read_psk_secret(path).map(Some).map_err(ProvisionError::File),
    }
}

fn check(order: &Order<'_>) -> Result<(), ProvisionError> {
    let wrong = |why: String| Err(ProvisionError::Order(why));
    Device::new(order.name).map_err(|error| ProvisionError::Order(error.to_string()))?;
    if let Rotation::Beside { until: Some(until) } = order.rotation
        && until <= SystemTime::now()
    {
        let why = "the old keys would have ended already; the device needs them until it has the new ones";
        return wrong(why.into());
    }
    let address = order.address;
    // A device that is there has the name that it has.
    let is_new = matches!(order.rotation, Rotation::None);
    if [order.name, address].iter().any(|text| mask(text) != *text) || is_new && holds_a_secret(order.name) {
        return wrong("a secret stands where the name or the address belongs".into());
    }
    address::check(address).map_err(ProvisionError::Order)
}

fn lines(order: &Order<'_>, key: PublicKey) -> Result<String, ProvisionError> {
    let mut lines = match order.rotation {
        Rotation::None => format!("[[device]]\nname = {}\n", quote(order.name)),
        Rotation::Beside { .. } => String::new(),
    };
    if let Some(id) = order.id {
        lines += &format!("id = {}\n", quote(&id_text(id)));
    }
    lines += &format!("key = {}\n", quote(&keys::encode_public(&key)));
    if let Some(file) = order.psk.path() {
        let file = beside(order.registry, file);
        let Some(name) = file.to_str() else {
            let why = format!("{}: its name is not UTF-8, which a registry is", shown(&file));
            return Err(ProvisionError::Order(why));
        };
        lines += &format!("psk_file = {}\n", quote(name));
    }
    Ok(lines)
}

/// The id as text if it is that, otherwise in hex.
fn id_text(id: Id) -> String {
    match std::str::from_utf8(id.as_bytes()) {
        Ok(text) if !text.starts_with("0x") && !text.chars().any(steers) => text.to_owned(),
        _ => format!("0x{}", Hex(id.as_bytes())),
    }
}

/// `file` as the registry names it: relative if it lies beside or below it, otherwise whole.
fn beside(registry: Option<&Path>, file: &Path) -> PathBuf {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let file = whole(file);
    let directory = registry.map(whole).and_then(|registry| registry.parent().map(Path::to_owned));
    match directory.and_then(|directory| file.strip_prefix(directory).ok().map(Path::to_owned)) {
        Some(relative) => relative,
        None => file,
    }
}

fn render(page: &Secret<LEN>, order: &Order<'_>) -> Zeroizing<Vec<u8>> {
    // Room for all of it at once: a vector that grew would leave its old place unwiped.
    let mut out = Zeroizing::new(Vec::with_capacity(LEN * 8 + 512 + 2 * order.name.len()));
    let room = out.capacity();
    let name = order.name;
    match order.format {
        Format::Binary => out.extend_from_slice(page.expose()),
        Format::C => {
            let head = format!(
                "/* Key page of {}. Secret: whoever reads this file can play the device. */\n\
                 #include <stdint.h>\n\n\
                 __attribute__((aligned(4))) const uint8_t lowkey_key_page[{LEN}] = {{\n",
                name.replace("*/", "* /"),
            );
            out.extend_from_slice(head.as_bytes());
            bytes(&mut out, page);
            out.extend_from_slice(b"};\n");
        }
        Format::Rust => {
            let head = format!(
                "// Key page of {name}. Secret: whoever reads this file can play the device.\n\
                 #[rustfmt::skip]\n\
                 pub static LOWKEY_KEY_PAGE: [u8; {LEN}] = [\n",
            );
            out.extend_from_slice(head.as_bytes());
            bytes(&mut out, page);
            out.extend_from_slice(b"];\n");
        }
    }
    debug_assert_eq!(out.capacity(), room, "it grew");
    out
}

/// Sixteen bytes a line, in hex.
fn bytes(out: &mut Vec<u8>, page: &Secret<LEN>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for line in page.expose().chunks(16) {
        out.extend_from_slice(b"   ");
        for byte in line {
            let [high, low] = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
            out.extend_from_slice(&[b' ', b'0', b'x', high, low, b',']);
        }
        out.push(b'\n');
    }
}

/// Files made on the way; gone again unless all went well.
#[derive(Default)]
struct Created(Vec<PathBuf>);

impl Created {
    fn file(&mut self, path: &Path, content: &[u8]) -> Result<File, ProvisionError> {
        let file = create_private(path, content).map_err(ProvisionError::File)?;
        self.0.push(path.to_owned());
        Ok(file)
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Created {
    fn drop(&mut self) {
        self.0.iter().for_each(|path| remove_unfinished(path));
    }
}
