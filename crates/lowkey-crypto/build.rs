//! Chooses the body that stands behind the surface, and for which core its assembly is.
//!
//! A `cfg` of the language cannot tell a Cortex-M from another Arm without an operating system, nor a Cortex-M3
//! from an M0; the target's name can. What no name says, whoever builds the final binary does: `--cfg lowkey_core`.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(lowkey_body, values(\"compact\", \"portable\", \"aws-lc\"))");
    println!("cargo::rustc-check-cfg=cfg(lowkey_thumb2)");
    println!("cargo::rustc-check-cfg=cfg(lowkey_dsp, values(none(), \"armv8-m\"))");
    println!("cargo::rustc-check-cfg=cfg(lowkey_says)");

    let [core, backend] =
        ["LOWKEY_CORE", "LOWKEY_BACKEND"].map(|name| env::var(format!("CARGO_CFG_{name}")).ok());
    let asked = Asked {
        target: &env::var("TARGET").unwrap_or_default(),
        arch: &env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default(),
        os: &env::var("CARGO_CFG_TARGET_OS").unwrap_or_default(),
        core: core.as_deref(),
        backend: backend.as_deref(),
        aws_lc: env::var_os("CARGO_FEATURE_AWS_LC").is_some(),
    };
    let flags = env::vars_os()
        .filter_map(|(name, _)| Some(name.to_str()?.strip_prefix("CARGO_CFG_")?.to_lowercase()));
    match known(flags).and_then(|()| choose(&asked)) {
        Ok(chosen) => chosen.say(),
        Err(error) => println!("cargo::error={error}"),
    }
}

/// What there is to choose by.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The target's name; of one that is described in a file, the file's.
    pub(crate) target: &'a str,
    pub(crate) arch: &'a str,
    pub(crate) os: &'a str,
    /// `--cfg lowkey_core`.
    pub(crate) core: Option<&'a str>,
    /// `--cfg lowkey_backend`.
    pub(crate) backend: Option<&'a str>,
    pub(crate) aws_lc: bool,
}

/// What is chosen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) body: &'static str,
    pub(crate) core: Option<&'static Core>,
    /// The symbol that says so in an image; only of a Cortex-M or where there is no operating system, and where there
    /// is an assembler that we know.
    pub(crate) symbol: Option<String>,
}

/// A core that the compact body has something for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Core {
    /// In `--cfg lowkey_core`.
    pub(crate) name: &'static str,
    /// How the names of the targets begin that are for it, unless another core is named.
    pub(crate) own: &'static [&'static str],
    /// Of those that it may be named for besides.
    pub(crate) also: &'static [&'static str],
    /// The whole of Thumb-2.
    pub(crate) thumb2: bool,
    /// The DSP extension, with which long multiplies take one time.
    pub(crate) dsp: bool,
}

/// Makes sure that of the flags which begin as ours do, none is one that nobody reads.
///
/// # Errors
/// One is: it would be passed over, and the wrong body taken.
pub(crate) fn known(flags: impl IntoIterator<Item = String>) -> Result<(), String> {
    let unknown =
        flags.into_iter().find(|flag| flag.starts_with("lowkey_") && !FLAGS.contains(&flag.as_str()));
    unknown.map_or(Ok(()), |flag| {
        Err(format!("--cfg {flag}: there is no such flag; there are lowkey_core and lowkey_backend"))
    })
}

/// By what it is asked.
///
/// # Errors
/// Nothing says which core it is, or something that cannot be; or there is no such body.
pub(crate) fn choose(asked: &Asked<'_>) -> Result<Chosen, String> {
    let Asked { target, arch, os, core, backend, aws_lc } = *asked;
    let named = |name: &str| target.starts_with(name);
    let by_name = CORES.iter().find(|core| core.own.iter().any(|name| named(name)));
    let is_known = by_name.is_some() || OTHER_ARM.iter().any(|name| named(name));
    let core = match core {
        None => by_name,
        Some(name) => {
            let wrong = |why: &str| format!("--cfg lowkey_core=\"{name}\": {why}");
            let core = CORES.iter().find(|core| core.name == name);
            let core =
                core.ok_or_else(|| wrong(&format!("there are {}", CORES.map(|core| core.name).join(", "))))?;
            let fits = core.own.iter().chain(core.also).any(|name| named(name));
            if !fits && (is_known || arch != "arm") {
                return Err(wrong(&format!("{target} is not for that core")));
            }
            Some(core)
        }
    };
    let body = match backend {
        Some("compact") => "compact",
        Some("portable") => "portable",
        Some(name) => return Err(format!("--cfg lowkey_backend=\"{name}\": there are compact and portable")),
        // Its body would not be constant-time on every one that it could be.
        _ if core.is_none() && !is_known && arch == "arm" && !OF_LARGE_ARM.contains(&os) => {
            return Err(format!(
                "{target} does not say which core it is for. Say so, in RUSTFLAGS of the final binary: --cfg \
                 lowkey_core=\"…\" with cortex-m0 (also M0+, M1, M23), cortex-m3, cortex-m4 (also M7), cortex-m33 or \
                 cortex-m33-dsp; and for another core --cfg lowkey_backend=\"portable\". The chapter Porting has the \
                 table"
            ));
        }
        _ if core.is_some() => "compact",
        _ if aws_lc => "aws-lc",
        _ => "portable",
    };
    let is_compact = body == "compact";
    let is_bare = os == "none" && ["arm", "aarch64", "riscv32", "riscv64"].contains(&arch);
    let says = is_bare || core.is_some();
    let symbol = says.then(|| match core.filter(|_| is_compact) {
        Some(core) => format!("lowkey_core_is_{}", core.name.replace('-', "_")),
        None => format!("lowkey_core_is_{}", if is_compact { "any_in_rust" } else { "portable" }),
    });
    Ok(Chosen { body, core, symbol })
}

impl Chosen {
    /// Tells the compiler.
    pub(crate) fn say(&self) {
        println!("cargo::rustc-cfg=lowkey_body=\"{}\"", self.body);
        if self.core.is_some_and(|core| core.thumb2) {
            println!("cargo::rustc-cfg=lowkey_thumb2");
        }
        if let Some(core) = self.core.filter(|core| core.dsp) {
            println!("cargo::rustc-cfg=lowkey_dsp");
            // Which the assembler does not hear from the target.
            if core.also.contains(&ARMV8M) {
                println!("cargo::rustc-cfg=lowkey_dsp=\"armv8-m\"");
            }
        }
        if let Some(symbol) = &self.symbol {
            println!("cargo::rustc-cfg=lowkey_says");
            println!("cargo::rustc-env=LOWKEY_CHOSEN={symbol}");
        }
    }
}

/// What a build may be told; the last two are for tests of ours.
const FLAGS: [&str; 4] = ["lowkey_core", "lowkey_backend", "lowkey_testing", "lowkey_shuttle"];
const ARMV8M: &str = "thumbv8m.main-";
const CORES: [Core; 5] = [
    // In Rust, so wherever Thumb is executed.
    Core {
        name: "cortex-m0",
        own: &["thumbv6m-", "thumbv8m.base-"],
        also: &["thumbv7m-", "thumbv7em-", ARMV8M],
        thumb2: false,
        dsp: false,
    },
    Core { name: "cortex-m3", own: &["thumbv7m-"], also: &["thumbv7em-", ARMV8M], thumb2: true, dsp: false },
    Core { name: "cortex-m4", own: &["thumbv7em-"], also: &[], thumb2: true, dsp: true },
    Core { name: "cortex-m33", own: &[ARMV8M], also: &[], thumb2: true, dsp: false },
    Core { name: "cortex-m33-dsp", own: &[], also: &[ARMV8M], thumb2: true, dsp: true },
];
/// How Rust's names of Arms begin that are no Cortex-M.
const OTHER_ARM: [&str; 20] = [
    "arm-",
    "armeb-",
    "armv4t-",
    "armv5te-",
    "armv6-",
    "armv6k-",
    "armv7-",
    "armv7a-",
    "armv7k-",
    "armv7r-",
    "armv7s-",
    "armv8r-",
    "armebv7r-",
    "thumbv4t-",
    "thumbv5te-",
    "thumbv6-",
    "thumbv7a-",
    "thumbv7neon-",
    "thumbv7r-",
    "thumbv8r-",
];
/// Operating systems that are for no Cortex-M, so that a target of any name is none. An RTOS's may be.
const OF_LARGE_ARM: [&str; 6] = ["android", "freebsd", "linux", "netbsd", "openbsd", "windows"];
