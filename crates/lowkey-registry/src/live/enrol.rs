//! A registry file that devices are entered in while it is served (protocol §6): written, and then read again, so that
//! what was said is in force.

use super::LiveRegistry;
use crate::pairing::{Enrolment, PairingError, claim, finalise, may_claim, remove};
use lowkey_host::{Enrol, Finalised, Id, NotEnrolled, PublicKey, Registry};

impl Enrol for LiveRegistry {
    fn may(&self, name: &str, code: &Id) -> Result<(), NotEnrolled> {
        Ok(may_claim(self.path(), &self.shared.server(), name, code)?)
    }

    fn store(&self, name: &str, key: &PublicKey, code: &Id) -> Result<(), NotEnrolled> {
        let server = self.shared.server();
        let claimed = claim(self.path(), &server, Enrolment { name, key: *key, code: *code })?;
        let reloaded = self.reload();
        if self.is_in_force(key, code) {
            return Ok(());
        }
        let why = reloaded
            .err()
            .map_or_else(|| "it was not taken into force".to_owned(), |error| error.to_string());
        if !claimed.was_there {
            remove(self.path(), &server, key, code)?; // nobody is told of a row that is not obeyed
        }
        Err(NotEnrolled::Failed(why))
    }

    fn finalise(&self, key: &PublicKey, code: &Id) -> Result<Finalised, NotEnrolled> {
        let written = finalise(self.path(), &self.shared.server(), key, code)?;
        self.obey()?;
        match written {
            _ if !self.is_in_force(key, code) => Err(NotEnrolled::Gone),
            Some(_) => Ok(Finalised::Now),
            None => Ok(Finalised::Already),
        }
    }

    fn remove(&self, key: &PublicKey, code: &Id) -> Result<(), NotEnrolled> {
        remove(self.path(), &self.shared.server(), key, code)?;
        self.obey()
    }
}

impl LiveRegistry {
    /// Whether a row of this key and code is, pending or final.
    fn is_in_force(&self, key: &PublicKey, code: &Id) -> bool {
        let found = self.lookup(&Id::of_pinning(&key.canonical(), &self.shared.server()));
        found.is_some_and(|found| found.paired().is_some_and(|paired| paired.code() == *code))
    }

    fn obey(&self) -> Result<(), NotEnrolled> {
        self.reload().map(drop).map_err(|error| NotEnrolled::Failed(error.to_string()))
    }
}

impl From<PairingError> for NotEnrolled {
    fn from(error: PairingError) -> Self {
        match error {
            PairingError::Claimed(bearer) => Self::Claimed(bearer),
            error => Self::Failed(error.to_string()),
        }
    }
}
