//! The board, and what QEMU does not have of it: flash that is written, which is a file that outlives each power cut;
//! noise; buttons.

use crate::timeline::{Line, Voice, Who};
use std::{
    fs,
    hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};
use test_support::Random;
use xtask::command::Result;
use xtask::qemu::{Board, Network, Options};

/// The key page's 2 KB and the boot log's behind them, as they lie in flash.
const KEY_PAGE: usize = 2_048;
/// So many bytes.
pub const FLASH: usize = 2 * KEY_PAGE;
const ERASE_PAGE: usize = 1_024;

/// A device: its program, and its flash in a file.
pub struct Device {
    elf: PathBuf,
    flash: PathBuf,
    network: Network,
    /// What the board is given for noise, never the same twice.
    noise: Arc<Mutex<Random>>,
}

/// What is done to the board while it has power.
#[derive(Clone, Copy, Default)]
pub struct Hands {
    /// The button that is held while it starts.
    pub held: Option<&'static str>,
    /// Whether the power goes, and when.
    pub cut: Option<Cut>,
}

/// The power is cut in the middle of a write.
#[derive(Clone, Copy)]
pub struct Cut {
    /// Writes count once the board has said this.
    pub after: &'static str,
    /// The number of the write that the flash still does; the board does not hear of it.
    pub at: usize,
}

/// The device while it has power.
pub struct Powered {
    off: Arc<AtomicBool>,
    runner: Option<thread::JoinHandle<Result<()>>>,
}

impl Device {
    /// Puts `page` where the key page belongs, or the label; what the device writes itself is erased.
    ///
    /// # Errors
    /// The page is not there, or too long; the folder cannot be written.
    pub fn provision(elf: &Path, page: &Path, folder: &Path) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        (Random::new().u64(), folder).hash(&mut hasher); // no two boards have the same
        Self::with(elf, page, folder, vec![0xFF; FLASH], Random::from_seed(hasher.finish()))
    }

    /// The same with what the device wrote itself when it was in this folder before, and with noise that nobody can
    /// have again.
    ///
    /// # Errors
    /// As [`provision`](Self::provision).
    pub fn found(elf: &Path, page: &Path, folder: &Path) -> Result<Self> {
        let flash = match fs::read(folder.join(FLASH_FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => vec![0xFF; FLASH],
            read => read?,
        };
        Self::with(elf, page, folder, flash, Random::from_seed(RandomState::new().hash_one(folder)))
    }

    fn with(elf: &Path, page: &Path, folder: &Path, mut flash: Vec<u8>, noise: Random) -> Result<Self> {
        let text = fs::read(page).map_err(|error| format!("{}: {error}", page.display()))?;
        let place = flash.get_mut(..KEY_PAGE).ok_or("the flash file is too short")?;
        place.fill(0xFF);
        let front =
            place.get_mut(..text.len()).ok_or("the key page, or the label, is longer than its place")?;
        front.copy_from_slice(&text);
        let file = folder.join(FLASH_FILE);
        fs::write(&file, flash)?;
        Ok(Self {
            elf: elf.to_owned(),
            flash: file,
            network: Network::MadeUp,
            noise: Arc::new(Mutex::new(noise)),
        })
    }

    /// Has `port` of this machine's loopback lead to the board's port `to`.
    pub fn forwarded(self, port: u16, to: u16) -> Self {
        Self { network: Network::Forwarded { from: port, to }, ..self }
    }

    /// What the device has written itself, as if it had never been switched on.
    ///
    /// # Errors
    /// The file is gone.
    pub fn erase(&self) -> Result<()> {
        let mut flash = fs::read(&self.flash)?;
        flash.get_mut(KEY_PAGE..).ok_or("the flash file is too short")?.fill(0xFF);
        Ok(fs::write(&self.flash, flash)?)
    }

    /// All of its flash.
    ///
    /// # Errors
    /// The file is gone.
    pub fn flash(&self) -> Result<Vec<u8>> {
        Ok(fs::read(&self.flash)?)
    }

    /// The same device with its flash changed, in a file beside.
    pub fn spoiled(&self, name: &str, spoil: impl FnOnce(&mut [u8])) -> Result<Self> {
        let mut flash = fs::read(&self.flash)?;
        spoil(&mut flash);
        let file = self.flash.with_file_name(name);
        fs::write(&file, flash)?;
        Ok(Self { elf: self.elf.clone(), flash: file, network: self.network, noise: Arc::clone(&self.noise) })
    }

    /// Switches it on for at most `deadline`; its Ethernet frames go to `capture`.
    ///
    /// # Errors
    /// QEMU does not start.
    pub fn power(&self, capture: &Path, deadline: Duration, voice: Voice) -> Result<Powered> {
        self.power_in(Hands::default(), capture, deadline, voice)
    }

    /// The same in somebody's hands.
    ///
    /// # Errors
    /// As [`power`](Self::power).
    pub fn power_in(
        &self,
        hands: Hands,
        capture: &Path,
        deadline: Duration,
        voice: Voice,
    ) -> Result<Powered> {
        let board = Board::start(Options {
            elf: &self.elf,
            key_page: Some(&self.flash),
            capture: Some(capture),
            network: self.network,
            deadline,
        })?;
        let off = Arc::new(AtomicBool::new(false));
        let (flash, switch) = (self.flash.clone(), Arc::clone(&off));
        let noise = Arc::clone(&self.noise);
        let runner = thread::spawn(move || {
            let ended = run(board, &flash, &noise, &switch, hands, &voice);
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

fn run(
    mut board: Board,
    flash: &Path,
    noise: &Mutex<Random>,
    off: &AtomicBool,
    hands: Hands,
    voice: &Voice,
) -> Result<()> {
    let (mut writes, mut counted) = (0, hands.cut.is_none_or(|cut| cut.after.is_empty()));
    let say = |who, text| voice.send(Line { who, text }).is_ok();
    while !off.load(Ordering::Relaxed) {
        let Some(text) = board.line_within(Duration::from_millis(50))? else { continue };
        if let Some(write) = text.strip_prefix("flash: ") {
            store(flash, write)?;
            if counted && hands.cut.is_some_and(|cut| cut.at == writes) {
                say(Who::Demo, format!("the power is cut at write {writes} of the flash"));
                break;
            }
            writes += usize::from(counted);
            board.say("stored")?;
        } else if let Some(length) = text.strip_prefix("noise: ") {
            let mut drawn = noise.lock().unwrap_or_else(PoisonError::into_inner);
            let hex: String = drawn.bytes(length.parse()?).iter().map(|byte| format!("{byte:02x}")).collect();
            board.say(&hex)?;
        } else if text.starts_with("buttons: ") {
            board.say(hands.held.unwrap_or("none"))?;
        } else {
            if counted && writes > 0 && hands.cut.is_none() {
                say(Who::Board, format!("{writes} writes of the flash"));
                writes = 0;
            }
            counted |= hands.cut.is_some_and(|cut| text.contains(cut.after));
            if !say(Who::Board, text) {
                break;
            }
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
    // Not `fs::write`, which empties the file first: whoever ends us in between would find no flash at all.
    Ok(fs::File::options().write(true).open(file)?.write_all(&flash)?)
}

const FLASH_FILE: &str = "board.flash";

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::tempdir;

    #[test]
    fn a_board_found_again_has_the_label_of_now_and_what_it_wrote_itself() -> Result<()> {
        let folder = tempdir()?;
        let (elf, label) = (Path::new("none.elf"), folder.path().join("board.code"));
        let found = || Device::found(elf, &label, folder.path());

        fs::write(&label, "a label, and a line more\n")?;
        let first = found()?.flash()?;
        assert!(first.starts_with(b"a label, and a line more\n\xFF"));
        assert!(first.len() == FLASH && first[26..].iter().all(|byte| *byte == 0xFF));

        store(&folder.path().join(FLASH_FILE), "program 8 01020304")?;
        fs::write(&label, "another\n")?;
        let second = found()?.flash()?;
        assert!(second.starts_with(b"another\n\xFF"));
        assert!(second[8..KEY_PAGE + 8].iter().all(|byte| *byte == 0xFF), "nothing of the label of before");
        assert_eq!(second[KEY_PAGE + 8..][..4], [1, 2, 3, 4]);

        fs::write(&label, [b'#'; KEY_PAGE + 1])?;
        assert!(found().is_err_and(|error| error.to_string().contains("longer than its place")));
        Ok(())
    }
}
