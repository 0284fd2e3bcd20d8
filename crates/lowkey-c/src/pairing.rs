//! Pairing with a code: what the library plays by itself, over three callbacks that keep what the peer has proven.

use crate::apart::lies_apart;
use crate::begin::{NOBODY, create};
use crate::buffers::lowkey_buffers;
use crate::call::{attempt, give, wiped};
use crate::channel::{lowkey_channel, lowkey_pinning};
use crate::ephemerals::lowkey_ephemerals;
use crate::event::lowkey_event::{self, *};
use crate::io::{lowkey_io, stream};
use crate::keys::{lowkey_identity, lowkey_psk};
use crate::link::Channel;
use crate::object_sizes::{LOWKEY_CODE_NAME_LEN, LOWKEY_PAIRING_WORDS};
use crate::raw::callbacks::{Pins, Random};
use crate::raw::{self, Entered, Failure, Kept, Object};
use crate::status::lowkey_status::{self, *};
use crate::stream::Stream;
use core::convert::Infallible;
use core::ffi::c_void;
use core::mem::take;
use core::ptr;
use lowkey_core::{Ephemerals, Id};
use lowkey_transport::{Error, Keeper, Link, PairError, Pairing, Step, Window};

/// A pairing with one code: its window, and how far an attempt is. Make it with lowkey_pairing_init.
#[repr(C)]
pub struct lowkey_pairing {
    /// Not for you.
    pub opaque: [u64; LOWKEY_PAIRING_WORDS],
}

impl Object for lowkey_pairing {
    type Inner = Attempts;
    const LETTER: u8 = b'g';
}

/// Where a pairing keeps the peer's key, in flash for example. All three callbacks must be given. They get the peer's
/// public key and the code's name, and must not call a function on the pairing or channel that called them.
///
/// A stored key is pending: it counts in KK, and the pinning of before stays beside it until this one is final. When
/// the stream is cut nothing is called. So dial with the pending one first; once that channel is open, it is final.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct lowkey_pin_store {
    /// Given to every callback.
    pub context: *mut c_void,
    /// Stores the key as pending and returns 0 when it is there, whenever the power fails; the same key again is no
    /// error and changes nothing, also when it is final by this code. `shared` is what lowkey_peer_init takes and as
    /// secret as the private key. Anything but 0 refuses the peer: also if another key is pending under this code.
    pub store: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            peer_key: *const u8,
            shared: *const u8,
            code: *const u8,
        ) -> i32,
    >,
    /// Makes the key that is pending final: the peer has stored ours as well. The code is spent, the pinning of before
    /// is gone. What cannot be made final stays pending; a channel in KK makes it final.
    pub finalise: Option<unsafe extern "C" fn(context: *mut c_void, peer_key: *const u8, code: *const u8)>,
    /// Removes the key if it is pending: the peer has refused ours.
    pub remove: Option<unsafe extern "C" fn(context: *mut c_void, peer_key: *const u8, code: *const u8)>,
}

/// What a pairing goes on with from attempt to attempt.
pub(crate) struct Attempts {
    window: Window<'static>,
    identity: *const lowkey_identity,
    psk: *const lowkey_psk,
    store: Pins,
    keeper: Option<Keeper<'static, Pins>>,
    /// What answers a hello; an initiator has none. A pointer, so that firmware has in its flash only the role that it
    /// begins.
    answer: Option<Answer>,
}

type Answer =
    fn(&mut Window<'static>, &mut Link<'static, Kept>, &mut Ephemerals<Random>) -> Result<(), Error>;

/// Makes a pairing with the code whose PSK and name lowkey_code_psk has given. Of a responder it is the window as well:
/// it remembers whom it has answered, and refuses a recording and, after 16 attempts that knew the code, everybody.
/// When it ends is yours to say: wipe it then.
///
/// `identity` and `psk` must stay, unchanged, as long as the pairing is used; `code` and `store` are copied.
///
/// LOWKEY_NULL (also a callback), LOWKEY_NOT_INITIALISED, LOWKEY_OUT_OF_TURN: the pairing is as it was.
/// cbindgen:ptrs-as-arrays=[[code;8]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_pairing_init(
    pairing: *mut lowkey_pairing,
    identity: *const lowkey_identity,
    psk: *const lowkey_psk,
    code: *const u8,
    store: *const lowkey_pin_store,
) -> lowkey_status {
    attempt(|| {
        let storage = raw::vacant(pairing)?;
        let code = Id::new(raw::array::<LOWKEY_CODE_NAME_LEN>(code)?).ok_or(LOWKEY_BUG)?;
        let with = Pairing { code, psk: raw::shared(psk)?, identity: raw::shared(identity)? };
        let store = pins(raw::plain(store)?)?;
        storage.fill(|| Attempts {
            window: Window::new(with),
            identity,
            psk,
            store,
            keeper: None,
            answer: None,
        });
        Ok(())
    })
}

/// Begins an attempt as the initiator, and makes the first message at once: this needs no network and takes one
/// multiplication. Then lowkey_pairing_run, or lowkey_pairing_poll.
///
/// `channel` and `ephemerals` as lowkey_xx_initiator has them. Statuses as there, and of the pairing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_pairing_initiator(
    pairing: *mut lowkey_pairing,
    channel: *mut lowkey_channel,
    buffers: *const lowkey_buffers,
    ephemerals: *mut lowkey_ephemerals,
) -> lowkey_status {
    attempt(|| {
        let (mut attempts, at) = (raw::enter(pairing)?, ephemerals);
        let mut ephemerals = raw::enter(ephemerals)?;
        let mut channel = begin(&attempts, pairing, channel, buffers, at)?;
        let Pairing { code, psk, identity } = attempts.window.pairing();
        let begun = channel.link.initiate_xx_psk0(identity, code, psk, &mut ephemerals);
        attempts.begins(None);
        channel.keep(begun.map_err(Failure::from))
    })
}

/// Begins an attempt as the responder: waits for an initiator. Then lowkey_pairing_run, or lowkey_pairing_poll.
///
/// Statuses as lowkey_responder, and of the pairing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_pairing_responder(
    pairing: *mut lowkey_pairing,
    channel: *mut lowkey_channel,
    buffers: *const lowkey_buffers,
) -> lowkey_status {
    attempt(|| {
        let mut attempts = raw::enter(pairing)?;
        let mut channel = begin(&attempts, pairing, channel, buffers, ptr::null())?;
        let begun = channel.link.respond();
        attempts.begins(Some(Window::answer));
        channel.keep(begun.map_err(Failure::from))
    })
}

/// Says what the attempt needs next, as lowkey_poll does of a channel: LOWKEY_EVENT_READ or LOWKEY_EVENT_WRITE. What is
/// to be decided it decides itself, and calls the store. LOWKEY_EVENT_END: both sides have stored the other's key, and
/// have closed. Connect in KK then; the device is its initiator, and its key is the first for lowkey_pinning_id.
///
/// `ephemerals` makes the second message, which takes three multiplications; an initiator may give NULL.
///
/// After a status that is not recoverable, of this call or of one that moves bytes, or when you give up, the attempt
/// is over; call this once more then: the last bytes of a pairing that has come to its end may be missing, and this
/// gives LOWKEY_EVENT_END all the same. LOWKEY_DECLINED: `store` has refused the key. LOWKEY_NOT_WELCOME: the peer has
/// refused ours, and `remove` has been called if it was stored. Whatever else ended it: what was stored is pending.
/// LOWKEY_OUT_OF_TURN: no attempt is going on. LOWKEY_NULL (also missing `ephemerals`), LOWKEY_NOT_INITIALISED: nothing
/// was done. `event` is as it was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_pairing_poll(
    pairing: *mut lowkey_pairing,
    channel: *mut lowkey_channel,
    ephemerals: *mut lowkey_ephemerals,
    event: *mut lowkey_event,
) -> lowkey_status {
    wiped(give(|| {
        let event = raw::out(event)?;
        let (mut attempts, mut channel) = (raw::enter(pairing)?, raw::enter(channel)?);
        let mut ephemerals = entered_or_none(ephemerals)?;
        Ok((event, attempts.poll(&mut channel, ephemerals.as_deref_mut())?))
    }))
}

/// Reads and writes until the attempt is over. LOWKEY_OK: both sides have stored the other's key.
///
/// LOWKEY_WOULD_BLOCK: a callback said so; call it again when the stream is ready. Other statuses as
/// lowkey_pairing_poll, and LOWKEY_IO. Nothing here has a clock: your `read` gives up when it has waited for too long.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_pairing_run(
    pairing: *mut lowkey_pairing,
    channel: *mut lowkey_channel,
    io: *const lowkey_io,
    ephemerals: *mut lowkey_ephemerals,
) -> lowkey_status {
    wiped(attempt(|| {
        let mut io = stream(raw::plain(io)?)?;
        let (mut attempts, mut channel) = (raw::enter(pairing)?, raw::enter(channel)?);
        let mut ephemerals = entered_or_none(ephemerals)?;
        attempts.run(&mut channel, &mut io, ephemerals.as_deref_mut())
    }))
}

/// Makes zeros of a pairing, whatever its storage holds. What its store has is as it was.
///
/// LOWKEY_NULL, LOWKEY_OUT_OF_TURN: nothing was wiped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_pairing_wipe(pairing: *mut lowkey_pairing) -> lowkey_status {
    attempt(|| raw::wipe(pairing))
}

impl Attempts {
    fn begins(&mut self, answer: Option<Answer>) {
        self.keeper = Some(Keeper::new(self.window.pairing(), self.store));
        self.answer = answer;
    }

    /// What is next. Nothing waits behind what a stuck stream has not taken.
    #[inline(never)] // what it moves lies beneath what is wiped
    fn poll(
        &mut self,
        channel: &mut Channel,
        mut ephemerals: Option<&mut Ephemerals<Random>>,
    ) -> Result<lowkey_event, Failure> {
        let Some(keeper) = &mut self.keeper else {
            channel.link.alive()?; // what ended it, if something has
            return Err(LOWKEY_OUT_OF_TURN.into());
        };
        let is_stuck = take(&mut channel.is_stuck);
        let link = &mut channel.link;
        let ended = loop {
            match link.unsent() {
                Ok([]) => {}
                Ok(_) if is_stuck => return Ok(LOWKEY_EVENT_READ),
                Ok(_) => return Ok(LOWKEY_EVENT_WRITE),
                Err(_) => {} // the keeper is told
            }
            let _over = link.on_flush(Ok::<_, Infallible>(())); // what C has taken has left
            match keeper.step(link) {
                Ok(Step::Write) => {}
                Ok(Step::Hello) => {
                    let ephemerals = ephemerals.as_deref_mut().ok_or(LOWKEY_NULL)?;
                    let answer = self.answer.ok_or(LOWKEY_BUG)?;
                    if let Err(error) = answer(&mut self.window, link, ephemerals) {
                        break Err(error);
                    }
                }
                Ok(Step::Done) => break Ok(()),
                Ok(_) => return Ok(LOWKEY_EVENT_READ),
                Err(error) => break Err(error),
            }
        };
        let ended = keeper.end(ended);
        self.keeper = None;
        match ended {
            Ok(()) => Ok(LOWKEY_EVENT_END),
            Err(PairError::Failed(error)) => Err(error.into()),
            Err(_) => Err(LOWKEY_DECLINED.into()), // only `store` can fail
        }
    }

    /// The same with a stream.
    fn run(
        &mut self,
        channel: &mut Channel,
        io: &mut impl Stream,
        mut ephemerals: Option<&mut Ephemerals<Random>>,
    ) -> Result<(), Failure> {
        loop {
            let moved = match self.poll(channel, ephemerals.as_deref_mut())? {
                LOWKEY_EVENT_WRITE => channel.flush(io),
                LOWKEY_EVENT_READ => read(channel, io),
                _ => return Ok(()),
            };
            match moved {
                Err(failure) if failure.is_recoverable() => return Err(failure),
                _ => {} // what ended it comes up again in `poll`
            }
        }
    }
}

/// Reads once.
fn read(channel: &mut Channel, io: &mut impl Stream) -> Result<(), Failure> {
    let link = &mut channel.link;
    let n = io.read(link.space()).map_err(|kind| link.fail(Error::Io(kind)))?;
    Ok(link.on_read(Ok::<_, Infallible>(n))?)
}

/// Makes the channel of an attempt, which has not begun.
#[inline(never)]
unsafe fn begin(
    attempts: &Attempts,
    pairing: *const lowkey_pairing,
    channel: *mut lowkey_channel,
    buffers: *const lowkey_buffers,
    ephemerals: *const lowkey_ephemerals,
) -> Result<Entered<lowkey_channel>, Failure> {
    let (storage, given) = (raw::vacant(channel)?, raw::plain(buffers)?);
    let (identity, psk) = (attempts.identity, attempts.psk);
    raw::shared(identity)?;
    raw::shared(psk)?;
    for (buffer, len) in [(given.incoming, given.incoming_len), (given.outgoing, given.outgoing_len)] {
        lies_apart(buffer, len, &[(pairing.cast(), size_of::<lowkey_pairing>())])?;
    }
    create(storage, buffers, &lowkey_pinning { identity, psk, ..NOBODY }, ephemerals)
}

/// The ephemerals, if there are some.
unsafe fn entered_or_none(
    ephemerals: *mut lowkey_ephemerals,
) -> Result<Option<Entered<lowkey_ephemerals>>, Failure> {
    if ephemerals.is_null() { Ok(None) } else { raw::enter(ephemerals).map(Some) }
}

/// The store that C has described.
fn pins(given: &lowkey_pin_store) -> Result<Pins, Failure> {
    let lowkey_pin_store { context, store, finalise, remove } = *given;
    match (store, finalise, remove) {
        (Some(store), Some(finalise), Some(remove)) => Ok(Pins { context, store, finalise, remove }),
        _ => Err(LOWKEY_NULL.into()),
    }
}
