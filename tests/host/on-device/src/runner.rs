//! The two that run firmware.

use std::{
    env, fmt, fs,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use m3_model::{Core, End, Machine, Options};

use crate::{Result, page::Page};

/// What the firmware was compiled for.
#[derive(Clone, Copy)]
pub(crate) struct Board {
    /// The model's core; none where the code is another's that is modelled.
    core: Option<Core>,
    /// QEMU's, which has memory where the program was linked to.
    machine: &'static str,
    /// Where that is.
    flash: u32,
}

impl Board {
    /// The one with this core.
    pub(crate) fn named(core: &str) -> Option<Self> {
        match core {
            "m3" => Some(Self { core: Some(Core::CortexM3), machine: "lm3s6965evb", flash: 0 }),
            "m4" => Some(Self { core: Some(Core::CortexM4), machine: "mps2-an386", flash: 0 }),
            "m33" => Some(Self { core: Some(Core::CortexM33), machine: "mps2-an505", flash: SECURE_FLASH }),
            "m33-no-dsp" => Some(Self { core: None, machine: "mps2-an505", flash: SECURE_FLASH }),
            _ => None,
        }
    }

    /// Whether the model runs it as well.
    pub(crate) fn is_modelled(self) -> bool {
        self.core.is_some()
    }
}

/// Who runs the firmware.
#[derive(Clone, Copy)]
pub(crate) enum Runner {
    Model,
    Qemu,
}

impl fmt::Display for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Model => "the model",
            Self::Qemu => "QEMU",
        })
    }
}

/// Runs the firmware `elf`, which is also at `path`, with `page` in its flash; returns what it said.
///
/// # Errors
/// It says something else than it should, which is then the error, or nothing for a long time.
pub(crate) fn run_on(
    runner: Runner,
    board: Board,
    (path, elf): (&str, &[u8]),
    page: &Page,
) -> Result<String> {
    let bytes = page.bytes()?;
    let (well, said) = match runner {
        Runner::Model => in_model(board, elf, &bytes)?,
        Runner::Qemu => in_qemu(board, path, &bytes)?,
    };
    if well && said == page.expected() { Ok(said) } else { Err(said.into()) }
}

/// Whether it ended well, and what it said.
type Ended = (bool, String);

fn in_model(board: Board, elf: &[u8], page: &[u8]) -> Result<Ended> {
    let core = board.core.ok_or("the model has no such core")?;
    let options = Options { core, flash: FLASH, strict: true, ..Options::default() };
    let mut machine = Machine::load(elf, &options)?;
    if !machine.load_at(PAGE_AT, page) {
        return Err("the page does not fit the model's flash".into());
    }
    let report = machine.run();
    let mut said = String::from_utf8_lossy(&report.output).into_owned();
    if report.end != End::Exit(0) {
        said += &format!("{:?}", report.end);
    }
    Ok((report.end == End::Exit(0), said))
}

fn in_qemu(board: Board, path: &str, page: &[u8]) -> Result<Ended> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let file = env::temp_dir().join(format!("lowkey-on-device-{}-{number}.page", std::process::id()));
    fs::write(&file, page)?;
    // A comma is written twice in an option.
    let at = board.flash + PAGE_AT;
    let place = file.display().to_string().replace(',', ",,");
    let mut qemu = Command::new("qemu-system-arm");
    qemu.args(["-M", board.machine, "-display", "none", "-monitor", "none", "-serial", "none"])
        .args(["-chardev", "stdio,id=host", "-semihosting-config", "enable=on,target=native,chardev=host"])
        .args(["-kernel", path, "-device", &format!("loader,file={place},addr={at:#x},force-raw=on")]);
    let ended = finish(qemu.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()));
    // It may be gone already, which is as good.
    let _ = fs::remove_file(&file);
    ended
}

/// Waits for the end, not for ever.
fn finish(command: &mut Command) -> Result<Ended> {
    let mut child = command.spawn().map_err(|error| format!("QEMU cannot be started: {error}"))?;
    let deadline = Instant::now() + PATIENCE;
    // It says less than a pipe holds.
    while child.try_wait()?.is_none() {
        if Instant::now() > deadline {
            child.kill()?;
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output()?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// The smaller board's, in bytes; the page lies in the upper half.
const FLASH: usize = 0x4_0000;
const PAGE_AT: u32 = m3_tests::page::AT as u32;
const SECURE_FLASH: u32 = m3_tests::page::SECURE_FLASH as u32;
const PATIENCE: Duration = Duration::from_secs(120);
