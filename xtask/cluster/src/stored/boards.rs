//! Boards in QEMU among the devices, in Rust and in C: each is started again and again, takes its readings, and says
//! how many of them it had room for, when all those are acknowledged.

use super::stream::Stored;
use crate::stage::Stage;
use demo::device::Device;
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use xtask::command::Result;

/// Those that there are; they have power until the value is gone.
#[derive(Default)]
pub(crate) struct Boards(Vec<Board>);

struct Board {
    name: &'static str,
    is_over: Arc<AtomicBool>,
    /// Of each start how many readings are acknowledged: all that it had room for.
    plays: JoinHandle<std::result::Result<Vec<u64>, String>>,
}

impl Boards {
    /// Switches them on, with this firmware.
    ///
    /// # Errors
    /// What `lowkey provision` said.
    pub(crate) async fn begin(stage: &Stage, server: SocketAddr, firmware: &[PathBuf]) -> Result<Self> {
        let mut boards = Vec::new();
        for (name, elf) in NAMES.into_iter().zip(firmware) {
            let folder = stage.folder().join(name);
            fs::create_dir(&folder)?;
            let page = folder.join("board.page");
            let (address, output) = (format!("10.0.2.2:{}", server.port()), page.to_string_lossy());
            let words =
                ["provision", "--name", name, "--address", &address, "--format", "bin", "-o", &output];
            stage.change(&words, "60s").await?.well()?;
            let is_over = Arc::new(AtomicBool::new(false));
            let (over, elf) = (Arc::clone(&is_over), elf.clone());
            let plays = thread::spawn(move || {
                play(&elf, &page, &folder, &over).map_err(|error| format!("{name}: {error}"))
            });
            boards.push(Board { name, is_over, plays });
        }
        Ok(Self(boards))
    }

    /// Takes the power from them when they have told the end of their start; how many messages were acknowledged,
    /// all of which stand in `stored`, once and in their order.
    ///
    /// # Errors
    /// A board has not told it, or something is not so.
    pub(crate) fn judge(mut self, stored: &[Stored]) -> Result<usize> {
        let mut acknowledged = 0;
        for Board { name, plays, .. } in self.0.drain(..) {
            let starts = plays.join().map_err(|_| format!("{name}: a panic"))??;
            let numbers: Vec<u64> =
                stored.iter().filter(|of| of.device == name).map(|of| of.number).collect();
            let each = (1..).zip(&starts);
            let expected =
                each.flat_map(|(boot, last)| (1..=*last).map(move |count| (boot << 32_u64) | count));
            if !numbers.iter().copied().eq(expected) {
                let what = format!("{name}: {starts:?} readings acknowledged, and stored: {numbers:x?}");
                return Err(what.into());
            }
            acknowledged += numbers.len();
        }
        Ok(acknowledged)
    }

    /// Has each tell the end of the start that it is in, and waits for that.
    pub(crate) async fn end(&self) {
        self.0.iter().for_each(|board| board.is_over.store(true, Ordering::Relaxed));
        while self.0.iter().any(|board| !board.plays.is_finished()) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Whether this is the name of one.
    pub(crate) fn is_one(name: &str) -> bool {
        NAMES.contains(&name)
    }
}

impl Drop for Boards {
    fn drop(&mut self) {
        self.0.iter().for_each(|board| board.is_over.store(true, Ordering::Relaxed));
    }
}

/// One start after the other; how many readings of each are acknowledged.
fn play(elf: &Path, page: &Path, folder: &Path, is_over: &AtomicBool) -> Result<Vec<u64>> {
    let device = Device::provision(elf, page, folder)?;
    let mut starts = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let (voice, lines) = channel();
        let _power = device.power(&folder.join("board.pcap"), LIFE, voice)?;
        let (begun, mut last) = (Instant::now(), String::new());
        let acknowledged = loop {
            let line = lines.recv_timeout(PATIENCE.saturating_sub(begun.elapsed()));
            let why = |_| format!("start {}: readings are not acknowledged: {last}", starts.len() + 1);
            last = line.map_err(why)?.text;
            if let Some((_, count)) = last.split_once("readings acknowledged: ") {
                break count.trim().parse()?;
            }
        };
        starts.push(acknowledged);
    }
    Ok(starts)
}

const NAMES: [&str; 2] = ["board-rust", "board-c"];
const PATIENCE: Duration = Duration::from_secs(240);
/// Longer than a start may take.
const LIFE: Duration = Duration::from_secs(400);
