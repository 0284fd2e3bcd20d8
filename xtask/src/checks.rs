//! What must hold before a change goes in, step by step: `cargo xtask test` runs all of it but long fuzzing and timing,
//! and what it would take another compiler for.

mod apart;
mod dependencies;
mod quick;
mod side_by_side;
mod suites;
mod workflow;

use std::fs;

use xtask::{
    command::{Command, Result},
    nats_server,
    programs::{self, ONE_BUILD},
    root, setup,
};

use crate::{
    BOARD, browser, cluster, firmware, fleet, measure, network_trial, pack, plan, show,
    show::{Board, Wire},
    tally::{self, Tally},
};

/// A step of `test`: a process of its own, `cargo xtask step NAME`.
pub(crate) struct Step {
    /// What people type.
    name: &'static str,
    /// What it looks at.
    what: &'static str,
    beside: Option<Folder>,
    run: fn() -> Result<()>,
}

/// Where a step builds or plays that may run beside others: beside those that do so elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Folder {
    /// The workspace's target folder.
    Workspace,
    /// Everything that is built for devices, and the model that plays it.
    Device,
    /// Programs that steps need, and workspaces in which one step builds.
    Other,
    /// Nowhere: what is built already is played, on the board in Rust.
    RustBoard,
    /// The same on the board in C.
    CBoard,
    /// The same, whole programs in tests.
    Programs,
    /// The same, all other tests.
    Tests,
}

impl Folder {
    /// Whether what is built is played there. It mostly waits, and for others as patiently as `test --busy` asks of it,
    /// but a compiler beside it would keep it waiting for long.
    const fn is_for_playing(self) -> bool {
        matches!(self, Self::RustBoard | Self::CBoard | Self::Programs | Self::Tests)
    }
}

/// Runs what a minute is enough for.
///
/// # Errors
/// What is missing on this machine; the first that failed.
pub(crate) fn quick() -> Result<()> {
    quick::check()
}

/// Runs every step; the runner's summary ends the output.
///
/// # Errors
/// The first step that failed.
pub(crate) fn all() -> Result<()> {
    run(&STEPS.iter().collect::<Vec<_>>())
}

/// Runs the steps of these names, in the order of the whole.
///
/// # Errors
/// No step has such a name; the first that failed.
pub(crate) fn chosen(names: &[&str]) -> Result<()> {
    names.iter().try_for_each(|name| find(name).map(|_| ()))?;
    run(&every().filter(|step| names.contains(&step.name)).collect::<Vec<_>>())
}

/// Runs the step of this name and all that come behind it.
///
/// # Errors
/// As [`chosen`].
pub(crate) fn from(name: &str) -> Result<()> {
    let first = STEPS.iter().position(|step| step.name == name).ok_or_else(|| unknown(name))?;
    run(&STEPS.iter().skip(first).collect::<Vec<_>>())
}

/// Whether the house is what its plan says, and each step in a job of the forge's workflow.
///
/// # Errors
/// Everything that differs, on standard error.
pub(crate) fn planned() -> Result<()> {
    let workflow = fs::read_to_string(root().join(workflow::FILE))?;
    let problems = workflow::problems(&workflow, names());
    if !problems.is_empty() {
        return Err(problems.join("\n").into());
    }
    plan::run(&[])
}

/// The name of each step.
fn names() -> impl Iterator<Item = &'static str> {
    every().map(|step| step.name)
}

/// Prints each step: its name, how long it took when it last went well here, and what it looks at.
pub(crate) fn list() {
    for step in every() {
        let time = side_by_side::last(step)
            .map_or_else(|| "-".to_owned(), |time| format!("{:.0} s", time.as_secs_f32()));
        println!("{:<16} {time:>6}  {}", step.name, step.what);
    }
}

/// Does in this process what the step of this name does.
///
/// # Errors
/// No step has such a name; what failed.
pub(crate) fn step(name: &str) -> Result<()> {
    (find(name)?.run)()
}

fn run(steps: &[&Step]) -> Result<()> {
    let tally = side_by_side::run(steps)?;
    if tally != Tally::default() {
        println!("\n{tally}");
    }
    Ok(())
}

fn every() -> impl Iterator<Item = &'static Step> {
    STEPS.iter().chain(&APART)
}

fn find(name: &str) -> Result<&'static Step> {
    every().find(|step| step.name == name).ok_or_else(|| unknown(name).into())
}

fn unknown(name: &str) -> String {
    format!("no step is called `{name}`; `cargo xtask test --list` names them")
}

fn formatting() -> Result<()> {
    format_workspace()?;
    [BOARD, STM32, SIZE, CYCLES, FUZZ, M3, HOST, ARCHIVE]
        .iter()
        .try_for_each(|folder| Command::cargo().args(["fmt", "--check"]).within(folder).run())
}

fn format_workspace() -> Result<()> {
    Command::cargo().args(["fmt", "--all", "--check"]).run()
}

fn lints() -> Result<()> {
    clippy(&["--workspace"])?;
    let device = ["--package", "lowkey-crypto", "--package", "lowkey-core", "--package", "lowkey-transport"];
    clippy(&[&ONE_BUILD, NO_FEATURES, &device].concat())?;
    // Its tests are the same in both; only the library has other code.
    let libraries =
        ["--package", "lowkey-host", "--package", "lowkey-registry", "--package", "lowkey-gateway"];
    let lints = Command::cargo().args(["clippy", "--quiet"]).args(ONE_BUILD).args(NO_FEATURES);
    lints.args(libraries).args(["--", "-D", "warnings"]).run()
}

fn lints_beside() -> Result<()> {
    let lint = |folder, profile: &[&str]| {
        let lints = Command::cargo_in(folder).args(["clippy", "--quiet", "--all-targets"]).args(profile);
        lints.args(["--", "-D", "warnings"]).run()
    };
    // At the profile at which they are built.
    lint(HOST, &["--release", "--workspace"])?;
    lint(FUZZ, &[])
}

fn lints_of_firmware() -> Result<()> {
    [BOARD, STM32, SIZE, M3, ARCHIVE].iter().try_for_each(|folder| firmware::lint(folder))?;
    firmware::lint_with(CYCLES, &["pairing", "peers"])
}

fn documentation() -> Result<()> {
    rustdoc()?;
    measure::run(&["charts"])
}

fn rustdoc() -> Result<()> {
    let doc =
        Command::cargo().args(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"]);
    doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links").run()
}

/// So that what runs alone need not build.
fn built() -> Result<()> {
    test_tools()?;
    programs::build()?;
    suites::build()
}

fn firmware() -> Result<()> {
    firmware::build(BOARD, "lm3s6965-ethernet")?;
    measure::run(&["fit", "rust"])
}

fn network() -> Result<()> {
    network_trial::run(&firmware::build(BOARD, "network-trial")?)
}

fn interleavings() -> Result<()> {
    let played = ["--package", "lowkey-host", "--no-default-features", "--lib", "interleavings"];
    tally::run_by("xtask/shuttle.sh", &[&ONE_BUILD[..], &played].concat()).map(drop)
}

/// Sees to it that no test is left out for want of a program.
pub(crate) fn test_tools() -> Result<()> {
    let builds = [&setup::MAKE, &setup::CXX, &setup::CLANG, &setup::VALGRIND];
    let others = [&setup::MOSQUITTO, &setup::HAPROXY, &setup::KILL, &setup::CHROMIUM, &setup::NPM];
    let python = [&setup::CRYPTOGRAPHY, &setup::PYTHON_TOML];
    setup::ensure(others.into_iter().chain(builds).chain(python))?;
    nats_server::program().map(drop)
}

fn clippy(what: &[&str]) -> Result<()> {
    let lints = Command::cargo().args(["clippy", "--quiet", "--all-targets"]).args(what);
    lints.args(["--", "-D", "warnings"]).run()
}

/// All steps. Those that stand in a row and may run beside others do.
const STEPS: [Step; 38] = [
    beside(Folder::Workspace, "format", "formatting", formatting),
    beside(Folder::Workspace, "plan", "whether the house is what its plan says", planned),
    beside(Folder::Other, "dependencies", "licences and sources of dependencies", dependencies::allowed),
    beside(Folder::Other, "advisories", "warnings of dependencies", dependencies::advisories),
    beside(Folder::Workspace, "lints", "lints", lints),
    beside(Folder::Workspace, "doc", "documentation", documentation),
    beside(Folder::Workspace, "docs-rs", "the crates' pages, as docs.rs makes them", || {
        pack::run(&["pages"])
    }),
    beside(Folder::Workspace, "programs", "the programs that tests play with, and the tests, built", built),
    beside(Folder::Device, "firmware-lints", "lints of the firmware", lints_of_firmware),
    beside(
        Folder::Device,
        "firmware",
        "the firmware in Rust: a board's, and an STM32F107's, which nothing here runs",
        firmware,
    ),
    beside(Folder::Device, "firmware-c", "the firmware in C", || measure::run(&["fit", "c"])),
    beside(Folder::Device, "on-device", "the device's own tests, in QEMU and in the model", || {
        measure::run(&["on-device"])
    }),
    beside(Folder::Device, "constant-time", "whether the time on a device depends on a secret", || {
        measure::run(&["constant-time"])
    }),
    beside(Folder::Device, "size", "flash, RAM and stack of the size firmware", || measure::run(&["size"])),
    beside(Folder::Device, "cycles", "cycles of the timed firmware, and of its peers", || {
        measure::run(&["cycles"])
    }),
    beside(Folder::Device, "dist", "the library for C, as it is handed out", || {
        pack::run(&["c", "--try-often"])
    }),
    beside(Folder::Workspace, "packages", "the crates, as they are packed to be published", || {
        pack::run(&["packages"])
    }),
    beside(Folder::Device, "lints-beside", "lints of the workspaces beside", lints_beside),
    beside(Folder::Device, "model", "tests of the cycle model, and of what watches it", || {
        tally::run(&["--release", "--workspace", "--exclude", "memcheck"], HOST).map(drop)
    }),
    beside(Folder::Other, "fuzz", "fuzz targets on their seeds", || tally::run(&[], FUZZ).map(drop)),
    beside(Folder::Workspace, "interleavings", "orders in which threads of a server meet", interleavings),
    beside(Folder::Other, "systemd", "how tightly systemd shuts the service in", || {
        pack::run(&["deb", "--units"])
    }),
    beside(Folder::Workspace, "deb", "the Debian package, in a clean Debian", || {
        pack::run(&["deb", "--try"])
    }),
    beside(Folder::RustBoard, "network", "the board's network, in QEMU", network),
    beside(Folder::RustBoard, "demo", "the demo", || show::demo(Board::Rust(BOARD), &Wire::Honest)),
    beside(Folder::RustBoard, "demo-mitm", "the demo with an attacker", || {
        show::demo(Board::Rust(BOARD), &Wire::Attacked)
    }),
    beside(Folder::RustBoard, "pair", "the demo of a pairing", || show::pair(Board::Rust(BOARD))),
    beside(Folder::CBoard, "demo-c", "the demo of the firmware in C", || show::demo(Board::C, &Wire::Honest)),
    beside(Folder::CBoard, "demo-c-mitm", "the demo of the firmware in C with an attacker", || {
        show::demo(Board::C, &Wire::Attacked)
    }),
    beside(Folder::CBoard, "pair-c", "the demo of a pairing of the firmware in C", || show::pair(Board::C)),
    beside(
        Folder::Programs,
        "fleet",
        "whether a server sees the faults of a fleet as what they are",
        fleet::small,
    ),
    beside(
        Folder::Programs,
        "cluster",
        "whether devices of several gateways have what they are promised when one of them fails",
        cluster::small,
    ),
    beside(
        Folder::Programs,
        "stored",
        "whether what devices are told to be stored is, once and in its order, through every fault",
        cluster::stored_small,
    ),
    beside(Folder::Tests, "browser", "the page for a browser, in one", browser::tries),
    alone("line", "both boards on a line that dies", || show::line(BOARD)),
    beside(Folder::Tests, "tests", "tests of the workspace, but for the next two", suites::most),
    beside(Folder::Programs, "tests-programs", "tests that play with programs", suites::of_programs),
    beside(Folder::Programs, "portable", "tests with the portable primitives", suites::portable),
];

/// Steps that only run when they are named.
const APART: [Step; 4] = [
    alone("msrv", "whether the oldest Rust that the crates name compiles them", apart::oldest_rust),
    alone("features", "lints of the crates with each set of their features", apart::feature_sets),
    alone("miri", "whether anything undefined happens where keys are used in place", apart::undefined),
    alone("book", "the book, and what its pages lead to", apart::book),
];

const fn alone(name: &'static str, what: &'static str, run: fn() -> Result<()>) -> Step {
    Step { name, what, beside: None, run }
}

const fn beside(folder: Folder, name: &'static str, what: &'static str, run: fn() -> Result<()>) -> Step {
    Step { name, what, beside: Some(folder), run }
}

const NO_FEATURES: &[&str] = &["--no-default-features"];
const DEVICE_CRATES: [&str; 5] =
    ["lowkey-mem", "lowkey-crypto", "lowkey-core", "lowkey-transport", "lowkey-c"];
const STM32: &str = "examples/stm32f107";
const SIZE: &str = "benches/size";
const CYCLES: &str = "benches/cortex-m3";
/// The library for firmware in C.
const ARCHIVE: &str = "crates/lowkey-c/archive";
const FUZZ: &str = "fuzz";
/// Tests on the device, and the host programs behind them.
const M3: &str = "tests/m3";
const HOST: &str = "tests/host";
