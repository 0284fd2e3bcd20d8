//! Pairings with a code between a device with its key store and a server, one after the other, of which the script
//! disturbs each: a frame is lost with all behind it, changed or sent twice; an operation of the device's flash is cut,
//! fails once or from then on; the server cannot store.
//!
//! Held to (protocol §6): nobody has another key than the other's; who holds a key final is at least pending there; a
//! changed or repeated frame pairs nobody; what a side was told is what its store has. And all of it comes to a good
//! end: KK opens and makes both final, or one more pairing that nothing disturbs does.

use crate::keys::{KEYS, ephemerals};
use embedded_io::ErrorKind;
use lowkey_core::boot_log::{Bank, Flash, FlashFailed};
use lowkey_core::key_store::{KeyStore, Standing, StoreError};
use lowkey_core::page::Keys;
use lowkey_core::{Code, Id, Identity, Peer, PinStore, Psk, PublicKey};
use lowkey_transport::{Buffers, Error, Keeper, Link, PairError, Pairing, Pinning, Step, Window};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::LazyLock;
use test_support::flash::{Model, Nature, Trouble};
use test_support::{Input, Random};

const MAX_RUNS: usize = 3;
const BANK_LEN: usize = 1_024;
/// Of both sides, until both have closed.
const FRAMES: usize = 8;

/// Plays a script: who calls, unit, nature; then for each pairing what happens to which frame, to the device's flash
/// after how many operations, and to the server's store.
pub fn pairing(data: &[u8]) {
    let mut input = Input::new(data);
    let device_calls = input.flag();
    let unit = input.choose(&[1, 4, 8, 32]);
    let nature = Nature { by_boot: input.flag(), has_code: input.flag() };
    let mut model = Model::new(unit, BANK_LEN, input.u16().into(), nature);
    let mut new = KeyStore::new(&mut model);
    new.open().and_then(|()| new.make_keys(&mut Random::from_seed(1))).expect("a new store");
    drop(new);
    let mut world =
        World { device_calls, flash: Shared(Rc::new(RefCell::new(model))), row: Row::default(), run: 0 };
    for _ in 0..MAX_RUNS {
        let Some(op) = input.op() else { break };
        let network = match op % 4 {
            0 => Network::Passes,
            1 => Network::Cuts(input.below(FRAMES + 1)),
            2 => Network::Flips(input.below(FRAMES), input.u16()),
            _ => Network::Repeats(input.below(FRAMES)),
        };
        let how =
            [None, Some(Trouble::Cut), Some(Trouble::Fault), Some(Trouble::Broken)][usize::from(op >> 2 & 3)];
        let trouble = how.map(|how| (input.below(2 * (BANK_LEN / 2 / unit) + 12), how));
        world.pair(network, trouble, op >> 4 & 3 == 3);
    }
    world.comes_to_a_good_end();
}

/// What is done to one pairing on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Passes,
    /// So many frames arrive.
    Cuts(usize),
    /// A bit of this frame.
    Flips(usize, u16),
    /// This frame arrives twice.
    Repeats(usize),
}

struct World {
    device_calls: bool,
    flash: Shared,
    row: Row,
    run: u64,
}

type Ended<E> = Result<(), PairError<E>>;

impl World {
    fn pair(&mut self, network: Network, trouble: Option<(usize, Trouble)>, server_fails: bool) {
        let before = (self.device_has(), self.row.clone());
        self.run += 1;
        self.row.fails = server_fails;
        let mut store = self.open();
        self.flash.0.borrow_mut().trouble = trouble;
        let identity = store.identity().expect("it has keys");
        let at_device = Half::new(&identity, &mut store, Some(self.flash.clone()), 2 * self.run);
        let at_server = Half::new(&KEYS.responder.identity, &mut self.row, None, 2 * self.run + 1);
        let (device, server) = if self.device_calls {
            play(at_device, at_server, network)
        } else {
            let (server, device) = play(at_server, at_device, network);
            (device, server)
        };
        let was_broken = matches!(trouble, Some((_, Trouble::Broken | Trouble::Cut)));
        let in_ram = has(&store);
        drop(store);
        let mut flash = self.flash.0.borrow_mut();
        let is_dead = flash.dead;
        flash.trouble = None;
        flash.reboot();
        drop(flash);
        self.row.fails = false;
        let is = self.device_has();
        if !is_dead {
            assert!(is == in_ram || was_broken, "{is:?} in the flash, {in_ram:?} in RAM");
        }
        match device {
            Ok(()) => assert!(is == Has::Final || is_dead, "the device was told final: {is:?}"),
            Err(PairError::NotFinal(_)) if !was_broken => assert_eq!(is, Has::Pending),
            Err(PairError::NotStored(_)) if !was_broken => assert_eq!(is, before.0),
            _ => {}
        }
        if server.is_ok() {
            assert_eq!(self.row.has(), Has::Final);
            assert!(is != Has::Nothing, "the server is final and the device has nothing");
        }
        if is == Has::Final {
            assert!(self.row.has() != Has::Nothing, "the device is final and the server has nothing");
        }
        if matches!(network, Network::Flips(0..4, _) | Network::Repeats(0..2)) {
            assert!(device.is_err() && server.is_err(), "{network:?} paired");
        }
    }

    /// The device's store, as a start finds it.
    fn open(&self) -> KeyStore<Shared> {
        let mut store = KeyStore::new(self.flash.clone());
        store.open().expect("a power cut is no damage");
        store
    }

    fn device_has(&self) -> Has {
        has(&self.open())
    }

    /// Nothing disturbs any more.
    fn comes_to_a_good_end(mut self) {
        if !self.connect() {
            self.pair(Network::Passes, None, false);
            assert!(self.connect(), "neither KK nor another pairing");
        }
        assert_eq!((self.device_has(), self.row.has()), (Has::Final, Has::Final));
    }

    /// The device connects in KK if it can, and what is confirmed becomes final.
    fn connect(&mut self) -> bool {
        let mut store = self.open();
        let (Some(keys), Some((key, _))) = (dialled(&store), self.row.key) else { return false };
        let server = &KEYS.responder.identity;
        assert_eq!(keys.peer().public_key(), server.public_key(), "another key than the server's");
        assert_eq!(keys.identity().public_key(), key, "another key than the device's");
        let known = Peer::pin(server, key).expect("it was pinned");
        let mut a =
            Link::kk_initiator(Pinning::of(&keys), &mut ephemerals(1_000), buffers()).expect("a link");
        let mut b = Link::responder(buffers());
        pump(&mut a, &mut b, |_| panic!("it initiates"));
        pump(&mut b, &mut a, |link| {
            link.answer_kk(Pinning::of_server(server, &known), &mut ephemerals(1_001))
        });
        pump(&mut a, &mut b, |_| panic!("it initiates"));
        assert!(
            a.is_open() && {
                pump(&mut b, &mut a, |_| Ok(()));
                b.is_open()
            },
            "KK does not open with what is pinned"
        );
        store.confirmed(&server.public_key()).expect("a flash that is well");
        (&mut self.row).finalise(&key, &CODE.0).expect("it is its row");
        true
    }
}

/// What a side has of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Has {
    Nothing,
    Pending,
    Final,
}

/// What a device dials first.
fn dialled(store: &KeyStore<Shared>) -> Option<Keys> {
    store.keys(Standing::Pending).or_else(|| store.keys(Standing::Final))
}

fn has(store: &KeyStore<Shared>) -> Has {
    let is_ours = |pinned: Option<(&[u8; 32], &[u8; 32])>| {
        pinned.is_some_and(|(key, _)| {
            assert_eq!(
                PublicKey::new(*key),
                KEYS.responder.identity.public_key(),
                "another key than the server's"
            );
            true
        })
    };
    match (is_ours(store.pinning(Standing::Pending)), is_ours(store.pinning(Standing::Final))) {
        (_, true) => Has::Final,
        (true, false) => Has::Pending,
        (false, false) => Has::Nothing,
    }
}

/// The server's row: the device's key, and whether that is final.
#[derive(Clone, Debug, Default)]
struct Row {
    key: Option<(PublicKey, bool)>,
    fails: bool,
}

impl Row {
    fn has(&self) -> Has {
        match self.key {
            None => Has::Nothing,
            Some((_, false)) => Has::Pending,
            Some((_, true)) => Has::Final,
        }
    }
}

impl PinStore for &mut Row {
    type Error = StoreError;

    fn store(&mut self, peer: &Peer, code: &Id) -> Result<(), StoreError> {
        assert_eq!(*code, CODE.0);
        match self.key {
            _ if self.fails => Err(StoreError::Flash),
            Some((key, _)) if key == peer.public_key() => Ok(()),
            Some(_) => Err(StoreError::Claimed),
            None => {
                self.key = Some((peer.public_key(), false));
                Ok(())
            }
        }
    }

    fn finalise(&mut self, peer: &PublicKey, _code: &Id) -> Result<(), StoreError> {
        assert_eq!(self.key.map(|(key, _)| key), Some(*peer), "final without having been stored");
        self.key = Some((*peer, true));
        Ok(())
    }

    fn remove(&mut self, peer: &PublicKey, _code: &Id) -> Result<(), StoreError> {
        self.key = self.key.filter(|row| *row != (*peer, false));
        Ok(())
    }
}

/// One side of a pairing.
struct Half<'p, S: PinStore> {
    link: Link<'p, Vec<u8>>,
    keeper: Keeper<'p, S>,
    window: Window<'p>,
    flash: Option<Shared>,
    seed: u64,
    ended: Option<Result<(), Error>>,
}

impl<'p, S: PinStore> Half<'p, S> {
    fn new(identity: &'p Identity, store: S, flash: Option<Shared>, seed: u64) -> Self {
        let pairing = Pairing { code: CODE.0, psk: &CODE.1, identity };
        let (keeper, window) = (Keeper::new(pairing, store), Window::new(pairing));
        Self { link: Link::new(buffers()), keeper, window, flash, seed, ended: None }
    }

    /// Goes on until something has to come, or it is over; what it writes leaves, unless it has no power.
    fn go_on(&mut self) -> Vec<u8> {
        let mut written = vec![];
        while self.ended.is_none() {
            let step = self.keeper.step(&mut self.link);
            if self.flash.as_ref().is_some_and(|flash| flash.0.borrow().dead) {
                self.ended = Some(Err(Error::HungUp));
                break;
            }
            match step {
                Ok(Step::Hello) => {
                    let answered = self.window.answer(&mut self.link, &mut ephemerals(self.seed));
                    answered.expect("a hello waits");
                }
                Ok(Step::Write) => {
                    write(&mut self.link, &mut written);
                    self.link.on_flush(Ok::<_, ErrorKind>(())).expect("it is written");
                }
                Ok(Step::Read) => break,
                Ok(Step::Done) => self.ended = Some(Ok(())),
                Ok(Step::Claim) => panic!("the keeper judges"),
                Err(error) => self.ended = Some(Err(error)),
            }
        }
        written
    }

    fn hear(&mut self, frame: &[u8]) {
        if let (None, Err(error)) = (self.ended, self.link.feed(frame)) {
            self.ended = Some(Err(error));
        }
    }

    /// How it ended; if it has not, by the end of the stream.
    fn end(mut self) -> Ended<S::Error> {
        let ended = self.ended.unwrap_or_else(|| self.link.on_read(Ok::<_, ErrorKind>(0)));
        self.keeper.end(ended)
    }
}

/// A pairing between an initiator and a responder; how it ended for both.
fn play<'p, A: PinStore, B: PinStore>(
    mut a: Half<'p, A>,
    mut b: Half<'p, B>,
    network: Network,
) -> (Ended<A::Error>, Ended<B::Error>) {
    let Pairing { code, psk, identity } = a.window.pairing();
    a.link.initiate_xx_psk0(identity, code, psk, &mut ephemerals(a.seed)).expect("a new link");
    b.link.respond().expect("a new link");
    let (mut to_a, mut to_b) = (vec![], vec![]);
    for number in 0.. {
        to_b.extend(a.go_on());
        to_a.extend(b.go_on());
        let is_to_b = !to_b.is_empty();
        let wire = if is_to_b { &mut to_b } else { &mut to_a };
        if wire.is_empty() || network == Network::Cuts(number) {
            break;
        }
        let len = 2 + usize::from(u16::from_be_bytes([wire[0], wire[1]]));
        let mut frame: Vec<u8> = wire.drain(..len).collect();
        match network {
            Network::Flips(which, bit) if which == number => {
                let bit = usize::from(bit) % (frame.len() * 8);
                frame[bit / 8] ^= 1 << (bit % 8);
            }
            Network::Repeats(which) if which == number => drop(wire.splice(0..0, frame.iter().copied())),
            _ => {}
        }
        if is_to_b { b.hear(&frame) } else { a.hear(&frame) }
    }
    (a.end(), b.end())
}

/// Both do what they can: what `from` writes arrives at `to`.
fn pump<'k>(
    from: &mut Link<'k, Vec<u8>>,
    to: &mut Link<'k, Vec<u8>>,
    answer: impl FnOnce(&mut Link<'k, Vec<u8>>) -> Result<(), Error>,
) {
    let (mut answer, mut written) = (Some(answer), vec![]);
    loop {
        match from.step().expect("nothing disturbs it") {
            Step::Hello => answer.take().expect("one hello")(from).expect("it is known"),
            Step::Write => write(from, &mut written),
            Step::Read | Step::Done => break,
            Step::Claim => panic!("no pairing"),
        }
    }
    write(from, &mut written); // what is behind the handshake
    let taken = to.feed(&written).expect("it is read");
    assert_eq!(taken, written.len());
}

fn write(link: &mut Link<'_, Vec<u8>>, to: &mut Vec<u8>) {
    let unsent = link.unsent().expect("it goes on").to_vec();
    if !unsent.is_empty() {
        link.on_write(Ok::<_, ErrorKind>(unsent.len())).expect("what was unsent");
        to.extend(unsent);
    }
}

fn buffers() -> Buffers<Vec<u8>> {
    Buffers::new(vec![0; 400], vec![0; 400]).expect("not below the smallest")
}

/// The device's flash, which outlives each opened store.
#[derive(Clone)]
struct Shared(Rc<RefCell<Model>>);

impl Flash for Shared {
    fn unit(&self) -> usize {
        Flash::unit(&&mut *self.0.borrow_mut())
    }

    fn bank_len(&self) -> usize {
        Flash::bank_len(&&mut *self.0.borrow_mut())
    }

    fn read(&mut self, bank: Bank, offset: usize, bytes: &mut [u8]) -> Result<(), FlashFailed> {
        (&mut *self.0.borrow_mut()).read(bank, offset, bytes)
    }

    fn program(&mut self, bank: Bank, offset: usize, bytes: &[u8]) -> Result<(), FlashFailed> {
        (&mut *self.0.borrow_mut()).program(bank, offset, bytes)
    }

    fn erase(&mut self, bank: Bank) -> Result<(), FlashFailed> {
        (&mut *self.0.borrow_mut()).erase(bank)
    }

    fn clear(&mut self, bank: Bank, offset: usize) -> Result<(), FlashFailed> {
        (&mut *self.0.borrow_mut()).clear(bank, offset)
    }
}

/// The code's name, and the PSK.
static CODE: LazyLock<(Id, Psk)> = LazyLock::new(|| {
    let code = Code::new(&[7; 16]).expect("16 bytes");
    (code.name(), code.psk())
});
