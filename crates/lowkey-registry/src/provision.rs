//! Makes a device, or new keys for one: its key page, and its place in the registry.

mod address;
pub mod batch;
mod error;
mod register;
mod secrets;

pub use address::check as check_address;
pub use error::ProvisionError;
pub use register::{KnownKey, Registered, find_public_key, register};

use crate::edit::{Attempts, Change, Edit, EditError, Written};
use crate::file::quote;
use crate::keys::{self, KeyFileError, create_private, remove_unfinished};
use crate::target::Target;
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
    pub registry: Option<Target<'a>>,
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
    let page = secrets.page(id, order.address, order.server)?;
    let lines = lines(order, key)?;
    let refused = |error| match order.registry {
        Some(registry) => ProvisionError::refused(registry, error),
        None => ProvisionError::Order(String::new()), // nothing is changed then
    };
    let changed = |edit: &Edit<'_>| {
        let new = match order.rotation {
            Rotation::None => {
                let mut devices = edit.entries(&order.server)?.into_iter().map(|entry| entry.device);
                if devices.any(|device| device.name() == order.name) {
                    return Err(EditError::Device(format!("the name {:?} is in use already", order.name)));
                }
                edit.with(&[&lines], &order.server)
            }
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
    let mut then = Some(then);
    let mut created = Created::default();
    let mut made = Made { key, id, lines: lines.clone(), written: None };
    let mut attempts = Attempts::default();
    loop {
        let edit = order.registry.map(Edit::begin).transpose().map_err(ProvisionError::Registry)?;
        if then.is_none()
            && let Some(edit) = edit.as_ref().filter(|edit| has(edit, &order.server, &key))
        {
            made.written = Some(edit.standing(&order.server, Change::Added(key)));
            break; // the attempt before was taken, and that was not heard
        }
        let new = edit.as_ref().map(changed).transpose().map_err(refused)?;
        // Of several attempts the first one makes the files.
        if let Some(then) = then.take() {
            created.file(order.page, &render(&page, order))?;
            if let (PskFile::New(file), Some(psk)) = (order.psk, &secrets.psk) {
                let text = keys::psk_text(psk).map_err(|error| ProvisionError::Order(error.to_string()))?;
                let file_made = created.file(file, text.expose().as_bytes())?;
                if let Some(edit) = &edit {
                    let file_error = |error| KeyFileError::File { path: file.to_owned(), error };
                    edit.hand_over(&file_made).map_err(|error| ProvisionError::File(file_error(error)))?;
                }
            }
            then(&made)?;
        }
        let Some((edit, new)) = edit.zip(new) else { break };
        match edit.put(&new, &order.server, Change::Added(key)) {
            Ok(written) => {
                made.written = Some(written);
                break;
            }
            Err(EditError::Raced) if attempts.go_on() => (),
            Err(error) => return Err(refused(error).into()),
        }
    }
    created.keep();
    Ok(made)
}

/// Whether a device with this key is in it.
fn has(edit: &Edit<'_>, server: &PublicKey, key: &PublicKey) -> bool {
    let entries = edit.entries(server).unwrap_or_default();
    entries.iter().flat_map(|entry| &entry.pinnings).any(|pinning| pinning.key == *key)
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
        let file = beside(order.registry, file)?;
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

/// `file` as the registry names it: relative if it lies beside or below it, otherwise whole. Servers that share one
/// have the file at other places, each below its own folder.
fn beside(registry: Option<Target<'_>>, file: &Path) -> Result<PathBuf, ProvisionError> {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let below = |folder: &Path| whole(file).strip_prefix(whole(folder)).ok().map(Path::to_owned);
    match registry {
        None => Ok(whole(file)),
        Some(Target::File(registry)) => {
            let folder = whole(registry).parent().map(Path::to_owned);
            Ok(folder.and_then(|folder| below(&folder)).unwrap_or_else(|| whole(file)))
        }
        Some(Target::Shared(shared)) => {
            let Some(folder) = shared.psk_folder() else {
                let why = "servers that share a registry have PSK files each in a folder of its own; say which folder \
                           here is like it";
                return Err(ProvisionError::Order(why.into()));
            };
            below(folder).ok_or_else(|| {
                let why = format!("lies outside of {}, whose files the servers have", shown(folder));
                ProvisionError::about(file, why)
            })
        }
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
