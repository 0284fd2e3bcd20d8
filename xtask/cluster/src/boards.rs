//! Two boards in QEMU among the devices, with the firmware of the demo: what they say on their serial line.

use crate::{stage::Stage, timeline::Timeline};
use demo::{
    device::{Device, Powered},
    timeline::Line,
};
use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, channel},
    },
    thread,
    time::Duration,
};
use tokio::time::{sleep, timeout};
use xtask::command::Result;

/// They lose their power with the value.
pub(crate) struct Boards(Vec<Board>);

pub(crate) struct Board {
    pub(crate) name: &'static str,
    heard: Arc<Mutex<Heard>>,
    _power: Powered,
}

/// What a board has said.
#[derive(Default)]
struct Heard {
    is_open: bool,
    opened: usize,
    last: String,
    /// Whether 64 KiB have come back as they were sent.
    was_all_right: bool,
}

impl Boards {
    /// Switches them on.
    ///
    /// # Errors
    /// What `lowkey provision` said, or QEMU.
    pub(crate) async fn begin(
        stage: &Stage,
        firmware: &Path,
        balancer: SocketAddr,
        say: Timeline,
    ) -> Result<Self> {
        let address = format!("10.0.2.2:{}", balancer.port());
        let mut boards = Vec::new();
        for name in NAMES {
            let folder = stage.folder().join(name);
            fs::create_dir(&folder)?;
            let page = folder.join("board.page");
            let page_name = page.to_string_lossy();
            let words =
                ["provision", "--name", name, "--address", &address, "--format", "bin", "-o", &page_name];
            stage.change(&words, "60s").await?.well()?;
            let device = Device::provision(firmware, &page, &folder)?;
            let (voice, lines) = channel();
            let power = device.power(&folder.join("board.pcap"), LIFE, voice)?;
            let heard = Arc::new(Mutex::new(Heard::default()));
            let shared = Arc::clone(&heard);
            thread::spawn(move || listen(name, &lines, &shared, say));
            boards.push(Board { name, heard, _power: power });
        }
        Ok(Self(boards))
    }

    /// Waits until each has a channel, and has had as much of it back as it sent.
    ///
    /// # Errors
    /// One has not.
    pub(crate) async fn are_right(&self) -> Result<()> {
        for board in &self.0 {
            board.until("64 KiB each way", |heard| heard.was_all_right).await?;
        }
        Ok(())
    }

    /// Waits until each has a channel.
    ///
    /// # Errors
    /// One has none.
    pub(crate) async fn are_connected(&self) -> Result<()> {
        for board in &self.0 {
            board.until("a channel", |heard| heard.is_open).await?;
        }
        Ok(())
    }

    /// Waits until this one has lost its channel and gets no other.
    ///
    /// # Errors
    /// It goes on.
    pub(crate) async fn is_out(&self, name: &str) -> Result<()> {
        let board = self.0.iter().find(|board| board.name == name).ok_or("no such board")?;
        board.until("a refusal", |heard| !heard.is_open && heard.last.contains("refused")).await
    }

    /// How many channels they have had.
    pub(crate) fn opened(&self) -> usize {
        self.0.iter().map(|board| lock(&board.heard).opened).sum()
    }
}

impl Board {
    async fn until(&self, what: &str, is_so: impl Fn(&Heard) -> bool) -> Result<()> {
        let comes = async {
            while !is_so(&lock(&self.heard)) {
                sleep(LOOK).await;
            }
        };
        let comes = timeout(PATIENCE, comes).await;
        Ok(comes.map_err(|_| {
            format!("{}: it never comes: {what}; last: {}", self.name, lock(&self.heard).last)
        })?)
    }
}

fn listen(name: &str, lines: &Receiver<Line>, heard: &Mutex<Heard>, say: Timeline) {
    for Line { text, .. } in lines {
        let mut heard = lock(heard);
        if text.starts_with("channel open") {
            (heard.is_open, heard.opened) = (true, heard.opened + 1);
            say.say(&format!("  {name} │ {text}"));
        } else if text.contains("again in") {
            heard.is_open = false;
        } else if text.contains("every byte right") {
            heard.was_all_right = true;
            say.say(&format!("  {name} │ {text}"));
        } else if text.starts_with("no channel") || text.contains("STOPPED") {
            heard.is_open = false;
            heard.last = text;
        }
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

const NAMES: [&str; 2] = ["board-1", "board-2"];
const LOOK: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(90);
/// Longer than all of it.
const LIFE: Duration = Duration::from_secs(900);
