//! What each gateway's `/readyz` says, all the time, held against what is known of the gateway.

use crate::gateway::Gateway;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
    time::{sleep, timeout},
};
use xtask::command::Result;

/// Asks until it is dropped.
pub(crate) struct Readiness {
    shared: Arc<Mutex<State>>,
    asks: JoinHandle<()>,
}

struct State {
    name: &'static str,
    expected: Expected,
    /// Counts what is expected, so that an answer is held against what was expected all the time that it took.
    turn: u32,
    /// Answers that were as expected, in this turn.
    right: u32,
    asked: u32,
    wrong: Vec<String>,
}

/// What a gateway has to say, if it says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Ready,
    NotReady,
    /// It is about to become one or the other.
    Either,
}

impl Readiness {
    pub(crate) fn watch(gateway: &Gateway) -> Self {
        let (name, expected) = (gateway.name, Expected::Either);
        let state = State { name, expected, turn: 0, right: 0, asked: 0, wrong: Vec::new() };
        let shared = Arc::new(Mutex::new(state));
        let asks = tokio::spawn(ask(gateway.probes(), Arc::clone(&shared)));
        Self { shared, asks }
    }

    /// From now on it has to say this.
    pub(crate) fn expect(&self, expected: Expected) {
        let mut state = lock(&self.shared);
        (state.expected, state.turn, state.right) = (expected, state.turn + 1, 0);
    }

    /// Waits until it has said twice what it has to.
    ///
    /// # Errors
    /// It says nothing, or something else.
    pub(crate) async fn says_so(&self) -> Result<()> {
        let said = async {
            while lock(&self.shared).right < 2 {
                sleep(EVERY).await;
            }
        };
        let state = || lock(&self.shared);
        timeout(PATIENCE, said).await.map_err(|_| {
            format!("readyz of {} does not say that it is {:?}", state().name, state().expected).into()
        })
    }

    /// How many answers there were.
    pub(crate) fn asked(&self) -> u32 {
        lock(&self.shared).asked
    }

    /// # Errors
    /// It has said what was not so.
    pub(crate) fn judge(&self) -> Result<()> {
        let state = lock(&self.shared);
        if state.wrong.is_empty() { Ok(()) } else { Err(state.wrong.join("\n  ").into()) }
    }
}

impl Drop for Readiness {
    fn drop(&mut self) {
        self.asks.abort();
    }
}

async fn ask(address: SocketAddr, shared: Arc<Mutex<State>>) {
    loop {
        let turn = lock(&shared).turn;
        let answer = timeout(SILENCE, status(address)).await;
        if let Ok(Some(status)) = answer {
            let mut state = lock(&shared);
            state.asked += 1;
            if state.turn == turn {
                let is_right = match state.expected {
                    Expected::Ready => status == 200,
                    Expected::NotReady => status == 503,
                    Expected::Either => true,
                };
                state.right += u32::from(is_right);
                if !is_right {
                    let (name, expected) = (state.name, state.expected);
                    let wrong = format!("readyz of {name} says {status}, and it is {expected:?}");
                    if state.wrong.last() != Some(&wrong) {
                        state.wrong.push(wrong);
                    }
                }
            }
        }
        sleep(EVERY).await;
    }
}

/// `None`: no answer.
async fn status(address: SocketAddr) -> Option<u16> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

fn lock(shared: &Mutex<State>) -> MutexGuard<'_, State> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

const EVERY: Duration = Duration::from_millis(100);
const SILENCE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(90);
