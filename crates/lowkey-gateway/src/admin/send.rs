//! A message to a device, from the owner of the server and the owner's group: over the Unix socket alone, as pairing.

use super::caller::Caller;
use super::others::Others;
use crate::http::{Answer, JSON, done, text};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use lowkey_host::text::unhex;
use lowkey_host::{Acceptor, NotSent, Received};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Answers `/send`; otherwise it is something else.
pub(super) async fn answer(
    acceptor: &Acceptor,
    others: Option<&Arc<dyn Others>>,
    caller: Caller,
    request: Request<Incoming>,
) -> Result<Answer, Request<Incoming>> {
    if request.uri().path() != "/send" {
        return Err(request);
    }
    if !caller.may_change(&request) {
        let only =
            "messages are for the server's user and group, over the Unix socket of the admin listener\n";
        return Ok(text(StatusCode::FORBIDDEN, only));
    }
    if request.method() != Method::POST {
        return Ok(text(StatusCode::METHOD_NOT_ALLOWED, "POST /send\n"));
    }
    let Some(Letter { device, message, within }) = asked(request).await else {
        let wrong = "`device` is a name, `hex` the message, `seconds` how long to wait, 1 to 8\n";
        return Ok(text(StatusCode::BAD_REQUEST, wrong));
    };
    let sent = match (acceptor.send(&device, &message, within).await, others) {
        (Err(NotSent::Offline), Some(others)) => others.send(device, message, within).await,
        (sent, _) => sent,
    };
    let said = said(sent);
    Ok(done(JSON, Some(format!("{said}\n"))))
}

/// What is to be sent to whom.
struct Letter {
    device: String,
    message: Vec<u8>,
    within: Duration,
}

async fn asked(request: Request<Incoming>) -> Option<Letter> {
    let body = Limited::new(request.into_body(), LONGEST).collect().await.ok()?.to_bytes();
    let value: Value = serde_json::from_slice(&body).ok()?;
    let seconds = value["seconds"].as_u64().filter(|seconds| (1..=MOST_SECONDS).contains(seconds))?;
    let device = value["device"].as_str()?.to_owned();
    Some(Letter { device, message: unhex(value["hex"].as_str()?)?, within: Duration::from_secs(seconds) })
}

/// What came of it, for programs: `why` is a word that stays the same, and `sent` says whether it may have arrived.
fn said(outcome: Result<Received, NotSent>) -> Value {
    let why = match outcome {
        Ok(received) => {
            let after = u64::try_from(received.after.as_millis()).unwrap_or(u64::MAX);
            return json!({ "after_milliseconds": after, "received": true });
        }
        Err(why) => why,
    };
    let (word, sent) = (why.as_str(), why.was_sent());
    json!({ "received": false, "sent": sent, "what": why.to_string(), "why": word })
}

/// In bytes: a message of one record in hex, a name with escapes.
const LONGEST: usize = 2 * 65_536 + 4096;
/// A request has ten.
const MOST_SECONDS: u64 = 8;
