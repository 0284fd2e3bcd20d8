//! Asks the server's admin listener.

use serde_json::Value;
use std::path::Path;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};
use xtask::command::Result;

/// What it answers to `GET path`.
///
/// # Errors
/// No answer, or none that was asked for.
pub async fn text(socket: &Path, path: &str) -> Result<String> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the admin listener hung up")?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(format!("{path}: {head}").into());
    }
    Ok(body.to_owned())
}

/// The JSON in it.
///
/// # Errors
/// As [`text`].
pub async fn json(socket: &Path, path: &str) -> Result<Value> {
    Ok(serde_json::from_str(&text(socket, path).await?)?)
}
