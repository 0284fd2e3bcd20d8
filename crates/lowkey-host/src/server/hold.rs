//! The hold of a run on its window: its device has proven its key and the code.

use super::window::{NotPaired, Progress};
use super::windows::{Held, Windows};
use lowkey_core::PublicKey;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::sync::OwnedMutexGuard;

/// The window is free again when this is dropped.
pub(crate) struct Hold {
    windows: Arc<Windows>,
    window: u64,
    held: Held,
}

impl Hold {
    /// Of the device that has this key.
    ///
    /// # Errors
    /// [`NotPaired::Over`], [`NotPaired::Busy`]: whoever asks for the window sees its key then.
    pub(crate) fn take(windows: &Arc<Windows>, window: u64, key: PublicKey) -> Result<Self, NotPaired> {
        let held = windows.hold(window, key)?;
        Ok(Self { windows: Arc::clone(windows), window, held })
    }

    /// What comes of `run`; `None` if the window was closed, or the device began anew.
    pub(crate) async fn unless_ended<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        let (mut ended, mut run) = (pin!(self.held.ended.notified()), pin!(run));
        poll_fn(|context| match ended.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => run.as_mut().poll(context).map(Some),
        })
        .await
    }

    /// Waits until no other run with this code changes what is entered; none does while this one's turn lasts.
    pub(crate) async fn turn(&self) -> Turn {
        let alone = Arc::clone(&self.held.entering).lock_owned().await;
        Turn { windows: Arc::clone(&self.windows), window: self.window, run: self.held.run, _alone: alone }
    }

    pub(super) fn at(&self, progress: Progress) {
        self.windows.at(self.window, self.held.run, progress);
    }

    pub(super) fn note(&self, why: NotPaired) {
        self.windows.note(self.window, why);
    }
}

/// The turn of a run to change what is entered, which it may take elsewhere.
pub(crate) struct Turn {
    windows: Arc<Windows>,
    window: u64,
    run: u64,
    _alone: OwnedMutexGuard<()>,
}

impl Turn {
    /// Makes the change; `None` if the run has ended meanwhile: it must not take out what a newer one has entered.
    pub(crate) fn take<T>(self, change: impl FnOnce() -> T) -> Option<T> {
        self.windows.is_held_by(self.window, self.run).then(change)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.windows.let_go(self.window, self.held.run);
    }
}
