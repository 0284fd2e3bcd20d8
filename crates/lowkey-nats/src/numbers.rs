//! Which run each device is in, and what of it is stored: a row for each in a bucket that gateways write.

mod held;

pub(crate) use held::Held;

use crate::access::Access;
use crate::bucket::hex;
use crate::error::NatsError;
use crate::put::{Patience, Put, Unread, last, put};
use async_nats::Client;
use async_nats::header::HeaderMap;
use async_nats::jetstream::{self, Context};
use lowkey_host::numbered::{HeldRow, Later, Row, Rows, RunId, Unstored};
use std::fmt;
use std::time::Duration;

/// Rows of devices' numbers in NATS, for all gateways of a fleet: whichever a device comes to knows what is stored.
///
/// They are in the bucket `PREFIX-numbers`. A row is written by compare-and-set on what it was when it was read; of one
/// that was sent and not answered it is found out whether it was written.
#[derive(Clone)]
pub struct NatsNumbers {
    client: Client,
    context: Context,
    bucket: String,
    /// Behind a device's name in its key.
    ending: &'static str,
}

/// A row as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct There {
    /// `None`: there is none.
    pub(crate) row: Option<Row>,
    /// 0, where nothing has ever been.
    pub(crate) revision: u64,
}

impl NatsNumbers {
    /// Those of a registry. It connects, and connects again, by itself: this does not wait for it.
    ///
    /// # Errors
    /// [`NatsError::File`].
    pub async fn open(access: &Access) -> Result<Self, NatsError> {
        Ok(Self::by(access.connect_by_itself(|| ()).await?, access.address.prefix()))
    }

    pub(crate) fn by(client: Client, prefix: &str) -> Self {
        let context = jetstream::new(client.clone());
        Self { client, context, bucket: format!("{prefix}-numbers"), ending: "" }
    }

    /// Those of what devices have acknowledged, beside those of what is acknowledged to them.
    pub(crate) fn down(client: Client, prefix: &str) -> Self {
        Self { ending: "-down", ..Self::by(client, prefix) }
    }

    /// The row of a device.
    pub(crate) async fn read(&self, device: &str) -> Result<There, Unread> {
        let subject = self.subject(device);
        let Some(message) = last(&self.context, &format!("KV_{}", self.bucket), &subject).await? else {
            return Ok(There { row: None, revision: 0 });
        };
        let revision = message.sequence;
        if message.headers.get("KV-Operation").is_some() {
            return Ok(There { row: None, revision });
        }
        let row = std::str::from_utf8(&message.payload).ok().and_then(|text| text.parse().ok());
        let foreign =
            || Unread::Refused(format!("what NATS has at {subject} is no row of a device's numbers"));
        row.map(|row| There { row: Some(row), revision }).ok_or_else(foreign)
    }

    /// Writes it over what has this revision.
    pub(crate) async fn put(&self, device: &str, row: &Row, revision: u64) -> Put {
        let subject = self.subject(device);
        let expected = (&*subject.clone(), revision);
        let stream = format!("KV_{}", self.bucket);
        put(&self.client, &stream, subject, HeaderMap::new(), row.to_string().into_bytes(), expected).await
    }

    fn subject(&self, device: &str) -> String {
        format!("$KV.{}.{}{}", self.bucket, hex(device), self.ending)
    }
}

impl Rows for NatsNumbers {
    fn begin<'a>(&'a self, device: &'a str, run: RunId) -> Later<'a, Result<Box<dyn HeldRow>, Unstored>> {
        Box::pin(async move {
            let held = Held::begin(self.clone(), device, run, Patience::of(PATIENCE)).await?;
            Ok(Box::new(held) as Box<dyn HeldRow>)
        })
    }
}

impl fmt::Debug for NatsNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsNumbers").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

/// How long a session's beginning waits for NATS.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
