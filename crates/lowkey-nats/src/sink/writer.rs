//! Stores the messages of one session, one after the other.

use super::labels::{Labels, has_end};
use super::taken::Right;
use super::trouble::Until;
use super::{Inner, permit};
use crate::bucket::hex;
use crate::numbers::Held;
use crate::put::{Patience, Put, last_of_any, put};
use async_nats::header::{HeaderMap, NATS_MESSAGE_TTL};
use lowkey_host::entropy;
use lowkey_host::numbered::{Last, RunId, Unstored, message_digest};
use lowkey_host::text::Hex;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// A session's right to store, until a newer session takes it.
#[derive(Clone)]
pub(crate) struct Writer {
    pub(super) inner: Arc<Inner>,
    device: String,
    /// The same as the subjects have it.
    token: String,
    /// Of our run, and who we are; `last` is the last that is stored.
    labels: Labels,
    right: Right,
    /// What a message of ours names: the last message at our device's subjects, which is ours; or our mark.
    behind: u64,
    marked: Instant,
}

/// What stands last at a device's subjects.
enum Stands {
    /// Nothing: it has been consumed, or is too old.
    Nothing,
    /// What we have put there.
    Ours(u64, Option<Last>),
    /// What somebody else has; and which mark there has an end.
    Others(u64, Option<Labels>, Option<u64>),
}

impl Writer {
    /// Has `run` in force and marks the device's subjects as ours; what is stored of the run is in the row then.
    pub(crate) async fn begin(
        inner: &Arc<Inner>,
        device: &str,
        run: RunId,
        patience: &mut Patience,
    ) -> Result<(Self, Held), Unstored> {
        if device.len() > LONGEST_NAME {
            return Err(Unstored::Failed(format!("NATS: its name is longer than {LONGEST_NAME} bytes")));
        }
        // First whether it may: a run of before takes nothing from whoever stores now.
        let mut held = Held::begin(inner.numbers.clone(), device, run, *patience).await?;
        let random = entropy::random().map_err(|error| Unstored::Failed(error.to_string()))?;
        let labels = Labels { run, last: None, writer: Hex(&random.expose()[..8]).to_string() };
        let right = inner.right(patience).await?;
        let (inner, token, marked) = (Arc::clone(inner), hex(device), Instant::now());
        let mut writer = Self { inner, device: device.to_owned(), token, labels, right, behind: 0, marked };
        loop {
            let found = writer.look(patience).await?;
            // Where the mark of whoever was before is gone, what NATS has copied names it.
            if writer.right == Right::UntilEnded
                && matches!(found, Stands::Nothing | Stands::Others(.., None))
            {
                let told = writer.inner.last_told(&writer.token, patience).await?;
                if let Some(mark) = told.and_then(|told| told.mark) {
                    writer.end(mark, patience).await?;
                }
            }
            let (expected, last) = match found {
                Stands::Nothing => (0, None),
                Stands::Ours(sequence, last) => {
                    (writer.behind, writer.labels.last) = (sequence, last);
                    break;
                }
                Stands::Others(sequence, labels, mark) => {
                    if let Some(mark) = mark {
                        if writer.right == Right::Behind {
                            writer.right = writer.inner.right_now(patience).await?;
                        }
                        writer.end(mark, patience).await?;
                    }
                    (sequence, labels.filter(|labels| labels.run == run).and_then(|labels| labels.last))
                }
            };
            if writer.mark(expected, last, patience).await? {
                break;
            }
            patience.wait(OTHERS.to_owned()).await?;
        }
        // Whoever was before stores nothing from here on, and so what is read now is all.
        held.refresh(patience).await?;
        if let Some(last) = writer.labels.last {
            held.merge(last, patience).await?;
        }
        if writer.right == Right::UntilEnded {
            let told = writer.inner.last_told(&writer.token, patience).await?;
            let told = told.and_then(|told| told.labels).filter(|told| told.run == run);
            if let Some(last) = told.and_then(|told| told.last) {
                held.merge(last, patience).await?;
            }
        }
        writer.labels.last = held.last();
        Ok((writer, held))
    }

    /// Stores a message behind all that is stored.
    ///
    /// # Errors
    /// [`Unstored`]: none of this session is stored any more.
    pub(crate) async fn store(&mut self, number: u64, message: &[u8]) -> Result<Last, Unstored> {
        let now = Last { number, digest: message_digest(number, [message, &[]]) };
        let mut patience = Patience::endless();
        match self.right {
            Right::Behind => self.store_behind(now, message, &mut patience).await?,
            Right::UntilEnded => self.store_until_ended(now, message, &mut patience).await?,
        }
        self.labels.last = Some(now);
        Ok(now)
    }

    /// One attempt at it.
    async fn send(&self, now: Last, message: &[u8], expected: (&str, u64)) -> Result<Put, Unstored> {
        let labels = Labels { last: Some(now), ..self.labels.clone() };
        let headers = labels.headers_of_message(&self.device, &self.token);
        let sent = {
            let _one_of_many = permit(&self.inner.publishes).await;
            self.put(self.subject(), headers, message.to_vec(), expected).await
        };
        match &sent {
            Put::Unheard(why) => self.inner.trouble.begins(Until::Answered, why),
            Put::Refused(..) | Put::Taken(..) | Put::Known | Put::Wrong => {
                self.inner.trouble.ends(Until::Answered);
            }
        }
        if let Put::Refused(_, why) = sent { Err(Unstored::Failed(why)) } else { Ok(sent) }
    }

    async fn put(&self, subject: String, headers: HeaderMap, payload: Vec<u8>, expected: (&str, u64)) -> Put {
        put(&self.inner.up.client, &self.inner.up.name, subject, headers, payload, expected).await
    }

    async fn store_behind(
        &mut self,
        now: Last,
        message: &[u8],
        patience: &mut Patience,
    ) -> Result<(), Unstored> {
        loop {
            let sent = self.send(now, message, (&self.both(), self.behind)).await?;
            let before = self.behind;
            // Another attempt at it, of ours or of a session before, was stored, and consumed since. In a cluster that
            // is said also where another session stores now: it may be another message of this number.
            let is_known = sent == Put::Known;
            match sent {
                Put::Taken(sequence) if sequence > before => {
                    self.behind = sequence;
                    return Ok(());
                }
                Put::Taken(_) => return Err(Unstored::Failed(ANEW.to_owned())),
                Put::Unheard(why) => patience.wait(why).await?,
                Put::Wrong | Put::Known | Put::Refused(..) => (),
            }
            match self.look(patience).await? {
                Stands::Ours(sequence, last) => {
                    self.behind = sequence;
                    if last == Some(now) || is_known {
                        return Ok(());
                    }
                    if sequence == before {
                        // A server that has not heard of the last, or another's message on its way.
                        patience.wait(OTHERS.to_owned()).await?;
                    }
                }
                Stands::Others(..) => return Err(Unstored::Moved),
                Stands::Nothing if is_known => return Ok(()),
                Stands::Nothing => self.mark_again(patience).await?,
            }
        }
    }

    async fn store_until_ended(
        &mut self,
        now: Last,
        message: &[u8],
        patience: &mut Patience,
    ) -> Result<(), Unstored> {
        // Whoever takes over long after ours has ended by itself would not know of it.
        if self.marked.elapsed() > MARKS_ANEW && self.renew(now, patience).await? {
            return Ok(());
        }
        loop {
            match self.send(now, message, (&self.end_of(self.behind), 0)).await? {
                Put::Taken(..) => return Ok(()),
                Put::Unheard(why) => {
                    patience.wait(why).await?;
                    if self.renew(now, patience).await? {
                        return Ok(());
                    }
                }
                sent => {
                    if matches!(self.look(patience).await?, Stands::Others(..)) {
                        return Err(Unstored::Moved);
                    }
                    if sent == Put::Known {
                        return Ok(()); // an attempt at it of ours, or of a session before
                    }
                    if self.is_ended(self.behind, patience).await? {
                        return Err(Unstored::Moved);
                    }
                    patience.wait(OTHERS.to_owned()).await?;
                }
            }
        }
    }

    /// Takes a new mark, so that nothing is stored any more of what was sent and not answered; whether `now` was.
    async fn renew(&mut self, now: Last, patience: &mut Patience) -> Result<bool, Unstored> {
        let before = self.labels.last;
        loop {
            let found = self.look(patience).await?;
            let (expected, last) = match found {
                Stands::Others(..) => return Err(Unstored::Moved),
                Stands::Ours(sequence, last) if last == Some(now) => (sequence, last),
                Stands::Ours(sequence, _) => (sequence, before),
                Stands::Nothing => (0, before),
            };
            self.end(self.behind, patience).await?;
            if !self.mark(expected, last, patience).await? {
                continue; // something stands there, and is looked at
            }
            if expected == 0 {
                self.is_nobody_between(patience).await?;
            }
            if last == Some(now) {
                return Ok(true);
            }
            let told = self.inner.last_told(&self.token, patience).await?.and_then(|told| told.labels);
            return Ok(told.is_some_and(|told| told.run == self.labels.run && told.last == Some(now)));
        }
    }

    /// Has nothing more stored by whoever has put this mark there.
    async fn end(&self, mark: u64, patience: &mut Patience) -> Result<(), Unstored> {
        let (inner, subject) = (&self.inner, self.end_of(mark));
        loop {
            let ends = inner.marks_end.load(Ordering::Relaxed);
            let mut headers = self.labels.headers(&self.device);
            if ends {
                headers.insert(NATS_MESSAGE_TTL, END_ENDS);
            }
            match self.put(subject.clone(), headers, Vec::new(), (&*subject, 0)).await {
                Put::Taken(..) | Put::Known => return Ok(()),
                Put::Refused(NO_TTL, _) if ends => inner.marks_end.store(false, Ordering::Relaxed),
                Put::Refused(_, why) => return Err(Unstored::Failed(why)),
                // It is ended already; or, in a cluster, a message is on its way there that names this.
                Put::Wrong if self.is_ended(mark, patience).await? => return Ok(()),
                Put::Wrong => patience.wait(OTHERS.to_owned()).await?,
                Put::Unheard(why) => patience.wait(why).await?,
            }
        }
    }

    /// Whether there is something at the end of this mark.
    async fn is_ended(&self, mark: u64, patience: &mut Patience) -> Result<bool, Unstored> {
        let (up, end) = (&self.inner.up, self.end_of(mark));
        loop {
            match last_of_any(&up.context, &up.name, &end).await {
                Ok(end) => return Ok(end.is_some()),
                Err(unread) => patience.outlive(unread).await?,
            }
        }
    }

    /// Everything at our subjects is gone, and our mark with it.
    async fn mark_again(&mut self, patience: &mut Patience) -> Result<(), Unstored> {
        let last = self.labels.last;
        if !self.mark(0, last, patience).await? {
            return Ok(()); // something stands there, and is looked at
        }
        self.is_nobody_between(patience).await
    }

    /// Behind a mark that we have put where nothing stood: a newer session's may have been there and gone as well. It
    /// has left its run or its number in the row.
    async fn is_nobody_between(&self, patience: &mut Patience) -> Result<(), Unstored> {
        let last = self.labels.last;
        loop {
            match self.inner.numbers.read(&self.device).await {
                Ok(there) => {
                    let row = there.row.filter(|row| row.run() == self.labels.run);
                    let row = row.ok_or(Unstored::Moved)?;
                    let is_ours = row.last().map(|last| last.number) <= last.map(|last| last.number);
                    return if is_ours { Ok(()) } else { Err(Unstored::Moved) };
                }
                Err(unread) => patience.outlive(unread).await?,
            }
        }
    }

    /// Marks the subjects as ours behind what stands there, after `last`. `false`: something else stands there.
    async fn mark(
        &mut self,
        expected: u64,
        last: Option<Last>,
        patience: &mut Patience,
    ) -> Result<bool, Unstored> {
        loop {
            let ends = self.inner.marks_end.load(Ordering::Relaxed);
            let labels = Labels { last, ..self.labels.clone() };
            let mut headers = match self.right {
                Right::Behind => labels.headers(&self.device),
                Right::UntilEnded => labels.headers_of_mark_with_end(&self.device),
            };
            if ends {
                headers.insert(NATS_MESSAGE_TTL, self.right.mark_ends());
            }
            let subject = format!("{}.mark.{}", self.inner.up.prefix, self.token);
            match self.put(subject, headers, Vec::new(), (&*self.both(), expected)).await {
                Put::Taken(sequence) => {
                    (self.behind, self.labels.last) = (sequence, last);
                    self.marked = Instant::now();
                    return Ok(true);
                }
                Put::Refused(NO_TTL, _) if ends => self.inner.marks_end.store(false, Ordering::Relaxed),
                Put::Refused(_, why) => return Err(Unstored::Failed(why)),
                Put::Unheard(why) => {
                    patience.wait(why).await?;
                    return Ok(false);
                }
                Put::Wrong | Put::Known => return Ok(false),
            }
        }
    }

    /// What stands there now, or has stood there: who puts something there on top of it learns which.
    async fn look(&self, patience: &mut Patience) -> Result<Stands, Unstored> {
        let (subjects, inner) = ([self.subject(), self.subject_of_mark()], &self.inner);
        let (up, mark) = loop {
            let [up, mark] = subjects.each_ref().map(|at| last_of_any(&inner.up.context, &inner.up.name, at));
            match tokio::try_join!(up, mark) {
                Ok(found) => break found,
                Err(unread) => {
                    inner.trouble.begins(Until::Begun, &unread.to_string());
                    patience.outlive(unread).await?;
                }
            }
        };
        let with_end = mark.as_ref().filter(|mark| has_end(&mark.headers)).map(|mark| mark.sequence);
        let found = up.into_iter().chain(mark).max_by_key(|message| message.sequence);
        let Some(message) = found else { return Ok(Stands::Nothing) };
        Ok(match Labels::of(&message.headers) {
            Some(labels) if labels.writer == self.labels.writer => {
                Stands::Ours(message.sequence, labels.last)
            }
            labels => Stands::Others(message.sequence, labels, with_end),
        })
    }

    fn subject(&self) -> String {
        format!("{}.up.{}", self.inner.up.prefix, self.token)
    }

    fn subject_of_mark(&self) -> String {
        format!("{}.mark.{}", self.inner.up.prefix, self.token)
    }

    /// Where something stands when the session of this mark is over.
    fn end_of(&self, mark: u64) -> String {
        format!("{}.mark.{}.{mark}", self.inner.up.prefix, self.token)
    }

    /// The subjects of its messages and of its mark.
    fn both(&self) -> String {
        format!("{}.*.{}", self.inner.up.prefix, self.token)
    }
}

/// Bytes of a device's name. NATS ends the connection of who sends it a longer subject than it takes.
const LONGEST_NAME: usize = 1_000;
/// When a session that says something takes a new one.
const MARKS_ANEW: Duration = Duration::from_secs(24 * 3600);
/// When it forgets the end of one: what has waited somewhere for so long comes no more.
const END_ENDS: &str = "720h";
const ANEW: &str = "NATS: the stream is another than it was: it counts from below where it was";
const OTHERS: &str = "NATS: others store messages of the device";
/// What JetStream answers where it does not.
const NO_TTL: u64 = 10166;
