//! Two honest links in any mode, and a network between them that does what the script says.
//!
//! Held to: each side delivers a prefix of what the other sent, in order, every message with its
//! bounds; the end only after all of it; both agree on the handshake and on each other's keys. If the
//! network only delays and cuts into pieces, everything arrives and both close in peace.

use crate::any::{Any, answer, assert_dead, initiator};
use crate::keys::{KEYS, MODES, is_kk};
use embedded_io::ErrorKind;
use lowkey_transport::{Buffers, Error, Link, Mode, Part, Refusal, Step};
use std::collections::VecDeque;
use std::task::Poll;
use test_support::Input;
use test_support::Random;

const MAX_OPS: usize = 300;
/// Records in one script, so that none takes long; enough for a change of the key.
const MAX_RECORDS: usize = 2_500;
/// The longest message.
const MAX_LEN: usize = 2_000;
const SEEDS: [u64; 2] = [401, 402];

/// Operations of a script, for those who write one. The highest bit says which side.
pub(crate) mod op {
    pub(crate) const STEP: u8 = 0;
    pub(crate) const WRITE: u8 = 1;
    pub(crate) const DELIVER: u8 = 2;
    pub(crate) const TURN: u8 = 3;
    pub(crate) const SEND: u8 = 4;
    pub(crate) const STAGE: u8 = 5;
    pub(crate) const PING: u8 = 6;
    pub(crate) const CLOSE: u8 = 7;
    pub(crate) const FLIP: u8 = 8;
    pub(crate) const DROP: u8 = 9;
    pub(crate) const DUPLICATE: u8 = 10;
    pub(crate) const REORDER: u8 = 11;
    pub(crate) const CUT: u8 = 12;
    pub(crate) const INSERT: u8 = 13;
    pub(crate) const COUNT: u8 = 14;
}

/// Plays a script: mode, `judge`, sizes of each side, then an operation a byte.
pub fn pair(data: &[u8]) {
    let mut input = Input::new(data);
    let mode = input.choose(&MODES);
    // Whether each side welcomes the other in a pairing; nearly always.
    let judge = input.byte();
    let mut buffers = || {
        let sizes = Buffers::new(vec![0; 160 + input.below(600)], vec![0; 162 + input.below(600)]);
        sizes.expect("not below the smallest").with_max_frame(input.u16())
    };
    let (ours, theirs) = (buffers(), buffers());
    let a = Side::new(initiator(mode, SEEDS[0], ours), mode, judge & 0x1f != 1);
    let b = Side::new(Link::responder(theirs), mode, judge & 0x1f != 2);
    let mut pair = Pair { sides: [a, b], tampered: false, rng: Random::from_seed(7), records: 0 };
    for _ in 0..MAX_OPS {
        let Some(op) = input.op() else { break };
        pair.play(usize::from(op >> 7), (op & 0x7f) % op::COUNT, &mut input);
        pair.compare();
    }
    pair.finish();
}

/// What a side still has to do.
enum Task {
    /// A message, in fragments of at most so many bytes.
    Send(Vec<u8>, usize),
    Ping(Vec<u8>),
    Close,
}

struct Side {
    link: Any,
    mode: Mode,
    welcomes: bool,
    tasks: VecDeque<Task>,
    /// How much of the first task's message has been staged.
    staged: usize,
    midway: bool,
    /// What is on its way to this side.
    wire: VecDeque<u8>,
    /// Messages begun, the last perhaps not finished; messages delivered, and the beginning of one.
    sent: Vec<Vec<u8>>,
    delivered: Vec<Vec<u8>>,
    partial: Vec<u8>,
    /// Where a message is assembled.
    room: Vec<u8>,
    done: bool,
    closed: bool,
    ended: bool,
    dead: Option<Error>,
}

impl Side {
    fn new(link: Any, mode: Mode, welcomes: bool) -> Self {
        Self {
            link,
            mode,
            welcomes,
            tasks: VecDeque::new(),
            staged: 0,
            midway: false,
            wire: VecDeque::new(),
            sent: vec![],
            delivered: vec![],
            partial: vec![],
            room: vec![0; MAX_LEN],
            done: false,
            closed: false,
            ended: false,
            dead: None,
        }
    }

    fn note<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match (result, self.dead) {
            (Ok(value), None) => Some(value),
            (Ok(_), Some(dead)) => panic!("a call went well after {dead:?}"),
            (Err(error), Some(dead)) => {
                assert_eq!(error, dead);
                None
            }
            (Err(error), None) => {
                if !error.is_recoverable() {
                    self.dead = Some(error);
                    assert_dead(&mut self.link, error);
                }
                None
            }
        }
    }

    /// Takes at most `n` bytes off the wire; says whether there were any.
    fn take_in(&mut self, n: usize) -> bool {
        let space = self.link.space();
        let n = space.len().min(self.wire.len()).min(n);
        if n == 0 || self.dead.is_some() {
            return false;
        }
        space.iter_mut().zip(self.wire.drain(..n)).for_each(|(to, from)| *to = from);
        let filled = self.link.on_read(Ok::<_, ErrorKind>(n));
        self.note(filled);
        true
    }

    /// The next at most `n` bytes for the other side.
    fn write(&mut self, n: usize) -> Vec<u8> {
        let unsent = self.link.unsent().map(|unsent| unsent[..unsent.len().min(n)].to_vec());
        let unsent = self.note(unsent).unwrap_or_default();
        if !unsent.is_empty() {
            let written = self.link.on_write(Ok::<_, ErrorKind>(unsent.len()));
            self.note(written);
        }
        unsent
    }

    /// One step of the handshake, or what has come afterwards.
    fn step(&mut self) {
        if self.done {
            return self.receive();
        }
        let step = self.link.step();
        match self.note(step) {
            Some(Step::Hello) => {
                let answered = answer(&mut self.link, self.mode, SEEDS[1]);
                self.note(answered);
            }
            Some(Step::Claim) => {
                let judged = if self.welcomes { self.link.accept() } else { self.link.close() };
                self.note(judged);
            }
            Some(Step::Done) => self.done = true,
            Some(Step::Write | Step::Read) | None => {}
        }
    }

    fn receive(&mut self) {
        let received = self.link.receive();
        match self.note(received) {
            Some(Poll::Ready(Some(part))) => {
                // The three ways to take a fragment, in turn.
                match self.delivered.len() % 3 {
                    0 => {
                        let fragment = self.link.take().expect("it was announced");
                        assert_eq!(fragment.part, part);
                        self.partial.extend_from_slice(fragment.bytes);
                    }
                    1 => {
                        let mut room = [0; 100];
                        while let Ok(Poll::Ready(n @ 1..)) = self.link.read(&mut room) {
                            self.partial.extend_from_slice(&room[..n]);
                        }
                    }
                    _ => {
                        let whole = self.link.recv_message(&mut self.room).expect("room for any message");
                        assert_eq!(whole.is_ready(), part == Part::Last);
                        if let Poll::Ready(len) = whole {
                            self.partial.extend_from_slice(&self.room[..len.expect("a fragment waits")]);
                        }
                    }
                }
                if part == Part::Last {
                    self.delivered.push(std::mem::take(&mut self.partial));
                }
            }
            Some(Poll::Ready(None)) => self.ended = true,
            Some(Poll::Pending) | None => {}
        }
    }
}

impl Side {
    /// Does what it can of the first task; says whether that was anything.
    fn work(&mut self, rng: &mut Random) -> bool {
        if !self.done || self.dead.is_some() || self.closed {
            return false;
        }
        let has_room = self.link.unsent().map(<[u8]>::is_empty);
        if self.note(has_room) != Some(true) {
            return false;
        }
        match self.tasks.pop_front() {
            None => return false,
            Some(Task::Send(..)) if !is_kk(self.mode) => {
                assert_eq!(self.link.may_begin(), Err(Error::NotOpen));
                assert_eq!(self.link.send(b"data"), Err(Error::NotOpen));
            }
            Some(Task::Send(message, size)) => self.fragment(message, size),
            Some(Task::Ping(body)) => {
                let refused = if !is_kk(self.mode) {
                    Some(Error::NotOpen)
                } else if body.len() > self.link.max_data() {
                    Some(Error::TooLong)
                } else if self.link.awaits_pong() && !body.is_empty() {
                    Some(Error::PingPending)
                } else {
                    None
                };
                assert_eq!(self.link.ping(&body), refused.map_or(Ok(Poll::Ready(())), Err));
            }
            Some(Task::Close) => {
                let closed = self.link.close();
                assert!(self.note(closed).is_some());
                self.closed = true;
                let why = if is_kk(self.mode) { Error::Closed } else { Error::NotOpen };
                assert_eq!(self.link.may_begin(), Err(why));
                assert_eq!(self.link.ping(&rng.bytes(3)), Err(why));
            }
        }
        true
    }

    /// Stages the next piece of a message; what is left of it stays the first task.
    fn fragment(&mut self, message: Vec<u8>, size: usize) {
        if self.staged == 0 && !self.midway {
            let may = self.link.may_begin();
            assert!(self.note(may).is_some());
            self.sent.push(message.clone());
        }
        let left = &message[self.staged..];
        let (piece, part) = match left.get(..size) {
            Some(piece) if piece.len() < left.len() => (piece, Part::More),
            _ => (left, Part::Last),
        };
        let staged = self.link.send_part(piece, part);
        let Some(Poll::Ready(n)) = self.note(staged) else { panic!("there is room") };
        assert_eq!(n, piece.len().min(self.link.max_data()));
        self.midway = part == Part::More || n < piece.len();
        self.staged += n;
        if self.midway {
            assert_eq!(self.link.may_begin(), Err(Error::Unfinished));
            self.tasks.push_front(Task::Send(message, size));
        } else {
            self.staged = 0;
        }
    }
}

struct Pair {
    sides: [Side; 2],
    /// Whether the network did more than to delay.
    tampered: bool,
    rng: Random,
    records: usize,
}

impl Pair {
    fn play(&mut self, at: usize, op: u8, input: &mut Input<'_>) {
        let side = &mut self.sides[at];
        let wire = &mut side.wire;
        let before = wire.clone();
        match op {
            op::STEP => side.step(),
            op::WRITE => {
                let bytes = side.write(input.below(256));
                self.sides[1 - at].wire.extend(bytes);
            }
            op::DELIVER => drop(side.take_in(input.below(256))),
            op::TURN => drop(self.turn(at)),
            op::SEND => {
                let (len, size) = (input.below(MAX_LEN), usize::from(input.byte()).pow(2) + 1);
                self.records += 1 + len / size.min(47);
                if self.records <= MAX_RECORDS {
                    side.tasks.push_back(Task::Send(self.rng.bytes(len), size));
                }
            }
            op::STAGE => drop(side.work(&mut self.rng)),
            op::PING => side.tasks.push_back(Task::Ping(self.rng.bytes(input.below(33)))),
            op::CLOSE => side.tasks.push_back(Task::Close),
            op::FLIP => {
                let bit = input.below(wire.len() * 8);
                wire.iter_mut().skip(bit / 8).take(1).for_each(|byte| *byte ^= 1 << (bit % 8));
            }
            op::DROP => {
                let range = range(input, wire.len());
                wire.drain(range);
            }
            op::DUPLICATE => {
                let range = range(input, wire.len());
                let again: Vec<u8> = wire.range(range).copied().collect();
                wire.extend(again);
            }
            op::REORDER => wire.rotate_left(input.below(before.len())),
            op::CUT => {
                // A stream may end where its sender has closed and all has arrived.
                let done = side.link.space().is_empty() || side.ended;
                self.tampered |= !(done && side.ended);
                let filled = side.link.on_read(Ok::<_, ErrorKind>(0));
                side.note(filled);
            }
            op::INSERT.. => wire.extend(input.chunk()),
        }
        if op >= op::FLIP && op != op::CUT {
            self.tampered |= self.sides[at].wire != before;
        }
    }

    /// A side does what there is to do; says whether there was anything.
    fn turn(&mut self, at: usize) -> bool {
        let side = &mut self.sides[at];
        let was = (side.done, side.ended, side.closed, side.delivered.len(), side.dead);
        side.step();
        let worked = side.work(&mut self.rng);
        let bytes = side.write(usize::MAX);
        let taken = side.take_in(usize::MAX);
        let moved = worked || taken || !bytes.is_empty();
        let now = (side.done, side.ended, side.closed, side.delivered.len(), side.dead);
        self.sides[1 - at].wire.extend(bytes);
        moved || was != now
    }

    /// Turns until nothing moves any more. A step may only have looked: two idle rounds are the end.
    fn settle(&mut self) {
        let mut idle = 0;
        while idle < 2 {
            let moved = [self.turn(0), self.turn(1)];
            idle = if moved == [false; 2] { idle + 1 } else { 0 };
            self.compare();
        }
    }

    /// Each side against the other.
    fn compare(&mut self) {
        let [a, b] = &self.sides;
        let hashes = [a, b].map(|side| side.link.handshake_hash());
        assert!(hashes[0] == hashes[1] || hashes.contains(&None), "two hashes");
        let keys = [&KEYS.responder, &KEYS.initiator].map(|side| side.identity.public_key());
        for (us, them, key) in [(a, b, keys[0]), (b, a, keys[1])] {
            assert!(us.link.proven_key().is_none_or(|proven| proven == key));
            let n = us.delivered.len();
            assert!(n <= them.sent.len() && us.delivered == them.sent[..n], "not what was sent");
            let next = them.sent.get(n).map_or(&[][..], Vec::as_slice);
            assert!(next.starts_with(&us.partial), "not what is being sent");
            if us.ended {
                assert!(them.closed || !them.welcomes, "an end that nobody sent");
                assert!(n == them.sent.len() && us.partial.is_empty(), "an end too early");
            }
            assert!(
                !us.done || hashes[0] == hashes[1] || [us, them].iter().any(|side| side.dead.is_some()),
                "done alone"
            );
        }
    }

    fn finish(mut self) {
        self.settle();
        let declined = self.sides.iter().any(|side| !side.welcomes) && !is_kk(self.sides[0].mode);
        if self.tampered {
            return;
        }
        for at in [0, 1] {
            let side = &mut self.sides[at];
            if declined {
                let ours = [Error::NotWelcome, Error::Declined(Refusal::REFUSED)];
                assert!(side.dead.is_some_and(|dead| ours.contains(&dead)), "{:?}", side.dead);
                continue;
            }
            assert_eq!(side.dead, None, "nobody interfered");
            assert!(side.done, "nobody interfered");
            side.tasks.push_back(Task::Close);
        }
        if declined {
            return;
        }
        self.settle();
        for (us, them) in [(0, 1), (1, 0)] {
            let (us, them) = (&self.sides[us], &self.sides[them]);
            assert_eq!(us.dead, None, "nobody interfered");
            assert!(us.ended && us.link.is_closed() && us.wire.is_empty(), "something is left");
            assert_eq!(us.delivered.len(), them.sent.len());
        }
    }
}

/// A part of `0..len`.
fn range(input: &mut Input<'_>, len: usize) -> std::ops::Range<usize> {
    let start = input.below(len + 1);
    start..start + input.below(len - start + 1)
}
