//! Hears what is written to the registry in the moment in which NATS has it, before any gateway does.
//!
//! NATS's protocol is lines of text: <https://docs.nats.io/reference/reference-protocols/nats-protocol>.

use crate::stage::PREFIX;
use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use xtask::command::Result;

/// It ends with the value.
pub(crate) struct Tap {
    written: Arc<Mutex<Written>>,
    hears: JoinHandle<()>,
}

/// The last time for each row, by its key in hex.
type Written = HashMap<String, Instant>;

impl Tap {
    pub(crate) fn new(nats: SocketAddr) -> Self {
        let written = Arc::new(Mutex::new(Written::new()));
        let heard = Arc::clone(&written);
        let hears = tokio::spawn(async move {
            loop {
                let _ = hear(nats, &heard).await; // NATS is gone, and comes back
                sleep(AGAIN).await;
            }
        });
        Self { written, hears }
    }

    /// When the row of the device of this name was written last.
    ///
    /// # Errors
    /// It never was.
    pub(crate) async fn written(&self, name: &str, since: Instant) -> Result<Instant> {
        let key: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        let written = async {
            loop {
                let at = self.written.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
                if let Some(at) = at.filter(|at| *at >= since) {
                    return at;
                }
                sleep(AGAIN).await;
            }
        };
        Ok(timeout(PATIENCE, written).await.map_err(|_| format!("the row of {name} was not written"))?)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.hears.abort();
    }
}

async fn hear(nats: SocketAddr, written: &Mutex<Written>) -> io::Result<()> {
    let mut nats = BufReader::new(TcpStream::connect(nats).await?);
    let rows = format!("$KV.{PREFIX}-registry.device.");
    let subscribe = format!("CONNECT {{\"verbose\":false,\"headers\":true}}\r\nSUB {rows}> 1\r\n");
    nats.write_all(subscribe.as_bytes()).await?;
    let mut line = String::new();
    loop {
        line.clear();
        if nats.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["PING"] => nats.write_all(b"PONG\r\n").await?,
            ["MSG" | "HMSG", subject, .., length] => {
                let now = Instant::now();
                let key = subject.strip_prefix(&rows).unwrap_or_default().to_owned();
                written.lock().unwrap_or_else(PoisonError::into_inner).insert(key, now);
                let mut rest = vec![0; length.parse::<usize>().map_or(0, |length| length + 2)];
                nats.read_exact(&mut rest).await?;
            }
            _ => (),
        }
    }
}

const AGAIN: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(30);
