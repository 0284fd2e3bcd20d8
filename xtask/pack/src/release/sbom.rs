//! Bills of materials in CycloneDX, by `cargo-cyclonedx`: of each crate with what it is built with on this machine,
//! which is that of the Debian package too, and of the library for C for each machine.

use std::{fs, path::Path};

use xtask::{
    command::{Command, Result},
    crates,
};

use super::{source, workshop};
use crate::{
    archive::{Machine, WORKSPACE},
    commit, dist, here, tools,
};

/// Writes them into `place`.
///
/// # Errors
/// The tool says what.
pub(super) fn write(place: &Path) -> Result<()> {
    // It writes beside the manifests.
    let source = source::unpacked(&workshop().join("sbom"))?;
    let version = dist::version()?;
    let bill = Bill { source: &source, version: &version, place };
    bill.draw(".", None)?;
    for krate in crates()? {
        bill.take(&format!("crates/{krate}"), &krate)?;
    }
    for machine in dist::machines()? {
        bill.draw(WORKSPACE, Some(&machine))?;
        bill.take(WORKSPACE, &format!("lowkey-c-archive-{}", machine.name()))?;
    }
    Ok(())
}

struct Bill<'a> {
    source: &'a Path,
    version: &'a str,
    place: &'a Path,
}

impl Bill<'_> {
    /// Has one written beside the manifest of each package of a workspace.
    fn draw(&self, workspace: &str, machine: Option<&Machine>) -> Result<()> {
        let cyclonedx = tools::cargo("cargo-cyclonedx", &[])?;
        let form = ["cyclonedx", "-qq", "--format=json", "--spec-version=1.5", "--no-build-deps"];
        let name = ["--override-filename", NAME];
        let mut command = Command::new(cyclonedx).args(form).args(name);
        if let Some(machine) = machine {
            command = command.args(["--target", &machine.target]).env("RUSTFLAGS", machine.flags());
        }
        command
            .env("SOURCE_DATE_EPOCH", commit::time()?)
            .within(self.source.join(workspace))
            .quiet()
            .map(drop)
    }

    /// Puts that in `folder` where the others are. It names the folder that the source was unpacked in.
    fn take(&self, folder: &str, name: &str) -> Result<()> {
        let text = fs::read_to_string(self.source.join(folder).join(NAME).with_added_extension("json"))?;
        let text = text.replace(&*self.source.to_string_lossy(), &format!("/lowkey-{}", self.version));
        here::is_not_in(&format!("the bill of materials of {name}"), text.as_bytes())?;
        Ok(fs::write(self.place.join(format!("{name}-{}.cdx.json", self.version)), text)?)
    }
}

/// What the tool calls each, but for the ending.
const NAME: &str = "bill";
