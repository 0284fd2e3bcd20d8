//! The handshakes that a [`Link`](crate::Link) can drive, by mode and role.
//!
//! Firmware names the one it uses and links no other. [`AnyHandshake`] is all of them in one type,
//! for servers and whatever decides at run time.

use crate::Error;
use crate::parameters::{Parameters, expect_empty};
use crate::refusal::Refusal;
use lowkey_core::{Claim, Session, kk, xx};

/// What a link does with the handshake frame that has come. Not for other crates to implement.
pub trait Handshake: sealed::Handshake {}
impl<H: sealed::Handshake> Handshake for H {}

/// What a handshake frame led to.
pub(crate) enum Progress {
    /// It is an initiator's first frame: the application has to answer.
    Hello,
    /// KK: both sides hold keys.
    Session(Session, Parameters),
    /// XX: both sides hold keys; `reply` bytes were written as message 3.
    Claim { claim: Claim, theirs: Parameters, reply: Option<usize> },
}

pub(crate) mod sealed {
    use super::{Error, Parameters, Progress};

    /// One handshake, waiting for a frame.
    pub trait Handshake: Sized {
        /// Reads `frame`; an answer goes to the front of `reply`.
        #[allow(private_interfaces)]
        fn receive(self, frame: &mut [u8], ours: Parameters, reply: &mut [u8]) -> Result<Progress, Error>;
    }
}

/// KK or KKpsk0 as the initiator, with message 1 made.
pub struct KkInitiator<'k>(pub(crate) kk::AwaitMessage2<'k>);

/// XX or XXpsk0 as the initiator, with message 1 made.
pub struct XxInitiator<'k>(pub(crate) xx::AwaitMessage2<'k>);

/// KK and KKpsk0 as the responder.
#[derive(Clone, Copy, Debug, Default)]
pub struct KkResponder;

/// XX or XXpsk0 as the responder, with message 2 made.
pub struct XxResponder<'k>(pub(crate) xx::AwaitMessage3<'k>);

/// Any mode in any role.
#[derive(Default)]
pub enum AnyHandshake<'k> {
    /// A responder before message 1, in any mode.
    #[default]
    Responder,
    /// KK or KKpsk0 as the initiator.
    KkInitiator(KkInitiator<'k>),
    /// XX or XXpsk0 as the initiator.
    XxInitiator(XxInitiator<'k>),
    /// XX or XXpsk0 as the responder, after message 2.
    XxResponder(XxResponder<'k>),
}

impl<'k> From<KkInitiator<'k>> for AnyHandshake<'k> {
    fn from(handshake: KkInitiator<'k>) -> Self {
        Self::KkInitiator(handshake)
    }
}

impl<'k> From<XxInitiator<'k>> for AnyHandshake<'k> {
    fn from(handshake: XxInitiator<'k>) -> Self {
        Self::XxInitiator(handshake)
    }
}

impl<'k> From<XxResponder<'k>> for AnyHandshake<'k> {
    fn from(handshake: XxResponder<'k>) -> Self {
        Self::XxResponder(handshake)
    }
}

#[allow(private_interfaces)]
impl sealed::Handshake for KkInitiator<'_> {
    fn receive(self, frame: &mut [u8], _ours: Parameters, _reply: &mut [u8]) -> Result<Progress, Error> {
        refused(frame)?;
        let (session, payload) = self.0.read_message_2(frame).map_err(Error::in_handshake)?;
        Ok(Progress::Session(session, Parameters::read(payload)?))
    }
}

#[allow(private_interfaces)]
impl sealed::Handshake for XxInitiator<'_> {
    fn receive(self, frame: &mut [u8], ours: Parameters, reply: &mut [u8]) -> Result<Progress, Error> {
        refused(frame)?;
        let (next, payload) = self.0.read_message_2(frame).map_err(Error::in_handshake)?;
        let theirs = Parameters::read(payload)?;
        let (claim, len) = next.write_message_3(&ours.to_bytes(), reply).map_err(Error::in_handshake)?;
        Ok(Progress::Claim { claim, theirs, reply: Some(len) })
    }
}

#[allow(private_interfaces)]
impl sealed::Handshake for KkResponder {
    fn receive(self, _frame: &mut [u8], _ours: Parameters, _reply: &mut [u8]) -> Result<Progress, Error> {
        Ok(Progress::Hello)
    }
}

#[allow(private_interfaces)]
impl sealed::Handshake for XxResponder<'_> {
    fn receive(self, frame: &mut [u8], _ours: Parameters, _reply: &mut [u8]) -> Result<Progress, Error> {
        let (claim, payload) = self.0.read_message_3(frame).map_err(Error::in_handshake)?;
        Ok(Progress::Claim { claim, theirs: Parameters::read(payload)?, reply: None })
    }
}

#[allow(private_interfaces)]
impl sealed::Handshake for AnyHandshake<'_> {
    fn receive(self, frame: &mut [u8], ours: Parameters, reply: &mut [u8]) -> Result<Progress, Error> {
        match self {
            Self::Responder => Ok(Progress::Hello),
            Self::KkInitiator(handshake) => handshake.receive(frame, ours, reply),
            Self::XxInitiator(handshake) => handshake.receive(frame, ours, reply),
            Self::XxResponder(handshake) => handshake.receive(frame, ours, reply),
        }
    }
}

/// A frame of one byte in place of message 2 is a refusal.
fn refused(frame: &[u8]) -> Result<(), Error> {
    match frame {
        [code] => Err(Error::Refused(Refusal::new(*code))),
        _ => Ok(()),
    }
}

/// XX's message 1 carries nothing.
pub(crate) fn read_xx_message_1<'k>(
    responder: xx::Responder<'k>,
    message: &mut [u8],
) -> Result<xx::SendMessage2<'k>, Error> {
    let (next, payload) = responder.read_message_1(message).map_err(Error::in_handshake)?;
    expect_empty(payload)?;
    Ok(next)
}
