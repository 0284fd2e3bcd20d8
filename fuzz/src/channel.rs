//! Two blocking channels, two mailboxes and the bytes of `Write`, over streams that take as much as the script says.
//!
//! Held to:
//! - a message of a mailbox arrives whole, once, on one channel, and in its turn; it is gone from the mailbox exactly
//!   when the stream has taken its last byte, in whatever call, and goes out on another channel if that never happens;
//! - messages and written bytes arrive as they were accepted, none twice, none before the one before it, and all of
//!   them once the stream takes them; an owed PONG goes before any other record, which the peer's link sees to.

use crate::any::{Any, answer, initiator};
use embedded_io::{ErrorKind, ErrorType, Read, Write};
use lowkey_transport::blocking::Channel;
use lowkey_transport::{Buffers, Error, Link, Mailbox, Mode, Part, Step};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::task::Poll;
use test_support::Input;

const MAX_OPS: usize = 200;
const MAX_CHANNELS: usize = 6;
/// The longest message of a mailbox, and how many it holds.
const LEN: usize = 400;
const PLACES: usize = 3;
const SEEDS: [u64; 2] = [501, 502];

/// Operations of a script, for those who write one. The highest bit says which channel, the one below which mailbox.
pub(crate) mod op {
    pub(crate) const ROOM: u8 = 0;
    pub(crate) const POST: u8 = 1;
    pub(crate) const DELIVER: u8 = 2;
    pub(crate) const WRITE: u8 = 3;
    pub(crate) const FLUSH: u8 = 4;
    pub(crate) const SEND: u8 = 5;
    pub(crate) const RECV: u8 = 6;
    pub(crate) const PING: u8 = 7;
    pub(crate) const ASK: u8 = 8;
    pub(crate) const SAY: u8 = 9;
    pub(crate) const CLOSE: u8 = 10;
    pub(crate) const BREAK: u8 = 11;
    pub(crate) const RENEW: u8 = 12;
    pub(crate) const REPLACE: u8 = 13;
    pub(crate) const COUNT: u8 = 14;
}

/// Plays a script: sizes of the channels' buffers, then an operation a byte.
pub fn channel(data: &[u8]) {
    let mut input = Input::new(data);
    let sizes = [160 + input.below(400), 162 + input.below(400)];
    let mut case = Case::new(sizes);
    for _ in 0..MAX_OPS {
        let Some(op) = input.op() else { break };
        case.play((op & 0x3f) % op::COUNT, usize::from(op >> 7), usize::from(op >> 6 & 1), &mut input);
        case.compare();
    }
    case.finish();
}

/// What lies between a channel and its peer.
#[derive(Default)]
struct Line {
    room: usize,
    broken: bool,
    out: Vec<u8>,
    back: VecDeque<u8>,
}

struct Stream(Rc<RefCell<Line>>);

impl ErrorType for Stream {
    type Error = ErrorKind;
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        let line = &mut *self.0.borrow_mut();
        let n = buf.len().min(line.back.len());
        buf.iter_mut().zip(line.back.drain(..n)).for_each(|(to, from)| *to = from);
        if n == 0 { Err(ErrorKind::TimedOut) } else { Ok(n) }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        let line = &mut *self.0.borrow_mut();
        if line.broken {
            return Err(ErrorKind::BrokenPipe);
        }
        let n = buf.len().min(line.room);
        line.room -= n;
        line.out.extend(&buf[..n]);
        if n == 0 { Err(ErrorKind::TimedOut) } else { Ok(n) }
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// A channel, and what its peer has heard.
struct Side {
    channel: Channel<Stream, Vec<u8>>,
    line: Rc<RefCell<Line>>,
    peer: Any,
    partial: Vec<u8>,
    /// The channel has closed; then inside a message, which is the end for its peer.
    closed: bool,
    cut: bool,
    /// Numbers of messages that were accepted and not heard.
    sent: VecDeque<u8>,
    next: u8,
    /// Bytes that were accepted and not heard.
    written: usize,
}

impl Side {
    fn open([incoming, outgoing]: [usize; 2]) -> Self {
        let buffers =
            |incoming, outgoing| Buffers::new(vec![0; incoming], vec![0; outgoing]).expect("enough");
        let mut link = initiator(Mode::Kk, SEEDS[0], buffers(incoming, outgoing));
        let mut peer = Link::responder(buffers(600, 600));
        loop {
            match (link.step().expect("nobody interferes"), peer.step().expect("nobody interferes")) {
                (Step::Done, Step::Done) => break,
                (_, Step::Hello) => answer(&mut peer, Mode::Kk, SEEDS[1]).expect("it is known"),
                (Step::Write, _) => carry(&mut link, &mut peer),
                _ => carry(&mut peer, &mut link),
            }
        }
        let line = Rc::new(RefCell::new(Line { room: usize::MAX, ..Line::default() }));
        let channel = Channel::connect(Stream(Rc::clone(&line)), link).expect("it is done");
        Self {
            channel,
            line,
            peer,
            partial: vec![],
            closed: false,
            cut: false,
            sent: VecDeque::new(),
            next: 0,
            written: 0,
        }
    }

    /// The peer opens what has arrived; messages of mailboxes are given back.
    fn hear(&mut self) -> Vec<Vec<u8>> {
        let mut letters = vec![];
        let out = std::mem::take(&mut self.line.borrow_mut().out);
        let mut out = &out[..];
        while !self.cut {
            let received = self.peer.receive();
            if received == Err(Error::Truncated) {
                assert!(self.closed && !self.partial.is_empty(), "a message without an end");
                self.cut = true;
                return letters;
            }
            match received.expect("nobody interferes") {
                Poll::Ready(Some(part)) => {
                    self.partial.extend_from_slice(self.peer.take().expect("it was announced").bytes);
                    if part == Part::Last {
                        letters.extend(self.heard());
                    }
                }
                Poll::Pending if !out.is_empty() => {
                    let space = self.peer.space();
                    let n = space.len().min(out.len());
                    space[..n].copy_from_slice(&out[..n]);
                    out = &out[n..];
                    self.peer.on_read(Ok::<_, ErrorKind>(n)).expect("nobody interferes");
                }
                _ => break,
            }
        }
        if !self.cut {
            self.speak();
        }
        letters
    }

    fn heard(&mut self) -> Option<Vec<u8>> {
        let message = std::mem::take(&mut self.partial);
        match message.first() {
            Some(b'L') => return Some(message),
            Some(b'S') => assert_eq!(Some(message[1]), self.sent.pop_front(), "not the next message"),
            Some(_) => {
                assert!(message.iter().all(|byte| *byte == b'w'));
                self.written = self.written.checked_sub(message.len()).expect("bytes that nobody wrote");
            }
            None => panic!("an empty record"),
        }
        None
    }

    /// What the peer has to say goes to the channel's end of the line.
    fn speak(&mut self) {
        let unsent = self.peer.unsent().expect("nobody interferes").to_vec();
        if !unsent.is_empty() {
            self.peer.on_write(Ok::<_, ErrorKind>(unsent.len())).expect("nobody interferes");
        }
        self.line.borrow_mut().back.extend(unsent);
    }
}

fn carry(from: &mut Any, to: &mut Any) {
    let unsent = from.unsent().expect("nobody interferes");
    let space = to.space();
    let n = space.len().min(unsent.len());
    space[..n].copy_from_slice(&unsent[..n]);
    from.on_write(Ok::<_, ErrorKind>(n)).expect("nobody interferes");
    to.on_read(Ok::<_, ErrorKind>(n)).expect("nobody interferes");
}

/// A mailbox, which one it is, and how many messages were posted.
struct Post {
    mailbox: Mailbox<LEN, PLACES>,
    number: u8,
    posted: u8,
}

struct Case {
    sizes: [usize; 2],
    sides: [Side; 2],
    posts: [Post; 2],
    opened: usize,
    made: u8,
    /// How many messages of each mailbox have been heard.
    heard: BTreeMap<u8, u8>,
}

impl Case {
    fn new(sizes: [usize; 2]) -> Self {
        let post = |number| Post { mailbox: Mailbox::new(), number, posted: 0 };
        let sides = [Side::open(sizes), Side::open(sizes)];
        Self { sizes, sides, posts: [post(0), post(1)], opened: 2, made: 2, heard: BTreeMap::new() }
    }

    fn play(&mut self, op: u8, at: usize, of: usize, input: &mut Input<'_>) {
        let (side, post) = (&mut self.sides[at], &mut self.posts[of]);
        match op {
            op::ROOM => {
                let room = if input.flag() { input.below(400) } else { usize::MAX };
                side.line.borrow_mut().room = room;
            }
            op::POST => {
                let mut letter = vec![post.number; 3 + input.below(LEN - 2)];
                (letter[0], letter[2]) = (b'L', post.posted);
                if post.mailbox.post(&letter).is_ok() {
                    post.posted += 1;
                } else {
                    assert_eq!(post.mailbox.len(), PLACES);
                }
            }
            op::DELIVER => drop(note(side.channel.deliver(&post.mailbox))),
            op::WRITE => {
                let bytes = vec![b'w'; 1 + input.below(300)];
                let written = Write::write(&mut side.channel, &bytes);
                side.written += note(written).unwrap_or(0);
            }
            op::FLUSH => {
                if note(side.channel.flush()).is_some() {
                    self.collect();
                    let side = &self.sides[at];
                    assert_eq!((side.sent.len(), side.written), (0, 0), "something was left behind");
                }
            }
            op::SEND => {
                let mut message = vec![side.next; 2 + input.below(200)];
                message[0] = b'S';
                if note(side.channel.send(&message)).is_some() {
                    side.sent.push_back(side.next);
                    side.next = side.next.wrapping_add(1);
                }
            }
            op::RECV => drop(note(side.channel.recv().map(drop))),
            op::PING => drop(note(side.channel.ping(input.bytes(5)))),
            op::ASK => {
                let body = input.byte();
                if !side.cut && !side.peer.awaits_pong() && side.peer.unsent() == Ok(&[]) {
                    assert_eq!(side.peer.ping(&[body; 32]), Ok(Poll::Ready(())));
                    side.speak();
                }
            }
            op::SAY => {
                if side.peer.unsent() == Ok(&[]) {
                    assert_eq!(side.peer.send(b"command"), Ok(Poll::Ready(())));
                    side.speak();
                }
            }
            op::CLOSE => {
                side.closed = true;
                note(side.channel.close());
            }
            op::BREAK => side.line.borrow_mut().broken = true,
            op::RENEW => self.renew(at),
            _ => {
                if self.made < u8::MAX {
                    *post = Post { mailbox: Mailbox::new(), number: self.made, posted: 0 };
                    self.made += 1;
                }
            }
        }
    }

    fn renew(&mut self, at: usize) {
        if self.opened < MAX_CHANNELS {
            self.opened += 1;
            self.sides[at] = Side::open(self.sizes);
        }
    }

    /// What has arrived is counted.
    fn collect(&mut self) {
        for side in &mut self.sides {
            for letter in side.hear() {
                let heard = self.heard.entry(letter[1]).or_default();
                assert_eq!(letter[2], *heard, "not the next of its mailbox, or once more");
                *heard += 1;
            }
        }
    }

    fn compare(&mut self) {
        self.collect();
        for post in &self.posts {
            let heard = self.heard.get(&post.number).copied().unwrap_or(0);
            assert_eq!(post.mailbox.len(), usize::from(post.posted - heard), "has left, and has not");
        }
    }

    /// Both channels end where they are, and another one has the rest.
    fn finish(mut self) {
        for at in [0, 1] {
            self.sides[at] = Side::open(self.sizes);
        }
        self.compare();
        for post in &self.posts {
            let waiting = post.mailbox.len();
            assert_eq!(self.sides[0].channel.deliver(&post.mailbox), Ok(waiting));
        }
        self.compare();
        assert!(self.posts.iter().all(|post| post.mailbox.is_empty()));
    }
}

/// A call that may have come to nothing for now, or for good on a line that is broken.
fn note<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(
            Error::Io(ErrorKind::TimedOut | ErrorKind::BrokenPipe)
            | Error::OutOfTurn
            | Error::Unfinished
            | Error::Closed
            | Error::PingPending
            | Error::TooLong,
        ) => None,
        Err(error) => panic!("{error:?}"),
    }
}
