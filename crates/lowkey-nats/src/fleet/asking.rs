//! Asks other gateways.

use super::Fleet;
use super::hearing::{HEADER, is_ours};
use super::peers::Peer;
use super::words::{Question, To, of_told, piece, subject};
use crate::access::inboxes;
use crate::error::NatsError;
use crate::sealed::SALT;
use async_nats::{Client, HeaderMap, Message, StatusCode, Subject};
use futures_util::StreamExt;
use futures_util::future::join_all;
use lowkey_host::text::Hex;
use lowkey_host::{NotSent, Received, entropy};
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

impl Fleet {
    /// Asks all other gateways that are there what [their programs](Self::answer_by) answer to the question that is for
    /// the gateway of that name, for so long at most. Gives each one's name and its answer, or why there is none, for
    /// people.
    pub async fn ask(
        &self,
        question: impl Fn(&str) -> String,
        within: Duration,
    ) -> Vec<(String, Result<String, String>)> {
        let others = self.gateways().into_iter().filter(|peer| {
            let is_us = peer.beat.gateway == self.inner.name && peer.beat.run == self.inner.run;
            !is_us && !peer.beat.over && peer.silent < FORGOTTEN
        });
        let asked = others.map(|peer| (Question::Text(question(&peer.beat.gateway)), peer));
        let asks = asked.map(|(question, peer)| async move {
            let answer = timeout(within, self.ask_one(&peer, &question)).await;
            let answer = answer.unwrap_or(Err(Unanswered::Silent));
            let answer = answer.and_then(|answer| String::from_utf8(answer).map_err(|_| Unanswered::Silent));
            let answer = answer.map_err(|why| match why {
                Unanswered::NotAsked(why) => why.to_string(),
                _ => format!("it does not answer, and was heard {} s ago", peer.silent.as_secs()),
            });
            (peer.beat.gateway, answer)
        });
        join_all(asks).await
    }

    /// Has the gateway that a device is connected to send it a message, and waits for at most `within` until the device
    /// has received it, as [`Acceptor::send`](lowkey_host::Acceptor::send) does. For a device that is not connected to
    /// this gateway.
    ///
    /// # Errors
    /// As there; [`NotSent::Unfound`]: NATS does not say now where it is connected. A gateway that was asked and did
    /// not answer may have sent it.
    pub async fn send(&self, device: &str, message: &[u8], within: Duration) -> Result<Received, NotSent> {
        for is_last in [false, true] {
            let lease = match timeout(within, self.read(device)).await {
                Ok(Ok((_, Some(lease)))) if !lease.over => lease,
                Ok(Ok(_)) => return Err(NotSent::Offline),
                _ => return Err(NotSent::Unfound),
            };
            let now = self.now().ok_or(NotSent::Unfound)?;
            // One that is silent may have it still; one that has ended, or was started again, has not.
            let peer = self.state().peers.of(&lease.gateway, now);
            let peer =
                peer.filter(|peer| peer.beat.run == lease.run && !peer.beat.over).ok_or(NotSent::Offline)?;
            let (device, message) = (device.to_owned(), message.to_vec());
            let question = Question::Send { device, message, within };
            match timeout(within + ANSWERING, self.ask_one(&peer, &question)).await {
                Ok(Ok(told)) => match of_told(&told) {
                    // It has gone elsewhere just now, perhaps; nothing was sent.
                    Err(NotSent::Offline) if !is_last => sleep(AGAIN).await,
                    other => return other,
                },
                Ok(Err(Unanswered::NotThere)) => return Err(NotSent::Offline),
                Ok(Err(Unanswered::NotAsked(_))) => return Err(NotSent::Unfound),
                _ => return Err(NotSent::Unanswered),
            }
        }
        Err(NotSent::Offline)
    }

    async fn ask_one(&self, peer: &Peer, question: &Question) -> Result<Vec<u8>, Unanswered> {
        let client = self.client()?;
        match self.ask_once(&client, peer, question).await {
            // While NATS's server reads its files again nobody hears anything.
            Err(Unanswered::NotThere) => {
                sleep(AGAIN).await;
                self.ask_once(&client, peer, question).await
            }
            other => other,
        }
    }

    async fn ask_once(
        &self,
        client: &Client,
        peer: &Peer,
        question: &Question,
    ) -> Result<Vec<u8>, Unanswered> {
        let not_answered = || NatsError::Connection("NATS has not answered yet".to_owned());
        let now = self.now().ok_or_else(not_answered)?;
        let asking = NatsError::request("a gateway cannot be asked");
        let to = To { gateway: &peer.beat.gateway, run: &peer.beat.run };
        let sealed = question.seal(&self.inner.key, to, now)?;
        let Some(salt) = sealed.first_chunk::<SALT>().copied() else { return Err(Unanswered::Silent) };
        let inbox = self.inbox()?;
        let mut parts = client.subscribe(inbox.clone()).await.map_err(|error| asking(&error))?;
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, ASK);
        let subject = subject(&self.inner.prefix, &peer.beat.gateway);
        let sent = client.publish_with_reply_and_headers(subject, inbox, headers, sealed.into()).await;
        sent.map_err(|error| asking(&error))?;
        let mut answer = Vec::new();
        for n in 0..MOST_PARTS {
            let Some(message) = parts.next().await else { break };
            if message.status == Some(StatusCode::NO_RESPONDERS) {
                return Err(Unanswered::NotThere);
            }
            let opened = self.open_part(&message, &salt, n);
            let (text, is_last) = opened.ok_or(Unanswered::Silent)?;
            answer.extend_from_slice(&text);
            if is_last {
                return Ok(answer);
            }
        }
        Err(Unanswered::Silent)
    }

    fn open_part(&self, message: &Message, salt: &[u8; SALT], n: u32) -> Option<(Vec<u8>, bool)> {
        if !is_ours(message, ANSWER) {
            return None;
        }
        [false, true].into_iter().find_map(|is_last| {
            let about = piece(salt, n, is_last);
            let about = about.each_ref().map(|part| &part[..]);
            Some((self.inner.key.open(&about, &message.payload)?, is_last))
        })
    }

    /// Where an answer is heard, and nothing else: whoever is asked learns it. The client's own names for inboxes are
    /// one sequence, and who knows two of them knows all, and could have what it likes delivered to where we follow the
    /// registry.
    fn inbox(&self) -> Result<Subject, NatsError> {
        let random = entropy::random().map_err(|error| NatsError::File(error.to_string()))?;
        Ok(format!("{}.{}", inboxes(&self.inner.name), Hex(&random.expose()[..16])).into())
    }

    pub(super) fn now(&self) -> Option<i64> {
        self.state().clock.map(|clock| clock.at(Instant::now()))
    }

    fn client(&self) -> Result<Client, NatsError> {
        let client = self.state().client.clone();
        client.ok_or_else(|| NatsError::Connection("there is none to NATS yet".to_owned()))
    }
}

/// Why a gateway's answer is not there.
enum Unanswered {
    /// Nobody hears its questions.
    NotThere,
    /// It was asked, perhaps.
    Silent,
    /// It was not asked.
    NotAsked(NatsError),
}

impl From<NatsError> for Unanswered {
    fn from(error: NatsError) -> Self {
        Self::NotAsked(error)
    }
}

/// What a question and a part of an answer bear in our header.
pub(super) const ASK: &str = "ask";
pub(super) const ANSWER: &str = "answer";
/// Parts of an answer.
const MOST_PARTS: u32 = 4096;
/// A gateway that was silent for so long is not asked any more.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// How much longer than the device's own time another gateway's answer may take.
const ANSWERING: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_millis(100);
