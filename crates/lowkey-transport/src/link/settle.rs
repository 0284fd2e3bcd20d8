//! After the last handshake message: the records that make both sides sure of each other. In KK the first that opens
//! (protocol §3, "Confirmation"), in XX one word from each application (§6).

use super::state::{Awaits, Phase, State};
use super::{Link, Step};
use crate::error::Error;
use crate::keyed::Ours;
use crate::limits::Buffer;
use crate::refusal::Refusal;

impl<B: Buffer> Link<'_, B> {
    /// Says that the proven key is welcome, after [`Step::Claim`]; the caller has stored it.
    ///
    /// # Errors
    /// [`Error::OutOfTurn`]: there is no claim to accept now.
    pub fn accept(&mut self) -> Result<(), Error> {
        let state = self.state.get_mut();
        state.alive()?;
        let State::Keyed(Phase::Settling(awaits, _), keyed) = state else { return Err(Error::OutOfTurn) };
        let next = match awaits {
            _ if keyed.ours != Ours::Goes => return Err(Error::OutOfTurn), // it was refused
            Awaits::Judgement => Awaits::Confirmation,
            Awaits::JudgementBack => Awaits::Close,
            _ => return Err(Error::OutOfTurn),
        };
        *awaits = next;
        let said = self.outgoing.confirm(keyed);
        self.or_end(said)
    }
}

/// KK responder: any first record that is not an error confirms, and counts as what it is (protocol §3).
pub(super) fn hear_confirmation<B: Buffer>(link: &mut Link<'_, B>) -> Result<Step, Error> {
    let Link { incoming, state, .. } = link;
    let State::Keyed(phase, keyed) = state.get_mut() else { return Err(Error::Bug) };
    let Some(opened) = incoming.open(keyed)? else { return Ok(Step::Read) };
    incoming.act(&opened, keyed)?;
    *phase = Phase::Open;
    Ok(Step::Done)
}

/// XX: each side says that the other's key is welcome, or closes (protocol §6).
pub(super) fn hear_welcome<B: Buffer>(link: &mut Link<'_, B>) -> Result<Step, Error> {
    let Link { incoming, outgoing, state, .. } = link;
    let State::Keyed(Phase::Settling(awaits, _), keyed) = state.get_mut() else { return Err(Error::Bug) };
    loop {
        let needed = match awaits {
            Awaits::Close => Step::Done,
            _ if outgoing.has_ended(keyed) => return Err(Error::Declined(Refusal::REFUSED)),
            _ if keyed.is_peer_closed => return Err(Error::NotWelcome),
            Awaits::JudgementBack => return Ok(Step::Claim),
            Awaits::Judgement => Step::Claim, // nothing but a CLOSE can have come
            _ => Step::Read,
        };
        let Some(opened) = incoming.open(keyed)? else { return Ok(needed) };
        *awaits = awaits.after(opened.kind, opened.is_empty())?;
        incoming.act(&opened, keyed)?;
    }
}
