//! What HTTP and MQTT set aside, as the admin listener and `lowkey aside` ask for it.

use lowkey_gateway::store::{Aside, Held, Which};
use lowkey_host::numbered::{Later, RunId, SetAside};
use lowkey_sinks::{Amount, SinkError};

/// A file of it.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) lowkey_sinks::Aside);

impl Aside for Kept {
    fn held(&self) -> Held {
        let (Amount { messages, bytes, .. }, most) = (self.0.amount(), self.0.bounds());
        Held {
            messages,
            bytes,
            devices: self.0.devices(),
            full: self.0.full(),
            most_messages: most.messages,
            most_bytes: most.bytes,
        }
    }

    fn messages_of(&self, device: &str) -> u64 {
        self.0.amount_of(device).messages
    }

    fn list<'a>(&'a self, device: Option<&'a str>) -> Later<'a, Result<Vec<SetAside>, String>> {
        Box::pin(async move { self.0.list(device, usize::MAX).await.map_err(|error| said(&error)) })
    }

    fn message<'a>(
        &'a self,
        device: &'a str,
        run: RunId,
        number: u64,
    ) -> Later<'a, Result<Option<Vec<u8>>, String>> {
        Box::pin(async move { self.0.message(device, run, number).await.map_err(|error| said(&error)) })
    }

    fn free<'a>(&'a self, device: &'a str, which: Which) -> Later<'a, Result<u64, String>> {
        Box::pin(async move {
            match which {
                Which::All => self.0.remove_all(device).await,
                Which::One(run, number) => self.0.remove(device, run, number).await.map(u64::from),
            }
            .map_err(|error| said(&error))
        })
    }
}

fn said(error: &SinkError) -> String {
    error.to_string()
}
