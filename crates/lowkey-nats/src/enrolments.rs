//! Where a gateway enters the devices that pair with it: nowhere. It asks whoever may write the registry to do it, and
//! waits until the row has come to it.

use crate::claims::{Claim, ClaimKey, Claims, Entry, Stage, There};
use crate::error::NatsError;
use async_nats::Client;
use async_nats::jetstream;
use lowkey_host::text::mask;
use lowkey_host::{Bearer, Code, Enrol, Finalised, Id, NotEnrolled, Paired, PublicKey, Registry};
use lowkey_registry::rows::RowRegistry;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// The devices that pair with a gateway, for its acceptor ([`enrol_in`](lowkey_host::Acceptor::enrol_in)).
///
/// Cheap to clone.
#[derive(Clone)]
pub struct Enrolments {
    inner: Arc<Inner>,
}

struct Inner {
    prefix: String,
    server: PublicKey,
    rows: RowRegistry,
    client: Mutex<Option<Client>>,
    codes: Mutex<HashMap<Id, Known>>,
    /// A code has come.
    nudge: Notify,
}

/// A code that devices may pair with here.
struct Known {
    code: Code,
    key: Arc<ClaimKey>,
    until: Instant,
}

impl Enrolments {
    pub(crate) fn new(prefix: &str, server: PublicKey, rows: RowRegistry) -> Self {
        let inner = Inner {
            prefix: prefix.to_owned(),
            server,
            rows,
            client: Mutex::default(),
            codes: Mutex::default(),
            nudge: Notify::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// NATS is reached by this client from now on.
    pub(crate) fn connected(&self, client: Client) {
        *lock(&self.inner.client) = Some(client);
    }

    /// What `see` makes of a code of this name, if it is known here.
    pub(crate) fn with_code<T>(&self, name: &Id, see: impl FnOnce(&Code) -> T) -> Option<T> {
        lock(&self.inner.codes).get(name).map(|known| see(&known.code))
    }

    /// Waits until a code has come.
    pub(crate) async fn nudged(&self) {
        self.inner.nudge.notified().await;
    }

    /// The key of the row that bears the code, and how far that is.
    pub(crate) fn bearer(&self, code: &Id) -> Option<(Bearer, Paired)> {
        let mut found = None;
        self.inner.rows.each(&mut |pinned| {
            if let Some(paired) = pinned.paired().filter(|paired| paired.code() == *code) {
                let bearer = Bearer { name: pinned.device().name().to_owned(), key: pinned.key() };
                found = Some((bearer, paired));
            }
        });
        found
    }

    /// Of these codes those that are spent, and by which key.
    pub(crate) fn spent(&self, codes: &[Id]) -> HashMap<Id, PublicKey> {
        let mut spent = HashMap::new();
        self.inner.rows.each(&mut |pinned| {
            if let Some(Paired::Final(code)) = pinned.paired().filter(|paired| codes.contains(&paired.code()))
            {
                spent.insert(code, pinned.key());
            }
        });
        spent
    }

    /// How far the row of this key and code is, that is in force here.
    fn row(&self, key: &PublicKey, code: &Id) -> Option<Paired> {
        let found = self.inner.rows.lookup(&Id::of_pinning(&key.canonical(), &self.inner.server))?;
        found.paired().filter(|paired| paired.code() == *code)
    }

    fn is_there(&self, key: &PublicKey, code: &Id) -> bool {
        self.row(key, code).is_some()
    }

    fn key_of(&self, code: &Id) -> Result<Arc<ClaimKey>, NotEnrolled> {
        let codes = lock(&self.inner.codes);
        let why = "this gateway has not been told the code";
        codes.get(code).map(|known| Arc::clone(&known.key)).ok_or_else(|| NotEnrolled::Failed(why.to_owned()))
    }

    fn claims(&self) -> Result<Claims, NotEnrolled> {
        let client = lock(&self.inner.client).clone();
        let why = "NATS has not been reached yet";
        let client = client.ok_or_else(|| NotEnrolled::Failed(why.to_owned()))?;
        Ok(Claims::new(jetstream::new(client), &self.inner.prefix))
    }

    async fn ask(&self, name: &str, key: &PublicKey, code: &Id) -> Result<(), NotEnrolled> {
        let (claims, secret) = (self.claims()?, self.key_of(code)?);
        let key = key.canonical();
        let asked_at = Instant::now();
        let until = asked_at + PATIENCE;
        let mut asked: Option<Claim> = None;
        let mut error = None;
        while Instant::now() < until {
            let There { revision, claim, .. } = match claims.read(&secret, Entry::Asked).await {
                Ok(there) => there,
                Err(failed) => {
                    error = Some(failed.to_string());
                    sleep(LOOK).await;
                    continue;
                }
            };
            error = None;
            let is_ours = |claim: &Claim| asked.as_ref().is_some_and(|asked| asked.nonce == claim.nonce);
            match claim {
                Some(claim) if claim.key != key && claim.is_alive() => {
                    // A row is written before anybody is told so. One that was taken out since frees the code.
                    match claims.has_row(&claim).await {
                        Ok(false) if claim.state != Stage::Asks => (),
                        Ok(_) => {
                            self.lose(&key, code).await;
                            return Err(NotEnrolled::Claimed(Bearer { name: claim.device, key: claim.key }));
                        }
                        Err(failed) => {
                            error = Some(failed.to_string());
                            sleep(LOOK).await;
                            continue;
                        }
                    }
                }
                Some(claim) if claim.state == Stage::Refused && is_ours(&claim) => {
                    return Err(self.refused(&claim, code));
                }
                Some(claim) if claim.key == key && claim.device == name && claim.is_alive() => {
                    let is_answered =
                        claim.state == Stage::Entered && (asked.is_some() || self.is_there(&key, code));
                    // What is in force already needs nobody; but whoever is there hears that the device has come.
                    if self.is_there(&key, code) && (is_answered || asked_at.elapsed() > A_MOMENT) {
                        return Ok(());
                    }
                    // What was made final for an earlier time is no answer, nor is what has gone since.
                    if claim.state == Stage::Asks || is_answered {
                        asked = Some(claim);
                        sleep(LOOK).await;
                        continue;
                    }
                }
                _ => (),
            }
            let asks = Claim::asks(name, &key).map_err(|error| failed(&error))?;
            let taken = claims.put(&secret, &asks, revision).await;
            asked = matches!(taken, Ok(true)).then_some(asks);
            sleep(LOOK).await;
        }
        self.withdraw(&claims, &secret, &key, code, asked, error).await
    }

    /// Nobody has answered in time: the device is told no, and so is whoever may answer yet.
    async fn withdraw(
        &self,
        claims: &Claims,
        secret: &ClaimKey,
        key: &PublicKey,
        code: &Id,
        asked: Option<Claim>,
        error: Option<String>,
    ) -> Result<(), NotEnrolled> {
        let nobody = || {
            error.unwrap_or_else(|| {
                "nobody who may write the registry has entered it; `lowkey pair --registry` has to run meanwhile"
                    .to_owned()
            })
        };
        let (Some(asked), Ok(there)) = (asked, claims.read(secret, Entry::Asked).await) else {
            return Err(NotEnrolled::Failed(nobody()));
        };
        let is_asked = |claim: &Claim| claim.nonce == asked.nonce && claim.state == Stage::Asks;
        if there.claim.as_ref().is_some_and(is_asked)
            && matches!(claims.put(secret, &asked.at(Stage::Withdrawn, ""), there.revision).await, Ok(true))
        {
            return Err(NotEnrolled::Failed(nobody()));
        }
        // It was answered in this moment: its row comes, or NATS is away.
        match self.until(Some(key), code, |row| row.is_some()).await {
            true => Ok(()),
            false => Err(NotEnrolled::Failed(nobody())),
        }
    }

    fn refused(&self, claim: &Claim, code: &Id) -> NotEnrolled {
        match self.bearer(code) {
            Some((bearer, _)) if bearer.key != claim.key => NotEnrolled::Claimed(bearer),
            _ => NotEnrolled::Failed(mask(&claim.why)),
        }
    }

    /// Says that the device has stored our key, or that it has said no.
    async fn say(&self, key: &PublicKey, code: &Id, state: Stage) -> Result<(), NotEnrolled> {
        let (claims, secret) = (self.claims()?, self.key_of(code)?);
        let until = Instant::now() + PATIENCE;
        loop {
            let said = async {
                let There { revision, claim, .. } = claims.read(&secret, Entry::Asked).await?;
                let claim = match claim.filter(|claim| claim.key == key.canonical()) {
                    Some(claim) if claim.state == state => return Ok(true),
                    Some(claim) => claim,
                    None => Claim::asks(&self.name_of(key, code), key)?,
                };
                claims.put(&secret, &claim.at(state, ""), revision).await
            };
            match said.await {
                Ok(true) => return Ok(()),
                Ok(false) => (),
                Err(error) if Instant::now() >= until => return Err(failed(&error)),
                Err(_) => sleep(LOOK).await,
            }
        }
    }

    /// Says that another device with this key has shown the code, and was told no.
    pub(crate) async fn lose(&self, key: &PublicKey, code: &Id) {
        let (Ok(claims), Ok(secret)) = (self.claims(), self.key_of(code)) else { return };
        let Ok(lost) = Claim::asks("", key).map(|claim| claim.at(Stage::Lost, "")) else { return };
        let said = async {
            let There { revision, claim, .. } = claims.read(&secret, Entry::Lost).await?;
            match claim.is_some_and(|claim| claim.key == lost.key) {
                true => Ok(true),
                false => claims.put(&secret, &lost, revision).await,
            }
        };
        // If not, the gateway's own log has it.
        let _: Result<bool, NatsError> = said.await;
    }

    fn name_of(&self, key: &PublicKey, code: &Id) -> String {
        let bearer = self.bearer(code).filter(|(bearer, _)| bearer.key == key.canonical());
        bearer.map(|(bearer, _)| bearer.name).unwrap_or_default()
    }

    /// Waits for a moment until the row of this key and code is as it has to be; whether it is.
    async fn until(&self, key: Option<&PublicKey>, code: &Id, is: impl Fn(Option<Paired>) -> bool) -> bool {
        let until = Instant::now() + ANSWER;
        while Instant::now() < until {
            if is(key.and_then(|key| self.row(key, code))) {
                return true;
            }
            sleep(LOOK).await;
        }
        false
    }
}

impl Claim {
    /// Whether the code is that key's by it.
    fn is_alive(&self) -> bool {
        matches!(self.state, Stage::Asks | Stage::Entered | Stage::Final)
    }
}

impl Enrol for Enrolments {
    fn may(&self, name: &str, code: &Id) -> Result<(), NotEnrolled> {
        if let Some((bearer, _)) = self.bearer(code) {
            return if bearer.name == name { Ok(()) } else { Err(NotEnrolled::Claimed(bearer)) };
        }
        let mut is_used = false;
        self.inner.rows.each(&mut |pinned| is_used |= pinned.device().name() == name);
        match is_used {
            false => Ok(()),
            true => Err(NotEnrolled::Failed(format!(
                "the name {name:?} is in use already; choose another, or revoke that device first"
            ))),
        }
    }

    fn invited(&self, code: &Code, time: Duration) {
        let Ok(code) = Code::new(code.expose()) else { return };
        let now = Instant::now();
        // A device may come in the last moment, and be long about it.
        let until = now + time + LATER;
        let mut codes = lock(&self.inner.codes);
        codes.retain(|_, known| known.until > now);
        let key = Arc::new(ClaimKey::of(&code));
        codes.insert(code.name(), Known { code, key, until });
        drop(codes);
        self.inner.nudge.notify_one();
    }

    fn store(&self, name: &str, key: &PublicKey, code: &Id) -> Result<(), NotEnrolled> {
        Handle::current().block_on(self.ask(name, key, code))
    }

    fn finalise(&self, key: &PublicKey, code: &Id) -> Result<Finalised, NotEnrolled> {
        match self.row(key, code) {
            None => return Err(NotEnrolled::Gone),
            Some(Paired::Final(_)) => {
                // Whoever opened the window hears that the device has come once more.
                let _ = Handle::current().block_on(self.say(key, code, Stage::Final));
                return Ok(Finalised::Already);
            }
            Some(Paired::Pending(_)) => (),
        }
        Handle::current().block_on(async {
            self.say(key, code, Stage::Final).await?;
            let is_over = |row: Option<Paired>| !matches!(row, Some(Paired::Pending(_)));
            let over = self.until(Some(key), code, is_over).await;
            match (over, self.row(key, code)) {
                (true, Some(_)) => Ok(Finalised::Now),
                (true, None) => Err(NotEnrolled::Gone),
                (false, _) => Err(NotEnrolled::Failed(
                    "nobody who may write the registry has made it final; `lowkey pair --registry` once more does"
                        .to_owned(),
                )),
            }
        })
    }

    fn remove(&self, key: &PublicKey, code: &Id) -> Result<(), NotEnrolled> {
        Handle::current().block_on(async {
            self.say(key, code, Stage::Declined).await?;
            match self.until(Some(key), code, |row| !matches!(row, Some(Paired::Pending(_)))).await {
                true => Ok(()),
                false => Err(NotEnrolled::Failed("its row stays, pending".to_owned())),
            }
        })
    }
}

impl fmt::Debug for Enrolments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enrolments").field("prefix", &self.inner.prefix).finish_non_exhaustive()
    }
}

fn failed(error: &NatsError) -> NotEnrolled {
    NotEnrolled::Failed(error.to_string())
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long whoever may write the registry has to answer; the device waits meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long what was answered may take to come back as a row.
const ANSWER: Duration = Duration::from_secs(10);
/// How long whoever may write has to answer for what is in force already.
const A_MOMENT: Duration = Duration::from_secs(1);
/// For how long a code is known behind the end of its window.
const LATER: Duration = Duration::from_secs(10 * 60);
const LOOK: Duration = Duration::from_millis(50);
