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
pub(super) struct Hold {
    windows: Arc<Windows>,
    window: u64,
    held: Held,
}

impl Hold {
    /// Of the device that has this key.
    ///
    /// # Errors
    /// [`NotPaired::Over`], [`NotPaired::Busy`]: whoever asks for the window sees its key then.
    pub(super) fn take(windows: &Arc<Windows>, window: u64, key: PublicKey) -> Result<Self, NotPaired> {
        let held = windows.hold(window, key)?;
        Ok(Self { windows: Arc::clone(windows), window, held })
    }

    /// What comes of `run`; `None` if the window was closed, or the device began anew.
    pub(super) async fn unless_ended<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        let (mut ended, mut run) = (pin!(self.held.ended.notified()), pin!(run));
        poll_fn(|context| match ended.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => run.as_mut().poll(context).map(Some),
        })
        .await
    }

    /// Waits until no other run of this device changes what is entered; what this gives is held meanwhile.
    pub(super) async fn enter(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.held.entering).lock_owned().await
    }

    /// For whoever is elsewhere, and has to know whether it is still this run's turn.
    pub(super) fn turn(&self) -> impl Fn() -> bool + Send + use<> {
        let (windows, window, run) = (Arc::clone(&self.windows), self.window, self.held.run);
        move || windows.is_held_by(window, run)
    }

    pub(super) fn at(&self, progress: Progress) {
        self.windows.at(self.window, self.held.run, progress);
    }

    pub(super) fn note(&self, why: NotPaired) {
        self.windows.note(self.window, why);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.windows.let_go(self.window, self.held.run);
    }
}
