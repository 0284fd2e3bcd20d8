//! The source of lwIP, which the firmware in C is built from: fetched once from Debian, never committed.
//!
//! It is the `.orig` tarball of the source package of Debian 12, which is upstream's release without a few files that
//! are no part of the stack. Debian's patches are left out: they are for other parts (PPP, sockets, a port for Unix).

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use xtask::{
    command::{Command, Result},
    setup, target,
};

/// A folder with lwIP's source: `src/core` and the rest.
///
/// # Errors
/// It cannot be fetched, and why; or it is not what it was when it was checked.
pub fn source() -> Result<PathBuf> {
    let folder = target().join("lwip");
    let source = folder.join(INSIDE);
    // It gets this name when it is whole.
    if source.is_dir() {
        return Ok(source);
    }
    fs::create_dir_all(&folder)?;
    let tarball = folder.join(TARBALL);
    if !tarball.is_file() {
        fetch(&tarball).map_err(|error| {
            format!(
                "{TARBALL} cannot be fetched: {error}\nThe source package `lwip` of Debian 12 (bookworm) has it; put it \
                 into {} yourself",
                folder.display()
            )
        })?;
    }
    check(&tarball)?;
    unpack(&tarball, &folder)?;
    Ok(source)
}

/// Asks this machine's Debian mirrors for it, whichever release they serve it for.
fn fetch(tarball: &Path) -> Result<()> {
    if !Path::new(HELPER).is_file() {
        return Err("this is not Debian".into());
    }
    let mut refusals = Vec::new();
    for mirror in mirrors()? {
        let address = format!("{mirror}/pool/main/l/lwip/{TARBALL}");
        println!("fetching {TARBALL}");
        let arguments =
            ["-q", "download-file", &address, &tarball.to_string_lossy(), &format!("SHA256:{SHA256}")];
        match Command::new(HELPER).args(arguments).limit(LIMIT).quiet() {
            Ok(_) => return Ok(()),
            Err(error) => refusals.push(error.to_string()),
        }
    }
    Err(format!("none of this machine's mirrors has it\n{}", refusals.join("\n")).into())
}

/// The archives that apt installs from.
fn mirrors() -> Result<Vec<String>> {
    let files = Command::new("apt-get").args(["--print-uris", "update"]).limit(LIMIT).quiet()?;
    Ok(archives(&files))
}

/// The archives in what `apt-get --print-uris update` says, each once: what is before `/dists/` in an address.
fn archives(files: &str) -> Vec<String> {
    let mut archives = Vec::new();
    for line in files.lines() {
        let archive =
            line.strip_prefix('\'').and_then(|line| line.split_once("/dists/")).map(|(start, _)| start);
        if let Some(archive) = archive.filter(|archive| !archives.iter().any(|known| known == archive)) {
            archives.push(archive.to_owned());
        }
    }
    archives
}

/// Whoever put it there, it is the one we know.
fn check(tarball: &Path) -> Result<()> {
    let sum = Command::new("sha256sum").args([tarball]).quiet()?;
    if sum.split_whitespace().next() == Some(SHA256) {
        return Ok(());
    }
    Err(format!("{} is not Debian's, remove it: its SHA-256 is not {SHA256}", tarball.display()).into())
}

fn unpack(tarball: &Path, folder: &Path) -> Result<()> {
    setup::ensure([&setup::XZ])?;
    let halfway = folder.join("halfway");
    if halfway.exists() {
        fs::remove_dir_all(&halfway)?;
    }
    fs::create_dir_all(&halfway)?;
    let arguments = ["--extract".as_ref(), "--file".as_ref(), tarball, "--directory".as_ref(), &halfway];
    Command::new("tar").args(arguments).args(["--no-same-owner", &format!("{INSIDE}/src")]).quiet()?;
    fs::rename(halfway.join(INSIDE), folder.join(INSIDE))?;
    Ok(fs::remove_dir_all(halfway)?)
}

const TARBALL: &str = "lwip_2.1.3+dfsg1.orig.tar.xz";
/// As in the package's `.dsc` (2.1.3+dfsg1-2), which Debian has signed.
const SHA256: &str = "0a8276d09fc4e97bbba2f953d74af2388fc2195ea156be9d7589e297a68fde24";
/// The folder inside.
const INSIDE: &str = "lwip-2.1.3";
/// apt's own way of fetching a file, with the proxies and retries of its configuration.
const HELPER: &str = "/usr/lib/apt/apt-helper";
const LIMIT: Duration = Duration::from_secs(120);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_those_that_apt_installs_from_each_once() {
        let files = "'http://a.example/debian/dists/bookworm/InRelease' a.example_debian_dists 0 \n\
                     'http://a.example/debian/dists/bookworm-updates/InRelease' a.example_debian_dists 0 \n\
                     'mirror+file:/etc/apt/mirror/dists/trixie/InRelease' x 0 \n\
                     Reading package lists...\n";
        assert_eq!(archives(files), ["http://a.example/debian", "mirror+file:/etc/apt/mirror"]);
        assert!(archives("").is_empty());
    }
}
