//! Puts a message where JetStream has what is expected there, and says what became of it.

use async_nats::Client;
use async_nats::client::RequestErrorKind;
use async_nats::header::{HeaderMap, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE};
use async_nats::jetstream::Context;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{DirectGetErrorKind, LastRawMessageErrorKind};
use lowkey_host::numbered::Unstored;
use lowkey_host::text::{clean, mask};
use serde_json::Value;
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is stored, as which message.
    Taken(u64),
    /// One of this id is stored already, and this one is not.
    Known,
    /// What stands there is something else; this is not stored.
    Wrong,
    /// It may be stored, or be so later; why that was not heard. Nothing that is for now makes it certain.
    Unheard(String),
    /// It is not stored, as it never would be: JetStream's code for it, and why.
    Refused(u64, String),
}

/// Puts a message with these headers into a stream where the last of `filter` is `expected`; 0: there is none. What
/// another stream takes in its place is refused.
pub(crate) async fn put(
    client: &Client,
    stream: &str,
    subject: String,
    mut headers: HeaderMap,
    payload: Vec<u8>,
    expected: (&str, u64),
) -> Put {
    let (filter, sequence) = expected;
    headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, sequence.to_string());
    if filter != subject {
        headers.insert(EXPECTED_OF_SUBJECT, filter);
    }
    match client.request_with_headers(subject, headers, payload.into()).await {
        Ok(answer) => read(&answer.payload, stream),
        Err(error) if error.kind() == RequestErrorKind::MaxPayloadExceeded => {
            Put::Refused(0, said(&error.to_string()))
        }
        Err(error) if error.kind() == RequestErrorKind::NoResponders => Put::Unheard(NOBODY.to_owned()),
        Err(error) => Put::Unheard(said(&error.to_string())),
    }
}

fn read(answer: &[u8], stream: &str) -> Put {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let error = &answer["error"];
    if error.is_object() {
        let why = said(error["description"].as_str().unwrap_or_default());
        return match error["err_code"].as_u64().unwrap_or_default() {
            WRONG_LAST_SEQUENCE | WRONG_LAST_SEQUENCE_IN_PROCESS => Put::Wrong,
            code if FOR_NOW.contains(&code) => Put::Unheard(why),
            code => Put::Refused(code, why),
        };
    }
    match (answer["stream"].as_str(), answer["seq"].as_u64()) {
        (Some(other), Some(_)) if other != stream => {
            Put::Refused(0, said(&format!("the stream {other} takes it, and not {stream}")))
        }
        (Some(_), Some(_)) if answer["duplicate"] == true => Put::Known,
        (Some(_), Some(sequence)) => Put::Taken(sequence),
        // Whoever else answers there.
        _ => Put::Refused(0, "what answers is no stream".to_owned()),
    }
}

/// The last message of `filter` in a stream, as its leader has it: what was acknowledged before this was asked is in
/// it. `None`: there is none.
pub(crate) async fn last(
    context: &Context,
    stream: &str,
    filter: &str,
) -> Result<Option<StreamMessage>, Unread> {
    let heard = |error: &dyn fmt::Display| Unread::Unheard(said(&error.to_string()));
    let stream = context.get_stream_no_info(stream).await.map_err(|error| heard(&error))?;
    match stream.get_last_raw_message_by_subject(filter).await {
        Ok(message) => Ok(Some(message)),
        Err(error) => match error.kind() {
            LastRawMessageErrorKind::NoMessageFound => Ok(None),
            LastRawMessageErrorKind::JetStream(why) if !FOR_NOW.contains(&why.error_code().0) => {
                Err(Unread::Refused(said(&why.to_string())))
            }
            _ => Err(heard(&error)),
        },
    }
}

/// The last message of a subject, as any server of the stream has it: it may be one of before. `None`: there is none.
pub(crate) async fn last_of_any(
    context: &Context,
    stream: &str,
    subject: &str,
) -> Result<Option<StreamMessage>, Unread> {
    let heard = |error: &dyn fmt::Display| Unread::Unheard(said(&format!("{error}, of {stream}")));
    let there = context.get_stream_no_info(stream).await.map_err(|error| heard(&error))?;
    match there.direct_get_last_for_subject(subject).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
        Err(error) => Err(heard(&error)),
    }
}

/// The first message of a subject with this sequence or a later one, as any server of the stream has it: there may be
/// one more.
pub(crate) async fn next(
    context: &Context,
    stream: &str,
    subject: &str,
    sequence: u64,
) -> Result<Option<StreamMessage>, Unread> {
    let heard = |error: &dyn fmt::Display| Unread::Unheard(said(&format!("{error}, of {stream}")));
    let there = context.get_stream_no_info(stream).await.map_err(|error| heard(&error))?;
    match there.direct_get_next_for_subject(subject, Some(sequence)).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
        Err(error) => Err(heard(&error)),
    }
}

/// Why something was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It may be read later; why it was not.
    Unheard(String),
    /// It never will.
    Refused(String),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Unheard(why) | Self::Refused(why)) = self;
        f.write_str(why)
    }
}

/// How long what is for now is tried again, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    until: Option<Instant>,
    attempt: u32,
}

impl Patience {
    /// It ends after this time.
    pub(crate) fn of(time: Duration) -> Self {
        Self { until: Some(Instant::now() + time), attempt: 0 }
    }

    /// It does not end.
    pub(crate) fn endless() -> Self {
        Self { until: None, attempt: 0 }
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// It is at its end, for this reason.
    pub(crate) async fn wait(&mut self, why: String) -> Result<(), Unstored> {
        if self.until.is_some_and(|until| until <= Instant::now()) {
            return Err(Unstored::Failed(why));
        }
        let most = (SHORTEST * (1 << self.attempt.min(10))).min(LONGEST);
        self.attempt += 1;
        // Half of it by chance: many wait for the same.
        let chance = lowkey_host::entropy::random().map_or(0, |random| random.expose()[0]);
        sleep(most / 2 + most / 2 * u32::from(chance) / 255).await;
        Ok(())
    }

    /// Goes on after what could not be read, unless it never will be.
    pub(crate) async fn outlive(&mut self, unread: Unread) -> Result<(), Unstored> {
        match unread {
            Unread::Unheard(why) => self.wait(why).await,
            Unread::Refused(why) => Err(Unstored::Failed(why)),
        }
    }
}

/// What NATS says, for people.
fn said(text: &str) -> String {
    format!("NATS: {}", clean(&mask(text)))
}

/// Whose last message is expected: by itself it is that of the subject that is written. From 2.11 on; an older server
/// writes nothing then.
pub(crate) const EXPECTED_OF_SUBJECT: &str = "Nats-Expected-Last-Subject-Sequence-Subject";
const WRONG_LAST_SEQUENCE: u64 = 10071;
/// In a cluster: another is on its way there.
const WRONG_LAST_SEQUENCE_IN_PROCESS: u64 = 10164;
/// No leader, a server that starts, the same id on its way, or more than are taken at once.
const FOR_NOW: [u64; 6] = [10008, 10009, 10118, 10158, 10163, 10167];
const NOBODY: &str = "NATS: no stream takes it now";
const SHORTEST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_what_became_of_a_message_and_what_is_none_is_no_success() {
        let is = |answer: &str| read(answer.as_bytes(), "s");
        assert_eq!(is(r#"{"stream":"s","seq":7}"#), Put::Taken(7));
        for answer in [r#"{"stream":"t","seq":7}"#, r#"{"stream":"t","seq":7,"duplicate":true}"#] {
            assert!(matches!(is(answer), Put::Refused(0, why) if why.contains("stream t ")), "{answer}");
        }
        assert_eq!(is(r#"{"stream":"s","seq":7,"duplicate":true}"#), Put::Known);
        let error = |code: u64| format!(r#"{{"error":{{"err_code":{code},"description":"a\u001b"}}}}"#);
        for code in [WRONG_LAST_SEQUENCE, WRONG_LAST_SEQUENCE_IN_PROCESS] {
            assert_eq!(is(&error(code)), Put::Wrong);
        }
        for code in FOR_NOW {
            assert!(matches!(is(&error(code)), Put::Unheard(why) if !why.contains('\u{1b}')), "{code}");
        }
        assert!(matches!(is(&error(10077)), Put::Refused(10077, _)));
        for answer in ["", "{}", "here", r#"{"seq":7}"#, r#"{"stream":"s"}"#, r#"{"error":{}}"#] {
            assert!(matches!(is(answer), Put::Refused(0, _)), "{answer}");
        }
    }
}
