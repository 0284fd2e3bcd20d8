//! `cargo xtask test`: everything that must hold before a change goes in, but long fuzzing and timing.

use xtask::{
    command::{Command, Result},
    setup,
};

use crate::{
    archive, bench, c_firmware, constant_time, cycles, deb, dist, firmware,
    fit::{self, Memory},
    network_trial, on_device, plan, show,
    show::{Board, Wire},
    size,
    steps::Steps,
    tally::{self, Tally},
    tools,
};

/// Runs every check; the tests of the workspace come last, so that their summary ends the output.
pub(crate) fn all(board: &str) -> Result<()> {
    let mut steps = Steps::new();
    steps.run("formatting", || {
        cargo(&["fmt", "--all", "--check"])?;
        [board, STM32, SIZE, cycles::FOLDER, MODEL, FUZZ, M3, HOST, ARCHIVE]
            .iter()
            .try_for_each(|folder| Command::cargo().args(["fmt", "--check"]).within(folder).run())
    })?;
    steps.run("whether the house is what its plan says", plan::check)?;
    steps.run("lints", || {
        clippy(&["--workspace"])?;
        clippy(&["--package", "lowkey-crypto", "--package", "lowkey-core", "--package", "lowkey-transport"])?;
        // Its tests are the same in both; only the library has other code.
        let libraries =
            ["--package", "lowkey-host", "--package", "lowkey-registry", "--package", "lowkey-gateway"];
        let lints = ["clippy", "--quiet", "--no-default-features"];
        Command::cargo().args(lints).args(libraries).args(["--", "-D", "warnings"]).run()?;
        [MODEL, FUZZ, HOST].iter().try_for_each(|folder| {
            let lints = ["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"];
            Command::cargo_in(folder).args(lints).run()
        })
    })?;
    steps.run("lints of the firmware", || {
        firmware::lint(board)?;
        firmware::lint(STM32)?;
        firmware::lint(SIZE)?;
        firmware::lint(M3)?;
        firmware::lint(ARCHIVE)?;
        firmware::lint_with(cycles::FOLDER, &["peers"])
    })?;
    steps.run("documentation", || {
        let doc =
            Command::cargo().args(["doc", "--quiet", "--workspace", "--no-deps", "--document-private-items"]);
        doc.env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private_intra_doc_links").run()?;
        bench::pictures::check()
    })?;
    steps.run("dependencies", || dependencies(board))?;
    let trial = steps.run("build the firmware", || {
        firmware::build(board, "lm3s6965-ethernet")?;
        firmware::build(board, "network-trial")
    })?;
    steps.run("build the firmware of an STM32F107, which nothing here runs", || {
        fit::check(&firmware::build(STM32, "stm32f107")?, &STM32_MEMORY)
    })?;
    steps.run("build the firmware in C", c_firmware::check)?;
    steps.run("the board's network, in QEMU", || network_trial::run(&trial))?;
    steps.run("the device's own tests, in QEMU and in the model", on_device::check)?;
    steps.run("whether the time on a device depends on a secret", constant_time::check)?;
    steps.run("flash, RAM and stack of the size firmware", size::check)?;
    steps.run("cycles of the timed firmware, and of its peers", cycles::check)?;
    steps.run("the demo", || show::demo(Board::Rust(board), &Wire::Honest))?;
    steps.run("the demo with an attacker", || show::demo(Board::Rust(board), &Wire::Attacked))?;
    steps.run("the demo of the firmware in C", || show::demo(Board::C, &Wire::Honest))?;
    steps.run("the demo of the firmware in C with an attacker", || show::demo(Board::C, &Wire::Attacked))?;
    steps.run("the demo of a pairing", || show::pair(Board::Rust(board)))?;
    steps.run("the demo of a pairing of the firmware in C", || show::pair(Board::C))?;
    steps.run("both boards on a line that dies", || show::line(board))?;
    steps.run("the library for C, as it is handed out", || dist::check(dist::Tried::Often))?;
    steps.run("how tightly systemd shuts the service in", deb::units)?;
    steps.run("the Debian package, in a clean Debian", deb::trial)?;

    steps.run("the programs that tests play with", programs)?;
    let mut tally = Tally::default();
    steps.run("tests of the cycle model", || tally::run(&[], MODEL, &mut tally))?;
    steps.run("tests of what watches it", || {
        tally::run(&["--release", "--package", "traces"], HOST, &mut tally)
    })?;
    steps.run("orders in which threads of a server meet", || {
        let played = ["--package", "lowkey-host", "--no-default-features", "--lib", "interleavings"];
        tally::run_under("lowkey_shuttle", &played, &mut tally)
    })?;
    steps.run("fuzz targets on their seeds", || tally::run(&[], FUZZ, &mut tally))?;
    steps.run("tests with the portable primitives", || {
        let device =
            ["--package", "lowkey-crypto", "--package", "lowkey-core", "--package", "lowkey-transport"];
        tally::run(&device, ".", &mut tally)?;
        // What runs on the primitives; the rest of the host does not know which they are.
        let host =
            ["--package", "lowkey-host", "--package", "lowkey-registry", "--no-default-features", "--lib"];
        let on_them = ["--test", "handshake", "--test", "connection", "--test", "provisioning"];
        tally::run(&[&host[..], &on_them].concat(), ".", &mut tally)
    })?;
    steps.run("tests of both primitives against each other", || {
        let features = ["--package", "lowkey-crypto", "--features", "aws-lc,precomputed-tables"];
        tally::run(&features, ".", &mut tally)
    })?;
    steps.run("tests of the workspace", || tally::run(&["--workspace"], ".", &mut tally))?;
    println!("\n{tally}");
    Ok(())
}

/// Sees to it that no test is left out for want of a program.
pub(crate) fn programs() -> Result<()> {
    let builds = [&setup::MAKE, &setup::CXX, &setup::CLANG, &setup::VALGRIND];
    let others = [&setup::MOSQUITTO, &setup::HAPROXY, &setup::KILL];
    let python = [&setup::CRYPTOGRAPHY, &setup::PYTHON_TOML];
    setup::ensure(others.into_iter().chain(builds).chain(python))
}

/// What cargo-deny says of everything we depend on.
fn dependencies(board: &str) -> Result<()> {
    let deny = tools::cargo("cargo-deny", &[])?;
    let check = |manifest: &str, what: &[&str]| {
        let deny = Command::new(&deny).args([
            "--log-level",
            "error",
            "--locked",
            "--manifest-path",
            manifest,
            "check",
        ]);
        deny.args(what).run()
    };
    check("Cargo.toml", &["bans", "licenses", "sources"])?;
    // cortex-m and cortex-m-rt are built with two versions of syn, and nobody depends on our firmware.
    [board, STM32, SIZE, cycles::FOLDER, MODEL, M3, HOST, ARCHIVE]
        .iter()
        .try_for_each(|folder| check(&format!("{folder}/Cargo.toml"), &["licenses", "sources"]))
}

fn clippy(what: &[&str]) -> Result<()> {
    let lints = Command::cargo().args(["clippy", "--quiet", "--all-targets"]).args(what);
    lints.args(["--", "-D", "warnings"]).run()
}

fn cargo(arguments: &[&str]) -> Result<()> {
    Command::cargo().args(arguments).within(".").run()
}

const STM32: &str = "examples/stm32f107";
/// 256 KB of flash without the key page and the boot log, 64 KB of SRAM.
const STM32_MEMORY: Memory = Memory { flash: 250 * 1_024, ram: 64 * 1_024 };
const SIZE: &str = "benches/size";
/// The library for firmware in C.
const ARCHIVE: &str = archive::WORKSPACE;
const MODEL: &str = "benches/m3-model";
const FUZZ: &str = "fuzz";
/// Tests on the device, and the host programs behind them.
const M3: &str = "tests/m3";
const HOST: &str = "tests/host";
