//! Which Rust builds for the Cortex-M3 (`thumbv7m-none-eabi`), and for its relatives.
//!
//! The ordinary toolchain, if it has the target or rustup can add it; else Debian's, which is installed together
//! with the library's sources and builds `core` from them. For what wants another `core` than the compiled one the
//! ordinary toolchain has to have its sources.

use std::{
    env,
    ffi::OsStr,
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use crate::{
    command::{self, Command, Result},
    setup,
};

/// The Cortex-M3.
pub const TARGET: &str = "thumbv7m-none-eabi";
/// What `--cfg` tells the compiler of a Cortex-M33 that has the DSP extension: no target says so.
pub const WITH_DSP: &str = "lowkey_core=\"cortex-m33-dsp\"";

/// What firmware is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Core {
    /// Rust's name of the target.
    pub target: &'static str,
    /// What it does not say.
    pub cfg: Option<&'static str>,
}

impl Core {
    /// The Cortex-M3.
    pub const M3: Self = Self { target: TARGET, cfg: None };
    /// The Cortex-M4, whatever FPU it has.
    pub const M4: Self = Self { target: "thumbv7em-none-eabi", cfg: None };
    /// The Cortex-M33.
    pub const M33: Self = Self { target: "thumbv8m.main-none-eabi", cfg: None };
    /// The same with the DSP extension.
    pub const M33_DSP: Self = Self { cfg: Some(WITH_DSP), ..Self::M33 };
}

/// A way to build for a target. Holding one tells you that all it needs is installed.
#[derive(Clone, Copy)]
pub enum Toolchain {
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
pub fn toolchain() -> Result<Toolchain> {
    toolchain_for(TARGET)
}

/// The same for another target.
///
/// # Errors
/// As [`toolchain`].
pub fn toolchain_for(target: &str) -> Result<Toolchain> {
    static CHOICES: Mutex<Vec<(String, Choice)>> = Mutex::new(Vec::new());
    let mut choices = CHOICES.lock().unwrap_or_else(PoisonError::into_inner);
    let choice = match choices.iter().find(|(chosen, _)| chosen == target) {
        Some((_, choice)) => choice.clone(),
        None => {
            let choice = choose(Want::Target(target)).map_err(|error| error.to_string());
            choices.push((target.to_owned(), choice.clone()));
            choice
        }
    };
    choice.map_err(Into::into)
}

/// One that builds `core` from its sources, for any target: once a run.
///
/// # Errors
/// As [`toolchain`].
pub fn with_sources() -> Result<Toolchain> {
    static CHOICE: OnceLock<Choice> = OnceLock::new();
    let choose = || choose(Want::Sources).map_err(|error| error.to_string());
    CHOICE.get_or_init(choose).clone().map_err(Into::into)
}

/// What was chosen, or why nothing can be.
type Choice = std::result::Result<Toolchain, String>;

impl Toolchain {
    /// This toolchain's cargo, about to do `verb` for the target.
    pub fn cargo(self, verb: &str) -> Command {
        self.cargo_for(verb, TARGET)
    }

    /// This toolchain's cargo, about to do `verb` for this `target`.
    pub fn cargo_for(self, verb: &str, target: &str) -> Command {
        let linker = format!("CARGO_TARGET_{}_LINKER", target.replace(['-', '.'], "_").to_uppercase());
        let cargo = self.clean_cargo().args([verb, "--target", target]);
        match self {
            Self::Ordinary => cargo,
            Self::OrdinaryWithArmLd => cargo.env(&linker, "arm-none-eabi-ld"),
            Self::Debian => building_core(cargo).env(&linker, "arm-none-eabi-ld"),
        }
    }

    /// The cargo of a toolchain [`with_sources`], about to do `verb` for each target that is described in one of
    /// `files`, with a `core` of its own. It does what is unstable.
    pub fn cargo_with_core(self, verb: &str, files: &[PathBuf]) -> Command {
        let targets = files.iter().flat_map(|file| [OsStr::new("--target"), file.as_os_str()]);
        building_core(self.clean_cargo().args([verb, "-Zjson-target-spec"]).args(targets))
    }

    /// How its compiler describes `target`, in JSON.
    ///
    /// # Errors
    /// It does not know it.
    pub fn description(self, target: &str) -> Result<String> {
        let words = ["-Zunstable-options", "--print=target-spec-json", "--target", target];
        Command::new(self.rustc()).args(words).env(BOOTSTRAP, "1").limit(RUSTC_LIMIT).quiet()
    }

    /// Its compiler and the version, for example `rustc 1.95.0`. Debian's builds `core` as well, and smaller.
    ///
    /// # Errors
    /// It does not say.
    pub fn compiler(self) -> Result<String> {
        let whose = match self {
            Self::Ordinary | Self::OrdinaryWithArmLd => "",
            Self::Debian => "Debian's ",
        };
        let line = Command::new(self.rustc()).args(["--version"]).limit(RUSTC_LIMIT).quiet()?;
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        Ok(whose.to_owned() + &words.join(" "))
    }

    fn rustc(self) -> PathBuf {
        match self {
            Self::Ordinary | Self::OrdinaryWithArmLd => ordinary_rustc(),
            Self::Debian => DEBIAN_RUSTC.into(),
        }
    }

    /// Its cargo, which starts its compiler and knows nothing of the build that started us.
    fn clean_cargo(self) -> Command {
        match self {
            Self::Ordinary | Self::OrdinaryWithArmLd => Command::cargo().without_env(of_another_build),
            Self::Debian => {
                Command::new("/usr/bin/cargo").without_env(of_another_build).env("RUSTC", DEBIAN_RUSTC)
            }
        }
    }
}

/// What a toolchain has to have.
#[derive(Clone, Copy)]
enum Want<'t> {
    /// A compiled `core` for this target.
    Target(&'t str),
    /// The sources of `core`.
    Sources,
}

impl Want<'_> {
    fn ordinary_has(self) -> Result<()> {
        match self {
            Self::Target(target) => ordinary_has(target),
            Self::Sources => ordinary_has_sources(),
        }
    }

    /// rustup says the same for what it has and for what it has just fetched; offline it fails at once or hangs.
    fn add(self) -> Result<()> {
        let kind = match self {
            Self::Target(_) => "target",
            Self::Sources => "component",
        };
        let _alone = setup::alone()?;
        Command::new("rustup").args([kind, "add", &self.to_string()]).limit(RUSTUP_LIMIT).quiet()?;
        self.ordinary_has()
    }
}

impl fmt::Display for Want<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Target(target) => target,
            Self::Sources => SOURCES,
        })
    }
}

fn building_core(cargo: Command) -> Command {
    cargo.args(["-Zbuild-std=core"]).env(BOOTSTRAP, "1")
}

fn choose(want: Want<'_>) -> Result<Toolchain> {
    let wanted = env::var(WISH).unwrap_or_default();
    if !["", "debian"].contains(&wanted.as_str()) {
        return Err(format!("{WISH} is `{wanted}`; it can be `debian`").into());
    }
    let refusal = match want.ordinary_has() {
        _ if wanted == "debian" => Some(format!("{WISH} is `debian`").into()),
        Ok(()) => None,
        Err(_) if command::find("rustup").is_some() => want.add().err(),
        Err(error) => Some(error),
    };
    let Some(refusal) = refusal else {
        // Whoever wants the sources builds a library, which nothing links.
        if matches!(want, Want::Sources) || ordinary_has_lld() {
            println!("{want}: the ordinary toolchain");
            return Ok(Toolchain::Ordinary);
        }
        setup::ensure([&setup::ARM_LD])?;
        println!("{want}: the ordinary toolchain, linking with arm-none-eabi-ld");
        return Ok(Toolchain::OrdinaryWithArmLd);
    };
    setup::ensure(setup::DEBIAN_RUST.iter().chain([&setup::ARM_LD]))
        .map_err(|error| format!("no Rust with {want}. rustup's: {refusal}. Debian's rustc-web: {error}"))?;
    println!("{want}: Debian's toolchain ({refusal})");
    Ok(Toolchain::Debian)
}

fn ordinary_has(target: &str) -> Result<()> {
    let folder = rustc(&["--print", "target-libdir", "--target", target])?;
    if folder.is_dir() { Ok(()) } else { Err("the toolchain has no such target".into()) }
}

fn ordinary_has_sources() -> Result<()> {
    let core = rustc(&["--print", "sysroot"])?.join("lib/rustlib/src/rust/library/core/Cargo.toml");
    if core.is_file() { Ok(()) } else { Err(format!("the toolchain has no {SOURCES}").into()) }
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
pub fn host() -> Result<String> {
    said_by_rustc("host")
}

/// What the ordinary compiler says of itself.
fn said_by_rustc(what: &str) -> Result<String> {
    let said = Command::new(ordinary_rustc()).args(["-vV"]).limit(RUSTC_LIMIT).quiet()?;
    let line = said.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(": "));
    Ok(line.ok_or_else(|| format!("rustc does not say its {what}"))?.to_owned())
}

/// What rustc is told so that the sources of its library, where they are installed, are called as where they are not.
///
/// # Errors
/// The compiler does not say.
pub fn library_renamed() -> Result<String> {
    let sources = rustc(&["--print", "sysroot"])?.join("lib/rustlib/src/rust");
    Ok(format!("{}=/rustc/{}", sources.display(), said_by_rustc("commit-hash")?))
}

/// The file with the terms of Rust's own library, and of what is in it of others.
///
/// # Errors
/// The toolchain came without it.
pub fn terms_of_the_library() -> Result<PathBuf> {
    let rustups = rustc(&["--print", "sysroot"])?.join("share/doc/rust/COPYRIGHT-library.html");
    let debians = ["libstd-rust-web-dev", "libstd-rust-dev"];
    let debians = debians.map(|package| Path::new("/usr/share/doc").join(package).join("copyright"));
    let found = [rustups].into_iter().chain(debians).find(|file| file.is_file());
    found.ok_or_else(|| "the toolchain has no text with the terms of Rust's library".into())
}

/// The ordinary cargo, about to do `verb` for this machine.
///
/// It is told which rustc: rustup's, asked in the folder of a crate that has a `rust-toolchain` (redb), would be
/// another.
pub fn host_cargo(verb: &str) -> Command {
    Command::cargo().without_env(of_another_build).env("RUSTC", ordinary_rustc()).args([verb])
}

/// The cargo of this version, which rustup has.
pub fn cargo_of(version: &str) -> Command {
    program_of(version, "cargo")
}

/// A program that is to find the compiler of this version, which rustup has.
pub fn program_of(version: &str, program: impl AsRef<OsStr>) -> Command {
    Command::new("rustup").without_env(of_another_build).args(["run", version]).args([program])
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
    const EXACT: [&str; 18] = [
        "CARGO",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_ENCODED_RUSTFLAGS",
        "CONNECT_LIMIT",   // this one and its like set the times of a board
        "LD_LIBRARY_PATH", // cargo puts the ordinary toolchain's libraries there
        "PATIENCE",
        "PERIOD",
        "PING_EVERY",
        "READINGS",
        "RUSTC",
        BOOTSTRAP,
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
/// The variable that lets a stable compiler do what is unstable.
const BOOTSTRAP: &str = "RUSTC_BOOTSTRAP";
/// rustup's name of the sources of `core`.
const SOURCES: &str = "rust-src";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
/// Long enough for 30 MB over a slow line.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);
const RUSTC_LIMIT: Duration = Duration::from_secs(60);
