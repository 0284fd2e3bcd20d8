//! The registry's side of a pairing with servers that share it: they write none, and ask this command to.

use super::{Looked, fingerprint};
use crate::chosen::Chosen;
use crate::failure::Failure;
use crate::invitation::Invitation;
use crate::nats::{Shared, obeyed};
use crate::terminal::say;
use lowkey_host::PublicKey;
use lowkey_nats::{Clerk, Seen};
use lowkey_registry::keys;
use std::time::Duration;
use tokio::task::block_in_place;

/// Enters the device for the servers that meet it.
pub(super) struct Desk<'c> {
    shared: &'c Shared,
    clerk: Clerk<'c>,
    seen: Seen,
    error: Option<String>,
}

impl<'c> Desk<'c> {
    /// For a device that is invited; `None` if the server that is asked enters it by itself.
    pub(super) fn of(chosen: Option<&'c Chosen>, invitation: &Invitation) -> Result<Option<Self>, Failure> {
        let Some(Chosen::Shared(shared)) = chosen else { return Ok(None) };
        let clerk = block_in_place(|| Clerk::new(shared.rows(), &invitation.code, &invitation.device));
        let clerk = clerk.map_err(Failure::file)?;
        Ok(Some(Self { shared, clerk, seen: Seen::default(), error: None }))
    }

    /// Answers the servers, and says what is new.
    pub(super) fn look(&mut self) -> Looked {
        match block_in_place(|| self.clerk.look().cloned()) {
            Ok(now) => {
                self.error = None;
                self.tell(&now);
                self.seen = now;
            }
            Err(error) => {
                let error = error.to_string();
                if self.error.as_ref() != Some(&error) {
                    say(format_args!("{error}; it is tried again"));
                }
                self.error = Some(error);
            }
        }
        let shown = |key: Option<PublicKey>| key.map(|key| keys::encode_public(&key));
        Looked { key: shown(self.seen.key), loser: shown(self.seen.loser), paired: self.seen.paired }
    }

    fn tell(&self, now: &Seen) {
        let before = &self.seen;
        if now.is_forged && !before.is_forged {
            say(
                "somebody without the code has claimed it, which has no effect; the key of a gateway for NATS may be stolen",
            );
        }
        if let Some(key) = now.key.filter(|key| before.key != Some(*key)) {
            let key = keys::encode_public(&key);
            say(format_args!("a device has shown the code; its fingerprint: {}", fingerprint(&key)));
        }
        if let Some(trouble) = now.trouble.as_ref().filter(|now| before.trouble.as_ref() != Some(now)) {
            say(format_args!("a device came, and was not paired: {trouble}; the window stays open"));
        }
    }

    /// What is said when all servers obey what has this revision, or what is there.
    pub(super) fn in_force(&self, revision: Option<u64>) -> Result<String, Failure> {
        block_in_place(|| {
            let revision = match revision {
                Some(revision) => revision,
                None => self.shared.revision()?,
            };
            self.shared.wait(revision, IN_FORCE, "paired, but").map(obeyed)
        })
    }
}

/// How long the servers may take until they obey.
const IN_FORCE: Duration = Duration::from_secs(10);
