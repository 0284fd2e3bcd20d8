//! Follows a bucket: all that there is, and then what changes.

use crate::bucket::{Bucket, Entry};
use crate::error::NatsError;
use async_nats::Client;
use async_nats::jetstream::consumer::push::{Ordered, OrderedConfig};
use async_nats::jetstream::consumer::{DeliverPolicy, ReplayPolicy};
use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{self, Context};
use futures_util::{FutureExt, StreamExt};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Entries of a bucket as they come, without a gap: the last of each key at first, then every change in its order.
pub(crate) struct Following {
    bucket: Bucket,
    messages: Ordered,
    began: (i64, Instant),
    /// The last change of a device's row when it began, whether or not anybody can read that.
    pub(crate) last_of_rows: u64,
}

impl Following {
    /// Gives what there is, what follows, and the last revision of all when it was asked.
    pub(crate) async fn begin(
        client: &Client,
        bucket: &Bucket,
    ) -> Result<(Vec<Entry>, Self, u64), NatsError> {
        let stream = stream(&jetstream::new(client.clone()), bucket).await?;
        let last = stream.cached_info().state.last_sequence;
        let reading = NatsError::request("the registry cannot be followed");
        let config = OrderedConfig {
            deliver_subject: client.new_inbox(),
            description: Some("lowkey".to_owned()),
            filter_subject: bucket.all(),
            replay_policy: ReplayPolicy::Instant,
            deliver_policy: DeliverPolicy::LastPerSubject,
            ..OrderedConfig::default()
        };
        let consumer = stream.create_consumer(config).await.map_err(|error| reading(&error))?;
        let mut left = consumer.cached_info().num_pending;
        let began = (consumer.cached_info().created.unix_timestamp(), Instant::now());
        let messages = consumer.messages().await.map_err(|error| reading(&error))?;
        let mut following = Self { bucket: bucket.clone(), messages, began, last_of_rows: 0 };
        let rows = bucket.rows();
        let mut entries = Vec::new();
        while left > 0 {
            let message = timeout(PATIENCE, following.messages.next()).await;
            let Ok(Some(Ok(message))) = message else {
                return Err(NatsError::Request(
                    "the registry cannot be read",
                    "it stopped halfway".to_owned(),
                ));
            };
            let info = message.info().map(|info| (info.pending, info.stream_sequence));
            let (pending, revision) = info.unwrap_or_default();
            left = pending;
            if message.subject.starts_with(rows.trim_end_matches('*')) {
                following.last_of_rows = following.last_of_rows.max(revision);
            }
            entries.extend(following.bucket.read(&message));
        }
        Ok((entries, following, last))
    }

    /// What NATS's clock shows, in seconds since 1970: ours may show something else.
    pub(crate) fn now(&self) -> i64 {
        let (at, then) = self.began;
        at.saturating_add_unsigned(then.elapsed().as_secs())
    }

    /// What comes next, with all that is there by then. It may be empty: some keys are none of ours.
    ///
    /// # Cancel safety
    /// Nothing is lost: nothing is taken before it is given.
    pub(crate) async fn next(&mut self) -> Result<Vec<Entry>, NatsError> {
        let lost = || NatsError::Connection("NATS has ended what was followed".to_owned());
        let first = self.messages.next().await.ok_or_else(lost)?;
        let mut entries = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next.take() {
            let message = message.map_err(|error| NatsError::request("following")(&error))?;
            entries.extend(self.bucket.read(&message));
            if entries.len() < AT_ONCE {
                next = self.messages.next().now_or_never().flatten();
            }
        }
        Ok(entries)
    }
}

/// The stream of a bucket.
pub(crate) async fn stream(context: &Context, bucket: &Bucket) -> Result<Stream, NatsError> {
    context.get_stream(bucket.stream()).await.map_err(|error| match is_missing(&error) {
        true => NatsError::NoRegistry,
        false if matches!(error.kind(), GetStreamErrorKind::Request) => unanswered(&error),
        false => NatsError::request("the registry cannot be had")(&error),
    })
}

/// NATS does not answer: what it does not let somebody ask it drops, and what it answers to another name goes nowhere.
fn unanswered(error: &GetStreamError) -> NatsError {
    let why = format!(
        "{}; if NATS is there, look whether this credential's name in its list of users is the one that we give \
         (`name`, `--as`), and the prefix its tenant's",
        lowkey_host::text::clean(&lowkey_host::text::mask(&error.to_string()))
    );
    NatsError::Request("the registry cannot be had", why)
}

/// Whether NATS says that there is no such stream.
pub(crate) fn is_missing(error: &GetStreamError) -> bool {
    let missing = jetstream::ErrorCode::STREAM_NOT_FOUND;
    matches!(error.kind(), GetStreamErrorKind::JetStream(why) if why.error_code() == missing)
}

/// How long to wait before attempt `n`, from 0: 1 to 30 s, half of it by chance, so that many who lost the same server
/// do not come back in step.
pub(crate) fn back_off(n: u32) -> Duration {
    let most = Duration::from_secs(1 << n.min(5)).min(LONGEST);
    let chance = lowkey_host::entropy::random().map_or(0, |random| random.expose()[0]);
    most / 2 + most / 2 * u32::from(chance) / 255
}

/// Changes that are taken together: some that were written one by one come in a burst.
const AT_ONCE: usize = 10_000;
/// How long to wait for the next row while all are read.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_to_half_a_minute_and_two_do_not_wait_alike() {
        for n in 0..40 {
            let wait = back_off(n);
            let most = Duration::from_secs(1 << n.min(5)).min(LONGEST);
            assert!(wait >= most / 2 && wait <= most, "{n}: {wait:?}");
        }
        assert!((0..20).map(|_| back_off(9)).collect::<std::collections::HashSet<_>>().len() > 10);
    }
}
