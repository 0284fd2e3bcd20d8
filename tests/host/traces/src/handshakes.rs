//! Whole connections: `play`, `play_in_place` and `play_device` of `tests/m3/src/bin/channel`, against peers recorded
//! here.

use std::convert::Infallible;

use lowkey_core::{Counter, CounterFailed, Ephemerals, Id, Identity, Peer, Psk, Secret, SeedEntropy};
use lowkey_transport::{Buffers, Link, MIN_INCOMING, MIN_OUTGOING, Mode, Pinning, Step};
use m3_model::{Call, Machine};
use m3_tests::script::{ID, MESSAGE, STREAM};

use crate::{
    Result,
    arena::Arena,
    class::{Class, Program},
    left::{Answer, Public},
    secrets::{ODD, SECRETS, key, secret},
    target::Target,
};

/// A class for each mode and role, with every odd secret and some more. What they compute is made of primitives, which
/// meet all secrets by themselves; a handshake takes the model a quarter of a second. Where a target is brief, both
/// roles in one mode of each pattern, with a few odd secrets.
pub(crate) fn classes(target: Target) -> Vec<Class> {
    let class = |(mode, role): (Mode, Role)| Class {
        name: name(mode, role),
        target,
        program: Program::Channel,
        secrets: if target.is_brief() { ODD_WHERE_BRIEF } else { MANY },
        call: Box::new(move |machine, n| Ok(moved(play(machine, "play", mode, role, n)?))),
    };
    all_of(target).map(class).collect()
}

/// The same on a link that stays where it is, to see what each step leaves on the stack: for that two secrets will do.
/// Where a target is brief, both roles in one mode of each pattern.
pub(crate) fn in_place(target: Target) -> Vec<Class> {
    let class = |(mode, role): (Mode, Role)| Class {
        name: format!("{}, in place", name(mode, role)),
        target,
        program: Program::Channel,
        secrets: 2,
        // Secrets that are not odd: a word of zeros could be anything.
        call: Box::new(move |machine, n| play(machine, "play_in_place", mode, role, ODD + n)),
    };
    all_of(target).map(class).collect()
}

/// A device of `lowkey_kk.h`: some odd secrets, and then what its calls leave on the stack, as of a link in place. All
/// that it computes is computed by a link too.
pub(crate) fn devices(target: Target) -> Vec<Class> {
    let class = |mode: Mode| {
        let device = format!("{}, a device of C's", name(mode, Role::Initiator));
        let play = move |machine: &mut Machine, n| play(machine, "play_device", mode, Role::Initiator, n);
        let traced = Class {
            name: device.clone(),
            target,
            program: Program::Channel,
            secrets: FEW,
            call: Box::new(move |machine, n| Ok(moved(play(machine, n)?))),
        };
        let left = Class {
            name: format!("{device}, in place"),
            target,
            program: Program::Channel,
            secrets: 2,
            call: Box::new(move |machine, n| play(machine, ODD + n)),
        };
        [traced, left]
    };
    let is_brief = target.is_brief();
    let modes = [Mode::Kk, Mode::KkPsk0].into_iter().filter(|mode| !is_brief || *mode == Mode::KkPsk0);
    let all = modes.flat_map(class);
    all.filter(|class| !is_brief || class.secrets < FEW).collect()
}

fn all_of(target: Target) -> impl Iterator<Item = (Mode, Role)> {
    let modes = [Mode::Kk, Mode::KkPsk0, Mode::Xx, Mode::XxPsk0];
    let is_tried = move |mode: &Mode| !target.is_brief() || matches!(mode, Mode::KkPsk0 | Mode::XxPsk0);
    modes
        .into_iter()
        .filter(is_tried)
        .flat_map(|mode| [Role::Initiator, Role::Responder].map(|role| (mode, role)))
}

fn name(mode: Mode, role: Role) -> String {
    let mode = match mode {
        Mode::Kk => "KK",
        Mode::KkPsk0 => "KKpsk0",
        Mode::Xx => "XX",
        _ => "XXpsk0",
    };
    let role = match role {
        Role::Initiator => "initiator",
        Role::Responder => "responder",
    };
    format!("{mode} {role}")
}

/// `play` moves what it makes, as most programs do; a move leaves a copy.
fn moved(Answer { call, .. }: Answer) -> Answer {
    Call { left: Vec::new(), regions: Vec::new(), ..call }.into()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Initiator,
    Responder,
}

/// Lets `function` of the device play `role` with the `n`-th secrets, and compares what it sent with what the host sent
/// there.
fn play(machine: &mut Machine, function: &str, mode: Mode, role: Role, n: usize) -> Result<Answer> {
    let sides = Sides::new(role, n);
    let Recorded { from_initiator, from_responder } = sides.connect(mode)?;
    let (ours, theirs) = match role {
        Role::Initiator => (&sides.initiator, &sides.responder),
        Role::Responder => (&sides.responder, &sides.initiator),
    };
    let (expected, received) = match role {
        Role::Initiator => (from_initiator, from_responder),
        Role::Responder => (from_responder, from_initiator),
    };
    let (identity, theirs) = (ours.identity()?, theirs.identity()?.public_key());
    let pinned = Peer::pin(&identity, theirs)?;
    let public = identity.public_key();
    let mut stream = received.clone();
    if stream.len() > STREAM {
        return Err(format!("{} bytes do not fit {STREAM}", stream.len()).into());
    }
    stream.resize(STREAM, 0);
    // `Script`, field by field.
    let script = [
        &u32::from(mode as u8).to_le_bytes()[..],
        &u32::from(role == Role::Responder).to_le_bytes(),
        &ours.private,
        public.as_bytes(),
        theirs.as_bytes(),
        pinned.shared_secret().expose(),
        &sides.psk,
        &ours.hedge,
        &ours.seed,
        &ours.message,
        &(received.len() as u32).to_le_bytes(),
        &stream,
    ];
    let mut arena = Arena::new(machine);
    let arguments = [arena.put(&script.concat()), arena.put(&[0; 4 + STREAM])];
    let machine = arena.machine();
    let called = machine.call(function, &arguments).map_err(|end| format!("{end:?}"))?;
    if called.r0 != 0 {
        return Err("the device gave up".into());
    }
    let sent = machine.read(arguments[1], 4 + STREAM).and_then(<[u8]>::split_first_chunk::<4>);
    let (len, sent) = sent.ok_or("nowhere to send to")?;
    let sent = sent.get(..u32::from_le_bytes(*len) as usize).unwrap_or_default();
    // A pairing ends on the device where the host goes on to close.
    let alike = if is_kk(mode) { expected == sent } else { !sent.is_empty() && expected.starts_with(sent) };
    let public = Public::of(&[ID, public.as_bytes(), theirs.as_bytes(), &expected, &received]);
    match alike {
        true => Ok(Answer { call: called, public }),
        false => Err("the device sent something else than the host".into()),
    }
}

/// The two sides of a connection and all their secrets.
struct Sides {
    initiator: Side,
    responder: Side,
    psk: [u8; 32],
}

struct Side {
    private: [u8; 32],
    hedge: [u8; 32],
    seed: [u8; 32],
    message: [u8; MESSAGE],
}

struct Recorded {
    from_initiator: Vec<u8>,
    from_responder: Vec<u8>,
}

impl Sides {
    /// With odd secrets for the side that is watched: two sides with one odd key would be none.
    fn new(watched: Role, n: usize) -> Self {
        let side = |role, kind| Side::new(kind, if role == watched { n } else { n + SECRETS });
        Self {
            initiator: side(Role::Initiator, INITIATOR),
            responder: side(Role::Responder, RESPONDER),
            psk: key(PSK, n),
        }
    }

    fn connect(&self, mode: Mode) -> Result<Recorded> {
        let (i, r) = (self.initiator.identity()?, self.responder.identity()?);
        let at_i = Peer::pin(&i, r.public_key())?;
        let at_r = Peer::pin(&r, i.public_key())?;
        let key = Psk::new(Secret::new(self.psk))?;
        let psk = matches!(mode, Mode::KkPsk0 | Mode::XxPsk0).then_some(&key);
        let id = Id::new(ID).ok_or("the id is empty")?;
        let mut e = self.initiator.ephemerals()?;
        let link: AnyLink<'_> = match (mode, psk) {
            (Mode::Kk | Mode::KkPsk0, psk) => {
                Link::kk_initiator(Pinning { id, identity: &i, peer: &at_i, psk }, &mut e, buffers()?)?
            }
            (_, None) => Link::xx_initiator(&i, Some(id), &mut e, buffers()?)?,
            (_, Some(psk)) => Link::xx_psk0_initiator(&i, id, psk, &mut e, buffers()?)?,
        };
        let mut e = self.responder.ephemerals()?;
        let mut initiator = End { link, message: self.initiator.message, closed: false };
        let mut responder =
            End { link: Link::responder(buffers()?), message: self.responder.message, closed: false };
        let mut recorded = Recorded { from_initiator: Vec::new(), from_responder: Vec::new() };
        while !(initiator.link.is_closed() && responder.link.is_closed()) {
            let sent = initiator.turn(&mut responder.link, |_| Err("no hello here".into()))?;
            recorded.from_initiator.extend(sent);
            let sent = responder.turn(&mut initiator.link, |link| {
                if is_kk(mode) {
                    link.answer_kk(Pinning { id, identity: &r, peer: &at_r, psk }, &mut e)?;
                } else {
                    link.answer_xx(&r, psk, &mut e)?;
                }
                Ok(())
            })?;
            recorded.from_responder.extend(sent);
        }
        Ok(recorded)
    }
}

impl Side {
    fn new(kind: u64, n: usize) -> Self {
        let (message, rest) = (secret(kind + 1, n), secret(kind + 2, n));
        Self {
            private: key(kind, n),
            hedge: key(kind + 3, n),
            seed: key(kind + 4, n),
            message: std::array::from_fn(|i| if i < 32 { message[i] } else { rest[i - 32] }),
        }
    }

    fn identity(&self) -> Result<Identity> {
        Ok(Identity::new(Secret::new(self.private))?)
    }

    fn ephemerals(&self) -> Result<Ephemerals<SeedEntropy>> {
        let entropy = SeedEntropy::new(Secret::new(self.seed))?;
        Ok(Ephemerals::new(entropy, Secret::new(self.hedge), &mut Once)?)
    }
}

type AnyLink<'k> = Link<'k, Vec<u8>>;

/// A side at work.
struct End<'k> {
    link: AnyLink<'k>,
    message: [u8; MESSAGE],
    closed: bool,
}

impl<'k> End<'k> {
    /// Does what can be done now; returns what that sent to the other side.
    fn turn(
        &mut self,
        other: &mut AnyLink<'k>,
        answer: impl FnOnce(&mut AnyLink<'k>) -> Result<()>,
    ) -> Result<Vec<u8>> {
        match self.link.step()? {
            Step::Hello => answer(&mut self.link)?,
            Step::Claim => self.link.accept()?,
            Step::Done if !self.closed => return self.message_and_close(other),
            Step::Done => {
                if self.link.receive()?.is_ready() {
                    self.link.take();
                }
            }
            Step::Write | Step::Read => (),
        }
        self.deliver(other)
    }

    fn message_and_close(&mut self, other: &mut AnyLink<'k>) -> Result<Vec<u8>> {
        let mut sent = self.deliver(other)?;
        if self.link.may_begin().is_ok() {
            let _at_once = self.link.send(&self.message)?;
            sent.extend(self.deliver(other)?);
        }
        self.link.close()?;
        sent.extend(self.deliver(other)?);
        self.closed = true;
        Ok(sent)
    }

    /// Moves what is unsent; the other side opens what it can on the way.
    fn deliver(&mut self, other: &mut AnyLink<'k>) -> Result<Vec<u8>> {
        let sent = self.link.unsent()?.to_vec();
        let mut rest = &sent[..];
        while !rest.is_empty() {
            if other.space().is_empty() {
                other.step()?;
                let _not_open_yet = other.receive();
                other.take();
            }
            let space = other.space();
            let n = space.len().min(rest.len());
            space[..n].copy_from_slice(&rest[..n]);
            other.on_read(Ok::<_, Infallible>(n))?;
            rest = &rest[n..];
        }
        if !sent.is_empty() {
            self.link.on_write(Ok::<_, Infallible>(sent.len()))?;
        }
        Ok(sent)
    }
}

fn buffers() -> Result<Buffers<Vec<u8>>> {
    Ok(Buffers::new(vec![0; MIN_INCOMING], vec![0; MIN_OUTGOING])?)
}

fn is_kk(mode: Mode) -> bool {
    matches!(mode, Mode::Kk | Mode::KkPsk0)
}

/// The first boot, always.
struct Once;

impl Counter for Once {
    fn next(&mut self) -> std::result::Result<u64, CounterFailed> {
        Ok(1)
    }
}

/// How many secrets a class has whose arithmetic others have seen with all.
const FEW: usize = 8;
/// How many where a target is brief: zeros, ones, and what carries far.
const ODD_WHERE_BRIEF: usize = 3;
/// The odd ones, and a third as many that are not.
const MANY: usize = ODD + ODD / 3;
/// Where the kinds of a side's secrets begin; each side has five.
const INITIATOR: u64 = 10;
const RESPONDER: u64 = 20;
const PSK: u64 = 30;
