//! `cargo xtask c`: the library for C, for each machine a folder in `dist` with all that somebody needs who has no
//! Rust.

mod copied;
mod cores;
mod trial;

use std::{
    fs,
    path::{Path, PathBuf},
};

use xtask::root;

use crate::{
    archive::{self, Machine, fresh, headers},
    command::{Command, Result},
    notices::{self, Linked},
};
use cores::{CORES, Core};

pub(crate) use trial::{Tried, alone, check};

/// Makes the folders, and says where they are.
///
/// # Errors
/// What could not be built or written.
pub(crate) fn build() -> Result<()> {
    for folder in folders(&root().join("dist"))? {
        println!("{}", folder.display());
    }
    Ok(())
}

/// Makes the folder of every machine in `place`.
///
/// # Errors
/// As [`build`].
pub(crate) fn folders(place: &Path) -> Result<Vec<PathBuf>> {
    let machines = machines()?;
    archive::compile_together(&machines)?;
    machines.iter().map(|machine| folder(machine, place)).collect()
}

/// Everything that there is a library for.
///
/// # Errors
/// There is none for this machine.
pub(crate) fn machines() -> Result<Vec<Machine>> {
    Ok(CORES.iter().map(Core::machine).chain([Machine::host()?]).collect())
}

/// Makes the folder of one machine anew, in `place`.
fn folder(machine: &Machine, place: &Path) -> Result<PathBuf> {
    let archive = archive::build(machine)?;
    let version = version()?;
    let folder = place.join(format!("lowkey-c-{version}-{}", machine.name()));
    fresh(&folder)?;
    let put = |from: &Path, to: &str| -> Result<()> {
        let to = within(&folder, to)?;
        fs::copy(from, &to).map_err(|error| format!("{}: {error}", to.display()))?;
        Ok(())
    };
    put(&archive, ARCHIVE)?;
    for header in headers(&root())? {
        put(&header, &inside(INCLUDE, &header))?;
    }
    for (from, to) in copied::all()? {
        put(&from, &to)?;
    }
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        put(&root().join(license), license)?;
    }
    for (from, to) in TEXTS {
        let text = fs::read_to_string(root().join("packaging/c").join(from))?;
        fs::write(within(&folder, to)?, filled(&text, machine, &version))?;
    }
    let linked = Linked {
        workspace: archive::WORKSPACE,
        package: "lowkey-c-archive",
        target: &machine.target,
        flags: &machine.flags(),
    };
    notices::in_folders(&linked, &folder.join("licenses"))?;
    let sums = Command::new("sha256sum").args(files(&folder)?).within(&folder).quiet()?;
    fs::write(folder.join(SUMS), sums)?;
    Ok(folder)
}

/// The name in `folder` of a file that lies elsewhere.
fn inside(folder: &str, file: &Path) -> String {
    format!("{folder}/{}", file.file_name().unwrap_or_default().display())
}

/// Where the file `name` goes, in a folder that exists.
fn within(folder: &Path, name: &str) -> Result<PathBuf> {
    let file = folder.join(name);
    if let Some(parent) = file.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(file)
}

/// The version of the library, which is that of all our crates.
///
/// # Errors
/// Cargo does not say.
pub(crate) fn version() -> Result<String> {
    let id = Command::cargo().args(["pkgid", "--package", "lowkey-c"]).quiet()?;
    let version = id.trim().rsplit(['#', '@']).next();
    Ok(version.ok_or_else(|| format!("no version in {id}"))?.to_owned())
}

/// A text of `packaging/c` with what it leaves open.
fn filled(text: &str, machine: &Machine, version: &str) -> String {
    let (machine_line, compiler) = match Core::of(machine) {
        Some(core) => (format!("Made for {}.", core.title), format!("arm-none-eabi-gcc {}", core.options[0])),
        None => ("Made for tools and tests on this machine.".to_owned(), "cc".to_owned()),
    };
    let bytes = if machine.is_bare() { 4 } else { size_of::<usize>() };
    text.replace("@VERSION@", version)
        .replace("@TARGET@", &machine.name())
        .replace("@MACHINE@", &machine_line)
        .replace("@CC@", &compiler)
        .replace("@COPIED@", &copied::rows())
        .replace("@NEEDS@", if machine.is_bare() { NEEDS_NOTHING } else { NEEDS_LIBC })
        .replace("@POINTER_BYTES@", &bytes.to_string())
        .replace("@REPOSITORY@", env!("CARGO_PKG_REPOSITORY"))
}

/// The names of all files in `folder`, in alphabetical order.
///
/// # Errors
/// It cannot be read.
pub(crate) fn files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                found.push(name.display().to_string());
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

const NEEDS_NOTHING: &str = "It needs no other library: not for `memcpy` either, of which it has a copy that your program does not see.";
const NEEDS_LIBC: &str = "Of the C library it needs `memcpy`, `memmove`, `memset`, `memcmp` and `bcmp`.";
const ARCHIVE: &str = "lib/liblowkey.a";
const INCLUDE: &str = "include";
pub(crate) const SUMS: &str = "SHA256SUMS";
/// Files of `packaging/c`, and where they go.
const TEXTS: [(&str, &str); 4] = [
    ("README.md", "README.md"),
    ("lowkey.pc", "lib/pkgconfig/lowkey.pc"),
    ("lowkey-config.cmake", "lib/cmake/lowkey/lowkey-config.cmake"),
    ("lowkey-config-version.cmake", "lib/cmake/lowkey/lowkey-config-version.cmake"),
];
