//! The buckets of a registry, as they are made.
//!
//! As NATS's own tools make a bucket, but for one thing: with roll-ups whoever may write one key of it, as each gateway
//! may, could empty it all by a header.

use async_nats::jetstream::stream::{Config, DiscardPolicy, Republish, RetentionPolicy, StorageType};
use serde_json::{Value, json};
use std::time::Duration;

/// Of the registry with this prefix, kept by so many servers of NATS.
pub(crate) fn buckets(prefix: &str, replicas: usize) -> [Config; 4] {
    let bucket = |name: &str, what: &str| Config {
        name: format!("KV_{prefix}-{name}"),
        description: Some(what.to_owned()),
        subjects: vec![format!("$KV.{prefix}-{name}.>")],
        num_replicas: replicas,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        allow_rollup: false,
        allow_direct: true,
        ..Config::default()
    };
    // Gateways write here, under names that nobody has looked at: they cannot fill a disk.
    let said = |name: &str, what: &str, most: i64| Config {
        max_messages_per_subject: 1,
        max_message_size: LARGEST_WORD,
        max_bytes: most,
        allow_message_ttl: true,
        ..bucket(name, what)
    };
    [
        Config {
            max_messages_per_subject: HISTORY,
            max_message_size: LARGEST_ROW,
            deny_delete: true,
            ..bucket("registry", "registry of Lowkey")
        },
        said("live", "which gateway of Lowkey has which device", 256 * MIB),
        said("claims", "devices that pair with a gateway of Lowkey", 16 * MIB),
        // What is written there stays: who forgets it takes a message twice.
        Config {
            max_messages_per_subject: 1,
            max_message_size: LARGEST_WORD,
            max_bytes: 1024 * MIB,
            deny_delete: true,
            ..bucket("numbers", "which messages of devices of Lowkey are stored")
        },
    ]
}

/// The stream of devices' messages. Full, it takes no more, which whoever sends hears: none that was acknowledged goes
/// to make room for another.
pub(crate) fn up(prefix: &str, replicas: usize) -> Config {
    Config {
        name: format!("{prefix}-up"),
        description: Some("messages of devices of Lowkey".to_owned()),
        subjects: vec![format!("{prefix}.up.*"), format!("{prefix}.mark.*")],
        num_replicas: replicas,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_bytes: 1024 * MIB,
        allow_rollup: false,
        allow_direct: true,
        allow_message_ttl: true,
        duplicate_window: DUPLICATES,
        ..Config::default()
    }
}

/// The same as a queue, which forgets what a service has taken: NATS puts what the last message of each device was into
/// [`last`], from the first one on.
pub(crate) fn queue(prefix: &str, replicas: usize) -> Config {
    let mut config = up(prefix, replicas);
    config.subjects.push(ends(prefix));
    let (source, destination) = republished(prefix);
    let republish = Some(Republish { source, destination, headers_only: true });
    Config { retention: RetentionPolicy::WorkQueue, republish, ..config }
}

/// The stream of messages for devices. What nobody has taken goes after a week; full, it takes no more, which whoever
/// sends hears.
pub(crate) fn down(prefix: &str, replicas: usize) -> Config {
    Config {
        name: format!("{prefix}-dn"),
        description: Some("messages for devices of Lowkey".to_owned()),
        subjects: vec![format!("{prefix}.dn.*")],
        max_age: WEEK,
        ..up(prefix, replicas)
    }
}

/// What the stream is called in which NATS keeps what the last message of each device was.
pub(crate) fn last_of(prefix: &str) -> String {
    format!("{prefix}-last")
}

/// That stream. Of each device it has the headers of one message: NATS itself puts those of each that is stored there,
/// and they stay when a service has taken the message. Full, it forgets who has said nothing for the longest.
pub(crate) fn last(prefix: &str, replicas: usize) -> Config {
    Config {
        name: last_of(prefix),
        description: Some("the last message of each device of Lowkey".to_owned()),
        subjects: vec![format!("{prefix}.last.*")],
        max_messages_per_subject: 1,
        num_replicas: replicas,
        storage: StorageType::File,
        discard: DiscardPolicy::Old,
        max_bytes: 1024 * MIB,
        deny_delete: true,
        allow_rollup: false,
        allow_direct: true,
        // What is put there twice is there once in any case.
        duplicate_window: Duration::from_secs(1),
        ..Config::default()
    }
}

/// What has the stream of devices' messages put them there.
pub(crate) fn republish(prefix: &str) -> Value {
    let (from, to) = republished(prefix);
    json!({"src": from, "dest": to, "headers_only": true})
}

/// From where, and to where.
fn republished(prefix: &str) -> (String, String) {
    (format!("{prefix}.up.*"), format!("{prefix}.last.{{{{wildcard(1)}}}}"))
}

/// Where the ends of sessions' marks are, of any device.
pub(crate) fn ends(prefix: &str) -> String {
    format!("{prefix}.mark.*.*")
}

/// How many revisions of a row NATS keeps.
const HISTORY: i64 = 8;
/// A row, or a gateway's beat.
const LARGEST_ROW: i32 = 32 * 1024;
/// What a gateway says of a device.
const LARGEST_WORD: i32 = 8 * 1024;
const MIB: i64 = 1 << 20;
/// For how long it knows a message by its id.
const DUPLICATES: Duration = Duration::from_secs(120);
const WEEK: Duration = Duration::from_secs(7 * 86_400);
