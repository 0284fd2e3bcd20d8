//! Whether pages, manifest and registry of a batch agree; and where they do not.

use super::folder::UNFINISHED;
use super::items::Item;
use super::kept::{CODE, KeptPage, NoFile, PAGE, code_path, page_path, read_code, read_page};
use super::manifest::{self, CODE_COLUMN, COLUMNS, Row};
use crate::edit::Edit;
use crate::provision::error::ProvisionError;
use crate::table::Entry;
use crate::target::Target;
use crate::text_file::shown;
use lowkey_core::PublicKey;
use lowkey_host::text::clean;
use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs;
use std::path::Path;

/// What was found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// How many devices the manifest names.
    pub devices: usize,
    /// Where pages, manifest and registry do not agree, a line each for people. With none of them every device of the
    /// manifest has one page, whose every byte is what its keys make for this server, and one row of the registry;
    /// every page and every code of the folder is of one of these.
    pub differences: Vec<String>,
}

/// Compares the pages in `folder` with the manifest and the registry of the server of this key.
///
/// # Errors
/// [`ProvisionError`]: the manifest, the registry or the folder cannot be read at all.
pub fn check<'t>(
    folder: &Path,
    manifest: &Path,
    registry: impl Into<Target<'t>>,
    server: &PublicKey,
) -> Result<Checked, ProvisionError> {
    let registry = registry.into();
    let server = server.canonical();
    let text = manifest::read(manifest).map_err(|error| ProvisionError::Order(error.to_string()))?;
    let edit = Edit::begin_there(registry).map_err(ProvisionError::Registry)?;
    let entries = edit.entries(&server).map_err(|error| ProvisionError::refused(registry, error))?;
    drop(edit); // nobody has to wait for what is only read
    let mut check = Check {
        folder,
        registry: registry.named(),
        server,
        entries: entries.iter().map(|entry| (entry.device.name(), entry)).collect(),
        files: HashSet::new(),
        seen: HashMap::new(),
        differences: Vec::new(),
    };
    let mut lines = text.split('\n');
    let differs = |line: usize, why: &str| format!("{}:{line}: {why}", shown(manifest));
    if lines.next() != Some(&*COLUMNS.join(",")) {
        check.differences.push(differs(1, "is not the first line of a manifest"));
    }
    let mut devices = 0;
    let mut lines = lines.zip(2..).peekable();
    while let Some((line, number)) = lines.next() {
        if line.is_empty() && lines.peek().is_none() {
            break; // behind the end of the last line
        }
        devices += 1;
        if lines.peek().is_none() {
            check.differences.push(differs(number, "has no end: the manifest is cut off"));
        }
        let before = check.differences.len();
        check.line(line);
        for difference in &mut check.differences[before..] {
            *difference = differs(number, difference);
        }
    }
    if devices == 0 {
        check.differences.push(differs(1, "names no device"));
    }
    check.others()?;
    let differences = check.differences.iter().map(|difference| clean(difference)).collect();
    Ok(Checked { devices, differences })
}

struct Check<'c> {
    folder: &'c Path,
    registry: &'c Path,
    server: PublicKey,
    entries: HashMap<&'c str, &'c Entry>,
    files: HashSet<OsString>,
    seen: HashMap<String, String>,
    differences: Vec<String>,
}

impl<'c> Check<'c> {
    /// One device of the manifest.
    fn line(&mut self, line: &str) {
        let cells: Vec<&str> = line.split(',').collect();
        let Ok(cells) = <[&str; COLUMNS.len()]>::try_from(cells) else {
            return self.differs(&format!("has not the {} columns of a manifest", COLUMNS.len()));
        };
        let [name, serial, .., stated_code] = cells;
        let item = Item { name: name.to_owned(), serial: serial.to_owned() };
        if let Err(why) = super::items::check_one(&item) {
            return self.differs(&why);
        }
        for (what, cell) in COLUMNS.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            if let Some(other) = self.seen.insert(format!("{what} {cell}"), name.to_owned()) {
                self.differs(&format!("has the {what} of {other:?}"));
            }
        }
        let (path, code_path) = (page_path(self.folder, name), code_path(self.folder, name));
        for path in [&path, &code_path] {
            self.files.extend(path.file_name().map(ToOwned::to_owned));
        }
        let page = self.of_file(&path, read_page(&path, &self.server, None));
        let code = match read_code(&code_path) {
            Err(NoFile::Absent) if stated_code.is_empty() => Some(None),
            read => self.of_file(&code_path, read.map(Some)),
        };
        let Some(page) = page else { return };
        let expected = Row::of(&item, &page, code.flatten()).cells();
        for ((what, cell), expected) in COLUMNS.iter().zip(cells).zip(&expected) {
            let is_code = *what == CODE_COLUMN;
            if cell != expected && !(is_code && code.is_none()) {
                let path = if is_code { &code_path } else { &path };
                self.differs(&format!("{what} is {cell:?}, and of {} {expected:?}", shown(path)));
            }
        }
        self.row(&item, &page, &path);
    }

    /// What was read of a file; a difference if that failed.
    fn of_file<T>(&mut self, path: &Path, read: Result<T, NoFile>) -> Option<T> {
        read.map_err(|why| self.differs(&format!("{}: {why}", shown(path)))).ok()
    }

    /// Its row in the registry.
    fn row(&mut self, item: &Item, page: &KeptPage, path: &Path) {
        let registry = shown(self.registry);
        let Some(entry): Option<&'c Entry> = self.entries.get(&*item.name).copied() else {
            return self.differs(&format!("{registry} has no device {:?}", item.name));
        };
        let serial = entry.device.label("serial").unwrap_or_default();
        if serial != item.serial {
            self.differs(&format!("serial is {:?}, and in {registry} {serial:?}", item.serial));
        }
        let mut pinnings = entry.pinnings.iter();
        if !pinnings.any(|pinning| pinning.key == page.key && pinning.id == page.id) {
            self.differs(&format!(
                "{registry} has {:?} with another key or id than {}",
                item.name,
                shown(path)
            ));
        }
    }

    /// What is in the folder besides.
    fn others(&mut self) -> Result<(), ProvisionError> {
        let failed = |error| ProvisionError::about(self.folder, error);
        let mut others = Vec::new();
        for entry in fs::read_dir(self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let is_of_device = [PAGE, CODE].iter().any(|end| name.to_string_lossy().ends_with(end));
            if is_of_device && !self.files.contains(&name) {
                others.push(format!("{}: the manifest does not know it", shown(&self.folder.join(&name))));
            }
            if name == UNFINISHED {
                let why = "the batch was interrupted; run the command that made it again";
                others.push(format!("{}: {why}", shown(&self.folder.join(&name))));
            }
        }
        others.sort();
        self.differences.extend(others);
        Ok(())
    }

    fn differs(&mut self, why: &str) {
        self.differences.push(why.to_owned());
    }
}
