//! The board, and the flash that QEMU does not write: a file that outlives each power cut.

use crate::timeline::{Line, Voice, Who};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use xtask::command::Result;
use xtask::qemu::{Board, Options};

/// The key page's 2 KB and the boot log's behind them, as they lie in flash.
const KEY_PAGE: usize = 2_048;
pub(crate) const FLASH: usize = 2 * KEY_PAGE;
const ERASE_PAGE: usize = 1_024;

/// A provisioned device: its program, and its flash in a file.
pub(crate) struct Device {
    elf: PathBuf,
    flash: PathBuf,
}

/// The device while it has power.
pub(crate) struct Powered {
    off: Arc<AtomicBool>,
    runner: Option<thread::JoinHandle<Result<()>>>,
}

impl Device {
    /// Puts `page` where the key page belongs; the boot log is erased.
    pub(crate) fn provision(elf: &Path, page: &Path, folder: &Path) -> Result<Self> {
        let mut flash = fs::read(page)?;
        if flash.len() > KEY_PAGE {
            return Err("the key page is longer than its place".into());
        }
        flash.resize(FLASH, 0xFF);
        let file = folder.join("board.flash");
        fs::write(&file, flash)?;
        Ok(Self { elf: elf.to_owned(), flash: file })
    }

    /// The same device with its flash changed, in a file beside.
    pub(crate) fn spoiled(&self, name: &str, spoil: impl FnOnce(&mut [u8])) -> Result<Self> {
        let mut flash = fs::read(&self.flash)?;
        spoil(&mut flash);
        let file = self.flash.with_file_name(name);
        fs::write(&file, flash)?;
        Ok(Self { elf: self.elf.clone(), flash: file })
    }

    /// Switches it on for at most `deadline`; its Ethernet frames go to `capture`.
    pub(crate) fn power(&self, capture: &Path, deadline: Duration, voice: Voice) -> Result<Powered> {
        let board = Board::start(Options {
            elf: &self.elf,
            key_page: Some(&self.flash),
            capture: Some(capture),
            segment: None,
            deadline,
        })?;
        let off = Arc::new(AtomicBool::new(false));
        let (flash, switch) = (self.flash.clone(), Arc::clone(&off));
        let runner = thread::spawn(move || {
            let ended = run(board, &flash, &switch, &voice);
            if let Err(error) = &ended {
                // Nobody listens any more when the demo is over.
                let _ = voice.send(Line { who: Who::Board, text: format!("STOPPED: {error}") });
            }
            ended
        });
        Ok(Powered { off, runner: Some(runner) })
    }
}

impl Drop for Powered {
    /// Pulls the plug.
    fn drop(&mut self) {
        self.off.store(true, Ordering::Relaxed);
        if let Some(runner) = self.runner.take() {
            // Its error has been said.
            let _ = runner.join();
        }
    }
}

fn run(mut board: Board, flash: &Path, off: &AtomicBool, voice: &Voice) -> Result<()> {
    while !off.load(Ordering::Relaxed) {
        let Some(text) = board.line_within(Duration::from_millis(50))? else { continue };
        if let Some(write) = text.strip_prefix("flash: ") {
            store(flash, write)?;
            board.say("stored")?;
        }
        if voice.send(Line { who: Who::Board, text }).is_err() {
            break;
        }
    }
    Ok(())
}

/// Does to the file what the board's flash controller would do to the flash.
fn store(file: &Path, write: &str) -> Result<()> {
    let mut flash = fs::read(file)?;
    let words: Vec<&str> = write.split(' ').collect();
    let log = flash.get_mut(KEY_PAGE..).ok_or("the flash file is too short")?;
    match words[..] {
        ["program", at, value] => {
            let at: usize = at.parse()?;
            let value = u32::from_str_radix(value, 16)?.to_be_bytes();
            let word = log.get_mut(at..at + 4).ok_or("the board writes behind its log")?;
            word.iter_mut().zip(value).for_each(|(bits, byte)| *bits &= byte);
        }
        ["erase", at] => {
            let at: usize = at.parse()?;
            log.get_mut(at..at + ERASE_PAGE).ok_or("the board erases behind its log")?.fill(0xFF);
        }
        _ => return Err(format!("the board wants its flash to {write}").into()),
    }
    Ok(fs::write(file, flash)?)
}
