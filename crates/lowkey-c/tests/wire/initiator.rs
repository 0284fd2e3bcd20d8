//! An initiator behind one of the headers, and a stream that takes all of it.

use lowkey_c::*;
use lowkey_event::*;
use lowkey_status::*;
use std::ptr;

/// Which header it is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    Kk,
    All,
}

pub(crate) const BOTH: [Header; 2] = [Header::Kk, Header::All];

/// What an application hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Open,
    /// A piece of a message that goes on.
    More(Vec<u8>),
    /// The last piece of a message.
    Last(Vec<u8>),
    End,
}

/// What was given to make it.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) header: Header,
    pub(crate) has_psk: bool,
    pub(crate) boot: u64,
    pub(crate) incoming: usize,
    pub(crate) max_frame: u16,
    pub(crate) max_message: usize,
}

impl Setup {
    pub(crate) const fn of(header: Header) -> Self {
        Self { header, has_psk: false, boot: 1, incoming: INCOMING, max_frame: 0, max_message: 0 }
    }
}

/// One that lies still: it knows its address, and so do its keys.
pub(crate) struct Initiator {
    header: Header,
    device: lowkey_kk,
    channel: lowkey_channel,
    keys: Keys,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

struct Keys {
    identity: lowkey_identity,
    peer: lowkey_peer,
    psk: lowkey_psk,
    seed: lowkey_seed,
    ephemerals: lowkey_ephemerals,
    ours: [u8; 32],
    shared: [u8; 32],
}

/// The same function of both headers.
macro_rules! call {
    ($self:ident, $kk:ident, $all:ident $(, $argument:expr)*) => {{
        let this = &mut *$self;
        // SAFETY: the object, its keys and its buffers are where they were begun; outputs are local.
        unsafe {
            match this.header {
                Header::Kk => $kk(&raw mut this.device $(, $argument)*),
                Header::All => $all(&raw mut this.channel $(, $argument)*),
            }
        }
    }};
}

pub(crate) type Outcome<T> = Result<T, lowkey_status>;

pub(crate) fn outcome(status: lowkey_status) -> Outcome<()> {
    if status == LOWKEY_OK { Ok(()) } else { Err(status) }
}

/// The public key of a private one.
pub(crate) fn public_key(private: &[u8; 32]) -> [u8; 32] {
    // SAFETY: zeros are storage that was never initialised.
    let mut identity: lowkey_identity = unsafe { std::mem::zeroed() };
    let mut key = [0; 32];
    // SAFETY: all of it is local.
    unsafe {
        outcome(lowkey_identity_init(&mut identity, private.as_ptr(), ptr::null())).unwrap();
        outcome(lowkey_identity_public_key(&identity, key.as_mut_ptr())).unwrap();
    }
    key
}

impl Initiator {
    /// Begun: message 1 is unsent.
    pub(crate) fn begin(setup: Setup) -> Box<Self> {
        // SAFETY: zeros are storage that was never initialised, and numbers.
        let keys = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        let (device, channel) = unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        let (incoming, outgoing) = (vec![0; setup.incoming], vec![0; OUTGOING]);
        let mut made = Box::new(Self { header: setup.header, device, channel, keys, incoming, outgoing });
        made.make_keys(setup.boot);
        let buffers = lowkey_buffers {
            incoming: made.incoming.as_mut_ptr(),
            incoming_len: made.incoming.len(),
            outgoing: made.outgoing.as_mut_ptr(),
            outgoing_len: made.outgoing.len(),
            max_frame: setup.max_frame,
            max_message: setup.max_message,
        };
        outcome(made.connect(&buffers, setup)).unwrap();
        made
    }

    fn make_keys(&mut self, boot: u64) {
        let Keys { identity, peer, psk, seed, ephemerals, ours, shared } = &mut self.keys;
        let theirs = public_key(&RESPONDER);
        *ours = public_key(&INITIATOR);
        // SAFETY: everything lies in the box.
        unsafe {
            outcome(lowkey_identity_init(identity, INITIATOR.as_ptr(), ptr::null())).unwrap();
            outcome(lowkey_peer_init(peer, identity, theirs.as_ptr(), ptr::null())).unwrap();
            outcome(lowkey_peer_shared(peer, shared.as_mut_ptr())).unwrap();
            outcome(lowkey_psk_init(psk, PSK.as_ptr())).unwrap();
            outcome(lowkey_seed_init(seed, SEED.as_ptr())).unwrap();
            let (random, seed): (lowkey_random, _) = (Some(lowkey_seed_random), (&raw mut *seed).cast());
            outcome(lowkey_ephemerals_init(ephemerals, HEDGE.as_ptr(), boot, random, seed)).unwrap();
        }
    }

    fn connect(&mut self, buffers: &lowkey_buffers, setup: Setup) -> lowkey_status {
        static THEIRS: std::sync::LazyLock<[u8; 32]> = std::sync::LazyLock::new(|| public_key(&RESPONDER));
        let Self { header, device, channel, keys, .. } = self;
        let page = lowkey_page {
            id: ID.as_ptr(),
            id_len: ID.len(),
            address: ptr::null(),
            address_len: 0,
            private_key: INITIATOR.as_ptr(),
            public_key: keys.ours.as_ptr(),
            peer_key: THEIRS.as_ptr(),
            shared: keys.shared.as_ptr(),
            hedge: HEDGE.as_ptr(),
            seed: ptr::null(),
            psk: if setup.has_psk { PSK.as_ptr() } else { ptr::null() },
        };
        let pinning = lowkey_pinning {
            identity: &keys.identity,
            peer: &keys.peer,
            psk: if setup.has_psk { &raw const keys.psk } else { ptr::null() },
            id: ID.as_ptr(),
            id_len: ID.len(),
        };
        let (random, seed): (lowkey_random, _) = (Some(lowkey_seed_random), (&raw mut keys.seed).cast());
        // SAFETY: everything lies in the box, or is static.
        unsafe {
            match header {
                Header::All => lowkey_kk_initiator(channel, buffers, &pinning, &mut keys.ephemerals),
                Header::Kk => match lowkey_kk_init(device, &page, buffers, setup.boot, random, seed) {
                    LOWKEY_OK => lowkey_kk_begin(device),
                    status => status,
                },
            }
        }
    }

    pub(crate) fn poll(&mut self) -> Outcome<lowkey_event> {
        let mut event = LOWKEY_EVENT_HELLO;
        outcome(call!(self, lowkey_kk_poll, lowkey_poll, &mut event)).map(|()| event)
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Outcome<usize> {
        let mut taken = 0;
        outcome(call!(self, lowkey_kk_feed, lowkey_feed, bytes.as_ptr(), bytes.len(), &mut taken))
            .map(|()| taken)
    }

    pub(crate) fn feed_end(&mut self) -> Outcome<()> {
        outcome(call!(self, lowkey_kk_feed_end, lowkey_feed_end))
    }

    /// All that is unsent, as the stream takes it; what is owed then comes with it.
    pub(crate) fn sends(&mut self) -> Outcome<Vec<u8>> {
        let mut all = vec![];
        loop {
            let (mut bytes, mut len) = (ptr::null(), 0);
            outcome(call!(self, lowkey_kk_unsent, lowkey_unsent, &mut bytes, &mut len))?;
            if len == 0 {
                return Ok(all);
            }
            // SAFETY: so many bytes are unsent there.
            all.extend_from_slice(unsafe { std::slice::from_raw_parts(bytes, len) });
            outcome(call!(self, lowkey_kk_sent, lowkey_sent, len))?;
        }
    }

    pub(crate) fn sent(&mut self, len: usize) -> Outcome<()> {
        outcome(call!(self, lowkey_kk_sent, lowkey_sent, len))
    }

    pub(crate) fn take(&mut self) -> Outcome<Heard> {
        let (mut data, mut len, mut is_last) = (ptr::null(), 0, false);
        outcome(call!(self, lowkey_kk_take, lowkey_take, &mut data, &mut len, &mut is_last))?;
        // SAFETY: so many bytes were given.
        let piece = unsafe { std::slice::from_raw_parts(data, len) }.to_vec();
        Ok(if is_last { Heard::Last(piece) } else { Heard::More(piece) })
    }

    pub(crate) fn send(&mut self, message: &[u8]) -> Outcome<()> {
        outcome(call!(self, lowkey_kk_send, lowkey_send, message.as_ptr(), message.len()))
    }

    pub(crate) fn send_part(&mut self, bytes: &[u8], is_last: bool) -> Outcome<usize> {
        let mut taken = 0;
        let (at, len) = (bytes.as_ptr(), bytes.len());
        outcome(call!(self, lowkey_kk_send_part, lowkey_send_part, at, len, is_last, &mut taken))
            .map(|()| taken)
    }

    pub(crate) fn ping(&mut self, body: &[u8]) -> Outcome<()> {
        outcome(call!(self, lowkey_kk_ping, lowkey_ping, body.as_ptr(), body.len()))
    }

    pub(crate) fn close(&mut self) -> Outcome<()> {
        outcome(call!(self, lowkey_kk_close, lowkey_close))
    }

    pub(crate) fn max_data(&mut self) -> Outcome<usize> {
        let mut len = 0;
        outcome(call!(self, lowkey_kk_max_data, lowkey_max_data, &mut len)).map(|()| len)
    }

    pub(crate) fn handshake_hash(&mut self) -> Outcome<[u8; 32]> {
        let mut hash = [0; 32];
        outcome(call!(self, lowkey_kk_handshake_hash, lowkey_handshake_hash, hash.as_mut_ptr()))
            .map(|()| hash)
    }

    pub(crate) fn awaits_pong(&mut self) -> bool {
        call!(self, lowkey_kk_awaits_pong, lowkey_awaits_pong)
    }

    pub(crate) fn is_closed(&mut self) -> bool {
        call!(self, lowkey_kk_is_closed, lowkey_is_closed)
    }

    /// Gives it these bytes; what its application hears of them, until it fails. Nothing is written.
    pub(crate) fn hears(&mut self, mut bytes: &[u8]) -> (Vec<Heard>, Outcome<()>) {
        let mut heard = vec![];
        loop {
            let step = self.feed(bytes).and_then(|taken| {
                bytes = &bytes[taken..];
                self.listens(&mut heard)
            });
            if step.is_err() || bytes.is_empty() {
                return (heard, step);
            }
        }
    }

    /// Polls until there is nothing left to do but to read. A stream that takes nothing keeps nobody from it.
    fn listens(&mut self, heard: &mut Vec<Heard>) -> Outcome<()> {
        loop {
            match self.poll()? {
                LOWKEY_EVENT_READ => return Ok(()),
                LOWKEY_EVENT_WRITE => self.sent(0)?,
                LOWKEY_EVENT_DATA => heard.push(self.take()?),
                LOWKEY_EVENT_OPEN => heard.push(Heard::Open),
                LOWKEY_EVENT_END => {
                    if heard.last() != Some(&Heard::End) {
                        heard.push(Heard::End);
                    }
                    return Ok(());
                }
                event => panic!("{event:?}"),
            }
        }
    }
}

pub(crate) static INITIATOR: [u8; 32] = [1; 32];
pub(crate) const RESPONDER: [u8; 32] = [2; 32];
pub(crate) const PSK: [u8; 32] = [3; 32];
pub(crate) const ID: &[u8] = b"device 7";
pub(crate) const INCOMING: usize = 300;
pub(crate) const OUTGOING: usize = 262;
static SEED: [u8; 32] = [4; 32];
pub(crate) static HEDGE: [u8; 32] = [5; 32];
