//! Writes a registry, and asks who obeys it.

mod sending;
mod stored;
mod streams;

pub use stored::{InForce, Standing, Stored};

use crate::access::Access;
use crate::beat::LOST;
use crate::bucket::{Bucket, Key};
use crate::claims::Claims;
use crate::error::NatsError;
use crate::follow::{Following, stream};
use crate::head::{Head, for_server};
use crate::put::EXPECTED_OF_SUBJECT;
use async_nats::Client;
use async_nats::header::{HeaderMap, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE};
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::stream::DirectGetErrorKind;
use async_nats::jetstream::{self, Context};
use lowkey_host::PublicKey;
use lowkey_registry::rows::{Ranked, Sheet, server_of};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use stored::born;
use tokio::time::{Instant, sleep_until};

/// Whoever may write a registry.
#[derive(Clone, Debug)]
pub struct Registrar {
    client: Client,
    context: Context,
    bucket: Bucket,
    prefix: String,
    named: PathBuf,
}

/// What has to stand there as it was read for a key to be written.
#[derive(Clone, Copy, Debug)]
enum Unchanged {
    /// The key itself, whose last change has this revision.
    Key(u64),
    /// The rows of all devices, of whose changes the last has this revision.
    Rows(u64),
}

/// What became of a gateway that was to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Forgotten {
    /// It is forgotten. If it is not gone for good, it will say of itself that it is there.
    Done,
    /// None of this name has ever said anything.
    Unknown,
    /// It is there: it was heard so long ago. Nothing has changed.
    IsThere(Duration),
}

/// Whether there is anybody left to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Until all obey, for at most so long.
    For(Duration),
    /// For nobody.
    No,
}

impl Registrar {
    /// Connects.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn connect(access: &Access) -> Result<Self, NatsError> {
        let client = access.connect(|_| ()).await?;
        let context = jetstream::new(client.clone());
        let bucket = Bucket::of(access.address.prefix());
        let prefix = access.address.prefix().to_owned();
        Ok(Self { client, context, bucket, prefix, named: access.address.to_string().into() })
    }

    /// What gateways ask for devices that pair with them.
    pub(crate) fn claims(&self) -> Claims {
        Claims::new(self.context.clone(), self.bucket.name.trim_end_matches("-registry"))
    }

    /// What people call the registry.
    pub fn named(&self) -> &Path {
        &self.named
    }

    /// What all names of it in NATS begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn read(&self) -> Result<Stored, NatsError> {
        self.begin().await.map(|(stored, _)| stored)
    }

    async fn begin(&self) -> Result<(Stored, Following), NatsError> {
        let (entries, following, _) = Following::begin(&self.client, &self.bucket).await?;
        let mut stored = Stored {
            sheet: Sheet::default(),
            faulty: Vec::new(),
            beats: BTreeMap::new(),
            revision: 0,
            head: None,
            head_revision: 0,
            revisions: BTreeMap::new(),
            said: BTreeMap::new(),
            last_of_rows: following.last_of_rows,
        };
        for entry in entries {
            stored.take(entry);
        }
        Ok((stored, following))
    }

    /// Writes what `new` says otherwise than `old`, row by row, each only if nobody else has changed it since: those
    /// that go, then those that come and change. What stays is not touched. Gives the revision of the last change;
    /// `None` if there was none.
    ///
    /// # Errors
    /// [`NatsError`]. What was written before it stands, and `written` says how many rows that are.
    pub async fn write(
        &self,
        old: &Stored,
        new: &Sheet,
        written: &mut usize,
    ) -> Result<Option<u64>, NatsError> {
        let mut last = None;
        let new = new.clone().ranked_as(&old.sheet);
        if let Some(head) = old.new_head(&new)? {
            last = Some(self.put(&Key::Head, Some(head.kept()), Unchanged::Key(old.head_revision)).await?);
        }
        let faulty = old.faulty.iter().map(|(name, _)| name);
        for name in old.sheet.rows.keys().chain(faulty).filter(|name| !new.rows.contains_key(*name)) {
            let revision = old.revisions.get(name).copied().unwrap_or(0);
            last = Some(self.put(&Key::Device(name.clone()), None, Unchanged::Key(revision)).await?);
            *written += 1;
        }
        for (name, row) in new.rows.iter().filter(|(name, row)| old.sheet.rows.get(*name) != Some(*row)) {
            let revision = old.revisions.get(name).copied().unwrap_or(0);
            last =
                Some(self.put(&Key::Device(name.clone()), Some(row.kept()), Unchanged::Key(revision)).await?);
            *written += 1;
        }
        Ok(last)
    }

    /// Writes what `new` says otherwise than `old`, as [`write`](Self::write) does, but only if that fits to whatever
    /// others have written since `old` was read, and leaves rows that cannot be read alone, but for that of the name
    /// `out`.
    ///
    /// # Errors
    /// [`NatsError::Raced`]: it may not fit. Of several rows some may be written.
    pub async fn edit(&self, old: &Stored, new: &Sheet, out: Option<&str>) -> Result<Option<u64>, NatsError> {
        let mut written = None;
        let new = new.clone().ranked_as(&old.sheet);
        let mut head = old.head_revision;
        if let Some(new_head) = old.new_head(&new)? {
            head = self.put(&Key::Head, Some(new_head.kept()), Unchanged::Key(head)).await?;
            written = Some(head);
        }
        let is_new = |name: &String| !old.sheet.rows.contains_key(name);
        let differing = new.rows.iter().filter(|(name, row)| old.sheet.rows.get(*name) != Some(*row));
        let (come, changed): (Vec<_>, Vec<_>) = differing.partition(|(name, _)| is_new(name));
        let gone = old.sheet.rows.keys().filter(|name| !new.rows.contains_key(*name)).cloned();
        let gone = gone.chain(out.map(str::to_owned)).map(|name| (name, None));
        // What changes beside the row that comes or goes is comments: that row comes last.
        let some = |(name, row): (&String, &Ranked)| (name.clone(), Some(row.clone()));
        let rows = changed.into_iter().map(some).chain(gone).chain(come.into_iter().map(some));
        let rows: Vec<(String, Option<Ranked>)> = rows.collect();
        let mut last = old.last_of_rows;
        for (name, row) in &rows {
            last = self.put_beside(name, row.as_ref(), last, &rows, &new.head, head).await?;
            written = Some(last);
        }
        Ok(written)
    }

    /// Writes one of `rows`, on top of what others have written behind `last`, if those fit to all of them.
    async fn put_beside(
        &self,
        name: &str,
        row: Option<&Ranked>,
        mut last: u64,
        rows: &[(String, Option<Ranked>)],
        head: &str,
        head_revision: u64,
    ) -> Result<u64, NatsError> {
        for _ in 0..MOST_ATTEMPTS {
            let key = Key::Device(name.to_owned());
            match self.put(&key, row.map(Ranked::kept), Unchanged::Rows(last)).await {
                Err(NatsError::Raced(_)) => (),
                written => return written,
            }
            let (behind, others) = self.others_behind(last).await?;
            if behind == last || !self.is_head(head_revision).await? || !fit(head, rows, &others) {
                break;
            }
            last = behind;
        }
        Err(NatsError::Raced(name.to_owned()))
    }

    /// What has been written to rows behind this revision: the last one of that, and each by name; one that is gone, or
    /// that nobody can read, is `None`.
    async fn others_behind(
        &self,
        mut last: u64,
    ) -> Result<(u64, BTreeMap<String, Option<Ranked>>), NatsError> {
        let stream = stream(&self.context, &self.bucket).await?;
        let mut others = BTreeMap::new();
        loop {
            match stream.direct_get_next_for_subject(self.bucket.rows(), Some(last + 1)).await {
                Ok(message) => {
                    last = message.sequence;
                    if let Some(name) = self.bucket.device(&message.subject) {
                        let text = std::str::from_utf8(&message.payload).ok();
                        let is_gone = message.headers.get("KV-Operation").is_some();
                        let row = text.filter(|_| !is_gone).and_then(|text| Ranked::of_kept(text).ok());
                        others.insert(name, row);
                    }
                }
                Err(error) if error.kind() == DirectGetErrorKind::NotFound => return Ok((last, others)),
                Err(error) => return Err(NatsError::request("the registry cannot be read")(&error)),
            }
        }
    }

    async fn is_head(&self, revision: u64) -> Result<bool, NatsError> {
        let stream = stream(&self.context, &self.bucket).await?;
        let head = stream.direct_get_last_for_subject(self.bucket.subject(&Key::Head)).await;
        let head = head.map_err(|error| NatsError::request("the registry cannot be read")(&error))?;
        Ok(head.sequence == revision)
    }

    /// Says that what is there is another registry from now on: gateways that have read a later one take this.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn begin_anew(&self, old: &Stored) -> Result<u64, NatsError> {
        let head = Head { born: born()?, text: old.sheet.head.clone() };
        self.put(&Key::Head, Some(head.kept()), Unchanged::Key(old.head_revision)).await
    }

    /// Writes a key's value, or its end.
    async fn put(&self, key: &Key, value: Option<String>, unchanged: Unchanged) -> Result<u64, NatsError> {
        let mut headers = HeaderMap::new();
        let revision = match unchanged {
            Unchanged::Key(revision) => revision,
            Unchanged::Rows(revision) => {
                headers.insert(EXPECTED_OF_SUBJECT, self.bucket.rows());
                revision
            }
        };
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, revision.to_string());
        if value.is_none() {
            headers.insert("KV-Operation", "DEL");
        }
        let subject = self.bucket.subject(key);
        let value = value.unwrap_or_default().into();
        let raced = || match key {
            Key::Device(name) => NatsError::Raced(name.clone()),
            Key::Head | Key::Beat(_) => NatsError::Raced("the registry itself".to_owned()),
        };
        let failed = |error: jetstream::context::PublishError| match error.kind() {
            PublishErrorKind::WrongLastSequence => raced(),
            PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => {
                NatsError::Unheard(error.to_string())
            }
            _ => NatsError::request("a change was not taken")(&error),
        };
        let sent = self.context.publish_with_headers(subject, headers, value).await.map_err(failed)?;
        Ok(sent.await.map_err(failed)?.sequence)
    }

    /// Waits until the gateways obey the change of this revision, or nobody is left of whom that could be said, and
    /// says how it stands with each.
    ///
    /// Counted is what a gateway says. One that is gone without a goodbye is not in force until it has surely stopped
    /// to let devices in by what it had, which one that [serves on](crate::OnStale::Serve) never does.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn in_force(&self, revision: u64, waits: Waits) -> Result<InForce, NatsError> {
        let (mut stored, mut following) = self.begin().await?;
        let until = match waits {
            Waits::No => return Ok(stored.in_force(revision, following.now())),
            Waits::For(time) => Instant::now() + time,
        };
        loop {
            let stands = stored.in_force(revision, following.now());
            if stands.is_everywhere() {
                return Ok(stands);
            }
            // One that is gone becomes one that is over without anybody's saying so.
            let look = until.min(Instant::now() + LOOK);
            tokio::select! {
                entries = following.next() => entries?.into_iter().for_each(|entry| stored.take(entry)),
                () = sleep_until(look) => (),
            }
            if Instant::now() >= until {
                return Ok(stored.in_force(revision, following.now()));
            }
        }
    }

    /// Whether what is stored is for the server of this key.
    ///
    /// # Errors
    /// [`NatsError::Foreign`]: it is for another.
    pub fn is_for(stored: &Stored, server: &PublicKey) -> Result<(), NatsError> {
        for_server(&stored.sheet.head, server)
    }

    /// Has nobody wait for a gateway any more that is gone for good: takes away what it has said of itself.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn forget(&self, gateway: &str) -> Result<Forgotten, NatsError> {
        let (stored, following) = self.begin().await?;
        let Some((beat, at)) = stored.beats.get(gateway) else { return Ok(Forgotten::Unknown) };
        let silent = Duration::from_secs(u64::try_from(following.now().saturating_sub(*at)).unwrap_or(0));
        if silent <= LOST && !beat.over {
            return Ok(Forgotten::IsThere(silent));
        }
        let said = Unchanged::Key(stored.said.get(gateway).copied().unwrap_or(0));
        match self.put(&Key::Beat(gateway.to_owned()), None, said).await {
            Ok(_) => Ok(Forgotten::Done),
            // It has said something since.
            Err(NatsError::Raced(_)) => Ok(Forgotten::IsThere(Duration::ZERO)),
            Err(error) => Err(error),
        }
    }

    /// Calls `see` with every change, and every beat, until it says no.
    ///
    /// # Errors
    /// [`NatsError`].
    pub async fn watch(&self, mut see: impl FnMut(&Stored, Option<&str>) -> bool) -> Result<(), NatsError> {
        let (mut stored, mut following) = self.begin().await?;
        if !see(&stored, None) {
            return Ok(());
        }
        loop {
            for entry in following.next().await? {
                let name = match &entry.key {
                    Key::Device(name) => Some(name.clone()),
                    Key::Head | Key::Beat(_) => None,
                };
                stored.take(entry);
                if !see(&stored, name.as_deref()) {
                    return Ok(());
                }
            }
        }
    }
}

/// Whether others' rows are none of ours, and a server would load them beside those that we write.
fn fit(head: &str, ours: &[(String, Option<Ranked>)], others: &BTreeMap<String, Option<Ranked>>) -> bool {
    if ours.iter().any(|(name, _)| others.contains_key(name)) {
        return false;
    }
    let ours = ours.iter().filter_map(|(name, row)| Some((name.clone(), row.clone()?)));
    let others = others.iter().filter_map(|(name, row)| Some((name.clone(), row.clone()?)));
    let text = Sheet { head: head.to_owned(), rows: ours.chain(others).collect() }.text();
    server_of(head).is_some_and(|server| Sheet::of(&text, Path::new(""), &server).is_ok())
}

/// How often a row is written on top of what others have written meanwhile.
const MOST_ATTEMPTS: u32 = 100;
/// How often it is looked whether a gateway that is gone has surely stopped.
const LOOK: Duration = Duration::from_millis(500);
