//! Many devices at once: a folder of key pages, a manifest, and their rows in the registry.
//!
//! A batch can be killed at any moment. Run again with the same order it goes on from there: a page that is in the
//! folder stays that device's, and no device is made twice. The pages come first, then the manifest, and last all rows
//! of the registry in one change; so no row is without its page, and no page without its row once the batch is done.
//!
//! | in the folder | |
//! | --- | --- |
//! | `order` | of which batch the folder is; made first, never changed |
//! | `NAME.page` | a key page of 344 bytes, mode 0600 |
//! | `NAME.code` | a [file of codes](crate::codes) with the device's pairing code and `server ADDRESS`, as its label area has them; mode 0600, if the order says so |
//!
//! The manifest is a CSV file, without any secret:
//!
//! | column | |
//! | --- | --- |
//! | `name` | what the server calls the device |
//! | `serial` | as the list of names has it, or nothing; the registry has it as the label `serial` |
//! | `id` | the pinning's id, `0x` and hex |
//! | `public_key` | the device's, `lkpub1…` |
//! | `fingerprint` | of that key, for people ([`Fingerprint`](lowkey_core::Fingerprint)) |
//! | `page_sha256` | SHA-256 of the page's file, in hex |
//! | `code` | the name of its pairing code ([`show_code_name`](crate::show_code_name)), or nothing |

mod cells;
mod check;
mod folder;
mod items;
mod kept;
mod manifest;

pub use check::{Checked, check};
pub use items::{Item, listed, numbered};

use super::address;
use super::error::ProvisionError;
use super::secrets::Secrets;
use crate::edit::{Change, Edit, Written, again};
use crate::file::quote;
use crate::keys;
use crate::table::Entry;
use crate::target::Target;
use folder::Folder;
use kept::KeptPage;
use lowkey_host::text::mask;
use lowkey_host::{Id, PublicKey};
use manifest::Row;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// What a batch is to be.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// The devices, in the order in which the manifest and the registry have them.
    pub items: &'a [Item],
    /// The server's static key.
    pub server: PublicKey,
    /// Where the devices find the server, `host:port`; may be empty.
    pub address: &'a str,
    /// The folder of the pages: a new one, an empty one, or that of this very batch.
    pub folder: &'a Path,
    /// The manifest: a new file, or that of this very batch.
    pub manifest: &'a Path,
    /// The registry that the devices are added to.
    pub registry: Target<'a>,
    /// Whether each device gets a pairing code.
    pub codes: Codes,
}

/// Whether the devices of a batch get pairing codes, for their labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codes {
    /// None does.
    #[default]
    None,
    /// Each gets one of its own.
    Each,
}

/// What came of a batch.
#[derive(Clone, Debug)]
pub struct Made {
    /// How many devices were made now; the others' pages were there already.
    pub new: usize,
    /// How many rows were added to the registry now; it had the others already.
    pub entered: usize,
    /// What was written to the registry, or stands there.
    pub written: Written,
}

/// Makes the devices of a batch, or those that are still missing.
///
/// # Errors
/// [`ProvisionError`]. The registry is as it was. Pages that were made stay in the folder, and the same batch run again
/// goes on with them.
pub fn make(batch: &Batch<'_>) -> Result<Made, ProvisionError> {
    // As the server spells it, or the devices would hash other bytes than the server does.
    let batch = &Batch { server: batch.server.canonical(), ..batch.clone() };
    if mask(batch.address) != batch.address {
        return Err(ProvisionError::Order("a secret stands where the address belongs".into()));
    }
    address::check(batch.address).map_err(ProvisionError::Order)?;
    items::check(batch.items)?;
    let known = registered(batch)?;
    let folder = Folder::of(batch)?;
    let mut new = 0;
    let mut rows = Vec::with_capacity(batch.items.len());
    for item in batch.items {
        let known = known.get(&*item.name);
        let page = match (folder.page(&item.name)?, known) {
            (Some(page), keys) if keys.is_none_or(|keys| keys.contains(&page.key)) => page,
            (Some(_), _) => return Err(taken(batch, &item.name, "with a key that is not its page's")),
            (None, Some(_)) => return Err(taken(batch, &item.name, "and its page is not here any more")),
            (None, None) => {
                new += 1;
                draw(batch, &folder, &item.name)?
            }
        };
        let code = match (batch.codes, folder.code(&item.name)?, known) {
            (Codes::None, ..) => None,
            (Codes::Each, Some(code), _) => Some(code),
            (Codes::Each, None, Some(_)) => {
                return Err(taken(batch, &item.name, "and its code is not here any more"));
            }
            (Codes::Each, None, None) => Some(folder.put_code(&item.name)?),
        };
        rows.push(Row::of(item, &page, code));
    }
    folder.settle()?;
    manifest::write(batch.manifest, &rows)?;
    let (entered, written) = enter(batch, &rows)?;
    Ok(Made { new, entered, written })
}

/// The keys of all devices that the registry has, by name.
fn registered(batch: &Batch<'_>) -> Result<HashMap<String, Vec<PublicKey>>, ProvisionError> {
    let edit = Edit::begin(batch.registry).map_err(ProvisionError::Registry)?;
    let entries =
        edit.entries(&batch.server).map_err(|error| ProvisionError::refused(batch.registry, error))?;
    let keys = |entry: &Entry| entry.pinnings.iter().map(|pinning| pinning.key).collect();
    Ok(entries.iter().map(|entry| (entry.device.name().to_owned(), keys(entry))).collect())
}

fn taken(batch: &Batch<'_>, name: &str, how: &str) -> ProvisionError {
    ProvisionError::Device(
        batch.registry.named().to_owned(),
        format!("the name {name:?} is in use already, {how}"),
    )
}

/// A new device's page.
fn draw(batch: &Batch<'_>, folder: &Folder<'_>, name: &str) -> Result<KeptPage, ProvisionError> {
    let secrets = Secrets::draw(None)?;
    let key = secrets.public_key()?;
    let id = Id::of_pinning(&key, &batch.server);
    let page = secrets.page(id, batch.address, batch.server)?;
    folder.put_page(name, &page)?;
    Ok(KeptPage::of(key, id, page.expose()))
}

/// Adds to the registry whoever it does not have; how many those are, and what stands there then. To a file, in one
/// change; to one that is shared, row by row.
fn enter(batch: &Batch<'_>, rows: &[Row]) -> Result<(usize, Written), ProvisionError> {
    let server = &batch.server;
    let last = rows.last().map_or(Change::Removed(Vec::new()), |row| Change::Added(row.key));
    let mut most = 0;
    let entered = again(|| {
        let edit = Edit::begin(batch.registry)?;
        let entries = edit.entries(server)?;
        let there = entries.iter().flat_map(|entry| &entry.pinnings).map(|pinning| pinning.key);
        let there: HashSet<PublicKey> = there.collect();
        let missing: Vec<&Row> = rows.iter().filter(|row| !there.contains(&row.key)).collect();
        most = missing.len().max(most); // of an attempt that others were in the way of some are there
        if missing.is_empty() {
            return Ok((most, edit.standing(server, last.clone())));
        }
        let tables: Vec<String> = missing.iter().map(|row| table(row)).collect();
        Ok((most, edit.add(&tables, server, last.clone())?))
    });
    entered.map_err(|error| ProvisionError::refused(batch.registry, error))
}

/// Its `[[device]]` table.
fn table(row: &Row) -> String {
    let serial = match &*row.serial {
        "" => String::new(),
        serial => format!("labels = {{ serial = {} }}\n", quote(serial)),
    };
    let key = quote(&keys::encode_public(&row.key));
    format!("[[device]]\nname = {}\nkey = {key}\n{serial}", quote(&row.name))
}
