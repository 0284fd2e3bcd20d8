//! Steps that `cargo xtask test` leaves out and the forge runs: each takes another compiler, or a program that is first
//! built for minutes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use xtask::{
    command::{Command, Result},
    crates, root, target,
};

use super::DEVICE_CRATES;
use crate::{
    toolchain::{self, TARGET},
    tools,
};

/// Whether the crates compile with the Rust that their manifests name as the oldest, for a device and for a host.
///
/// # Errors
/// Rustup does not bring that; what does not compile with it.
pub(super) fn oldest_rust() -> Result<()> {
    let ours = rust_of("Cargo.toml")?.ok_or("Cargo.toml names no Rust")?;
    let names = crates()?;
    let mut by_rust: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in &names {
        let rust = rust_of(&format!("crates/{name}/Cargo.toml"))?.unwrap_or_else(|| ours.clone());
        by_rust.entry(rust).or_default().push(name);
    }
    for (rust, names) in &by_rust {
        println!("Rust {rust}: {}", names.join(", "));
        let install = ["toolchain", "install", rust, "--profile", "minimal", "--target", TARGET];
        Command::new("rustup").args(install).quiet()?;
        let check = |what: &[&str]| {
            let check = toolchain::cargo_of(rust).args(["check", "--quiet", "--locked"]).args(what);
            check.env("CARGO_TARGET_DIR", target().join("oldest")).run()
        };
        let device = names.iter().filter(|name| DEVICE_CRATES.contains(name));
        let device: Vec<&str> = device.flat_map(|name| ["--package", name]).collect();
        if !device.is_empty() {
            check(&[&device[..], &["--lib", "--target", TARGET]].concat())?;
        }
        let host = names.iter().flat_map(|name| ["--package", name]);
        check(&host.chain(["--all-features"]).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// The Rust that this manifest names, if it does.
fn rust_of(manifest: &str) -> Result<Option<String>> {
    let manifest = fs::read_to_string(root().join(manifest))?;
    let named = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'));
    Ok(named.map(ToOwned::to_owned))
}

/// Whether the crates compile, and without a warning, with each set of their features.
///
/// # Errors
/// The set that does not.
pub(super) fn feature_sets() -> Result<()> {
    let hack = tools::cargo("cargo-hack", &[])?;
    let lint = |what: &[&str]| {
        let hack = Command::new(&hack).args(["hack", "clippy", "--quiet", "--feature-powerset"]);
        hack.args(what).args(["--", "-D", "warnings"]).run()
    };
    let names = crates()?;
    lint(&names.iter().flat_map(|name| ["--package", name]).collect::<Vec<_>>())?;
    toolchain::toolchain()?;
    // Features for hosts are left out.
    let device = DEVICE_CRATES.iter().flat_map(|name| ["--package", name]);
    lint(&device.chain(["--target", TARGET, "--exclude-features", "aws-lc,std"]).collect::<Vec<_>>())
}

/// Whether Miri finds anything undefined where bytes become a secret or a key without being copied.
///
/// # Errors
/// Rustup does not bring it; what it has found.
pub(super) fn undefined() -> Result<()> {
    // What there is stays as it is: to install it once more would be to take a newer one.
    if toolchain::cargo_of("nightly").args(["miri", "--version"]).quiet().is_err() {
        let install =
            ["toolchain", "install", "nightly", "--profile", "minimal", "--component", "miri,rust-src"];
        Command::new("rustup").args(install).quiet()?;
    }
    let miri = toolchain::cargo_of("nightly").args(["miri", "test", "--quiet"]).args(IN_PLACE);
    miri.env("CARGO_TARGET_DIR", target().join("miri")).run()
}

/// Makes the book, and follows what its pages link to and show.
///
/// # Errors
/// Something in it leads nowhere.
pub(super) fn book() -> Result<()> {
    let mdbook = tools::cargo("mdbook", &[])?;
    Command::new(mdbook).args(["build", "docs"]).run()?;
    let book = target().join("book");
    let mut problems = BTreeSet::new();
    for page in fs::read_dir(&book)? {
        let page = page?;
        let name = page.file_name().to_string_lossy().into_owned();
        if !name.ends_with(".html") {
            continue;
        }
        let text = fs::read_to_string(page.path())?;
        for link in [" href=\"", " src=\""].iter().flat_map(|mark| text.split(mark).skip(1)) {
            let link = link.split('"').next().unwrap_or_default();
            // Another site's; and that of the page for what is not there, which may stand anywhere.
            if link.is_empty() || link.contains(':') || link == "/" {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = book.join(if file.is_empty() { &name } else { file });
            let is_there = file.is_file()
                && (anchor.is_empty() || fs::read_to_string(&file)?.contains(&format!("id=\"{anchor}\"")));
            if !is_there {
                problems.insert(format!("{name} links to {link}"));
            }
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(format!("the book has links to nothing:\n  {}", Vec::from_iter(problems).join("\n  ")).into())
}

/// Tests of `Secret::of` and its like, as arguments of `cargo test`.
const IN_PLACE: [&str; 4] = ["--package", "lowkey-crypto", "--lib", "tests::secret::"];
