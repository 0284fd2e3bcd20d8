//! A board in QEMU, alone on a segment with a server of ours.

use crate::rude::{Keys, Kind, Rude, split_frame};
use crate::segment::{Cable, OWN, PORT, Segment};
use demo::device::FLASH;
use std::{
    env, fs, mem,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process,
    time::{Duration, Instant},
};
use xtask::command::Result;
use xtask::qemu::{Board, Network, Options};

/// What our server does with what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    /// It answers PINGs and sends messages back.
    Echoes,
    /// It takes bytes and looks at none.
    Hangs,
    TakesNothing,
    /// It takes nothing, and sends one PING after the other.
    Floods,
}

/// The board, the segment, and our end of the connection.
pub(crate) struct Stand {
    name: &'static str,
    board: Board,
    segment: Segment,
    keys: Keys,
    said: Vec<String>,
    begun: Instant,
    session: Option<Rude>,
    /// What TCP has not taken yet.
    unsent: Vec<u8>,
    pub(crate) manners: Manners,
    /// What the board has sent.
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) last_pong: Vec<u8>,
    pub(crate) has_closed: bool,
}

impl Stand {
    /// Switches the board with the firmware `elf` on.
    ///
    /// # Errors
    /// QEMU does not start.
    pub(crate) fn set(name: &'static str, elf: &Path) -> Result<Self> {
        let keys = Keys::draw(&format!("{OWN}:{PORT}"))?;
        let file = env::temp_dir().join(format!("{}-{}.page", name.replace(' ', "-"), process::id()));
        let mut flash = keys.page.clone();
        flash.resize(FLASH, 0xFF); // behind it an erased boot log
        fs::write(&file, flash)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let network = Network::Segment(listener.local_addr()?.port());
        let board =
            Board::start(Options { elf, key_page: Some(&file), capture: None, network, deadline: LIFE });
        let board = board.and_then(|board| Ok((board, Segment::meet(&listener)?)));
        let mut stand = board.map(|(board, segment)| Self {
            name,
            board,
            segment,
            keys,
            said: Vec::new(),
            begun: Instant::now(),
            session: None,
            unsent: Vec::new(),
            manners: Manners::Echoes,
            messages: Vec::new(),
            last_pong: Vec::new(),
            has_closed: false,
        });
        // QEMU has read the page once the board has.
        let booted = stand.as_mut().map_or(Ok(()), |stand| stand.hear(0, "boot 1"));
        fs::remove_file(&file)?;
        booted.and(stand)
    }

    /// Waits for the board's next connection and its message 1; message 2 as a frame, for the caller to give.
    ///
    /// # Errors
    /// None comes.
    pub(crate) fn await_message_1(&mut self) -> Result<Vec<u8>> {
        (self.session, self.manners, self.has_closed) = (None, Manners::TakesNothing, false);
        self.unsent.clear();
        self.messages.clear();
        self.segment.listen();
        let mut incoming = Vec::new();
        let mut first = None;
        self.until("message 1", |stand| {
            let mut bytes = [0; 512];
            let taken = stand.segment.take(&mut bytes);
            incoming.extend(&bytes[..taken]);
            first = first.take().or_else(|| split_frame(&mut incoming));
            Ok(first.is_some())
        })?;
        let (message_2, session) =
            self.keys.answer(&test_support::impostor::frame(&first.unwrap_or_default()))?;
        self.session = Some(session);
        Ok(message_2)
    }

    /// Waits for the board's next connection, and opens a channel on it.
    ///
    /// # Errors
    /// None comes, or it comes to nothing.
    pub(crate) fn accept(&mut self) -> Result<()> {
        self.accept_as(Manners::Echoes)
    }

    /// The same with these manners, from the first that the board sends.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub(crate) fn accept_as(&mut self, manners: Manners) -> Result<()> {
        let mark = self.mark();
        let message_2 = self.await_message_1()?;
        self.give(&message_2);
        self.manners = manners;
        self.hear(mark, "channel open")
    }

    /// Ends our direction, behind the board's.
    ///
    /// # Errors
    /// The board does not go on.
    pub(crate) fn hang_up(&mut self, mark: usize) -> Result<()> {
        self.segment.end();
        self.hear(mark, "again in")
    }

    /// Gives the board these bytes.
    pub(crate) fn give(&mut self, bytes: &[u8]) {
        self.unsent.extend(bytes);
    }

    /// Sends a record.
    ///
    /// # Errors
    /// There is no session.
    pub(crate) fn send(&mut self, kind: Kind, body: &[u8]) -> Result<()> {
        let frame = self.session()?.seal(kind, body)?;
        self.give(&frame);
        Ok(())
    }

    /// Sends a command, and waits until the board says that it has it.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn order(&mut self, command: &str, answer: &str) -> Result<()> {
        let mark = self.mark();
        self.send(Kind::Data, format!("c{command}").as_bytes())?;
        self.hear(mark, answer)
    }

    /// The number of the next reading that comes.
    ///
    /// # Errors
    /// None comes.
    pub(crate) fn reading(&mut self) -> Result<u32> {
        self.number(READING, 1)
    }

    /// Waits for a reading that the board has taken so long after the one before.
    ///
    /// # Errors
    /// None comes.
    pub(crate) fn reading_behind(&mut self, time: Duration) -> Result<()> {
        let mut before = None;
        self.until("readings that are as far apart", |stand| {
            let Some(taken) = stand.next(|message| number_in(message, READING, 5)) else { return Ok(false) };
            let apart = before.replace(taken).map_or(0, |before| taken - before);
            Ok(Duration::from_millis(apart.into()) >= time)
        })
    }

    /// The number of the last one that has come, if there is one more.
    pub(crate) fn last_reading(&self) -> Option<u32> {
        self.messages.iter().rev().find_map(|message| number_in(message, READING, 1))
    }

    /// How many readings the board says that it has lost, in its next report.
    ///
    /// # Errors
    /// None comes.
    pub(crate) fn lost(&mut self) -> Result<u32> {
        self.number(b's', 9)
    }

    /// A number inside the next message that begins with `first`.
    fn number(&mut self, first: u8, at: usize) -> Result<u32> {
        let mut number = None;
        self.until("a message", |stand| {
            number = stand.next(|message| number_in(message, first, at));
            Ok(number.is_some())
        })?;
        Ok(number.unwrap_or_default())
    }

    /// What is found in the next message in which there is something; those before are gone.
    fn next<T>(&mut self, find: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let mut messages = mem::take(&mut self.messages).into_iter();
        let found = messages.by_ref().find_map(|message| find(&message));
        self.messages = messages.collect();
        found
    }

    /// Takes at most so many bytes of what has come, whatever the manners.
    ///
    /// # Errors
    /// The board sent what does not open.
    pub(crate) fn take(&mut self, most: usize) -> Result<()> {
        let mut bytes = vec![0; most];
        let taken = self.segment.take(&mut bytes);
        let Some(session) = &mut self.session else { return Ok(()) };
        session.feed(&bytes[..taken]);
        while let Some((kind, body)) = self.session()?.open()? {
            match kind {
                Kind::Data if self.manners == Manners::Echoes && body.len() >= BULK => {
                    self.send(Kind::Data, &body)?;
                }
                Kind::Data => self.messages.push(body),
                Kind::Ping if !body.is_empty() => self.send(Kind::Pong, &body)?,
                Kind::Ping => (),
                Kind::Pong => self.last_pong = body,
                Kind::Close => self.has_closed = true,
            }
        }
        Ok(())
    }

    /// Whether the board's TCP has all that we gave.
    pub(crate) fn is_acknowledged(&mut self) -> bool {
        self.unsent.is_empty() && self.segment.is_acknowledged()
    }

    /// Whether the board has ended its direction in order.
    ///
    /// # Errors
    /// It was cut.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        if self.segment.is_connected() { Ok(self.segment.has_ended()) } else { Err("it was reset".into()) }
    }

    pub(crate) fn cable(&mut self, cable: Cable) {
        self.segment.lay(cable);
    }

    pub(crate) fn is_in_c(&self) -> bool {
        self.name.ends_with('C')
    }

    /// Says something as the trial itself.
    pub(crate) fn say(&self, text: &str) {
        println!("{:6.2} s  {:13} ▸ {text}", self.begun.elapsed().as_secs_f32(), self.name);
    }

    /// A mark: lines from here on.
    pub(crate) fn mark(&self) -> usize {
        self.said.len()
    }

    /// Whether the board has said this since `mark`.
    pub(crate) fn has_said(&self, mark: usize, part: &str) -> bool {
        self.said.iter().skip(mark).any(|line| line.contains(part))
    }

    /// Waits until the board has said this since `mark`.
    ///
    /// # Errors
    /// It does not.
    pub(crate) fn hear(&mut self, mark: usize, part: &str) -> Result<()> {
        self.until(part, |stand| Ok(stand.has_said(mark, part)))
    }

    /// Lets `time` go by.
    ///
    /// # Errors
    /// The board has stopped.
    pub(crate) fn idle(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        self.until("time to go by", |_| Ok(Instant::now() >= end))
    }

    /// Goes on until it is so.
    ///
    /// # Errors
    /// It never is, or the board has stopped.
    pub(crate) fn until(
        &mut self,
        what: &str,
        mut is_so: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<()> {
        let end = Instant::now() + HANGS;
        while !is_so(self)? {
            if Instant::now() > end {
                return Err(format!("{what}: not within {} s", HANGS.as_secs()).into());
            }
            self.turn()?;
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<()> {
        self.segment.turn();
        match self.manners {
            Manners::Echoes => self.take(4_096)?,
            Manners::Hangs => while self.segment.take(&mut [0; 4_096]) > 0 {},
            Manners::Floods => {
                if self.is_acknowledged() {
                    self.send(Kind::Ping, &[b'?'; 32])?;
                }
            }
            Manners::TakesNothing => (),
        }
        let given = self.segment.give(&self.unsent);
        self.unsent.drain(..given);
        self.segment.turn();
        let Some(line) = self.board.line_within(Duration::from_millis(1))? else { return Ok(()) };
        println!("{:6.2} s  {:13} │ {line}", self.begun.elapsed().as_secs_f32(), self.name);
        if line.starts_with("flash: ") {
            self.board.say("stored")?;
        }
        self.said.push(line);
        Ok(())
    }

    fn session(&mut self) -> Result<&mut Rude> {
        Ok(self.session.as_mut().ok_or("there is no session")?)
    }
}

/// What stands in a message that begins with `first`.
fn number_in(message: &[u8], first: u8, at: usize) -> Option<u32> {
    let is_it = message.first() == Some(&first);
    Some(u32::from_be_bytes(*message.get(at..).filter(|_| is_it)?.first_chunk()?))
}

/// How a reading begins.
const READING: u8 = b'r';
/// A message of the board's bulk, which wants it back, has more bytes than a reading or a report.
const BULK: usize = 100;
/// To end a trial that hangs.
const HANGS: Duration = Duration::from_secs(60);
const LIFE: Duration = Duration::from_secs(300);
