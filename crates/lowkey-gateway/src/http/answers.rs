//! Answers, which nobody keeps.

use super::Answer;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use std::convert::Infallible;

/// 200 and `body`, or 500 if there is none.
pub(crate) fn done(content_type: &'static str, body: Option<String>) -> Answer {
    match body {
        Some(body) => response(StatusCode::OK, content_type, body.into()),
        None => text(StatusCode::INTERNAL_SERVER_ERROR, "failed\n"),
    }
}

/// A line for people.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Answer {
    response(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

/// Nothing changes here.
pub(crate) fn only_get() -> Answer {
    let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    refused
}

/// 200, and something of a page, which a browser shows under this policy.
pub(crate) fn asset(content_type: &'static str, text: &'static str, policy: &'static str) -> Answer {
    let mut answer = response(StatusCode::OK, content_type, Bytes::from_static(text.as_bytes()));
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    answer
}

/// 200, and a body that comes as it likes.
pub(crate) fn stream(
    content_type: &'static str,
    body: impl Body<Data = Bytes, Error = Infallible> + Send + 'static,
) -> Answer {
    let mut response = Response::new(body.boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // What a browser must not do with it, whoever brings it here.
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut response = stream(content_type, Full::new(body));
    *response.status_mut() = status;
    response
}

/// What most answers are.
pub(crate) const JSON: &str = "application/json";
