//! Whoever opened a pairing window: enters the device that its gateways have met.

use crate::claims::{Claim, ClaimKey, Claims, Entry, Stage, There};
use crate::error::NatsError;
use crate::nats_rows::NatsRows;
use lowkey_host::{Code, Id, PublicKey};
use lowkey_registry::pairing::{Claimed, Enrolment, PairingError, claim, finalise, remove};
use lowkey_registry::rows::{Reading, SharedError, SharedRegistry, server_of};
use lowkey_registry::{Target, keys};
use std::collections::BTreeMap;
use std::fmt;

/// Answers the claims of one code, one look after the other. It writes a row for a key that a gateway has met and that
/// had the code, and for no other, whoever writes claims.
pub struct Clerk<'r> {
    rows: &'r NatsRows,
    claims: Claims,
    key: ClaimKey,
    code: Id,
    device: String,
    server: PublicKey,
    /// The times that were asked: whether the row was there before, or `None` if that is over, and is no news however
    /// often it is shown again.
    asked: BTreeMap<String, Option<bool>>,
    /// Of an earlier window.
    known_loser: Option<PublicKey>,
    seen: Seen,
}

/// What has come of a code's claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// A device has shown this key, and the code.
    pub key: Option<PublicKey>,
    /// Its row is final since this revision: it is paired.
    pub paired: Option<u64>,
    /// Why the last attempt came to nothing.
    pub trouble: Option<String>,
    /// A device with this key has shown the code as well, to whichever gateway, and was told no; the last of them.
    pub loser: Option<PublicKey>,
    /// Somebody without the code has written a claim of it.
    pub is_forged: bool,
}

/// Why a look came to nothing; the next one may do better.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClerkError {
    /// NATS does not do what it is asked.
    Nats(NatsError),
    /// The registry cannot be read or written.
    Registry(String),
}

impl fmt::Display for ClerkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nats(error) => write!(f, "{error}"),
            Self::Registry(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ClerkError {}

impl From<NatsError> for ClerkError {
    fn from(error: NatsError) -> Self {
        Self::Nats(error)
    }
}

impl From<SharedError> for ClerkError {
    fn from(error: SharedError) -> Self {
        Self::Registry(error.to_string())
    }
}

impl<'r> Clerk<'r> {
    /// For the device with this code, which will be called so.
    ///
    /// This blocks.
    ///
    /// # Errors
    /// [`ClerkError`]; among others the registry does not say whose it is.
    pub fn new(rows: &'r NatsRows, code: &Code, device: &str) -> Result<Self, ClerkError> {
        let reading = rows.read()?;
        let why = "the registry does not say whose it is; `lowkey registry push` has it say so";
        let server = server_of(&reading.sheet().head).ok_or_else(|| ClerkError::Registry(why.to_owned()))?;
        let (claims, key) = (rows.registrar().claims(), ClaimKey::of(code));
        let lost = rows.block_on(claims.read(&key, Entry::Lost))?;
        // What stands there of an earlier window is no news, unless its row is pending still: a command that was killed
        // is gone on with.
        let there = rows.block_on(claims.read(&key, Entry::Asked))?.claim;
        let mut asked = BTreeMap::new();
        if let Some(claim) = there.filter(|claim| claim.state != Stage::Asks && !is_pending(&*reading, claim))
        {
            asked.insert(claim.nonce, None);
        }
        Ok(Self {
            rows,
            claims,
            key,
            known_loser: lost.claim.map(|claim| claim.key),
            code: code.name(),
            device: device.to_owned(),
            server,
            asked,
            seen: Seen::default(),
        })
    }

    /// Answers what is asked now, and says what has come of it by then.
    ///
    /// This blocks.
    ///
    /// # Errors
    /// [`ClerkError`]. What was asked stays asked.
    pub fn look(&mut self) -> Result<&Seen, ClerkError> {
        let lost = self.rows.block_on(self.claims.read(&self.key, Entry::Lost))?;
        self.seen.loser = lost.claim.map(|claim| claim.key).filter(|key| self.known_loser != Some(*key));
        let There { revision, claim, is_forged } =
            self.rows.block_on(self.claims.read(&self.key, Entry::Asked))?;
        self.seen.is_forged |= is_forged;
        let is_over = |claim: &Claim| self.asked.get(&claim.nonce) == Some(&None);
        if let Some(claim) = claim.filter(|claim| !is_over(claim)) {
            if !matches!(claim.state, Stage::Withdrawn | Stage::Refused) {
                self.seen.key = Some(claim.key);
            }
            match claim.state {
                Stage::Asks => self.enter(&claim, revision)?,
                Stage::Final => self.make_final(&claim)?,
                Stage::Declined => self.take_out(&claim, "the device said no")?,
                Stage::Withdrawn => self.withdraw(&claim)?,
                Stage::Entered | Stage::Refused | Stage::Lost => (),
            }
        }
        Ok(&self.seen)
    }

    fn target(&self) -> Target<'r> {
        Target::from(self.rows)
    }

    fn enter(&mut self, asked: &Claim, revision: u64) -> Result<(), ClerkError> {
        if asked.device != self.device {
            let why = format!("the device is to be called {:?} here", self.device);
            return self.refuse(asked, revision, why);
        }
        let enrolment = Enrolment { name: &asked.device, key: asked.key, code: self.code };
        match claim(self.target(), &self.server, enrolment) {
            Ok(Claimed { was_there, .. }) => {
                self.asked.entry(asked.nonce.clone()).or_insert(Some(was_there));
                self.seen.trouble = None;
                let entered = asked.at(Stage::Entered, "");
                // If it has changed meanwhile, the next look sees how.
                self.rows.block_on(self.claims.put(&self.key, &entered, revision))?;
                Ok(())
            }
            Err(PairingError::Registry(error)) => Err(ClerkError::Registry(error.to_string())),
            Err(error) => self.refuse(asked, revision, error.to_string()),
        }
    }

    fn refuse(&mut self, asked: &Claim, revision: u64, why: String) -> Result<(), ClerkError> {
        let short: String = why.chars().take(LONGEST_WHY).collect();
        self.rows.block_on(self.claims.put(&self.key, &asked.at(Stage::Refused, &short), revision))?;
        self.asked.insert(asked.nonce.clone(), None);
        self.seen.trouble = Some(why);
        Ok(())
    }

    fn make_final(&mut self, said: &Claim) -> Result<(), ClerkError> {
        if self.seen.paired.is_some() {
            return Ok(());
        }
        let written = finalise(self.target(), &self.server, &said.key, &self.code)
            .map_err(|error| not_written(&error))?;
        let revision = match written.and_then(|written| written.revision()) {
            Some(revision) => revision,
            // It is already, or its row is gone.
            None => {
                let reading = self.rows.read()?;
                if row_of(&*reading, said).is_none() {
                    self.asked.insert(said.nonce.clone(), None);
                    self.seen.trouble = Some("its row was taken out of the registry meanwhile".to_owned());
                    return Ok(());
                }
                reading.revision()
            }
        };
        self.seen.trouble = None;
        self.seen.paired = Some(revision);
        Ok(())
    }

    fn take_out(&mut self, said: &Claim, why: &str) -> Result<(), ClerkError> {
        remove(self.target(), &self.server, &said.key, &self.code).map_err(|error| not_written(&error))?;
        self.asked.insert(said.nonce.clone(), None);
        self.seen.key = None;
        self.seen.trouble = Some(why.to_owned());
        Ok(())
    }

    /// The gateway has told the device no.
    fn withdraw(&mut self, said: &Claim) -> Result<(), ClerkError> {
        match self.asked.get(&said.nonce) {
            Some(Some(false)) => self.take_out(said, "it was entered too late"),
            _ => {
                self.asked.insert(said.nonce.clone(), None);
                Ok(())
            }
        }
    }
}

/// The row that a claim has made, if it is there.
fn row_of<'r>(reading: &'r dyn Reading, claim: &Claim) -> Option<&'r str> {
    let row = reading.sheet().rows.get(&claim.device)?;
    row.text.contains(&keys::encode_public(&claim.key)).then_some(&*row.text)
}

fn is_pending(reading: &dyn Reading, claim: &Claim) -> bool {
    row_of(reading, claim).is_some_and(|text| text.contains("pending = true"))
}

fn not_written(error: &PairingError) -> ClerkError {
    ClerkError::Registry(error.to_string())
}

impl fmt::Debug for Clerk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clerk").field("device", &self.device).finish_non_exhaustive()
    }
}

/// In characters.
const LONGEST_WHY: usize = 500;
