//! An attempt that wants to pair with a code (protocol §6): the same work whoever asks, until message 1 has opened.

use super::super::attempt::Attempt;
use super::super::error::AcceptError;
use super::super::failures::Cause;
use super::super::pairing::{Play, failed};
use super::super::state::State;
use super::super::window::NotPaired;
use super::super::windows::Found;
use super::{Handshake, LazyAccept, ephemeral};
use lowkey_core::PublicKey;
use lowkey_transport::Link;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout_at;

impl<Io: AsyncRead + AsyncWrite + Unpin> LazyAccept<Io> {
    /// Plays the pairing to its end. It carries no data, so what it comes to is never a connection.
    pub(super) async fn pair(self) -> AcceptError {
        let Self { state, deadline, handshake, hello, ephemerals, mut attempt, .. } = self;
        let Handshake { io, link: heard, input, slot } = handshake;
        let first_frame = heard.first_frame().unwrap_or_default().to_vec();
        let ephemeral = ephemeral(&first_frame).unwrap_or_default();
        let code = hello.and_then(|hello| hello.id);
        let found = code.and_then(|code| state.windows.called(&code, &ephemeral));
        if found.is_none() {
            attempt.suspect(Cause::NoWindow);
        }
        // Its handshake borrows our identity and the code's PSK, as the link that heard the hello could not.
        let link = Link::responder(heard.into_buffers());
        let mut handshake = Handshake { io, link, input, slot };
        let answered = {
            let psk = found.as_ref().map_or(&state.decoy_psk, |found| &*found.psk);
            let link = &mut handshake.link;
            let length = u16::try_from(first_frame.len()).unwrap_or(u16::MAX).to_be_bytes();
            let again = [&length[..], &first_frame[..]].concat();
            match (link.feed(&again).map(|_| link.step()), ephemerals) {
                (Ok(Ok(_hello)), Some(mut ephemerals)) => {
                    link.answer_xx(&state.identity, Some(psk), &mut ephemerals).map_err(Into::into)
                }
                (Ok(Err(error)) | Err(error), _) => Err(error.into()),
                (Ok(Ok(_)), None) => Err(crate::error::Error::Entropy),
            }
        };
        let proven = match (answered, &found) {
            (Err(error), _) => Err(Attempt::verdict(error)),
            (Ok(()), Some(found)) if is_message_2(&mut handshake.link) => {
                let opened = Opened { state: &state, found, ephemeral, deadline };
                opened.play(&mut handshake, &mut attempt).await
            }
            // Whatever the reason, it is told the same.
            (Ok(()), _) => match handshake.until(deadline).await {
                Err(error) => Err(error),
                Ok(_) => Err(AcceptError::Failed(lowkey_transport::Error::OutOfTurn.into())),
            },
        };
        let (Some(found), Ok(key)) = (&found, &proven) else {
            let error = proven.err().unwrap_or(AcceptError::Displaced);
            let Handshake { io, slot, .. } = handshake;
            return super::turned_away(attempt, io, slot, deadline, error).await;
        };
        // Nobody takes its place any more, so it takes none among those who wait.
        let Handshake { mut io, mut link, mut input, slot } = handshake;
        drop(slot);
        let mut play = Play { io: &mut io, link: &mut link, input: &mut input };
        match play.settle(&state, found, *key).await {
            Ok(()) => attempt.paired(),
            Err(why) => attempt.failed(AcceptError::NotPaired(why)),
        }
    }
}

/// A message 1 that has opened: whoever made it has the code, or a recording.
struct Opened<'o> {
    state: &'o Arc<State>,
    found: &'o Found,
    ephemeral: [u8; 32],
    deadline: tokio::time::Instant,
}

impl Opened<'_> {
    /// Plays until the device has proven its key.
    async fn play<Io: AsyncRead + AsyncWrite + Unpin>(
        &self,
        handshake: &mut Handshake<'_, Io>,
        attempt: &mut Attempt,
    ) -> Result<PublicKey, AcceptError> {
        let Self { state, found, ephemeral, deadline } = *self;
        attempt.answered();
        let source = attempt.from().map(Into::into);
        if !state.windows.opened(found.number, ephemeral) {
            return Err(AcceptError::Displaced); // the same message 1, at the same moment
        }
        match handshake.slot.opened(state.sessions.standing(source), ephemeral) {
            Some(displaced) => state.displaced(displaced),
            None => return Err(AcceptError::Displaced),
        }
        let Handshake { io, link, input, slot } = handshake;
        let mut play = Play { io, link, input };
        let proven = slot.hold(timeout_at(deadline, play.until_proven())).await;
        let proven = match proven {
            Some(Ok(proven)) => proven.map_err(AcceptError::Failed),
            Some(Err(_elapsed)) => Err(AcceptError::TimedOut),
            None => Err(AcceptError::Displaced),
        };
        if let Err(error) = &proven {
            let why = match error {
                AcceptError::Failed(error) => failed(error),
                error => NotPaired::Failed(error.to_string()),
            };
            state.windows.note(found.number, why);
        }
        proven
    }
}

/// Whether message 1 has opened: what is to be written is longer than a refusal.
fn is_message_2(link: &mut Link<'_, Vec<u8>>) -> bool {
    link.unsent().is_ok_and(|unsent| unsent.len() > REFUSAL)
}

/// In bytes, with its length.
const REFUSAL: usize = 3;
