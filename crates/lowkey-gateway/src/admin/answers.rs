//! Answers of the admin listener: whole, and kept by nobody.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

/// 200 and `body`, or 500 if there is none.
pub(super) fn done(content_type: &'static str, body: Option<String>) -> Response<Full<Bytes>> {
    match body {
        Some(body) => response(StatusCode::OK, content_type, body.into()),
        None => text(StatusCode::INTERNAL_SERVER_ERROR, "failed\n"),
    }
}

/// A line for people.
pub(super) fn text(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

fn response(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What most answers are.
pub(super) const JSON: &str = "application/json";
