//! Answers other gateways, and sends messages to devices for whoever owns the registry.

use super::asking::{ANSWER, ASK};
use super::hearing::{HEADER, is_ours};
use super::pulse::Pulse;
use super::words::{Question, To, piece, subject, told};
use super::{Answers, Fleet};
use crate::bucket::unhex;
use crate::sealed::SALT;
use async_nats::{Client, HeaderMap, Message};
use futures_util::StreamExt;
use lowkey_host::{Acceptor, NotSent, Received};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

impl Fleet {
    /// Answers until it is dropped or the client ends.
    pub(super) async fn answer(&self, client: &Client, acceptor: &Acceptor) {
        let (name, prefix) = (&self.inner.name, &self.inner.prefix);
        let Ok(mut asked) = client.subscribe(subject(prefix, name)).await else { return };
        let to_devices = client.queue_subscribe(format!("{prefix}.to.*"), "gateways".to_owned()).await;
        let Ok(mut to_devices) = to_devices else { return };
        let (mut answers, mut sends) = (JoinSet::new(), JoinSet::new());
        let (mut beats, mut pulse) = (interval(PULSE), Pulse::new(Instant::now()));
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_free = answers.len() < AT_ONCE;
            tokio::select! {
                _ = beats.tick() => drop(pulse.is_steady(Instant::now())),
                Some(_) = answers.join_next(), if !answers.is_empty() => (),
                Some(_) = sends.join_next(), if !sends.is_empty() => (),
                message = asked.next(), if is_free => {
                    let Some(message) = message else { return };
                    let Some((question, salt)) = self.question(&message) else { continue };
                    let (fleet, client, acceptor) = (self.clone(), client.clone(), acceptor.clone());
                    let is_send = matches!(question, Question::Send { .. });
                    let is_too_many = is_send && sends.len() >= SENDS_AT_ONCE;
                    let tasks = if is_send && !is_too_many { &mut sends } else { &mut answers };
                    tasks.spawn(async move {
                        let text = match is_too_many {
                            true => told(Err(NotSent::Busy)),
                            false => fleet.answer_to(question, &acceptor).await,
                        };
                        fleet.reply(&client, &message, &salt, &text).await;
                    });
                }
                // It does not wait here: its device would get it when nobody waits for its answer any more.
                message = to_devices.next() => {
                    let Some(message) = message else { return };
                    let refused = match pulse.is_steady(Instant::now()) {
                        false => Some(NotSent::NotInTime),
                        true => (sends.len() >= SENDS_AT_ONCE).then_some(NotSent::Busy),
                    };
                    if let Some(why) = refused {
                        self.refuse(client, &message, why).await;
                        continue;
                    }
                    let (fleet, client, acceptor) = (self.clone(), client.clone(), acceptor.clone());
                    sends.spawn(async move { fleet.deliver(&client, &acceptor, message).await });
                }
            }
        }
    }

    fn question(&self, message: &Message) -> Option<(Question, [u8; SALT])> {
        if !is_ours(message, ASK) || message.reply.is_none() {
            return None;
        }
        let us = To { gateway: &self.inner.name, run: &self.inner.run };
        let now = self.now()?;
        let mut heard = self.inner.heard.lock().unwrap_or_else(PoisonError::into_inner);
        Question::open(&self.inner.key, us, &message.payload, now, &mut heard)
    }

    async fn answer_to(&self, question: Question, acceptor: &Acceptor) -> String {
        match question {
            Question::Send { device, message, within } => {
                told(acceptor.send(&device, &message, within).await)
            }
            Question::Text(text) => {
                let answers: Option<Arc<Answers>> = self.state().answers.clone();
                match answers {
                    Some(answers) => answers(text).await,
                    None => String::new(),
                }
            }
        }
    }

    async fn reply(&self, client: &Client, to: &Message, salt: &[u8; SALT], text: &str) {
        let Some(inbox) = &to.reply else { return };
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, ANSWER);
        let parts = text.len().div_ceil(PART).max(1);
        for n in 0..parts {
            let from = &text.as_bytes()[n * PART..];
            let about = piece(salt, u32::try_from(n).unwrap_or(u32::MAX), n + 1 == parts);
            let about = about.each_ref().map(|part| &part[..]);
            let Ok(sealed) = self.inner.key.seal(&about, &from[..from.len().min(PART)]) else { return };
            // Who waits for it in vain says so.
            let _ = client.publish_with_headers(inbox.clone(), headers.clone(), sealed.into()).await;
        }
    }

    /// Sends what somebody with a registrar's credential has sent to a device's subject, wherever that is connected.
    async fn deliver(&self, client: &Client, acceptor: &Acceptor, message: Message) {
        let Some(reply) = message.reply.clone() else { return };
        // An answer of JetStream, which anybody can have sent here, has its header, or is one of its errors.
        let is_ours = is_ours(&message, SEND);
        let device = message.subject.as_str().rsplit('.').next().and_then(unhex);
        let (true, Some(device)) = (is_ours, device) else { return };
        let seconds = message.headers.as_ref().and_then(|headers| headers.get(SECONDS));
        let seconds = seconds.and_then(|seconds| seconds.as_str().parse().ok());
        let within =
            Duration::from_secs(seconds.filter(|seconds| (1..=MOST).contains(seconds)).unwrap_or(MOST));
        let told = told(self.send_anywhere(acceptor, &device, &message.payload, within).await);
        let _ = client.publish(reply, told.into()).await; // who waits for it in vain says so
    }

    /// Nothing was sent, and why.
    async fn refuse(&self, client: &Client, message: &Message, why: NotSent) {
        let (true, Some(reply)) = (is_ours(message, SEND), message.reply.clone()) else { return };
        let _ = client.publish(reply, told(Err(why)).into()).await; // who waits for it in vain says so
    }

    /// Sends a message to a device, wherever it is connected, as [`send`](Self::send) does.
    async fn send_anywhere(
        &self,
        acceptor: &Acceptor,
        device: &str,
        message: &[u8],
        within: Duration,
    ) -> Result<Received, NotSent> {
        match acceptor.send(device, message, within).await {
            Err(NotSent::Offline) => self.send(device, message, within).await,
            other => other,
        }
    }
}

/// The header of a message that is for a device, and how long to wait for the device.
pub(crate) const SEND: &str = "send";
pub(crate) const SECONDS: &str = "Lowkey-Seconds";
/// In seconds.
pub(crate) const MOST: u64 = 8;
/// Answers that are made at once: a page of another gateway asks for one.
const AT_ONCE: usize = 64;
/// Messages that wait for devices at once.
const SENDS_AT_ONCE: usize = 1024;
/// How often it is looked whether we stood still.
const PULSE: Duration = Duration::from_millis(250);
/// Bytes of an answer in one message of NATS, which takes a million.
const PART: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{Access, Credentials};
    use crate::fleet::moment::Clock;
    use lowkey_host::{Identity, Secret};
    use std::time::Instant;

    #[test]
    fn a_question_that_is_played_again_is_none_for_whoever_listens_anew_either() {
        let address = "nats://127.0.0.1:4222".parse().unwrap();
        let access = Access { address, credentials: Credentials::None, roots: None, name: "a".to_owned() };
        let fleet = Fleet::new(&access, &Identity::new(Secret::new([1; 32])).unwrap()).unwrap();
        fleet.state().clock = Some(Clock::new(Instant::now(), 1_000_000, Duration::ZERO));
        let us = To { gateway: "a", run: &fleet.inner.run };
        let sealed = Question::Text("/x".to_owned()).seal(&fleet.inner.key, us, 1_000_000).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, ASK);
        let message = Message {
            subject: "x.ask.61".into(),
            reply: Some("_INBOX.x".into()),
            length: sealed.len(),
            payload: sealed.into(),
            headers: Some(headers),
            status: None,
            description: None,
        };
        assert!(fleet.question(&message).is_some());
        assert!(fleet.question(&message).is_none());
    }
}
