//! A side on transport's `Link`, as a Rust program drives it.

use crate::side::{ID, INCOMING, PSK, Side, has_psk, is_kk};
use lowkey_c::lowkey_event::{self, *};
use lowkey_c::lowkey_mode;
use lowkey_core::{Counter, CounterFailed, Ephemerals, Id, Identity, Peer, Psk, Secret, SeedEntropy, kk};
use lowkey_transport::{Buffers, Link, Mode, Part, Pinning, Step};
use std::convert::Infallible;
use std::task::Poll;

pub(crate) struct RustSide {
    keys: &'static Keys,
    ephemerals: Ephemerals<SeedEntropy>,
    link: Link<'static, Vec<u8>>,
    is_open: bool,
}

struct Keys {
    identity: Identity,
    peer: Peer,
    psk: Psk,
}

struct Boot;

impl Counter for Boot {
    fn next(&mut self) -> Result<u64, CounterFailed> {
        Ok(1)
    }
}

impl RustSide {
    fn new(number: u8, peer: u8) -> Self {
        let [identity, other] =
            [number, peer].map(|number| Identity::new(Secret::new([number; 32])).unwrap());
        let peer = Peer::pin(&identity, other.public_key()).unwrap();
        // Left behind: tests are short, and a link borrows its keys.
        let keys = Box::leak(Box::new(Keys { identity, peer, psk: Psk::new(Secret::new(PSK)).unwrap() }));
        let seed = SeedEntropy::new(Secret::new([number + 1; 32])).unwrap();
        let ephemerals = Ephemerals::new(seed, Secret::new([number + 2; 32]), &mut Boot).unwrap();
        let buffers = Buffers::new(vec![0; INCOMING], vec![0; INCOMING + 2]).unwrap();
        Self { keys, ephemerals, link: Link::new(buffers), is_open: false }
    }

    pub(crate) fn initiator(mode: lowkey_mode, number: u8, peer: u8) -> Self {
        let mut side = Self::new(number, peer);
        let (pinning, keys) = (side.pinning(mode), side.keys);
        let (link, ephemerals, id) = (&mut side.link, &mut side.ephemerals, Id::new(ID).unwrap());
        match mode {
            lowkey_mode::LOWKEY_XX => link.initiate_xx(&keys.identity, None, ephemerals),
            lowkey_mode::LOWKEY_XXPSK0 => link.initiate_xx_psk0(&keys.identity, id, &keys.psk, ephemerals),
            _ => link.initiate_kk(pinning, ephemerals),
        }
        .unwrap();
        side
    }

    /// A first frame in the mode `played` whose hello says `said`.
    pub(crate) fn misnamed(played: lowkey_mode, said: lowkey_mode, number: u8, peer: u8) -> Vec<u8> {
        let mut side = Self::new(number, peer);
        let hello = [&[1, said as u8, ID.len() as u8], &ID[..]].concat();
        let prologue = [b"lowkey/1", &hello[..]].concat();
        let Pinning { identity, peer, psk, .. } = side.pinning(played);
        let mut message = [0; 50];
        let begin = kk::Initiator::new(identity, peer, psk, &prologue);
        begin.write_message_1(&mut side.ephemerals, &[1, 0], &mut message).unwrap();
        let body = [&hello[..], &message].concat();
        [&(body.len() as u16).to_be_bytes()[..], &body].concat()
    }

    pub(crate) fn responder(number: u8, peer: u8) -> Self {
        let mut side = Self::new(number, peer);
        side.link.respond().unwrap();
        side
    }

    fn pinning(&self, mode: lowkey_mode) -> Pinning<'static> {
        Pinning {
            id: Id::new(ID).unwrap(),
            identity: &self.keys.identity,
            peer: &self.keys.peer,
            psk: has_psk(mode).then_some(&self.keys.psk),
        }
    }
}

impl Side for RustSide {
    fn poll(&mut self) -> Result<lowkey_event, String> {
        let text = |error: lowkey_transport::Error| error.to_string();
        if !self.is_open {
            return Ok(match self.link.step().map_err(text)? {
                Step::Write => LOWKEY_EVENT_WRITE,
                Step::Read => LOWKEY_EVENT_READ,
                Step::Hello => LOWKEY_EVENT_HELLO,
                Step::Claim => LOWKEY_EVENT_CLAIM,
                Step::Done => {
                    self.is_open = true;
                    LOWKEY_EVENT_OPEN
                }
            });
        }
        Ok(match self.link.receive().map_err(text)? {
            Poll::Ready(Some(_)) => LOWKEY_EVENT_DATA,
            _ if !self.link.unsent().map_err(text)?.is_empty() => LOWKEY_EVENT_WRITE,
            Poll::Pending => LOWKEY_EVENT_READ,
            Poll::Ready(None) => LOWKEY_EVENT_END,
        })
    }

    fn answer(&mut self, mode: lowkey_mode) {
        let (pinning, keys) = (self.pinning(mode), self.keys);
        let asked = self.link.hello().unwrap();
        let (asked_id, id) = (asked.id, Id::new(ID).filter(|_| mode != lowkey_mode::LOWKEY_XX));
        let known = [Mode::Kk, Mode::KkPsk0, Mode::Xx, Mode::XxPsk0];
        assert_eq!((asked.mode, asked_id), (known[mode as usize - 1], id));
        if is_kk(mode) {
            self.link.answer_kk(pinning, &mut self.ephemerals).unwrap();
        } else {
            let psk = has_psk(mode).then_some(&keys.psk);
            self.link.answer_xx(&keys.identity, psk, &mut self.ephemerals).unwrap();
        }
    }

    fn accept(&mut self) {
        self.link.accept().unwrap();
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<usize, String> {
        self.link.feed(bytes).map_err(|error| error.to_string())
    }

    fn feed_end(&mut self) -> Result<(), String> {
        self.link.on_read(Ok::<_, Infallible>(0)).map_err(|error| error.to_string())
    }

    fn unsent(&mut self) -> Vec<u8> {
        self.link.unsent().unwrap_or_default().to_vec()
    }

    fn sent(&mut self, n: usize) {
        self.link.on_write(Ok::<_, Infallible>(n)).unwrap();
    }

    fn take(&mut self) -> (Vec<u8>, bool) {
        let fragment = self.link.take().unwrap();
        (fragment.bytes.to_vec(), fragment.part == Part::Last)
    }

    fn send(&mut self, bytes: &[u8], is_last: bool) -> usize {
        match self.link.send_part(bytes, if is_last { Part::Last } else { Part::More }).unwrap() {
            Poll::Ready(n) => n,
            Poll::Pending => panic!("something is unsent"),
        }
    }

    fn ping(&mut self, body: &[u8]) {
        assert!(self.link.ping(body).unwrap().is_ready());
    }

    fn awaits_pong(&self) -> bool {
        self.link.awaits_pong()
    }

    fn close(&mut self) {
        self.link.close().unwrap();
    }

    fn is_closed(&self) -> bool {
        self.link.is_closed()
    }

    fn handshake_hash(&self) -> [u8; 32] {
        self.link.handshake_hash().unwrap()
    }

    fn peer_key(&self) -> [u8; 32] {
        *self.link.proven_key().unwrap().as_bytes()
    }

    fn our_key(&self) -> [u8; 32] {
        *self.keys.identity.public_key().as_bytes()
    }
}
