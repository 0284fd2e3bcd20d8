//! What gateways tell all others at once: that a device has come to one of them.

use super::Fleet;
use crate::bucket::hex;
use async_nats::header::HeaderMap;
use async_nats::{Client, Message};
use futures_util::StreamExt;
use lowkey_host::Acceptor;
use serde_json::{Value, json};
use std::collections::HashMap;

impl Fleet {
    /// Says that the device is here now.
    pub(super) async fn tell(&self, device: &str) {
        let (client, n) = {
            let mut state = self.state();
            state.told += 1;
            (state.client.clone(), state.told)
        };
        let Some(client) = client else { return };
        let said = json!({ "device": device, "n": n, "run": self.inner.run }).to_string();
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, LEASE);
        // Who does not hear it finds out by itself.
        let _ = client.publish_with_headers(self.event(&self.inner.name), headers, said.into()).await;
    }

    /// Hears what the others say, until it is dropped or the client ends.
    pub(super) async fn hear(&self, client: &Client, acceptor: &Acceptor) {
        let Ok(mut told) = client.subscribe(format!("{}.event.*", self.inner.prefix)).await else { return };
        let own = self.event(&self.inner.name);
        // How many each of them has said.
        let mut counts: HashMap<String, (String, u64)> = HashMap::new();
        while let Some(message) = told.next().await {
            if message.subject.as_str() == own {
                continue;
            }
            let Some((device, run, n)) = said(&message) else { continue };
            let count = counts.get(message.subject.as_str());
            let is_next = count.is_some_and(|(of, count)| *of == run && n == count + 1);
            if !is_next && count.is_some() {
                // Not at once: whoever may speak here may say any number of times that something was missed.
                self.state().missed = true;
            }
            if counts.len() < MOST || count.is_some() {
                counts.insert(message.subject.to_string(), (run, n));
            }
            if acceptor.session(&device).is_some() {
                self.inner.due.mark(&device);
            }
        }
    }

    fn event(&self, gateway: &str) -> String {
        format!("{}.event.{}", self.inner.prefix, hex(gateway))
    }
}

/// The device that has come to whoever says it, its run, and how many it has said.
fn said(message: &Message) -> Option<(String, String, u64)> {
    if !is_ours(message, LEASE) || message.payload.len() > LONGEST {
        return None;
    }
    let value: Value = serde_json::from_slice(&message.payload).ok()?;
    let text = |name: &str| Some(value[name].as_str()?.to_owned());
    Some((text("device")?, text("run")?, value["n"].as_u64()?))
}

/// Whether a message is this, and of one of us: whoever asks JetStream can have its answers sent to where we
/// listen, and those have no header of ours, or one of NATS's own.
pub(crate) fn is_ours(message: &Message, what: &str) -> bool {
    let Some(headers) = &message.headers else { return false };
    headers.get(HEADER).is_some_and(|of| of.as_str() == what) && headers.get("Nats-Stream").is_none()
}

/// The header that says what a message is.
pub(crate) const HEADER: &str = "Lowkey";
const LEASE: &str = "lease";
const LONGEST: usize = 4096;
const MOST: usize = 1000;
