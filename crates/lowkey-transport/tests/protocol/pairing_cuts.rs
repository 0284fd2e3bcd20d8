//! §6: a cut at every frame, a power cut around every durable step, and a CLOSE from either side; then what each side
//! has, whether KK opens, and that it comes to a good end.

use crate::support::KEYS;
use crate::support::keys::{Side, ephemerals};
use crate::support::links::{self, advance};
use crate::support::page::{self, CLOSE, PING, Role, parameters, unframe};
use crate::support::pins::{Pins, Trouble};
use core::cell::Cell;
use embedded_io::ErrorKind;
use lowkey_core::{Identity, Peer, PinStore, PublicKey, Secret};
use lowkey_transport::{Error, Keeper, Link, PairError, Pairing, Pinning, Refusal, Step, Window};
use std::rc::Rc;

/// Who initiates the pairing. KK is the device's to initiate in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Device,
    Server,
}

const CALLERS: [Caller; 2] = [Caller::Device, Caller::Server];

/// What a side has of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Has {
    Nothing,
    Pending,
    Final,
}

impl Has {
    fn of(pins: &Pins, key: &PublicKey) -> Self {
        match pins {
            Pins { pending: Some((pending, _)), .. } if pending == key => Self::Pending,
            Pins { last: Some(last), .. } if last == key => Self::Final,
            _ => Self::Nothing,
        }
    }
}

/// What both sides have stored.
struct Stores {
    caller: Caller,
    initiator: Pins,
    responder: Pins,
}

type Ended = Result<(), PairError<Trouble>>;

impl Stores {
    fn new(caller: Caller, initiator: Pins, responder: Pins) -> Self {
        Self { caller, initiator, responder }
    }

    fn device(&mut self) -> (&mut Pins, &mut Pins) {
        match self.caller {
            Caller::Device => (&mut self.initiator, &mut self.responder),
            Caller::Server => (&mut self.responder, &mut self.initiator),
        }
    }

    fn sides(&self) -> (&'static Side, &'static Side) {
        match self.caller {
            Caller::Device => (&KEYS.initiator, &KEYS.responder),
            Caller::Server => (&KEYS.responder, &KEYS.initiator),
        }
    }

    /// A pairing of which so many frames arrive; how it ended for both.
    fn pair(&mut self, arrive: usize) -> (Ended, Ended) {
        let (ours, theirs) = self.sides();
        pair(&ours.identity, &mut self.initiator, &theirs.identity, &mut self.responder, arrive)
    }

    /// What both have.
    fn has(&self) -> (Has, Has) {
        let (ours, theirs) = self.sides();
        let (ours, theirs) = (ours.identity.public_key(), theirs.identity.public_key());
        (Has::of(&self.initiator, &theirs), Has::of(&self.responder, &ours))
    }

    /// Both start anew, and the device connects in KK if it can: whether that opens. What is confirmed becomes final.
    fn connect(&mut self) -> bool {
        self.initiator.start_again();
        self.responder.start_again();
        let (device, server) = self.device();
        let (device_side, server_side) = (&KEYS.initiator.identity, &KEYS.responder.identity);
        let dialled = [device.pending.map(|(key, _)| key), device.last];
        for key in dialled.into_iter().flatten().filter(|key| *key != earlier()) {
            let peer = Peer::pin(device_side, key).unwrap();
            let Some(caller) =
                [server.pending.map(|(key, _)| key), server.last].into_iter().flatten().find(|key| {
                    let known = Peer::pin(server_side, *key).unwrap();
                    Pinning::of_server(server_side, &known).id == Pinning::of_device(device_side, &peer).id
                })
            else {
                continue;
            };
            kk_opens(Pinning::of_device(device_side, &peer), server_side, caller);
            for (pins, key) in [(device, key), (server, caller)] {
                if let Some((_, code)) = pins.pending {
                    pins.finalise(&key, &code).unwrap();
                }
            }
            return true;
        }
        false
    }

    /// KK opens, or else a pairing that is tried again comes to its end and KK opens then; both are final afterwards.
    #[track_caller]
    fn comes_to_a_good_end(&mut self, opens: bool) {
        assert_eq!(self.connect(), opens, "KK");
        if !opens {
            assert_eq!(self.pair(usize::MAX), (Ok(()), Ok(())), "once more");
            assert!(self.connect());
        }
        assert_eq!(self.has(), (Has::Final, Has::Final));
        for pins in [&self.initiator, &self.responder] {
            assert_eq!((pins.pending, pins.spent.contains(&KEYS.id)), (None, true));
        }
    }
}

/// A key that was pinned before.
fn earlier() -> PublicKey {
    KEYS.stranger.identity.public_key()
}

/// One side of a pairing.
struct Half<'p> {
    link: Link<'p, Vec<u8>>,
    keeper: Keeper<'p, &'p mut Pins>,
    window: Window<'p>,
    /// What is written leaves.
    hands_on: bool,
    has_no_power: Rc<Cell<bool>>,
    ended: Option<Result<(), Error>>,
}

impl<'p> Half<'p> {
    fn new(identity: &'p Identity, pins: &'p mut Pins) -> Self {
        let (has_no_power, pairing) = (pins.has_no_power.clone(), KEYS.pairing(identity));
        let (keeper, window) = (Keeper::new(pairing, pins), Window::new(pairing));
        Self { link: Link::new(links::buffers()), keeper, window, hands_on: true, has_no_power, ended: None }
    }

    /// Goes on until something has to come, or it is over, or has no power.
    fn go_on(&mut self, to: &mut Vec<u8>) {
        while self.ended.is_none() {
            let step = self.keeper.step(&mut self.link);
            if self.has_no_power.get() {
                self.ended = Some(Err(Error::HungUp));
                return;
            }
            match step {
                Ok(Step::Hello) => self.window.answer(&mut self.link, &mut ephemerals(8)).unwrap(),
                Ok(Step::Write) => {
                    links::write(&mut self.link, to).unwrap();
                    if self.hands_on {
                        self.link.on_flush(Ok::<_, ErrorKind>(())).unwrap();
                    } else if self.keeper.step(&mut self.link) == Ok(Step::Write) {
                        return;
                    }
                }
                Ok(Step::Read) => return,
                Ok(Step::Done) => self.ended = Some(Ok(())),
                Ok(Step::Claim) => panic!("the keeper judges"),
                Err(error) => self.ended = Some(Err(error)),
            }
        }
    }

    fn hear(&mut self, frame: &[u8]) {
        if let (None, Err(error)) = (self.ended, self.link.feed(frame)) {
            self.ended = Some(Err(error));
        }
    }

    /// How it ended; if it has not, by the end of the stream.
    fn end(mut self) -> Ended {
        if self.ended.is_none() {
            let hung_up = self.link.on_read(Ok::<_, ErrorKind>(0));
            self.ended = Some(hung_up);
        }
        self.keeper.end(self.ended.unwrap())
    }
}

/// A pairing of which so many frames arrive; how it ended for both.
fn pair(
    ours: &Identity,
    pins: &mut Pins,
    theirs: &Identity,
    others: &mut Pins,
    arrive: usize,
) -> (Ended, Ended) {
    let (mut a, mut b) = halves(ours, pins, theirs, others);
    meet(&mut a, &mut b, arrive);
    (a.end(), b.end())
}

/// An initiator and a responder.
fn halves<'p>(
    ours: &'p Identity,
    pins: &'p mut Pins,
    theirs: &'p Identity,
    others: &'p mut Pins,
) -> (Half<'p>, Half<'p>) {
    let (mut a, mut b) = (Half::new(ours, pins), Half::new(theirs, others));
    let Pairing { code, psk, identity } = KEYS.pairing(ours);
    a.link.initiate_xx_psk0(identity, code, psk, &mut ephemerals(7)).unwrap();
    b.link.respond().unwrap();
    (a, b)
}

/// So many frames arrive, and both do what they can.
fn meet(a: &mut Half<'_>, b: &mut Half<'_>, arrive: usize) {
    let (mut to_a, mut to_b) = (vec![], vec![]);
    for _ in 0..arrive {
        a.go_on(&mut to_b);
        b.go_on(&mut to_a);
        match (to_a.is_empty(), to_b.is_empty()) {
            (_, false) => b.hear(&next_frame(&mut to_b)),
            (false, true) => a.hear(&next_frame(&mut to_a)),
            (true, true) => break,
        }
    }
    a.go_on(&mut to_b);
    b.go_on(&mut to_a);
}

/// A frame from the front of what has been written, with its length.
fn next_frame(wire: &mut Vec<u8>) -> Vec<u8> {
    let len = 2 + usize::from(u16::from_be_bytes([wire[0], wire[1]]));
    wire.drain(..len).collect()
}

/// A session of KK between a device and a server that knows it by this key.
fn kk_opens(device: Pinning<'_>, server: &Identity, key: PublicKey) {
    let known = Peer::pin(server, key).unwrap();
    let mut a = Link::kk_initiator(device, &mut ephemerals(3), links::buffers()).unwrap();
    let mut b = Link::responder(links::buffers());
    let (mut to_a, mut to_b) = (vec![], vec![]);
    advance(&mut a, &mut to_a, &mut to_b).unwrap();
    assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Hello));
    b.answer_kk(Pinning::of_server(server, &known), &mut ephemerals(4)).unwrap();
    assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Read));
    assert_eq!(advance(&mut a, &mut to_a, &mut to_b), Ok(Step::Done));
    assert_eq!(advance(&mut b, &mut to_b, &mut to_a), Ok(Step::Done));
}

#[test]
fn pairing_a_cut_at_every_frame_comes_to_a_good_end() {
    use Has::*;
    let table = [
        (Nothing, Nothing), // nothing, message 1, message 2
        (Nothing, Nothing),
        (Nothing, Nothing),
        (Nothing, Pending), // message 3
        (Final, Pending),   // the responder's PING
        (Final, Final),     // the initiator's PING, and what comes behind it
        (Final, Final),
        (Final, Final),
    ];
    for caller in CALLERS {
        for was_paired in [false, true] {
            for (arrive, has) in table.into_iter().enumerate() {
                let before = || if was_paired { Pins::paired_with(earlier()) } else { Pins::default() };
                let mut stores = Stores::new(caller, before(), before());
                let ended = stores.pair(arrive);
                assert_eq!(stores.has(), has, "{caller:?}, {arrive} frames");
                assert_eq!((ended.0.is_ok(), ended.1.is_ok()), (has.0 == Final, has.1 == Final));
                for (pins, has) in [(&stores.initiator, has.0), (&stores.responder, has.1)] {
                    let keeps = was_paired && has != Final;
                    assert_eq!(pins.last == Some(earlier()), keeps, "the pinning of before");
                    assert_eq!(pins.spent.is_empty(), has != Final);
                    assert!(!pins.calls.contains(&"remove"), "a cut removes nothing");
                }
                stores.comes_to_a_good_end(has.0 == Final);
            }
        }
    }
}

#[test]
fn pairing_a_power_cut_around_every_durable_step_comes_to_a_good_end() {
    use Has::*;
    use Trouble::{CutBefore, CutBehind};
    let at_initiator = [
        ("store", CutBefore, (Nothing, Pending)),
        ("store", CutBehind, (Pending, Pending)),
        ("finalise", CutBefore, (Pending, Final)),
        ("finalise", CutBehind, (Final, Final)),
    ];
    let at_responder = [
        ("store", CutBefore, (Nothing, Nothing)),
        ("store", CutBehind, (Nothing, Pending)),
        ("finalise", CutBefore, (Final, Pending)),
        ("finalise", CutBehind, (Final, Final)),
    ];
    for caller in CALLERS {
        for (call, cut, has) in at_initiator {
            let mut stores = Stores::new(caller, Pins::failing(call, cut), Pins::default());
            let _ended = stores.pair(usize::MAX);
            assert_eq!(stores.has(), has, "{caller:?}, the initiator's {call}, {cut:?}");
            stores.comes_to_a_good_end(has.0 != Nothing);
        }
        for (call, cut, has) in at_responder {
            let mut stores = Stores::new(caller, Pins::default(), Pins::failing(call, cut));
            let _ended = stores.pair(usize::MAX);
            assert_eq!(stores.has(), has, "{caller:?}, the responder's {call}, {cut:?}");
            stores.comes_to_a_good_end(has.0 != Nothing);
        }
    }
}

#[test]
fn pairing_a_close_removes_what_is_pending_and_a_lost_one_does_not() {
    use Has::*;
    let (full, not_welcome) = (Trouble::Full, PairError::Failed(Error::NotWelcome));
    for caller in CALLERS {
        let cannot_store = || Pins { last: Some(earlier()), ..Pins::failing("store", full) };
        let mut stores = Stores::new(caller, Pins::paired_with(earlier()), cannot_store());
        let ended = stores.pair(usize::MAX);
        assert_eq!(ended, (Err(not_welcome), Err(PairError::NotStored(full))));
        assert_eq!(stores.has(), (Nothing, Nothing));
        assert_eq!(stores.initiator.calls, [""; 0]);
        assert_eq!((stores.initiator.last, stores.responder.last), (Some(earlier()), Some(earlier())));
        stores.comes_to_a_good_end(false);

        let mut stores = Stores::new(caller, cannot_store(), Pins::paired_with(earlier()));
        let ended = stores.pair(usize::MAX);
        assert_eq!(ended, (Err(PairError::NotStored(full)), Err(not_welcome)));
        assert_eq!(stores.has(), (Nothing, Nothing));
        assert_eq!(stores.responder.calls, ["store", "remove"]);
        assert_eq!((stores.initiator.last, stores.responder.last), (Some(earlier()), Some(earlier())));
        assert!(stores.responder.spent.is_empty(), "the code is as it was");
        stores.comes_to_a_good_end(false);

        // The initiator's CLOSE does not arrive.
        let mut stores = Stores::new(caller, cannot_store(), Pins::default());
        assert_eq!(stores.pair(4).1, Err(PairError::Failed(Error::HungUp)));
        assert_eq!(stores.has(), (Nothing, Pending));
        stores.comes_to_a_good_end(false);
    }
}

#[test]
fn pairing_what_cannot_be_removed_or_made_final_is_said_and_stays_pending() {
    let full = Trouble::Full;
    for caller in CALLERS {
        let stubborn = Pins::failing("remove", full);
        let mut stores = Stores::new(caller, Pins::failing("store", full), stubborn);
        assert_eq!(stores.pair(usize::MAX).1, Err(PairError::NotRemoved(full)));
        assert_eq!(stores.has(), (Has::Nothing, Has::Pending));

        let mut stores = Stores::new(caller, Pins::failing("finalise", full), Pins::default());
        assert_eq!(stores.pair(usize::MAX), (Err(PairError::NotFinal(full)), Ok(())));
        assert_eq!(stores.has(), (Has::Pending, Has::Final));
        stores.comes_to_a_good_end(true);

        let mut stores = Stores::new(caller, Pins::default(), Pins::failing("finalise", full));
        assert_eq!(stores.pair(usize::MAX), (Ok(()), Err(PairError::NotFinal(full))));
        assert_eq!(stores.has(), (Has::Final, Has::Pending));
        stores.comes_to_a_good_end(true);
    }
}

/// What the stream has taken it may still hold back.
#[test]
fn pairing_is_final_for_the_initiator_once_its_ping_is_flushed() {
    let (mut pins, mut others) = (Pins::default(), Pins::default());
    let (mut a, mut b) = halves(&KEYS.initiator.identity, &mut pins, &KEYS.responder.identity, &mut others);
    a.hands_on = false;
    meet(&mut a, &mut b, 4);
    assert_eq!(a.end(), Err(PairError::Failed(Error::Truncated)));
    assert_eq!((&pins.calls[..], pins.last), (&["store"][..], None));
}

#[test]
fn pairing_another_key_under_a_claimed_code_is_told_no() {
    let (ours, theirs) = (&KEYS.initiator.identity, &KEYS.responder.identity);
    let (mut first, mut responder) = (Pins::default(), Pins::default());
    let _cut = pair(ours, &mut first, theirs, &mut responder, 3);
    assert_eq!(Has::of(&responder, &ours.public_key()), Has::Pending);
    let mut second = Pins::default();
    let ended = pair(&KEYS.stranger.identity, &mut second, theirs, &mut responder, usize::MAX);
    assert_eq!(ended.0, Err(PairError::Failed(Error::NotWelcome)));
    assert_eq!(ended.1, Err(PairError::NotStored(Trouble::Claimed)));
    assert_eq!(Has::of(&responder, &ours.public_key()), Has::Pending, "it is the first one's");
    assert_eq!(second.calls, [""; 0]);
    assert_eq!(pair(ours, &mut first, theirs, &mut responder, usize::MAX), (Ok(()), Ok(())));
}

#[test]
fn pairing_a_key_is_stored_in_its_least_spelling() {
    let mut key = *KEYS.initiator.identity.public_key().as_bytes();
    key[31] |= 0x80;
    let spelled = Identity::from_parts(Secret::new(KEYS.initiator.secret), PublicKey::new(key)).unwrap();
    let (mut pins, mut others) = (Pins::default(), Pins::default());
    let ended = pair(&spelled, &mut pins, &KEYS.responder.identity, &mut others, usize::MAX);
    assert_eq!(ended, (Ok(()), Ok(())));
    assert_eq!(others.last, Some(KEYS.initiator.identity.public_key()));
}

/// Anybody can "prove" one, in either role.
#[test]
fn pairing_a_key_of_low_order_is_told_no_and_is_not_stored() {
    let declined = Err(PairError::Failed(Error::Declined(Refusal::REFUSED)));
    let (mut pins, mut others) = (Pins::default(), Pins::default());
    let (mut a, mut b) = halves(&KEYS.initiator.identity, &mut pins, &KEYS.responder.identity, &mut others);

    let (mut peer, mut to_peer) = (page::low_order(Role::Responder), vec![]);
    a.go_on(&mut to_peer);
    peer.read_first(&unframe(&mut to_peer));
    a.hear(&peer.next_frame(&parameters(300)));
    a.go_on(&mut to_peer);
    peer.read(&unframe(&mut to_peer));
    let mut peer = peer.into_records();
    a.hear(&peer.record(PING, b""));
    a.go_on(&mut to_peer);
    assert_eq!(peer.open(&mut to_peer), (CLOSE, vec![]));
    assert_eq!(a.end(), declined);

    let (mut peer, mut to_peer) = (page::low_order(Role::Initiator), vec![]);
    b.hear(&peer.first_frame(b""));
    b.go_on(&mut to_peer);
    peer.read(&unframe(&mut to_peer));
    b.hear(&peer.next_frame(&parameters(300)));
    b.go_on(&mut to_peer);
    assert_eq!(peer.into_records().open(&mut to_peer), (CLOSE, vec![]));
    assert_eq!(b.end(), declined);
    assert_eq!((pins.calls, others.calls), (vec![""; 0], vec![""; 0]));
}
