//! How long to wait before the next attempt.

use crate::call::{attempt, give};
use crate::raw::{self, Object};
use crate::sizes::LOWKEY_BACKOFF_WORDS;
use crate::status::lowkey_any_status;
use crate::status::lowkey_status::{self, LOWKEY_REFUSED, LOWKEY_REFUSED_BUSY, LOWKEY_REFUSED_VERSION};
use lowkey_transport::{Backoff, Error, Refusal};

/// The pauses between one attempt and the next: longer after each that came to nothing, never the same on two
/// devices. Make it with lowkey_backoff_init. It holds no secret.
#[repr(C)]
pub struct lowkey_backoff {
    /// Not for you.
    pub opaque: [u64; LOWKEY_BACKOFF_WORDS],
}

impl Object for lowkey_backoff {
    type Inner = Backoff;
    const LETTER: u8 = b'b';
}

/// Begins: pauses of at most `first_ms` milliseconds at first and of at most `longest_ms` in the end; 500 and 30000
/// are good numbers. If `longest_ms` is shorter, `first_ms` is both. No pause is 0.
///
/// Each pause lies between half of a bound and the bound. The bound doubles with every pause, and is `first_ms` again
/// once a channel was good for something: see lowkey_backoff_ended.
///
/// LOWKEY_NULL: nothing was done.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_backoff_init(
    backoff: *mut lowkey_backoff,
    first_ms: u32,
    longest_ms: u32,
) -> lowkey_status {
    attempt(|| {
        raw::vacant(backoff)?.fill(|| Backoff::new(first_ms, longest_ms));
        Ok(())
    })
}

/// No channel came of an attempt, which ended with the status `why`: says how long to wait, in milliseconds. After a
/// refusal, LOWKEY_REFUSED_BUSY for example, that is eight times as long as after anything else.
///
/// `chance` is 32 bits that differ between devices and attempts, from lowkey_seed_random for example: of all that wait
/// for one server, no two wait equally long. They need not be secret.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED: `backoff` and `pause_ms` are as they were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_backoff_failed(
    backoff: *mut lowkey_backoff,
    why: lowkey_any_status,
    chance: u32,
    pause_ms: *mut u32,
) -> lowkey_status {
    give(|| {
        let (pause, backoff) = (raw::out(pause_ms)?, raw::exclusive(backoff)?);
        let why = if is_refusal(why) { Error::Refused(Refusal::REFUSED) } else { Error::HungUp };
        Ok((pause, backoff.failed(&why, chance)))
    })
}

/// A channel was open for `lasted_ms` milliseconds and is over, whatever the reason: says how long to wait. That is the
/// first pause again if something was received on it, or if it lasted for `longest_ms`. That it opened is not enough:
/// behind a server whose service is dead every channel opens.
///
/// `received` counts what the peer has sent: messages, or their bytes. What lowkey_send took says nothing: it may lie
/// in a buffer on the way. `chance` as for lowkey_backoff_failed.
///
/// LOWKEY_NULL, LOWKEY_NOT_INITIALISED: `backoff` and `pause_ms` are as they were.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_backoff_ended(
    backoff: *mut lowkey_backoff,
    lasted_ms: u32,
    received: usize,
    chance: u32,
    pause_ms: *mut u32,
) -> lowkey_status {
    give(|| {
        let (pause, backoff) = (raw::out(pause_ms)?, raw::exclusive(backoff)?);
        Ok((pause, backoff.ended(lasted_ms, received, chance)))
    })
}

/// LOWKEY_REFUSED, or one of its kin, whose numbers stand together.
fn is_refusal(status: lowkey_any_status) -> bool {
    status == LOWKEY_REFUSED as i32
        || (LOWKEY_REFUSED_VERSION as i32..=LOWKEY_REFUSED_BUSY as i32).contains(&status)
}
