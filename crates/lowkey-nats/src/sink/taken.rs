//! What is known of messages that a service has taken out of the stream.

use super::Inner;
use super::labels::{Labels, mark_of};
use crate::inspected::{info, tells_last};
use crate::layout;
use crate::put::{Patience, last};
use async_nats::header::HeaderMap;
use lowkey_host::numbered::Unstored;
use std::time::Duration;
use tokio::time::Instant;

/// By what a session's right to store is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// Each of its messages names the one before it, which the stream keeps, or its mark.
    Behind,
    /// Each names its mark's end, where nothing stands; NATS copies its labels to where they stay.
    UntilEnded,
}

impl Right {
    /// When JetStream forgets the mark of such a session, where a stream lets messages end by themselves. A session
    /// that stores something later finds it gone and marks anew; in a queue, who takes over later does not find whom
    /// to end.
    pub(super) fn mark_ends(self) -> &'static str {
        match self {
            Self::Behind => "24h",
            Self::UntilEnded => "168h",
        }
    }
}

/// What NATS has copied of a device's last message.
pub(crate) struct Told {
    pub(crate) labels: Option<Labels>,
    /// That of the session which has stored it.
    pub(crate) mark: Option<u64>,
}

impl Inner {
    /// As the stream is set; that is looked at now and then.
    pub(super) async fn right(&self, patience: &mut Patience) -> Result<Right, Unstored> {
        let mut known = self.right.lock().await;
        if let Some((_, right)) = known.filter(|(looked, _)| looked.elapsed() < LOOKS_AGAIN) {
            return Ok(right);
        }
        loop {
            match info(&self.up.client, &self.up.name).await {
                Ok(info) => {
                    let tells = tells_last(&self.up.prefix, &info["config"]);
                    let right = if tells { Right::UntilEnded } else { Right::Behind };
                    *known = Some((Instant::now(), right));
                    return Ok(right);
                }
                Err(error) => patience.wait(error.to_string()).await?,
            }
        }
    }

    /// The same, as it is set now.
    pub(super) async fn right_now(&self, patience: &mut Patience) -> Result<Right, Unstored> {
        *self.right.lock().await = None;
        self.right(patience).await
    }

    /// What the last message of a device was, as far as NATS has copied it: of one that was acknowledged by the stream
    /// it does so at once.
    pub(super) async fn last_told(
        &self,
        token: &str,
        patience: &mut Patience,
    ) -> Result<Option<Told>, Unstored> {
        let prefix = &self.up.prefix;
        let (stream, subject) = (layout::last_of(prefix), format!("{prefix}.last.{token}"));
        let told = |headers: &HeaderMap| Told {
            labels: Labels::of(headers),
            mark: mark_of(headers, &format!("{prefix}.mark.{token}.")),
        };
        loop {
            match last(&self.up.context, &stream, &subject).await {
                Ok(copy) => return Ok(copy.map(|copy| told(&copy.headers))),
                Err(unread) => patience.outlive(unread).await?,
            }
        }
    }
}

/// After how long it is looked whether the stream is set otherwise.
const LOOKS_AGAIN: Duration = Duration::from_secs(60);
