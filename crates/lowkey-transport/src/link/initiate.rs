//! A link as the initiator: hello ‖ message 1 is made at once, before there is a network.

use super::{Link, Pinning};
use crate::Error;
use crate::handshake::{KkInitiator, XxInitiator};
use crate::hello::{Hello, Mode, Prologue};
use crate::incoming::Incoming;
use crate::limits::{Buffer, Buffers};
use crate::outgoing::Outgoing;
use crate::parameters::Parameters;
use lowkey_core::{Entropy, Ephemerals, Id, Identity, Psk, kk, xx};

impl<'k, B: Buffer> Link<B, KkInitiator<'k>> {
    /// Begins KK (or KKpsk0, if the pinning has a PSK) and makes message 1, which needs no network.
    ///
    /// # Errors
    /// [`Error::Entropy`], [`Error::Exhausted`]: no ephemeral could be made.
    pub fn kk_initiator<E: Entropy>(
        pinning: Pinning<'k>,
        ephemerals: &mut Ephemerals<E>,
        buffers: Buffers<B>,
    ) -> Result<Self, Error> {
        let Pinning { id, identity, peer, psk } = pinning;
        let hello = Hello { mode: pinning.mode(), id: Some(id) };
        Self::initiate(hello, buffers, |prologue, ours, out| {
            let begin = kk::Initiator::new(identity, peer, psk, prologue);
            let (next, len) = begin.write_message_1(ephemerals, &ours, out)?;
            Ok((KkInitiator(next), len))
        })
    }
}

impl<'k, B: Buffer> Link<B, XxInitiator<'k>> {
    /// Begins a pairing without a code; the application compares the whole handshake hash by machine.
    ///
    /// # Errors
    /// As [`Link::kk_initiator`].
    pub fn xx_initiator<E: Entropy>(
        identity: &'k Identity,
        id: Option<Id>,
        ephemerals: &mut Ephemerals<E>,
        buffers: Buffers<B>,
    ) -> Result<Self, Error> {
        Self::initiate_xx(Hello { mode: Mode::Xx, id }, identity, None, ephemerals, buffers)
    }

    /// Begins a pairing with a code: `psk` is made from it and `id` names it.
    ///
    /// # Errors
    /// As [`Link::kk_initiator`].
    pub fn xx_psk0_initiator<E: Entropy>(
        identity: &'k Identity,
        id: Id,
        psk: &'k Psk,
        ephemerals: &mut Ephemerals<E>,
        buffers: Buffers<B>,
    ) -> Result<Self, Error> {
        Self::initiate_xx(
            Hello { mode: Mode::XxPsk0, id: Some(id) },
            identity,
            Some(psk),
            ephemerals,
            buffers,
        )
    }

    fn initiate_xx<E: Entropy>(
        hello: Hello,
        identity: &'k Identity,
        psk: Option<&'k Psk>,
        ephemerals: &mut Ephemerals<E>,
        buffers: Buffers<B>,
    ) -> Result<Self, Error> {
        Self::initiate(hello, buffers, |prologue, _ours, out| {
            let begin = xx::Initiator::new(identity, psk, prologue);
            let (next, len) = begin.write_message_1(ephemerals, &[], out)?;
            Ok((XxInitiator(next), len))
        })
    }
}

impl<B: Buffer, H> Link<B, H> {
    /// Stages hello ‖ message 1.
    fn initiate(
        hello: Hello,
        buffers: Buffers<B>,
        message_1: impl FnOnce(&[u8], [u8; 2], &mut [u8]) -> Result<(H, usize), lowkey_core::Error>,
    ) -> Result<Self, Error> {
        let ours = Parameters { max_frame: buffers.max_frame }.to_bytes();
        let mut outgoing = Outgoing::new(buffers.outgoing);
        let body = outgoing.outbox.body()?;
        let hello_len = hello.write(body).ok_or(Error::BufferTooSmall)?;
        let (hello, message) = body.split_at_mut_checked(hello_len).ok_or(Error::BufferTooSmall)?;
        let prologue = Prologue::new(hello);
        let (next, len) = message_1(prologue.as_bytes(), ours, message).map_err(Error::in_handshake)?;
        outgoing.outbox.commit(hello_len.saturating_add(len))?;
        let incoming = Incoming::new(buffers.incoming, buffers.max_message);
        Ok(Self::new(next, incoming, outgoing, buffers.max_frame))
    }
}
