//! Which Rust builds for the Cortex-M3 (`thumbv7m-none-eabi`), and for its relatives.
//!
//! The ordinary toolchain, if it has the target or rustup can add it; else Debian's, which is installed together
//! with the library's sources and builds `core` from them.

use std::{
    env,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use crate::{
    command::{self, Command, Result},
    setup,
};

/// The Cortex-M3.
pub(crate) const TARGET: &str = "thumbv7m-none-eabi";

/// A way to build for [`TARGET`]. Holding one tells you that all it needs is installed.
#[derive(Clone, Copy)]
pub(crate) enum Toolchain {
    /// The one that compiled xtask, with its own linker.
    Ordinary,
    /// The same, in a distribution that comes without rust-lld.
    OrdinaryWithArmLd,
    /// Debian's rustc-web, with arm-none-eabi-ld.
    Debian,
}

/// Chooses, installs what is missing and says so: once a run.
///
/// # Errors
/// Neither way is open, and why.
pub(crate) fn toolchain() -> Result<Toolchain> {
    static CHOICE: OnceLock<std::result::Result<Toolchain, String>> = OnceLock::new();
    CHOICE.get_or_init(|| choose(TARGET).map_err(|error| error.to_string())).clone().map_err(Into::into)
}

/// The same for another microcontroller than [`TARGET`].
///
/// # Errors
/// As [`toolchain`].
pub(crate) fn toolchain_for(target: &str) -> Result<Toolchain> {
    if target == TARGET { toolchain() } else { choose(target) }
}

impl Toolchain {
    /// This toolchain's cargo, about to do `verb` for the target.
    pub(crate) fn cargo(self, verb: &str) -> Command {
        self.cargo_for(verb, TARGET)
    }

    /// This toolchain's cargo, about to do `verb` for this `target`.
    pub(crate) fn cargo_for(self, verb: &str, target: &str) -> Command {
        let clean = |command: Command| command.without_env(of_another_build).args([verb, "--target", target]);
        let linker = format!("CARGO_TARGET_{}_LINKER", target.replace('-', "_").to_uppercase());
        match self {
            Self::Ordinary => clean(Command::cargo()),
            Self::OrdinaryWithArmLd => clean(Command::cargo()).env(&linker, "arm-none-eabi-ld"),
            Self::Debian => clean(Command::new("/usr/bin/cargo"))
                .args(["-Zbuild-std=core"])
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTC_BOOTSTRAP", "1")
                .env(&linker, "arm-none-eabi-ld"),
        }
    }

    /// Its compiler and the version, for example `rustc 1.95.0`. Debian's builds `core` as well, and smaller.
    pub(crate) fn compiler(self) -> Result<String> {
        let (rustc, whose) = match self {
            Self::Ordinary | Self::OrdinaryWithArmLd => (ordinary_rustc(), ""),
            Self::Debian => ("/usr/bin/rustc".into(), "Debian's "),
        };
        let line = Command::new(rustc).args(["--version"]).limit(RUSTC_LIMIT).quiet()?;
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        Ok(whose.to_owned() + &words.join(" "))
    }
}

fn choose(target: &str) -> Result<Toolchain> {
    let wanted = env::var(WISH).unwrap_or_default();
    if !["", "debian"].contains(&wanted.as_str()) {
        return Err(format!("{WISH} is `{wanted}`; it can be `debian`").into());
    }
    let refusal = match ordinary_has(target) {
        _ if wanted == "debian" => Some(format!("{WISH} is `debian`").into()),
        Ok(()) => None,
        Err(_) if command::find("rustup").is_some() => add(target).err(),
        Err(error) => Some(error),
    };
    let Some(refusal) = refusal else {
        if ordinary_has_lld() {
            println!("{target}: the ordinary toolchain");
            return Ok(Toolchain::Ordinary);
        }
        setup::ensure([&setup::ARM_LD])?;
        println!("{target}: the ordinary toolchain, linking with arm-none-eabi-ld");
        return Ok(Toolchain::OrdinaryWithArmLd);
    };
    setup::ensure(setup::DEBIAN_RUST.iter().chain([&setup::ARM_LD])).map_err(|error| {
        format!("no Rust for {target}. `rustup target add {target}`: {refusal}. Debian's rustc-web: {error}")
    })?;
    println!("{target}: Debian's toolchain ({refusal})");
    Ok(Toolchain::Debian)
}

/// rustup says the same for a target it has and one it has just fetched; offline it fails at once or hangs.
fn add(target: &str) -> Result<()> {
    let rustup = Command::new("rustup").args(["target", "add", target]).limit(RUSTUP_LIMIT);
    // Its reason alone, not where in its sources it arose.
    rustup.env("RUST_BACKTRACE", "0").quiet()?;
    ordinary_has(target)
}

fn ordinary_has(target: &str) -> Result<()> {
    let folder = rustc(&["--print", "target-libdir", "--target", target])?;
    if folder.is_dir() { Ok(()) } else { Err("the toolchain has no such target".into()) }
}

fn ordinary_has_lld() -> bool {
    // …/lib/rustlib/<host>/lib, beside which the host's tools lie.
    let beside = rustc(&["--print", "target-libdir"]);
    beside.is_ok_and(|folder| folder.parent().is_some_and(|host| host.join("bin/rust-lld").is_file()))
        || command::find("rust-lld").is_some()
}

/// The target of this machine.
///
/// # Errors
/// The compiler does not say.
pub(crate) fn host() -> Result<String> {
    let said = Command::new(ordinary_rustc()).args(["-vV"]).limit(RUSTC_LIMIT).quiet()?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not say for which machine it is")?.to_owned())
}

/// The ordinary cargo, about to do `verb` for this machine.
pub(crate) fn host_cargo(verb: &str) -> Command {
    Command::cargo().without_env(of_another_build).args([verb])
}

fn rustc(arguments: &[&str]) -> Result<PathBuf> {
    let answer = Command::new(ordinary_rustc()).args(arguments).limit(RUSTC_LIMIT).quiet()?;
    Ok(PathBuf::from(answer.trim()))
}

/// Beside the cargo that started us; cargo sets RUSTC for build scripts only.
fn ordinary_rustc() -> PathBuf {
    let cargo = env::var_os("CARGO").map(PathBuf::from);
    let beside = cargo.as_deref().and_then(Path::parent).map(|folder| folder.join("rustc"));
    beside.filter(|file| file.is_file()).unwrap_or_else(|| "rustc".into())
}

/// Variables that belong to the build that started us, or that change a build behind the user's back. Settings of
/// registries, proxies and cargo's home stay.
fn of_another_build(name: &str) -> bool {
    const EXACT: [&str; 16] = [
        "CARGO",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_ENCODED_RUSTFLAGS",
        "CONNECT_LIMIT",   // this one and its like set the times of a board
        "LD_LIBRARY_PATH", // cargo puts the ordinary toolchain's libraries there
        "PATIENCE",
        "PING_EVERY",
        "RUSTC",
        "RUSTC_BOOTSTRAP",
        "RUSTC_LINKER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTDOC",
        "RUSTFLAGS",
        "RUSTUP_TOOLCHAIN",
    ];
    EXACT.contains(&name) || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// The variable that chooses a toolchain.
const WISH: &str = "LOWKEY_TOOLCHAIN";
/// Long enough for 30 MB over a slow line.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);
const RUSTC_LIMIT: Duration = Duration::from_secs(60);
