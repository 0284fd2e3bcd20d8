//! Answers: whole, and kept by nobody.

use super::Answer;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

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

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What most answers are.
pub(crate) const JSON: &str = "application/json";
