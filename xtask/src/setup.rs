//! What a task needs from the operating system, and how it gets there.
//!
//! On Debian and its children what is missing is installed with apt-get, as root or by a sudo that asks nothing.
//! Anywhere else it is named.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use crate::{
    command::{self, Command, Result},
    target,
};

/// A program or file, and the Debian package that brings it.
pub struct Need {
    found: Found,
    package: &'static str,
}

enum Found {
    InPath(&'static str),
    OneInPath(&'static [&'static str]),
    /// A server; an ordinary user's PATH does not lead to where those are.
    Server(&'static str),
    At(&'static str),
    /// Something that Python can do.
    Python(&'static str),
}

/// The emulator.
pub const QEMU: Need = Need { found: Found::InPath("qemu-system-arm"), package: "qemu-system-arm" };
/// A linker for Arm.
pub const ARM_LD: Need = Need { found: Found::InPath("arm-none-eabi-ld"), package: "binutils-arm-none-eabi" };
/// A disassembler for Arm.
pub const ARM_OBJDUMP: Need =
    Need { found: Found::InPath("arm-none-eabi-objdump"), package: "binutils-arm-none-eabi" };
/// A C compiler for Arm.
pub const ARM_GCC: Need = Need { found: Found::InPath("arm-none-eabi-gcc"), package: "gcc-arm-none-eabi" };
/// Its C library.
pub const ARM_NEWLIB: Need =
    Need { found: Found::At("/usr/lib/arm-none-eabi/newlib/nano.specs"), package: "libnewlib-arm-none-eabi" };
/// Builds what a Makefile says.
pub const MAKE: Need = Need { found: Found::InPath("make"), package: "make" };
/// Unpacks what tar hands it.
pub const XZ: Need = Need { found: Found::InPath("xz"), package: "xz-utils" };
/// Says with what a program is compiled and linked that uses a library.
pub const PKG_CONFIG: Need = Need { found: Found::InPath("pkg-config"), package: "pkgconf" };
/// Builds what a CMakeLists.txt says.
pub const CMAKE: Need = Need { found: Found::InPath("cmake"), package: "cmake" };
/// What reads and changes this machine's object files.
pub const BINUTILS: Need = Need { found: Found::InPath("objcopy"), package: "binutils" };
/// A compiler for C++, which the header for C is for as well.
pub const CXX: Need = Need { found: Found::InPath("c++"), package: "g++" };
/// Another compiler for C.
pub const CLANG: Need = Need { found: Found::InPath("clang"), package: "clang" };
/// Runs a program and watches what it does with its memory.
pub const VALGRIND: Need = Need { found: Found::InPath("valgrind"), package: "valgrind" };
/// X25519 in Python, for the tools that make key pages.
pub const CRYPTOGRAPHY: Need =
    Need { found: Found::Python("import cryptography"), package: "python3-cryptography" };
/// TOML in Python, which has it from 3.11 on, for the tool that changes registries.
pub const PYTHON_TOML: Need = Need {
    found: Found::Python("try: import tomllib\nexcept ImportError: import tomli"),
    package: "python3-tomli",
};
/// Fetches packages of PyPI.
pub const PIP: Need = Need { found: Found::Python("import pip"), package: "python3-pip" };
/// Sends a signal by name, as tests of programs do; a minimal Debian has it in the shell only.
pub const KILL: Need = Need { found: Found::InPath("kill"), package: "procps" };
/// A broker of MQTT.
pub const MOSQUITTO: Need = Need { found: Found::Server("mosquitto"), package: "mosquitto" };
/// A balancer, which speaks the PROXY protocol.
pub const HAPROXY: Need = Need { found: Found::Server("haproxy"), package: "haproxy" };
/// Says how tightly a service is shut in.
pub const SYSTEMD: Need = Need { found: Found::InPath("systemd-analyze"), package: "systemd" };
/// A browser, under one of its names.
pub const CHROMIUM: Need = Need {
    found: Found::OneInPath(&["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]),
    package: "chromium",
};
/// Fetches packages of npm.
pub const NPM: Need = Need { found: Found::InPath("npm"), package: "npm" };
/// Makes a clean Debian.
pub const MMDEBSTRAP: Need = Need { found: Found::InPath("mmdebstrap"), package: "mmdebstrap" };
/// Debian's own Rust, where rustup's servers cannot be reached.
pub const DEBIAN_RUST: [Need; 3] = [
    Need { found: Found::At("/usr/bin/rustc"), package: "rustc-web" },
    Need { found: Found::At("/usr/bin/cargo"), package: "cargo-web" },
    Need { found: Found::At("/usr/lib/rustlib/src/rust/library/core/Cargo.toml"), package: "rust-web-src" },
];

impl Need {
    /// The program, if it is one and there.
    pub fn found(&self) -> Option<PathBuf> {
        match self.found {
            Found::InPath(program) => command::find(program),
            Found::OneInPath(programs) => programs.iter().find_map(|program| command::find(program)),
            _ => None,
        }
    }

    fn is_met(&self) -> bool {
        match self.found {
            Found::InPath(_) | Found::OneInPath(_) => self.found().is_some(),
            Found::Server(program) => {
                command::find(program).is_some() || Path::new("/usr/sbin").join(program).is_file()
            }
            Found::At(file) => Path::new(file).exists(),
            Found::Python(program) => python(program).is_ok(),
        }
    }
}

/// Sees to it that every one of `needs` is there.
///
/// # Errors
/// What is missing and could not be installed, and why.
pub fn ensure<'a>(needs: impl IntoIterator<Item = &'a Need>) -> Result<()> {
    let mut missing: Vec<&Need> = needs.into_iter().filter(|need| !need.is_met()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let _alone = alone()?;
    // Another step may have brought it meanwhile.
    missing.retain(|need| !need.is_met());
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    let names = packages.join(" ");
    if command::find("apt-get").is_none() {
        return Err(format!("please install what Debian calls: {names}").into());
    }
    println!("installing {names}");
    install(&packages).map_err(|error| format!("could not install {names}: {error}"))?;
    match missing.iter().find(|need| !need.is_met()) {
        None => Ok(()),
        Some(need) => {
            Err(format!("{} is installed, but did not bring what we need of it", need.package).into())
        }
    }
}

/// The Python that can run `program`. Debian's own as well: that is what apt-get brings, and another may stand before
/// it in the PATH.
///
/// # Errors
/// None can.
pub fn python(program: &str) -> Result<&'static str> {
    let runs = |python: &&str| Command::new(python).args(["-c", program]).quiet().is_ok();
    let found = ["python3", "/usr/bin/python3"].into_iter().find(runs);
    found.ok_or_else(|| format!("no Python here can `{program}`").into())
}

/// Waits until no other of our processes installs anything; until it is dropped none begins to.
///
/// # Errors
/// There is no place for the lock.
pub fn alone() -> Result<File> {
    fs::create_dir_all(target())?;
    let lock = File::create(target().join("setup.lock"))?;
    lock.lock()?;
    Ok(lock)
}

fn install(packages: &[&str]) -> Result<()> {
    let mut updated = UPDATED.lock().map_err(|_| "an earlier installation failed")?;
    if !*updated {
        // A list that is out of date asks for files the mirror no longer has.
        apt_get(["update"])?;
        *updated = true;
    }
    apt_get(["install", "--yes", "--no-install-recommends"].into_iter().chain(packages.iter().copied()))
}

fn apt_get<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let quiet = ["-qq", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=2"];
    let command = if Command::new("id").args(["-u"]).quiet()?.trim() == "0" {
        Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive")
    } else if command::find("sudo").is_some() {
        Command::new("sudo").args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"])
    } else {
        return Err("that needs root or sudo".into());
    };
    command.args(quiet).args(arguments).limit(APT_LIMIT).quiet().map(|_| ())
}

static UPDATED: Mutex<bool> = Mutex::new(false);
const APT_LIMIT: Duration = Duration::from_secs(600);
