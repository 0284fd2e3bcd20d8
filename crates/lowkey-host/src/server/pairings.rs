//! What a server of one's own does to pair: it opens windows, and calls devices that wait.

use super::acceptor::Acceptor;
use super::pairing::{Play, failed};
use super::state::State;
use super::window::{Caller, NotOpened, NotPaired, WindowInfo};
use super::windows::Found;
use crate::connection::Input;
use crate::dial::dial;
use crate::entropy::host_ephemerals;
use crate::error::Error;
use crate::registry::{Device, Enrol, NotEnrolled};
use crate::text::holds_a_secret;
use lowkey_core::{Code, Id, PublicKey};
use lowkey_transport::{Error as ChannelError, Link, Refusal};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::ToSocketAddrs;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

/// Pairing (protocol §6).
impl Acceptor {
    /// Enters the devices that pair in `enrolments`, which has to be of the registry that this acceptor asks. Without
    /// it nobody is paired. Only the first call has an effect.
    ///
    /// It makes pending pinnings final as well, when a session of one is confirmed.
    pub fn enrol_in(&self, enrolments: impl Enrol + 'static) {
        let _ = self.state.enrolments.set(Arc::new(enrolments)); // the first one stays
    }

    /// Opens a window for `time`, at most a day: a device that has `code` is paired, and called `device`. Gives the
    /// window's number. It closes with the first pairing that is done; a run that comes to nothing leaves it open.
    ///
    /// # Errors
    /// [`NotOpened`]: nothing has changed.
    pub async fn open_window(&self, code: &Code, device: &str, time: Duration) -> Result<u64, NotOpened> {
        self.invite(code, device, time, Caller::Device).await
    }

    /// Closes a window or ends a call, and cuts off whoever is being paired in it
    /// ([`Progress::Closed`](super::Progress)); `None` if it is over already.
    pub fn close_window(&self, number: u64) -> Option<WindowInfo> {
        self.state.windows.close(number)
    }

    /// The window of this number, also for some time when it is over.
    pub fn window(&self, number: u64) -> Option<WindowInfo> {
        self.state.windows.find(number)
    }

    /// The windows that are open and the last that were, in the order in which they were opened. Calls are among them.
    pub fn windows(&self) -> Vec<WindowInfo> {
        self.state.windows.list()
    }

    /// The pairing of this code and key is final, and not by what was played here: a window of it is over, and paired.
    pub fn pairing_is_final(&self, code: Id, key: PublicKey) {
        self.state.windows.paired(code, key);
    }

    /// Gets ready to call a device that waits with `code`, and is to be called `device`. It has a window of its own,
    /// for as long as what this gives is held.
    ///
    /// # Errors
    /// [`NotOpened`]: nothing has changed.
    pub async fn call(&self, code: &Code, device: &str) -> Result<Call, NotOpened> {
        let time = self.state.limits.handshake.clamp(Duration::from_secs(1), Duration::from_secs(60 * 60));
        let number = self.invite(code, device, time, Caller::Server).await?;
        Ok(Call { state: Arc::clone(&self.state), number, deadline: Instant::now() + time })
    }

    async fn invite(
        &self,
        code: &Code,
        device: &str,
        time: Duration,
        caller: Caller,
    ) -> Result<u64, NotOpened> {
        let Some(enrolments) = self.state.enrolments.get().cloned() else { return Err(NotOpened::Nowhere) };
        let wrong = |why: String| NotOpened::Enrol(NotEnrolled::Failed(why));
        Device::new(device).map_err(|error| wrong(error.to_string()))?;
        if holds_a_secret(device) {
            return Err(wrong("a code or a key stands where the name belongs".into()));
        }
        let (named, name, asked) = (device.to_owned(), code.name(), Arc::clone(&enrolments));
        let may = spawn_blocking(move || asked.may(&named, &name)).await;
        may.map_err(|error| wrong(error.to_string()))?.map_err(NotOpened::Enrol)?;
        enrolments.invited(code, time);
        self.state.windows.open(code, device, time, caller)
    }
}

/// A call to a device that waits to be paired. Dropped, it is over.
pub struct Call {
    state: Arc<State>,
    number: u64,
    deadline: Instant,
}

impl Call {
    /// The number of its window.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Pairs over TCP with the device at `address`; gives its key, which is in force then.
    ///
    /// # Cancel safety
    /// Dropped, the stream is cut: what is pending stays so.
    ///
    /// # Errors
    /// [`NotPaired`].
    pub async fn tcp(self, address: impl ToSocketAddrs) -> Result<PublicKey, NotPaired> {
        match dial(address, self.deadline).await {
            Ok(stream) => self.over(stream).await,
            Err(error) => Err(self.failed(failed(&error))),
        }
    }

    /// The same over a stream that there is.
    ///
    /// # Cancel safety
    /// As [`tcp`](Self::tcp).
    ///
    /// # Errors
    /// [`NotPaired`].
    pub async fn over<Io: AsyncRead + AsyncWrite + Unpin>(self, mut io: Io) -> Result<PublicKey, NotPaired> {
        let state = Arc::clone(&self.state);
        let Some(found) = state.windows.calling(self.number) else { return Err(NotPaired::Over) };
        let mut link = match self.begin(&state, &found) {
            Ok(link) => link,
            Err(error) => return Err(self.failed(failed(&error))),
        };
        let mut input = Input::new(state.limits.read_ahead());
        let mut play = Play { io: &mut io, link: &mut link, input: &mut input };
        let proven = timeout_at(self.deadline, play.until_proven()).await;
        match proven.unwrap_or(Err(Error::TimedOut)) {
            Ok(key) => play.settle(&state, &found, key).await.map(|()| key),
            Err(error) => Err(self.failed(refused(&error))),
        }
    }

    fn begin<'k>(&self, state: &'k State, found: &'k Found) -> Result<Link<'k, Vec<u8>>, Error> {
        let (mut ephemerals, buffers) = (host_ephemerals()?, state.limits.buffers()?);
        let (identity, psk) = (&*state.identity, &*found.psk);
        Ok(Link::xx_psk0_initiator(identity, found.code, psk, &mut ephemerals, buffers)?)
    }

    fn failed(&self, why: NotPaired) -> NotPaired {
        self.state.windows.failed(self.number, &why);
        why
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.state.windows.close(self.number);
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What a device's answer may mean; anybody between can have written a refusal.
fn refused(error: &Error) -> NotPaired {
    let why = match error {
        Error::Channel(ChannelError::Refused(Refusal::MODE)) => "it does not wait to be paired now",
        Error::Channel(ChannelError::Refused(Refusal::REFUSED)) => "this code is not its own, or is spent",
        Error::Channel(ChannelError::Handshake) => "whoever answers has another code",
        Error::Channel(ChannelError::HungUp) => "is that a Lowkey device that waits?",
        _ => return failed(error),
    };
    NotPaired::Failed(format!("{error}; {why}"))
}
