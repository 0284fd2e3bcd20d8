//! A blank board and a server that have never met, brought together by the code on the board's label.

use crate::capture::Wire;
use crate::relay::{Act, Relay, Tamper, Way};
use crate::stage::{Server, Stage, quiet_port};
use crate::{Built, LIFE, PATIENCE, said};
use demo::device::{Cut, Device, Hands, Powered};
use demo::timeline::{Line, Timeline, Who};
use lowkey_core::{Code, Identity, Secret, label};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};
use test_support::world::board;
use xtask::command::Result;

/// Plays it from the blank board to a factory reset, with everything that can go wrong between.
pub(crate) fn run(built: &Built) -> Result<()> {
    let start = Instant::now();
    let mut play = Play::set(built)?;
    let server = play.serve("server.key", "devices.toml")?;
    play.no_window()?;
    play.wrong_code()?;
    play.in_the_middle()?;
    play.last_ping_lost()?;
    play.power_cut()?;
    play.another_server(server)?;
    let _server = play.serve("server.key", "devices.toml")?;
    play.forget()?;
    let cuts = play.cuts_around_the_stores()?;
    play.spoiled()?;
    play.called()?;
    play.eavesdrop()?;
    println!(
        "pair: all as it should be, the power cut at {cuts} writes, {:.1} s",
        start.elapsed().as_secs_f32()
    );
    Ok(())
}

/// A device without a board, for servers that are tried without QEMU: it pairs by the code in this file, and connects.
pub(crate) fn on_this_machine(address: &str, code: &Path) -> Result<()> {
    board::pair_and_connect(address, code_in(&fs::read_to_string(code)?)?)?;
    println!("paired, connected, and echoed");
    Ok(())
}

struct Play {
    timeline: Timeline,
    stage: Stage,
    relay: Relay,
    device: Device,
    /// The same board with another label, which waits to be called on [`WAITS`].
    waiting: Device,
    /// A port of this machine that leads there.
    port: u16,
}

impl Play {
    /// A server's key, an empty registry, two codes, and a board with a label and nothing else.
    fn set(built: &Built) -> Result<Self> {
        let mut timeline = Timeline::begin();
        timeline.say("makes a server's key and two codes with `lowkey`; the board has a label and no keys");
        let (relay, listener) = Relay::listen()?;
        let folder = built.stage("pair");
        let stage = Stage::empty(&built.lowkey, &folder, quiet_port()?)?;
        for key in ["server.key", "other.key"] {
            stage.lowkey(&["keygen", "-o", key])?;
        }
        for registry in ["devices.toml", "others.toml"] {
            fs::write(folder.join(registry), "")?;
        }
        for code in [CODE, OTHER] {
            stage.lowkey(&["code", "new", "-o", code])?;
        }
        relay.start(listener, SocketAddr::from((Ipv4Addr::LOCALHOST, stage.port)));
        let server = format!("server 10.0.2.2:{}\n", relay.port);
        let device = labelled(built, &stage, CODE, &server)?;
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, stage.port))?; // so that the other port is another one
        let port = quiet_port()?;
        drop(taken);
        let waiting =
            labelled(built, &stage, OTHER, &format!("{server}wait {WAITS}\n"))?.forwarded(port, WAITS);
        Ok(Self { timeline, stage, relay, device, waiting, port })
    }

    fn no_window(&mut self) -> Result<()> {
        self.timeline.say("nobody has opened a window at the server");
        let mark = self.timeline.mark();
        let _power = self.power(Hands::default())?;
        self.hear(mark, Who::Board, "made its keys")?;
        self.hear(mark, Who::Board, "pairing failed: ")?;
        self.hear(mark, Who::Server, "refusal=Mode")
    }

    fn wrong_code(&mut self) -> Result<()> {
        self.timeline.say("a window is open, for another code");
        let _operator = self.open_window("somebody-else", OTHER)?;
        let mark = self.timeline.mark();
        let _power = self.power(Hands::default())?;
        self.hear(mark, Who::Board, "pairing failed: ")?;
        self.hear(mark, Who::Server, "refusal=Refused")?;
        self.nobody(mark, Who::Board, "paired with")
    }

    /// One bit of each message, up to the one after which both sides have stored the other's key.
    fn in_the_middle(&mut self) -> Result<()> {
        let _operator = self.open_window("board-1", CODE)?;
        let steps = [(Way::ToServer, 0), (Way::ToDevice, 0), (Way::ToServer, 1), (Way::ToDevice, 1)];
        for (way, number) in steps {
            self.timeline.say(&format!("somebody in the middle changes frame {number} {way:?}"));
            self.relay.shut();
            let mark = self.timeline.mark();
            let _power = self.power(Hands::default())?;
            self.relay.pass_one(flip(way, number));
            self.hear(mark, Who::Board, "pairing failed: ")?;
            self.nobody(mark, Who::Board, "paired with")?;
        }
        Ok(())
    }

    /// The window of before is still open.
    fn last_ping_lost(&mut self) -> Result<()> {
        self.timeline
            .say("the board's last word, that it has stored, is lost; the window is the one of before");
        self.relay.shut();
        let mark = self.timeline.mark();
        let _power = self.power(Hands::default())?;
        self.relay.pass_one(Box::new(|way, number, frame| match (way, number) {
            (Way::ToServer, 2..) => Act::CutAfter(Vec::new()),
            _ => Act::Pass(vec![frame]),
        }));
        self.hear(mark, Who::Board, "paired with")?;
        self.relay.open();
        self.connected(mark)?;
        self.is_final("devices.toml")
    }

    fn power_cut(&mut self) -> Result<()> {
        self.timeline.say("the board loses power");
        let mark = self.timeline.mark();
        let _power = self.power(Hands::default())?;
        self.connected(mark)?;
        self.nobody(mark, Who::Board, "pairing: ")
    }

    /// A board that has paired does not pair again because somebody else answers.
    fn another_server(&mut self, server: Server) -> Result<()> {
        self.timeline.say("another server has a window for the same code, in the same place");
        drop(server);
        let _other = self.serve("other.key", "others.toml")?;
        let _operator = self.open_window("board-1", CODE)?;
        let mark = self.timeline.mark();
        let _power = self.power(Hands::default())?;
        self.hear(mark, Who::Board, "refused")?;
        self.hear(mark, Who::Board, "again in")?;
        self.nobody(mark, Who::Board, "pairing: ")
    }

    fn forget(&mut self) -> Result<()> {
        self.timeline.say("somebody holds \"Down\": the board forgets, but not that its code is spent");
        let mark = self.timeline.mark();
        let power = self.power(Hands { held: Some("down"), ..Hands::default() })?;
        self.hear(mark, Who::Board, "forgot its keys")?;
        self.hear(mark, Who::Board, "again in")?;
        self.nobody(mark, Who::Board, "pairing: ")?;
        drop(power);

        self.timeline.say("at the server its code is still the key's of before: the operator is told whose");
        let mark = self.timeline.mark();
        let window = ["--open", "--name", "board-2", "--code", CODE];
        let _operator = self.stage.pair(&window, &self.timeline.voice())?;
        self.hear(mark, Who::Operator, "the code is \"board-1\"'s already")?;

        self.timeline.say("he revokes that one and opens a window; somebody holds \"Select\", and it pairs");
        self.stage.revoke("board-1", "server.key", "devices.toml")?;
        self.pair(SELECT).map(drop)
    }

    /// Counts the writes of one pairing, then cuts the power at some of them: a board that is blank again each time.
    fn cuts_around_the_stores(&mut self) -> Result<usize> {
        self.timeline.say("a blank board once more, to count what it writes");
        self.start_over()?;
        let writes = self.pair(Hands::default())?;
        let cuts = [0, writes / 4, writes / 2 - 1, writes / 2, writes * 3 / 4, writes - 1];
        for at in cuts {
            self.timeline.say("a blank board once more, and a power cut");
            self.start_over()?;
            let _operator = self.open_window("board-1", CODE)?;
            let mark = self.timeline.mark();
            let power =
                self.power(Hands { cut: Some(Cut { after: "pairing: ", at }), ..Hands::default() })?;
            self.hear(mark, Who::Demo, "the power is cut")?;
            drop(power);
            let mark = self.timeline.mark();
            let _power = self.power(Hands::default())?;
            self.connected(mark)?;
            self.is_final("devices.toml")?;
        }
        Ok(cuts.len())
    }

    /// A label or a store that is none: the board says so, and does nothing else.
    fn spoiled(&mut self) -> Result<()> {
        self.timeline.say(
            "a board whose label area is erased, one with a typing error in it, one with a damaged store",
        );
        let blank = self.device.spoiled("blank.flash", |flash| flash[..LABEL].fill(0xFF))?;
        let mistyped = self.device.spoiled("mistyped.flash", |flash| {
            let code = flash.windows(9).position(|text| text == b"LOWKEY:1/").unwrap_or_default();
            flash[code + 20] ^= 1;
        })?;
        let damaged = self.device.spoiled("damaged.flash", |flash| flash[LABEL..].fill(0x55))?;
        for (board, what) in [
            (blank, "label: there is none"),
            (mistyped, "label: a typing error in its code"),
            (damaged, "key store: damaged"),
        ] {
            let mark = self.timeline.mark();
            let _power = board.power(&self.capture(), LIFE, self.timeline.voice())?;
            self.hear(mark, Who::Board, what)?;
            self.nobody(mark, Who::Board, "fingerprint")?;
        }
        Ok(())
    }

    fn called(&mut self) -> Result<()> {
        self.timeline.say("a board that waits is called by the server");
        let mark = self.timeline.mark();
        let _power = self.waiting.power(&self.capture(), LIFE, self.timeline.voice())?;
        self.hear(mark, Who::Board, "pairing: waits")?;
        let address = format!("127.0.0.1:{}", self.port);

        self.timeline.say("somebody connects who says nothing: the board gives him up, and waits on");
        let mark = self.timeline.mark();
        let silent = TcpStream::connect(&address)?;
        self.hear(mark, Who::Board, "pairing failed: the stream timed out")?;
        self.hear(mark, Who::Board, "pairing: waits")?;
        drop(silent);
        let _operator =
            self.stage.pair(&[&address, "--name", "board-3", "--code", OTHER], &self.timeline.voice())?;
        self.hear(mark, Who::Operator, "in force")?;
        self.connected(mark)
    }

    /// What must not have been on the wire.
    fn eavesdrop(&mut self) -> Result<()> {
        println!();
        let wire = Wire::read(&self.capture())?;
        println!("wire: {} Ethernet frames captured, of the last board", wire.frames);
        let code = code_in(&fs::read_to_string(self.stage.folder.join(OTHER))?)?;
        if !wire.shows(code.name().as_bytes()) {
            return Err("the wire: not even the code's name was found, so this search shows nothing".into());
        }
        println!("wire: the code's name, which is public, is there");
        if wire.shows(code.expose()) {
            return Err("the wire: the code is there".into());
        }
        let flash = self.waiting.flash()?;
        let mut looked_for = 0;
        for bank in flash.get(LABEL..).ok_or("the flash file is too short")?.chunks_exact(BANK).take(2) {
            for (name, secret) in secrets(bank)? {
                looked_for += 1;
                if wire.shows(secret) {
                    return Err(format!("the wire: the {name} is there").into());
                }
            }
        }
        if looked_for < 3 {
            return Err(
                "the flash: a static key, a hedge secret or a seed is not where it was looked for".into()
            );
        }
        println!("wire: no code, no static key, no hedge secret, no seed: nothing of what is in the flash");
        Ok(())
    }

    /// A pairing that nothing disturbs, and how often the board wrote its flash in it.
    fn pair(&mut self, hands: Hands) -> Result<usize> {
        let _operator = self.open_window("board-1", CODE)?;
        let mark = self.timeline.mark();
        let _power = self.power(hands)?;
        self.hear(mark, Who::Operator, "in force")?;
        self.connected(mark)?;
        self.is_final("devices.toml")?;
        // The board says it just before; somebody else may speak between.
        let said = self.timeline.since(mark);
        let paired = said.iter().position(|line| line.says_one_of(&["paired with"]));
        let before = said.get(..paired.unwrap_or_default()).unwrap_or_default();
        let writes = before.iter().rev().find_map(|line| line.text.strip_suffix(" writes of the flash"));
        let writes = writes.and_then(|number| number.parse().ok());
        writes.ok_or_else(|| "the board did not say how often it wrote its flash".into())
    }

    /// The device out of the registry, the board as it left the line.
    fn start_over(&mut self) -> Result<()> {
        self.stage.revoke("board-1", "server.key", "devices.toml")?;
        self.device.erase()
    }

    fn serve(&mut self, key: &str, registry: &str) -> Result<Server> {
        let server = self.stage.serve_as(key, registry, &self.timeline.voice())?;
        self.timeline.wait_for("the server listens", PATIENCE, said(Who::Server, &["listening on"]))?;
        Ok(server)
    }

    fn open_window(&mut self, device: &str, code: &str) -> Result<Server> {
        let mark = self.timeline.mark();
        let operator =
            self.stage.pair(&["--open", "--name", device, "--code", code], &self.timeline.voice())?;
        self.hear(mark, Who::Operator, "the window is open")?;
        Ok(operator)
    }

    fn power(&mut self, hands: Hands) -> Result<Powered> {
        self.device.power_in(hands, &self.capture(), LIFE, self.timeline.voice())
    }

    fn capture(&self) -> PathBuf {
        self.stage.folder.join("pair.pcap")
    }

    /// The board has a channel in KK, and what it sends comes back.
    fn connected(&mut self, mark: usize) -> Result<()> {
        self.hear(mark, Who::Board, "channel open, KK")?;
        self.hear(mark, Who::Board, "pinning final")?;
        self.hear(mark, Who::Board, "a reading out and back")
    }

    /// The server's file says that the device is final; it writes that when the first session is confirmed.
    fn is_final(&self, registry: &str) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let text = fs::read_to_string(self.stage.folder.join(registry))?;
            if text.contains("code = ") && !text.contains("pending") {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Err("the server's registry does not say that the device is final".into())
    }

    fn hear(&mut self, mark: usize, who: Who, part: &str) -> Result<()> {
        self.timeline.hear(mark, who, &[part], PATIENCE)
    }

    fn nobody(&self, mark: usize, who: Who, part: &str) -> Result<()> {
        let is_it = |line: &&Line| line.who == who && line.says_one_of(&[part]);
        match self.timeline.since(mark).iter().find(is_it) {
            Some(line) => Err(format!("that should not have come to be: {}", line.text).into()),
            None => Ok(()),
        }
    }
}

/// A board whose label has this code and these lines.
fn labelled(built: &Built, stage: &Stage, code: &str, lines: &str) -> Result<Device> {
    let label = fs::read_to_string(stage.folder.join(code))?;
    let page = stage.folder.join(code).with_extension("label");
    fs::write(&page, format!("{}\n{lines}", label.trim()))?;
    let folder = stage.folder.join(code).with_extension("board");
    fs::create_dir(&folder)?;
    Device::provision(&built.firmware, &page, &folder)
}

/// The secrets of 32 bytes that a key store has in this bank, each with its name.
///
/// # Errors
/// What stands where the static key would be is none.
fn secrets(bank: &[u8]) -> Result<Vec<(&'static str, &[u8])>> {
    let field = |at: usize| bank.get(at..at + 32).ok_or("the bank is too short");
    // Neither erased nor cleared.
    let is_there = |secret: &[u8]| !matches!(secret, [first @ (0 | 0xFF), rest @ ..] if rest.iter().all(|byte| byte == first));
    let (key, public) = (field(STATIC_KEY)?, field(PUBLIC_KEY)?);
    if is_there(key) && Identity::new(Secret::new(key.try_into()?))?.public_key().as_bytes() != public {
        return Err("the flash: what was looked for is not the static key".into());
    }
    let seeds = (SLOTS..=BANK - SLOT).step_by(SLOT).map(|slot| ("seed", slot + SEED));
    let places = [("static key", STATIC_KEY), ("hedge secret", HEDGE)].into_iter().chain(seeds);
    let all = places.map(|(name, at)| Ok((name, field(at)?))).collect::<Result<Vec<_>>>()?;
    Ok(all.into_iter().filter(|(_, secret)| is_there(secret)).collect())
}

/// The code in a file of one.
fn code_in(text: &str) -> Result<Code> {
    let line = text.lines().find(|line| !line.starts_with('#')).ok_or("there is no code in its file")?;
    Ok(label::parse(line)?)
}

/// Changes a bit in the last byte of one frame.
fn flip(way: Way, number: usize) -> Tamper {
    Box::new(move |of, at, mut frame| {
        if (of, at) == (way, number) {
            frame.iter_mut().last().into_iter().for_each(|byte| *byte ^= 1);
        }
        Act::Pass(vec![frame])
    })
}

const CODE: &str = "board.code";
const OTHER: &str = "other.code";
const SELECT: Hands = Hands { held: Some("select"), cut: None };
/// The port on which the second board waits.
const WAITS: u16 = 7_001;
/// What is in front of the banks in a board's flash, and a bank, in bytes.
const LABEL: usize = 2_048;
const BANK: usize = 1_024;
/// Where the entry of a key store begins in a bank, in units of four bytes, and where it has its keys.
const ENTRY: usize = 6 * 4;
const STATIC_KEY: usize = ENTRY + 108;
const PUBLIC_KEY: usize = ENTRY + 140;
const HEDGE: usize = ENTRY + 172;
/// Where the slots of seeds begin behind it, how long one is, and where the seed is in it.
const SLOTS: usize = ENTRY + 360;
const SLOT: usize = 48;
const SEED: usize = 4;
