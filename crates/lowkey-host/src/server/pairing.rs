//! A pairing from where the device has shown that it has the code to both sides' CLOSE (protocol §6), whoever called.

use super::allowance::Event;
use super::finality::say_final;
use super::hold::Hold;
use super::state::State;
use super::window::{NotPaired, Progress, Shown};
use super::windows::Found;
use crate::connection::Input;
use crate::error::Error;
use crate::handshake::exchange;
use crate::parting;
use crate::registry::{Enrol, NotEnrolled, Pinned};
use lowkey_core::{Fingerprint, PublicKey};
use lowkey_transport::{Error as ChannelError, Link, Step};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};

/// A stream and its link, in a pairing.
pub(super) struct Play<'p, 'k, Io> {
    pub(super) io: &'p mut Io,
    pub(super) link: &'p mut Link<'k, Vec<u8>>,
    pub(super) input: &'p mut Input,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Play<'_, '_, Io> {
    /// Plays the handshake until the device has proven a key, and with it that it has the code.
    pub(super) async fn until_proven(&mut self) -> Result<PublicKey, Error> {
        loop {
            let step = self.link.step()?;
            if let Some(key) = self.link.proven_key() {
                return Ok(key.canonical());
            }
            self.exchange(step).await?;
        }
    }

    /// Plays the rest: enters the device, tells it so, hears the same of it, and makes that final.
    ///
    /// Dropped, or without the device's word in [`PATIENCE`], the stream is cut: what is pending stays so.
    pub(super) async fn settle(
        &mut self,
        state: &Arc<State>,
        window: &Found,
        key: PublicKey,
    ) -> Result<(), NotPaired> {
        let settled = match Hold::take(&state.windows, window.number, key) {
            Ok(hold) => {
                match hold.unless_ended(timeout(PATIENCE, self.enter(state, window, key, &hold))).await {
                    Some(Ok(settled)) => settled,
                    Some(Err(_elapsed)) => {
                        Err(NotPaired::Failed("the device did not say in time that it agrees".into()))
                    }
                    None => Err(NotPaired::Failed("the device began anew, or the window was closed".into())),
                }
            }
            Err(why) => {
                self.close().await;
                Err(why)
            }
        };
        match &settled {
            Ok(()) => self.close().await,
            Err(error) => {
                state.windows.failed(window.number, error);
                if state.counters.log.may(Event::NotPaired) {
                    let (code, device) = (Shown(window.code), &*window.device);
                    let fingerprint = Fingerprint::of(&key);
                    tracing::warn!(name: "lowkey.not_paired", target: "lowkey", code = %code, device, %fingerprint, error = %error, "pairing came to nothing");
                }
            }
        }
        settled
    }

    async fn enter(
        &mut self,
        state: &Arc<State>,
        window: &Found,
        key: PublicKey,
        hold: &Hold,
    ) -> Result<(), NotPaired> {
        let (code, device) = (window.code, window.device.clone());
        let (mut is_stored, mut left) = (false, "");
        loop {
            let step = match self.link.step() {
                Ok(step) => step,
                Err(ChannelError::NotWelcome) => {
                    if is_stored {
                        changed(state, hold, move |enrol| enrol.remove(&key, &code)).await?;
                    }
                    return Err(NotPaired::Declined);
                }
                Err(error) => return Err(NotPaired::Failed(format!("{error}{left}"))),
            };
            match step {
                Step::Claim => {
                    let device = device.clone();
                    let stored = match Pinned::check(&state.identity.public_key(), &key) {
                        Ok(()) => changed(state, hold, move |enrol| enrol.store(&device, &key, &code)).await,
                        Err(_) => Err(NotPaired::Key),
                    };
                    if let Err(why) = stored {
                        self.close().await;
                        return Err(why);
                    }
                    (is_stored, left) = (true, "; its row stays, pending until it connects or pairs again");
                    hold.at(Progress::Pending(key));
                    self.link.accept().map_err(|error| failed(&error.into()))?;
                }
                Step::Done => break,
                step => {
                    let moved = self.exchange(step).await;
                    moved.map_err(|error| NotPaired::Failed(format!("{error}{left}")))?;
                }
            }
        }
        // The device has our key whatever comes of this; if it stays pending here, its first session makes it final.
        let made = changed(state, hold, move |enrol| enrol.finalise(&key, &code)).await;
        match &made {
            Ok(_) => (),
            Err(NotPaired::Gone) => return Err(NotPaired::Gone),
            Err(why) => hold.note(why.clone()),
        }
        hold.at(Progress::Paired(key));
        say_final(&state.counters, code, &device, &key, &made);
        Ok(())
    }

    /// A CLOSE, in place of our word or behind both, and time for it to arrive.
    async fn close(&mut self) {
        if self.link.close().is_err() {
            return;
        }
        let until = Instant::now() + parting::STRANGERS_TIME;
        let written = timeout_at(until, self.exchange(Step::Write)).await;
        if let Ok(Ok(())) = written {
            parting::see_off(self.io, until, parting::STRANGERS_BYTES).await;
        }
    }

    async fn exchange(&mut self, step: Step) -> Result<(), Error> {
        exchange(self.io, self.link, self.input, step).await
    }
}

/// A change of what is entered, made to its end by the run whose turn it is and by no other.
async fn changed<T: Send + 'static>(
    state: &State,
    hold: &Hold,
    change: impl FnOnce(&dyn Enrol) -> Result<T, NotEnrolled> + Send + 'static,
) -> Result<T, NotPaired> {
    let Some(enrolments) = state.enrolments.get().cloned() else { return Err(NotPaired::Over) };
    let turn = hold.turn().await;
    let made = spawn_blocking(move || match turn.take(|| change(&*enrolments)) {
        Some(made) => made.map_err(NotPaired::from),
        None => Err(NotPaired::Over),
    });
    made.await.unwrap_or_else(|error| Err(NotPaired::NotStored(error.to_string())))
}

/// What ended a pairing, for people.
pub(super) fn failed(error: &Error) -> NotPaired {
    NotPaired::Failed(error.to_string())
}

/// How long a pairing may take once the device has shown the code: somebody may have to say yes.
const PATIENCE: Duration = Duration::from_secs(120);
