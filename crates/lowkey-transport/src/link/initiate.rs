//! A link as the initiator (protocol §2, §3): hello ‖ message 1 is made at once, before there is a network.

use super::settle::hear_welcome;
use super::state::{Awaits, Phase, Play, State};
use super::{Link, wipe_handshake_stack};
use crate::error::Error;
use crate::hello::{Hello, Mode, PROLOGUE_WORD};
use crate::limits::{Buffer, Buffers, HEADER};
use crate::numbers::{Payload, payload};
use crate::parameters::Parameters;
use crate::pinning::Pinning;
use crate::refusal::Refusal;
use lowkey_core::{Claim, Entropy, Ephemerals, Id, Identity, Psk, kk, xx};

impl<'k, B: Buffer> Link<'k, B> {
    /// [`Self::new`] and [`Self::initiate_kk`].
    ///
    /// # Errors
    /// [`Error::Entropy`], [`Error::Exhausted`]: no ephemeral could be made.
    pub fn kk_initiator<E: Entropy>(
        pinning: Pinning<'k>,
        ephemerals: &mut Ephemerals<E>,
        buffers: Buffers<B>,
    ) -> Result<Self, Error> {
        let mut link = Self::new(buffers);
        link.initiate_kk(pinning, ephemerals)?;
        Ok(link)
    }

    /// [`Self::new`] and [`Self::initiate_xx`].
    ///
    /// # Errors
    /// As [`Self::kk_initiator`].
    pub fn xx_initiator<E: Entropy>(
        identity: &'k Identity,
        id: Option<Id>,
        ephemerals: &mut Ephemerals<E>,
        buffers: Buffers<B>,
    ) -> Result<Self, Error> {
        let mut link = Self::new(buffers);
        link.initiate_xx(identity, id, ephemerals)?;
        Ok(link)
    }

    /// [`Self::new`] and [`Self::initiate_xx_psk0`].
    ///
    /// # Errors
    /// As [`Self::kk_initiator`].
    pub fn xx_psk0_initiator<E: Entropy>(
        identity: &'k Identity,
        id: Id,
        psk: &'k Psk,
        ephemerals: &mut Ephemerals<E>,
        buffers: Buffers<B>,
    ) -> Result<Self, Error> {
        let mut link = Self::new(buffers);
        link.initiate_xx_psk0(identity, id, psk, ephemerals)?;
        Ok(link)
    }

    /// Begins KK (or KKpsk0, if the pinning has a PSK) and makes message 1, which needs no network.
    ///
    /// # Errors
    /// [`Error::Entropy`], [`Error::Exhausted`]: no ephemeral could be made; the link has not begun.
    /// [`Error::OutOfTurn`]: it had begun before.
    pub fn initiate_kk<E: Entropy>(
        &mut self,
        pinning: Pinning<'k>,
        ephemerals: &mut Ephemerals<E>,
    ) -> Result<(), Error> {
        let Pinning { id, identity, peer, psk } = pinning;
        self.initiate(pinning.mode(), Some(&id), Self::read_kk_message_2, |storage, prologue, ours, out| {
            let begin = kk::Initiator::new_in(storage, identity, peer, psk, prologue);
            let (next, len) = begin.write_message_1(ephemerals, &ours, out)?;
            next.park();
            Ok(len)
        })
    }

    /// Begins a pairing without a code; the application compares the whole handshake hash by machine.
    ///
    /// # Errors
    /// As [`Self::initiate_kk`].
    pub fn initiate_xx<E: Entropy>(
        &mut self,
        identity: &'k Identity,
        id: Option<Id>,
        ephemerals: &mut Ephemerals<E>,
    ) -> Result<(), Error> {
        self.begin_xx(Mode::Xx, id, identity, None, ephemerals)
    }

    /// Begins a pairing with a code: `psk` is made from it and `id` names it.
    ///
    /// # Errors
    /// As [`Self::initiate_kk`].
    pub fn initiate_xx_psk0<E: Entropy>(
        &mut self,
        identity: &'k Identity,
        id: Id,
        psk: &'k Psk,
        ephemerals: &mut Ephemerals<E>,
    ) -> Result<(), Error> {
        self.begin_xx(Mode::XxPsk0, Some(id), identity, Some(psk), ephemerals)
    }

    fn begin_xx<E: Entropy>(
        &mut self,
        mode: Mode,
        id: Option<Id>,
        identity: &'k Identity,
        psk: Option<&'k Psk>,
        ephemerals: &mut Ephemerals<E>,
    ) -> Result<(), Error> {
        self.initiate(mode, id.as_ref(), Self::read_xx_message_2, |storage, prologue, _ours, out| {
            let begin = xx::Initiator::new_in(storage, identity, psk, prologue);
            let (next, len) = begin.write_message_1(ephemerals, &[], out)?;
            next.park();
            Ok(len)
        })
    }

    /// Stages hello ‖ message 1.
    fn initiate(
        &mut self,
        mode: Mode,
        id: Option<&Id>,
        play: Play<'k, B>,
        message_1: impl FnOnce(
            &mut kk::Storage<'k>,
            &[u8],
            Payload<'_>,
            &mut [u8],
        ) -> Result<usize, lowkey_core::Error>,
    ) -> Result<(), Error> {
        let Self { outgoing, state, max_frame, shown, .. } = self;
        let ours = payload(*max_frame, shown);
        let state = state.get_mut();
        let State::Idle = state else { return Err(Error::OutOfTurn) };
        let front = outgoing.outlet.front().ok_or(Error::Bug)?;
        let prologue_len = Hello::write_prologue(mode, id, front).ok_or(Error::Bug)?;
        let (prologue, message) = front.split_at_mut_checked(prologue_len).ok_or(Error::Bug)?;
        *state = State::Awaiting(play, kk::Storage::new());
        let State::Awaiting(_, storage) = state else { return Err(Error::Bug) };
        let made = message_1(storage, prologue, ours, message);
        wipe_handshake_stack();
        match made {
            // The frame's length gets over the end of the word, which has been hashed.
            Ok(len) => {
                outgoing.outlet.commit_at(PROLOGUE_WORD.len() - HEADER, prologue_len.wrapping_add(len))
            }
            Err(error) => {
                *state = State::Idle;
                Err(Error::in_handshake(error))
            }
        }
    }

    /// KK: both sides hold keys, and we are sure: the peer has answered our ephemeral (protocol §3).
    fn read_kk_message_2(&mut self) -> Result<(), Error> {
        let State::Awaiting(_, storage) = self.state.get_mut() else { return Err(Error::Bug) };
        let frame = self.incoming.inlet.frame().ok_or(Error::Bug)?;
        refused(frame)?;
        let step = kk::AwaitMessage2::resume(storage).ok_or(Error::Bug)?;
        let (agreed, payload) = step.agree(frame).map_err(Error::in_handshake)?;
        let theirs = Parameters::read(payload)?;
        let proven = agreed.peer_key().ok_or(Error::Bug)?;
        let session = agreed.split();
        self.establish(session, proven, theirs, Phase::Open);
        let keyed = self.state.get_mut().open()?;
        self.outgoing.confirm(keyed) // at once
    }

    /// XX: both sides hold keys as soon as message 3 has arrived. Until somebody judges the peer's, nothing else comes
    /// through.
    fn read_xx_message_2(&mut self) -> Result<(), Error> {
        let Self { incoming, outgoing, state, max_frame, shown } = self;
        let ours = payload(*max_frame, shown);
        let State::Awaiting(_, storage) = state.get_mut() else { return Err(Error::Bug) };
        let frame = incoming.inlet.frame().ok_or(Error::Bug)?;
        refused(frame)?;
        let step = xx::AwaitMessage2::resume(storage).ok_or(Error::Bug)?;
        let (next, payload) = step.read_message_2(frame).map_err(Error::in_handshake)?;
        let theirs = Parameters::read(payload)?;
        let message_3 = next.write_message_3(&ours, outgoing.outlet.body().ok_or(Error::Bug)?);
        let (claim, len) = message_3.map_err(Error::in_handshake)?;
        self.claimed(claim, theirs, Awaits::Welcome);
        self.outgoing.outlet.commit(len)
    }

    /// XX: both sides hold keys, and nobody has judged the peer's.
    #[inline(never)]
    pub(super) fn claimed(&mut self, claim: Claim, theirs: Parameters, awaits: Awaits) {
        let proven = claim.public_key();
        self.establish(claim.accept(), proven, theirs, Phase::Settling(awaits, hear_welcome));
    }
}

/// A frame of one byte in place of message 2 is a refusal.
fn refused(frame: &[u8]) -> Result<(), Error> {
    match frame {
        [code] => Err(Error::Refused(Refusal::new(*code))),
        _ => Ok(()),
    }
}
