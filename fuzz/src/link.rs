//! One [`Link`] in any role, with an arbitrary stream and arbitrary calls on it.
//!
//! The stream is made of arbitrary bytes and of frames of a peer that holds the right keys, unchanged,
//! changed, repeated or left out. Held to:
//! - a fragment comes out only if the peer made that record, in order, with its end where it was; nothing
//!   before the peer is confirmed and nothing in a pairing; the end only where the peer closed;
//! - after a fatal error every call gives that error and nothing is delivered any more;
//! - what the link sends opens at the peer, is what was staged, and is what may be sent then.

mod delivered;
pub(crate) mod op;
mod receiving;
mod recording;

use delivered::Delivered;
pub(crate) use recording::Recording;

use crate::any::{Any, answer, assert_dead, initiator};
use crate::keys::{KEYS, MODES, ephemerals, is_kk};
use crate::mutation::mutate;
use crate::peer::{CLOSE, DATA, MORE, PING, PONG, Peer, framed};
use embedded_io::ErrorKind;
use lowkey_transport::{Buffers, Error, Link, Mode, Part, RECORD_OVERHEAD, Refusal, Step};
use std::collections::VecDeque;
use std::task::Poll;
use test_support::Input;

const MAX_OPS: usize = 300;
/// The link's ephemerals: on a live stream, and where a recording was made.
const LIVE: u64 = 301;
const RECORDED: u64 = 303;

/// Plays a script: the set-up (see `Case::new`), then an operation a byte.
pub fn link(data: &[u8]) {
    let mut input = Input::new(data);
    let mut case = Case::new(&mut input);
    for _ in 0..MAX_OPS {
        let Some(op) = input.op() else { break };
        case.play(op % op::COUNT, &mut input);
        case.compare();
    }
    if let Some(error) = case.dead {
        assert_dead(&mut case.link, error);
    }
}

fn buffers(incoming: usize, outgoing: usize) -> Buffers<Vec<u8>> {
    Buffers::new(vec![0; incoming], vec![0; outgoing]).expect("not below the smallest")
}

struct Case {
    link: Any,
    peer: Peer,
    mode: Mode,
    initiates: bool,
    seed: u64,
    max_message: usize,
    /// What is on its way to the link, and the frames that were.
    wire: VecDeque<u8>,
    history: Vec<Vec<u8>>,
    dead: Option<Error>,
    delivered: Delivered,
    /// Bytes that are not in a record yet.
    gathered: Vec<u8>,
    asked: Option<Vec<u8>>,
}

impl Case {
    /// `flags, incoming, outgoing, max_frame, max_message, parameters, payload`: flag 1 the link initiates,
    /// 2 and 4 the mode, 8 the stream is a recording, 16 sizes are given, 32 parameters are given.
    fn new(input: &mut Input<'_>) -> Self {
        let flags = input.byte();
        let initiates = flags & 1 != 0;
        let mode = MODES[usize::from(flags >> 1 & 3)];
        if flags & 8 != 0 {
            let recording = Recording::of(mode, initiates);
            let mut peer = Peer::new(mode, true, &[], &[]);
            peer.made.clone_from(&recording.made);
            peer.closed_after = recording.closed_after;
            peer.go();
            return Self::of(mode, initiates, RECORDED, buffers(300, 302), peer);
        }
        let (mut sizes, mut max_message) = (buffers(300, 302), usize::MAX);
        if flags & 16 != 0 {
            sizes = buffers(160 + input.below(1_000), 162 + input.below(1_000)).with_max_frame(input.u16());
            if input.flag() {
                max_message = input.below(2_000);
            }
        }
        let parameters = match flags & 32 {
            0 => &[1, 44],
            _ => input.chunk(),
        };
        let payload = if flags & 64 != 0 { input.chunk() } else { &[] };
        let peer = Peer::new(mode, initiates, parameters, payload);
        let mut case = Self::of(mode, initiates, LIVE, sizes.with_max_message(max_message), peer);
        case.max_message = max_message;
        case
    }

    fn of(mode: Mode, initiates: bool, seed: u64, buffers: Buffers<Vec<u8>>, peer: Peer) -> Self {
        let link = if initiates { initiator(mode, seed, buffers) } else { Link::responder(buffers) };
        Self {
            link,
            peer,
            mode,
            initiates,
            seed,
            max_message: usize::MAX,
            wire: VecDeque::new(),
            history: vec![],
            dead: None,
            delivered: Delivered::default(),
            gathered: vec![],
            asked: None,
        }
    }

    fn play(&mut self, op: u8, input: &mut Input<'_>) {
        match op {
            op::RAW => self.wire.extend(input.chunk()),
            op::FRAME => self.wire.extend(framed(input.chunk())),
            op::CARRY => self.carry(),
            op::MUTATE => {
                if let Some(frame) = self.peer.out.pop_front() {
                    let changed = if input.flag() {
                        mutate(input, &frame)
                    } else {
                        framed(&mutate(input, &frame[2..]))
                    };
                    self.wire.extend(changed);
                    self.history.push(frame);
                }
            }
            op::REPEAT => {
                let at = input.below(self.history.len());
                self.wire.extend(self.history.get(at).into_iter().flatten());
            }
            op::LOSE => drop(self.peer.out.pop_front()),
            op::FILL => self.fill(input.below(256) + 1),
            op::FILL_ALL => self.fill(usize::MAX),
            op::END => {
                let filled = self.link.on_read(Ok::<_, ErrorKind>(0));
                self.note(filled);
            }
            op::STEP => drop(self.step()),
            op::RECEIVE => drop(self.receive()),
            op::TAKE => self.take(),
            op::READ => self.read(input.below(100)),
            op::ASSEMBLE => self.assemble(input.below(1_000)),
            op::WRITE => self.write(input.below(256)),
            op::WRITE_ALL => self.write(usize::MAX),
            op::ANSWER => self.answer(input),
            op::ACCEPT => {
                let accepted = self.link.accept();
                self.note(accepted);
            }
            op::STAGE => self.stage(input),
            op::PING => self.ping(input),
            op::GATHER => self.gather(input),
            op::SEAL_GATHERED => {
                let sealed = self.link.unsent().map(drop);
                self.note(sealed);
                self.sealed();
            }
            op::CLOSE => self.close(),
            op::SEAL => {
                let kind = input.choose(&[DATA, MORE]);
                let len = if input.flag() { input.below(20) } else { input.below(1_200) };
                let mut text = vec![self.peer.made.len() as u8; len + 1];
                text[0] = kind;
                self.peer.seal(&text);
            }
            op::SEAL_ANY => self.peer.seal(input.chunk()),
            op::SEAL_CONTROL => {
                let mut text = vec![input.choose(&[PING, PONG, CLOSE, 0x80])];
                let len = input.below(34);
                text.extend(input.bytes(len));
                self.peer.seal(&text);
            }
            op::EXCHANGE => self.exchange(),
            op::ABUSE => self.abuse(input),
            op::FAIL => {
                let error = input.choose(&[
                    Error::Io(ErrorKind::TimedOut),
                    Error::BufferTooSmall,
                    Error::Io(ErrorKind::BrokenPipe),
                    Error::Entropy,
                ]);
                // It gives an error that leaves a link usable back as it is, also of a link that is over.
                let failed = self.link.fail(error);
                if !failed.is_recoverable() {
                    self.note(Err::<(), _>(failed));
                }
            }
            _ => self.ask(),
        }
    }

    /// What came of a call; `None` if it failed.
    fn note<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        match (self.dead, result) {
            (None, Ok(value)) => Some(value),
            (None, Err(error)) => {
                if !error.is_recoverable() {
                    self.dead = Some(error);
                    assert_dead(&mut self.link, error);
                }
                None
            }
            (Some(dead), Err(error)) => {
                // An error that leaves a link usable does not bring it back either.
                assert_eq!(error, dead, "another error than the first");
                None
            }
            (Some(dead), Ok(_)) => panic!("a call went well after {dead:?}"),
        }
    }

    /// Both sides agree on what they have agreed on.
    fn compare(&mut self) {
        let Some(hash) = self.link.handshake_hash() else {
            let nothing = (self.delivered.count, self.delivered.offset) == (0, 0);
            assert!(nothing || self.dead.is_some(), "delivered before there are keys");
            return;
        };
        match self.peer.hash {
            Some(theirs) => assert_eq!(theirs, hash),
            // The last message may still be on its way: message 2 of a KK responder, 3 of an XX initiator.
            None => assert!(self.seed == RECORDED || self.initiates != is_kk(self.mode)),
        }
        if let Some(key) = self.link.proven_key() {
            let peer = if self.initiates { &KEYS.responder } else { &KEYS.initiator };
            assert_eq!(key, peer.identity.public_key());
        }
    }

    fn carry(&mut self) {
        if let Some(frame) = self.peer.out.pop_front() {
            self.wire.extend(&frame);
            self.history.push(frame);
        }
    }

    fn fill(&mut self, n: usize) {
        let mut left = n;
        loop {
            let space = self.link.space();
            let n = space.len().min(self.wire.len()).min(left);
            if n == 0 {
                return;
            }
            space.iter_mut().zip(self.wire.drain(..n)).for_each(|(to, from)| *to = from);
            left -= n;
            let filled = self.link.on_read(Ok::<_, ErrorKind>(n));
            if self.note(filled).is_none() {
                return;
            }
        }
    }

    fn write(&mut self, n: usize) {
        let unsent = self.link.unsent().map(|unsent| unsent[..unsent.len().min(n)].to_vec());
        self.sealed();
        let Some(unsent) = self.note(unsent) else { return };
        if unsent.is_empty() {
            return;
        }
        let written = self.link.on_write(Ok::<_, ErrorKind>(unsent.len()));
        self.note(written);
        self.peer.read(&unsent);
    }

    fn step(&mut self) -> Option<Step> {
        let step = self.link.step();
        self.sealed();
        let step = self.note(step)?;
        match step {
            Step::Done => {
                assert!(self.seed == RECORDED || self.peer.is_open(), "done with a peer that has no keys")
            }
            Step::Claim => assert!(self.link.proven_key().is_some() && !is_kk(self.mode)),
            Step::Hello => assert!(self.link.hello().is_some() && !self.initiates),
            Step::Write | Step::Read => {}
        }
        Some(step)
    }

    fn answer(&mut self, input: &mut Input<'_>) {
        let pinning = |mode| KEYS.pinning(&KEYS.responder, mode);
        let mut wrong = pinning(Mode::KkPsk0);
        wrong.psk = Some(&KEYS.other_psk);
        let decoy = |mode| KEYS.pinning(&KEYS.decoy, mode);
        let mut drawn = ephemerals(self.seed);
        let link = &mut self.link;
        let answered = match input.byte() % 16 {
            0..=3 => answer(link, self.mode, self.seed),
            4 => answer(link, Mode::Kk, self.seed),
            5 => answer(link, Mode::KkPsk0, self.seed),
            6 => answer(link, Mode::Xx, self.seed),
            7 => answer(link, Mode::XxPsk0, self.seed),
            8 => link.answer_kk(wrong, &mut drawn),
            9 => link.answer_kk(decoy(Mode::Kk), &mut drawn),
            10 => link.answer_xx(&KEYS.responder.identity, Some(&KEYS.other_psk), &mut drawn),
            11 => link.refuse(input.choose(&[Refusal::BUSY, Refusal::MODE, Refusal::new(9)])),
            12 => link.turn_away(decoy(Mode::Kk)),
            13 => link.turn_away(decoy(Mode::KkPsk0)),
            14 => link.answer(&mut drawn, |_| None),
            _ => link.answer(&mut drawn, |hello| (hello.id == Some(KEYS.id)).then(|| pinning(hello.mode))),
        };
        self.note(answered);
    }

    fn stage(&mut self, input: &mut Input<'_>) {
        let part = input.choose(&[Part::Last, Part::More]);
        let data = vec![self.peer.expected.len() as u8; input.below(700)];
        if input.flag() {
            let may = self.link.may_begin();
            if self.note(may).is_none() {
                return;
            }
        }
        let staged = self.link.send_part(&data, part);
        self.sealed();
        if let Some(Poll::Ready(n)) = self.note(staged) {
            assert_eq!(n, data.len().min(self.link.max_data()));
            if data.is_empty() && part == Part::More {
                return;
            }
            let last = part == Part::Last && n == data.len();
            self.peer.expected.push_back((if last { DATA } else { MORE }, data[..n].to_vec()));
        }
    }

    fn ping(&mut self, input: &mut Input<'_>) {
        let len = input.below(40);
        let body = input.bytes(len);
        let pinged = self.link.ping(body);
        self.sealed();
        if pinged == Ok(Poll::Ready(())) && !body.is_empty() {
            self.peer.expected.push_back((PING, body.to_vec()));
            self.asked = Some(body.to_vec());
        }
        self.note(pinged);
    }

    fn gather(&mut self, input: &mut Input<'_>) {
        let most = if input.flag() { 20 } else { 1_200 };
        let bytes = vec![self.peer.expected.len() as u8; 1 + input.below(most)];
        let gathered = self.link.write(&bytes);
        match self.note(gathered) {
            Some(Poll::Ready(n)) => self.gathered.extend(&bytes[..n]),
            Some(Poll::Pending) => assert!(self.link.has_unsent(), "no room, and nothing that keeps it"),
            None => return,
        }
        assert!(self.gathered.len() <= self.link.max_data());
        self.sealed();
    }

    /// What was gathered is a record as soon as there is something unsent; it goes behind a PONG that is owed.
    fn sealed(&mut self) {
        if !self.gathered.is_empty() && self.link.has_unsent() {
            self.peer.expected.push_back((DATA, std::mem::take(&mut self.gathered)));
        }
    }

    fn close(&mut self) {
        let (closed, mark) = (self.link.close(), (CLOSE, vec![]));
        if self.note(closed).is_some() && !self.peer.expected.contains(&mark) {
            if !self.gathered.is_empty() {
                self.peer.expected.push_back((DATA, std::mem::take(&mut self.gathered))); // nothing comes between
            }
            self.peer.expected.push_back(mark);
        }
    }

    /// Both sides do what they can until nothing moves: the shortest way into every state.
    fn exchange(&mut self) {
        for _ in 0..20 {
            let before = (self.peer.out.len(), self.wire.len(), self.history.len());
            self.carry();
            self.fill(usize::MAX);
            let step = self.step();
            if step == Some(Step::Hello) {
                let answered = answer(&mut self.link, self.mode, self.seed);
                self.note(answered);
            }
            self.write(usize::MAX);
            let idle = before == (self.peer.out.len(), self.wire.len(), self.history.len());
            let waits = step == Some(Step::Done) && self.receive() != Some(Poll::Pending);
            if self.dead.is_some() || waits || idle && step != Some(Step::Hello) && step != Some(Step::Write)
            {
                return;
            }
        }
    }

    /// Numbers that a driver must not give.
    fn abuse(&mut self, input: &mut Input<'_>) {
        if input.flag() {
            self.write(usize::MAX);
            let too_many = self.link.on_write(Ok::<_, ErrorKind>(input.choose(&[1, 1_000, usize::MAX])));
            assert_eq!(too_many, Ok(()));
        } else {
            let n = self.link.space().len().saturating_add(input.choose(&[1, 1_000, usize::MAX]));
            let filled = self.link.on_read(Ok::<_, ErrorKind>(n));
            self.note(filled);
        }
    }

    fn ask(&mut self) {
        let unsent = self.link.unsent().map(<[u8]>::is_empty);
        self.sealed();
        if let Some(is_empty) = self.note(unsent) {
            assert_ne!(is_empty, self.link.has_unsent());
        }
        assert!(self.link.max_data() + RECORD_OVERHEAD <= usize::from(u16::MAX).max(RECORD_OVERHEAD));
        if self.dead.is_none()
            && !self.link.awaits_pong()
            && let Some(asked) = self.asked.take()
        {
            let answered = self.seed == RECORDED || self.peer.pongs.contains(&asked);
            assert!(answered, "answered by nobody");
        }
        let _anything = (self.link.is_closed(), self.link.hello());
    }
}
