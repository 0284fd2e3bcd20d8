//! What was refused for good: seen by whoever may look, and read and let go of by the server's user and its group, over
//! the Unix socket alone, as it is what devices have said.

use super::caller::Caller;
use super::here::Here;
use super::json::{held, rows};
use super::query;
use crate::http::{Answer, JSON, done, text};
use crate::store::{Aside, Held, Which};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use lowkey_host::numbered::{RunId, SetAside};
use lowkey_host::show_time;
use lowkey_host::text::{Hex, unhex};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::SystemTime;

/// Answers `/aside` and what is below it; otherwise it is something else.
pub(super) async fn answer(
    here: &Here,
    caller: Caller,
    request: Request<Incoming>,
) -> Result<Answer, Request<Incoming>> {
    let path = request.uri().path().to_owned();
    if path != "/aside" && !path.starts_with("/aside/") {
        return Err(request);
    }
    let Some(aside) = here.store.as_ref().and_then(|store| store.aside()) else {
        let none = "this server sets nothing aside; one that forwards over HTTP or MQTT does\n";
        return Ok(text(StatusCode::NOT_IMPLEMENTED, none));
    };
    let is_get = request.method() == Method::GET;
    Ok(match &*path {
        "/aside" if is_get => listed(here, &aside, request.uri().query()).await,
        "/aside/message" | "/aside/free" if !caller.may_change(&request) => {
            let only = "what devices have said is for the server's user and group, over the Unix socket of the admin \
                        listener\n";
            text(StatusCode::FORBIDDEN, only)
        }
        "/aside/message" if is_get => message(&*aside, request.uri().query()).await,
        "/aside/free" if request.method() == Method::POST => free(&*aside, request).await,
        _ => text(StatusCode::METHOD_NOT_ALLOWED, "GET /aside, GET /aside/message, POST /aside/free\n"),
    })
}

async fn listed(here: &Here, aside: &Arc<dyn Aside>, query: Option<&str>) -> Answer {
    let Ok(device) = query::only("device", query) else {
        return text(StatusCode::BAD_REQUEST, "ask as /aside?device=NAME\n");
    };
    let listed = aside.list(device.as_deref()).await;
    let held = aside.held();
    done(JSON, here.write(move || list(&held, &listed)).await)
}

/// What `/aside` answers: how much is set aside, and each message without its bytes, or why it cannot be read.
pub fn list(of: &Held, listed: &Result<Vec<SetAside>, String>) -> String {
    let error = json!(listed.as_ref().err());
    let mut text = format!("{{\"error\":{error},\n\"held\":{},\n\"messages\":", held(of));
    rows(&mut text, listed.iter().flatten().map(set_aside));
    text.push_str("}\n");
    text
}

/// Numbers are texts: many programs round such large ones.
fn set_aside(of: &SetAside) -> Value {
    let ago = SystemTime::now().duration_since(of.at).unwrap_or_default();
    json!({
        "at": show_time(of.at),
        "bytes": of.bytes,
        "device": of.device,
        "number": of.number.to_string(),
        "run": Hex(of.run.as_bytes()).to_string(),
        "seconds_ago": ago.as_secs(),
        "status": of.status,
        "why": of.why,
    })
}

async fn message(aside: &dyn Aside, query: Option<&str>) -> Answer {
    let fields = query::fields(query).unwrap_or_default();
    let field = |name: &str| fields.iter().find(|(of, _)| *of == name).map(|(_, value)| &**value);
    let asked = field("device").zip(one(field("run"), field("number")));
    let Some((device, (run, number))) = asked.filter(|_| fields.len() == 3) else {
        let ask = "ask as /aside/message?device=NAME&run=HEX&number=NUMBER\n";
        return text(StatusCode::BAD_REQUEST, ask);
    };
    let bytes = aside.message(device, run, number).await;
    let hex = bytes.as_ref().ok().and_then(Option::as_ref).map(|of| Hex(of).to_string());
    done(JSON, Some(format!("{}\n", json!({ "error": bytes.err(), "hex": hex }))))
}

async fn free(aside: &dyn Aside, request: Request<Incoming>) -> Answer {
    let Some((device, which)) = asked(request).await else {
        let wrong = "`device` is a name; `run` and `number`, both texts, name one of its messages, and `all` is true \
                     for all of them\n";
        return text(StatusCode::BAD_REQUEST, wrong);
    };
    let freed = aside.free(&device, which).await;
    let said = json!({ "error": freed.as_ref().err(), "freed": freed.as_ref().unwrap_or(&0) });
    done(JSON, Some(format!("{said}\n")))
}

async fn asked(request: Request<Incoming>) -> Option<(String, Which)> {
    let body = Limited::new(request.into_body(), LONGEST).collect().await.ok()?.to_bytes();
    let value: Value = serde_json::from_slice(&body).ok()?;
    let which = match (&value["all"], one(value["run"].as_str(), value["number"].as_str())) {
        (Value::Bool(true), None) if value["run"].is_null() && value["number"].is_null() => Which::All,
        (Value::Null, Some((run, number))) => Which::One(run, number),
        _ => return None,
    };
    Some((value["device"].as_str()?.to_owned(), which))
}

fn one(run: Option<&str>, number: Option<&str>) -> Option<(RunId, u64)> {
    Some((RunId::new(unhex(run?)?.try_into().ok()?), number?.parse().ok()?))
}

/// In bytes: a name with escapes.
const LONGEST: usize = 16 * 1024;
