//! Pairing, for the owner of the server and the owner's group: what changes state comes over the Unix socket alone.

use super::caller::Caller;
use super::json::{trouble, window};
use crate::http::{Answer, JSON, done, text};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use lowkey_host::{Acceptor, Id, NotEnrolled, NotOpened, NotPaired, WindowInfo};
use lowkey_registry::keys::encode_public;
use lowkey_registry::parse_code;
use serde_json::{Value, json};
use std::time::Duration;
use zeroize::Zeroizing;

/// Answers what begins with `/pair`; `None`: it is something else.
pub(super) async fn answer(
    acceptor: &Acceptor,
    caller: Caller,
    request: Request<Incoming>,
) -> Result<Answer, Request<Incoming>> {
    let path = request.uri().path().to_owned();
    let Some(what) = path.strip_prefix("/pair").filter(|rest| rest.is_empty() || rest.starts_with('/'))
    else {
        return Err(request);
    };
    if !caller.may_change(&request) {
        let only = "pairing is for the server's user and group, over the Unix socket of the admin listener\n";
        return Ok(text(StatusCode::FORBIDDEN, only));
    }
    let is_get = request.method() == Method::GET;
    let is_post = request.method() == Method::POST;
    Ok(match what {
        "" if is_get => windows(&acceptor.windows()),
        "/open" | "/call" | "/close" if is_post => match asked(request).await {
            Some(asked) => change(acceptor, what, &asked).await,
            None => text(StatusCode::BAD_REQUEST, "that is not what is asked here\n"),
        },
        "" | "/open" | "/call" | "/close" => {
            text(StatusCode::METHOD_NOT_ALLOWED, "GET /pair, POST /pair/open, /pair/call, /pair/close\n")
        }
        _ => text(StatusCode::NOT_FOUND, "/pair, /pair/open, /pair/call, /pair/close\n"),
    })
}

/// The JSON of a request, as far as that is short.
async fn asked(request: Request<Incoming>) -> Option<Asked> {
    let body = Limited::new(request.into_body(), LONGEST).collect().await.ok()?.to_bytes();
    let body = Zeroizing::new(body.to_vec());
    let mut value: Value = serde_json::from_slice(&body).ok()?;
    let code = match value.get_mut("code").map(Value::take) {
        Some(Value::String(code)) => Some(Zeroizing::new(code)),
        _ => None,
    };
    Some(Asked { code, value })
}

/// What was asked; the code stands apart, and is wiped.
struct Asked {
    code: Option<Zeroizing<String>>,
    value: Value,
}

async fn change(acceptor: &Acceptor, what: &str, asked: &Asked) -> Answer {
    let wrong = |why| text(StatusCode::BAD_REQUEST, why);
    let Asked { code, value } = asked;
    if what == "/close" {
        let Some(number) = value["window"].as_u64() else {
            return wrong("`window` is the number of a window\n");
        };
        return windows(acceptor.close_window(number).as_slice());
    }
    let code = code.as_ref().and_then(|code| parse_code(code).ok());
    let (Some(code), Some(device)) = (code, value["device"].as_str()) else {
        return wrong("`code` is a code or a label's text, `device` is a name\n");
    };
    if what == "/open" {
        let Some(seconds) = value["seconds"].as_u64() else {
            return wrong("`seconds` is how long it is open\n");
        };
        return match acceptor.open_window(&code, device, Duration::from_secs(seconds)).await {
            Ok(number) => {
                let of = json(acceptor.window(number).as_slice());
                answered(&json!({ "bearer": bearer(acceptor, &code.name()), "windows": of }))
            }
            Err(why) => refused(&why),
        };
    }
    let Some(address) = value["address"].as_str().map(str::to_owned) else {
        return wrong("`address` is HOST:PORT\n");
    };
    match acceptor.call(&code, device).await {
        Ok(call) => {
            let number = call.number();
            // What comes of it is in the window's state, and in the log.
            tokio::spawn(async move { call.tcp(address).await.map(drop) });
            windows(acceptor.window(number).as_slice())
        }
        Err(why) => refused(&why),
    }
}

/// The device whose row bears the code, if there is one: it pairs again if somebody asks it to, and no other can.
fn bearer(acceptor: &Acceptor, code: &Id) -> Value {
    let mut found = Value::Null;
    acceptor.registry().each(&mut |pinned| {
        if pinned.paired().is_some_and(|paired| paired.code() == *code) {
            found = json!({ "device": pinned.device().name(), "key": encode_public(&pinned.key()) });
        }
    });
    found
}

fn windows(windows: &[WindowInfo]) -> Answer {
    answered(&json!({ "windows": json(windows) }))
}

fn json(windows: &[WindowInfo]) -> Vec<Value> {
    windows.iter().map(window).collect()
}

fn answered(answer: &Value) -> Answer {
    done(JSON, Some(format!("{answer}\n")))
}

fn refused(why: &NotOpened) -> Answer {
    let refused = match why {
        NotOpened::Enrol(NotEnrolled::Claimed(bearer)) => trouble(&NotPaired::Claimed(bearer.clone())),
        why => json!({ "device": null, "key": null, "kind": "refused", "what": why.to_string() }),
    };
    answered(&json!({ "refused": refused }))
}

/// In bytes: a code, a name of 253 bytes with escapes, an address.
const LONGEST: usize = 4096;
