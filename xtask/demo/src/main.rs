//! `cargo xtask demo`, `--mitm`, `--pair` and `--line`, and `cargo xtask board`, once everything is built.
//!
//! A board in QEMU talks to the real `lowkey serve` over Ethernet and TCP. Without an attacker the wire is captured and
//! searched; with one, every attack has to fail. On a line that dies, and in front of a server that hangs, floods and
//! takes nothing, the boards have to come back.

mod attacks;
mod by_hand;
mod capture;
mod line;
mod mitm;
mod numbered;
mod pair;
mod relay;
mod rude;
mod segment;
mod stage;
mod stand;

use capture::Wire;
use demo::device::Device;
use demo::timeline::{Line, Timeline, Who};
use lowkey_core::page::{self, Contents, Page};
use lowkey_core::{Id, Identity, Secret};
use measure::image::Image;
use stage::{Stage, quiet_port};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};
use xtask::{command::Result, pattern::Pattern};

/// What xtask has built.
struct Built {
    lowkey: PathBuf,
    backend: PathBuf,
    firmware: PathBuf,
}

impl Built {
    /// What the firmware takes of the board, as people read it.
    fn size(&self) -> Result<String> {
        let Image { flash, ram, .. } = Image::read(&self.firmware)?;
        Ok(format!("{flash} B of flash, {ram} B of static RAM"))
    }

    /// Where what is played with this firmware has its files: another board may play beside it.
    fn stage(&self, name: &str) -> PathBuf {
        let board = self.firmware.file_stem().unwrap_or_default().display();
        self.lowkey.with_file_name(format!("{name}-stage-{board}"))
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match &arguments[..] {
        [word, rust, c] if word == "line" => line::run(Path::new(rust), Path::new(c)),
        [word, rust, c] if word == "numbered" => numbered::run(Path::new(rust), Path::new(c)),
        [word, firmware, label, folder, button] if word == "by-hand" => {
            by_hand::run(Path::new(firmware), Path::new(label), Path::new(folder), button)
        }
        [word, address, code] if word == "board" => pair::on_this_machine(address, Path::new(code)),
        [attacked, lowkey, backend, firmware] => {
            let (lowkey, backend, firmware) = (lowkey.into(), backend.into(), firmware.into());
            let built = Built { lowkey, backend, firmware };
            match attacked.as_str() {
                "plain" => plain(&built),
                "first-record" => first_record(&built),
                "mitm" => mitm::run(&built),
                "pair" => pair::run(&built),
                _ => Err(USAGE.into()),
            }
        }
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A board, a server, 64 KiB each way, a server that goes away, a power cut.
fn plain(built: &Built) -> Result<()> {
    let start = Instant::now();
    let mut timeline = Timeline::begin();
    let (stage, device) = set(built, quiet_port()?, &mut timeline)?;

    let server = stage.serve(stage.port, &timeline.voice())?;
    timeline.wait_for("the server listens", PATIENCE, said(Who::Server, &["listening on"]))?;
    let (first, second) = (stage.folder.join("boot-1.pcap"), stage.folder.join("boot-2.pcap"));
    let power = device.power(&first, LIFE, timeline.voice())?;
    timeline.wait_for("a channel", PATIENCE, said(Who::Board, attacks::BOARD_OPEN))?;
    timeline.wait_for("64 KiB each way", PATIENCE, said(Who::Board, &["every byte right"]))?;

    timeline.say("the server is killed; the backend of examples/tokio-server takes its place");
    drop(server);
    let peak = timeline.wait_for("the stack's peak", PATIENCE, after(Who::Board, "stack peak "))?;
    let server = stage.backend(&built.backend, &timeline.voice())?;
    timeline.wait_for("a channel to the backend", PATIENCE, said(Who::Board, attacks::BOARD_OPEN))?;
    timeline.wait_for("the command", PATIENCE, said(Who::Board, &["asked for a reading every 200 ms"]))?;
    let pace = pace(&mut timeline)?;
    timeline.say(&format!("the last readings came {pace} ms apart"));

    timeline.say("the backend is killed; `lowkey serve` is back");
    drop(server);
    timeline.wait_for("the board notices", PATIENCE, said(Who::Board, &["again in"]))?;
    let server = stage.serve(stage.port, &timeline.voice())?;
    timeline.wait_for("a channel to the server", PATIENCE, said(Who::Board, attacks::BOARD_OPEN))?;

    timeline.say("the board loses power");
    drop(power);
    let power = device.power(&second, LIFE, timeline.voice())?;
    timeline.wait_for("a second boot", PATIENCE, said(Who::Board, &["boot 2"]))?;
    timeline.wait_for("a channel after the power cut", PATIENCE, said(Who::Board, &["every byte right"]))?;
    drop(power);
    drop(server);
    spoiled_pages(&mut timeline, &stage, &device)?;

    println!();
    eavesdrop(&first, &stage, built)?;
    eavesdrop(&second, &stage, built)?;
    println!("board: {}, stack peak {peak}", built.size()?);
    println!("demo: all as it should be, {:.1} s", start.elapsed().as_secs_f32());
    Ok(())
}

/// The program of the book's chapter for C: a reading out, the same back, an end that both sides have said. It says
/// nothing itself.
fn first_record(built: &Built) -> Result<()> {
    let mut timeline = Timeline::begin();
    let (stage, device) = set(built, quiet_port()?, &mut timeline)?;
    let _server = stage.serve(stage.port, &timeline.voice())?;
    timeline.wait_for("the server listens", PATIENCE, said(Who::Server, &["listening on"]))?;
    let _power = device.power(&stage.folder.join("first-record.pcap"), LIFE, timeline.voice())?;
    timeline.wait_for("a channel", PATIENCE, said(Who::Server, &["session confirmed"]))?;
    timeline.wait_for("an end in order", PATIENCE, said(Who::Server, &["reason=\"closed\""]))?;
    println!("first record: {}", built.size()?);
    Ok(())
}

/// Boards that were never provisioned, or whose key page has lost a bit or has keys that everybody has, say so and do
/// nothing else.
fn spoiled_pages(timeline: &mut Timeline, stage: &Stage, device: &Device) -> Result<()> {
    let blank = device.spoiled("blank.flash", |flash| flash.fill(0xFF))?;
    let damaged = device.spoiled("damaged.flash", |flash| flash[KEY] ^= 1)?;
    let of_the_book = page_of_the_book()?;
    let known = device.spoiled("known.flash", |flash| {
        flash.iter_mut().zip(of_the_book.expose()).for_each(|(to, from)| *to = *from);
    })?;
    for (board, what, said_so) in [
        (known, "a board with the keys of the protocol's example", "key page: its keys are printed"),
        (blank, "a board whose key page is blank", "key page: blank"),
        (damaged, "a board whose key page has lost a bit", "key page: damaged"),
    ] {
        timeline.say(what);
        let mark = timeline.mark();
        let power = board.power(&stage.folder.join("spoiled.pcap"), LIFE, timeline.voice())?;
        timeline.hear(mark, Who::Board, &[said_so], PATIENCE)?;
        timeline.listen(Duration::from_millis(100));
        drop(power);
        let last = timeline.since(mark).iter().rfind(|line| line.who == Who::Board);
        if last.is_none_or(|line| !line.text.contains(said_so)) {
            return Err(format!("{what} went on").into());
        }
    }
    Ok(())
}

/// Listens until two readings are about as far apart as the backend asked for, 200 ms and not the 50 ms of before; says
/// how far. On a busy machine the emulated clock loses a part of its ticks.
fn pace(timeline: &mut Timeline) -> Result<u32> {
    let mut last = None;
    timeline.wait_for("readings every 200 ms", PATIENCE, |line| {
        let (_, reading) = line.text.split_once("reading ")?;
        let time: u32 = reading.split(' ').nth(1)?.parse().ok()?;
        let apart = time - last.replace(time)?;
        (100..=300).contains(&apart).then_some(apart)
    })
}

/// Keys, registry and a board that is provisioned for a server at `port`.
fn set(built: &Built, port: u16, timeline: &mut Timeline) -> Result<(Stage, Device)> {
    let folder = built.stage("demo");
    timeline.say("makes the server's key, a PSK and the board's key page with `lowkey`");
    let stage = Stage::set(&built.lowkey, &folder, port)?;
    let device = Device::provision(&built.firmware, &stage.page(), &folder)?;
    Ok((stage, device))
}

/// A key page of the keys in "A handshake in bytes" (protocol §8).
fn page_of_the_book() -> Result<Secret<{ page::LEN }>> {
    let [device, server, other] = [0x11, 0x22, 0x33].map(|byte| Secret::new([byte; 32]));
    let contents = Contents {
        id: Id::new(b"example").ok_or("no id")?,
        address: "10.0.2.2:7000",
        static_key: &device,
        peer: Identity::new(server)?.public_key(),
        hedge: &other,
        seed: &other,
        psk: None,
    };
    Ok(contents.encode()?)
}

/// Searches the captured wire for what must not be on it.
fn eavesdrop(capture: &Path, stage: &Stage, built: &Built) -> Result<()> {
    let wire = Wire::read(capture)?;
    let bytes = fs::read(stage.page())?;
    let page = Page::read(&bytes)?;
    println!(
        "wire: {} Ethernet frames captured, {} B of TCP to the server, {} B to the board",
        wire.frames,
        wire.to_server.len(),
        wire.to_board.len()
    );
    if wire.to_server.len() < BULK || wire.to_board.len() < BULK {
        return Err("the wire: fewer bytes than were sent".into());
    }
    // What is in the clear by design; finding it shows that the search works.
    if !wire.shows(page.id().as_bytes()) {
        return Err("the wire: not even the id was found, so this search shows nothing".into());
    }
    println!("wire: the id of the pinning, which is public, is there");
    let image = fs::read(&built.firmware)?;
    for (name, at) in KEYS {
        let key = bytes.get(at..at + 16).ok_or("the page is too short")?;
        if wire.shows(key) {
            return Err(format!("the wire: the {name} is there").into());
        }
        if image.windows(key.len()).any(|part| part == key) {
            return Err(format!("the firmware's image: the {name} is there").into());
        }
    }
    let mut pattern = Pattern::new();
    let plaintext: Vec<u8> = (0..BULK).map(|_| pattern.next()).collect();
    if plaintext.chunks_exact(500).any(|message| wire.shows(&message[..8])) {
        return Err("the wire: plaintext is there".into());
    }
    println!("wire: no plaintext, no key of the page, private or public; nor is one in the firmware's image");
    let unevenness = wire.unevenness();
    println!("wire: chi-squared of its bytes over 255 degrees of freedom: {unevenness:.2} (random: near 1)");
    if unevenness > 1.5 {
        return Err("the wire: its bytes do not look random".into());
    }
    Ok(())
}

/// Finds a line of `who` that has one of `parts` in it.
fn said(who: Who, parts: &'static [&'static str]) -> impl FnMut(&Line) -> Option<()> {
    move |line| (line.who == who && line.says_one_of(parts)).then_some(())
}

/// Finds what a line of `who` says behind `start`, up to the next comma.
fn after(who: Who, start: &'static str) -> impl FnMut(&Line) -> Option<String> {
    move |line| {
        let rest = line.text.strip_prefix(start).filter(|_| line.who == who)?;
        Some(rest.split(',').next().unwrap_or_default().to_owned())
    }
}

const BULK: usize = 65_536;
/// The keys of a key page, and where they lie.
const KEYS: [(&str, usize); 7] = [
    ("static key", 104),
    ("public key", 136),
    ("server's public key", 168),
    ("shared key", 200),
    ("hedge secret", 232),
    ("seed", 264),
    ("PSK", 296),
];
/// A byte of the static key in a key page.
const KEY: usize = 110;
/// For each thing that somebody has to say. Nothing that comes takes nearly as long, on busy cores either.
const PATIENCE: Duration = Duration::from_secs(60);
/// A board's life at the most.
const LIFE: Duration = Duration::from_secs(900);
const USAGE: &str = "demo: started by `cargo xtask demo` or `cargo xtask board`";
