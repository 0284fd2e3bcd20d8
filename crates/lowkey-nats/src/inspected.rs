//! Whether a stream is one for devices' messages, as far as it says so.

use crate::error::NatsError;
use crate::layout;
use async_nats::Client;
use serde_json::Value;

/// What a stream is set to, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspected {
    /// Why it must not be used as it is: what it acknowledges may not be stored, or what is stored not be known again.
    pub wrong: Vec<String>,
    /// What whoever relies on it should know.
    pub notes: Vec<String>,
}

impl Inspected {
    /// With the stream's name in front of each.
    pub(crate) fn named(mut self, stream: &str) -> Self {
        for line in self.wrong.iter_mut().chain(&mut self.notes) {
            line.insert_str(0, &format!("the stream {stream}: "));
        }
        self
    }
}

/// What a stream says of itself.
pub(crate) async fn info(client: &Client, stream: &str) -> Result<Value, NatsError> {
    let asking = NatsError::request("a stream of devices' messages cannot be seen");
    let answer = client.request(format!("$JS.API.STREAM.INFO.{stream}"), Vec::new().into()).await;
    let answer = answer.map_err(|error| asking(&format!("{error}, of {stream}")))?;
    let info: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
    match info["error"]["description"].as_str() {
        Some(_) if info["error"]["err_code"] == NO_STREAM => Err(NatsError::NoStream(stream.to_owned())),
        Some(why) => Err(asking(&format!("{why}, of {stream}"))),
        None => Ok(info),
    }
}

/// Of what `STREAM.INFO` answers, for devices' messages under this prefix.
pub(crate) fn up(prefix: &str, info: &Value) -> Inspected {
    let config = &info["config"];
    let mut inspected = of(config, prefix, &["up", "mark"]);
    for word in OTHERS {
        let subject = format!("{prefix}.{word}.*");
        if subjects(config).any(|pattern| meet(pattern, &subject)) {
            let why =
                "and each message there ends a session's right to store: take that out of its `subjects`";
            inspected.wrong.push(format!("it takes {subject} as well, {why}"));
        }
    }
    if config["retention"] == "interest" {
        let why = "it forgets what nobody waits for, sessions' marks too";
        inspected.wrong.push(format!("{why}: `retention` has to be `limits` or `workqueue`, not `interest`"));
    }
    if let Some(of_each) = limit(config, "max_msgs_per_subject").filter(|_| refuses_of_each(config)) {
        let why = "so a device that has begun so many sessions begins no more";
        inspected.wrong.push(format!(
            "of a device it takes {of_each} marks of sessions, and refuses those that follow, {why}: turn \
             `discard_new_per_subject` off, and set `max_msgs_per_subject` to -1"
        ));
    }
    if let Some(most) = limit(config, "max_msg_size").filter(|most| *most < LONGEST) {
        inspected.notes.push(format!(
            "a message of more than {most} bytes, with its headers, is never stored, and keeps all behind it in its \
             device (`max_msg_size`): set it to -1, or have gateways take messages that are a kilobyte shorter"
        ));
    }
    let forgets = seconds(config, "duplicate_window");
    if !keeps(config) && !tells_last(prefix, config) && forgets < LONG {
        inspected.notes.push(format!(
            "what is taken out of it is known for {forgets} s (`duplicate_window`): if a gateway is killed just before \
             it has said that a message is stored, and the device comes again later than that, it is stored twice; \
             when all gateways are of this version, `lowkey registry streams` has NATS know it for ever"
        ));
    }
    inspected
}

/// Whether messages stay that a service has taken.
pub(crate) fn keeps(config: &Value) -> bool {
    config["retention"] == "limits"
}

/// Whether the stream of devices' messages has NATS put what the last of each device is where it stays, and takes the
/// ends of sessions' marks.
pub(crate) fn tells_last(prefix: &str, config: &Value) -> bool {
    let there = &config["republish"];
    let expected = layout::republish(prefix);
    takes_ends(prefix, config) && ["src", "dest"].iter().all(|name| there[name] == expected[name])
}

/// Whether it takes the ends of sessions' marks.
pub(crate) fn takes_ends(prefix: &str, config: &Value) -> bool {
    subjects(config).any(|pattern| covers(pattern, &layout::ends(prefix)))
}

/// Why the stream in which that stays is none.
pub(crate) fn last(prefix: &str, info: &Value) -> Option<String> {
    let config = &info["config"];
    let subject = format!("{prefix}.last.*");
    let takes = subjects(config).any(|pattern| covers(pattern, &subject));
    let is_right = takes && keeps(config) && config["sealed"] != true;
    (!is_right).then(|| format!("{} does not keep what is at {subject}", layout::last_of(prefix)))
}

/// The same, for messages for devices.
pub(crate) fn down(prefix: &str, info: &Value) -> Inspected {
    let config = &info["config"];
    let mut inspected = of(config, prefix, &["dn"]);
    if config["retention"] != "limits" {
        let why = "whoever else takes a message out of it takes it from its device";
        inspected.wrong.push(format!("{why}: `retention` has to be `limits`"));
    }
    inspected
}

/// What either has to be, with all that is at these words under the prefix.
fn of(config: &Value, prefix: &str, words: &[&str]) -> Inspected {
    let mut inspected = Inspected::default();
    for word in words {
        let subject = format!("{prefix}.{word}.*");
        if !subjects(config).any(|pattern| covers(pattern, &subject)) {
            inspected.wrong.push(format!("it does not take {subject}: add that to its `subjects`"));
        }
    }
    let is = |name: &str| config[name] == true;
    let says = |name: &str, word: &str| config[name] == word;
    let wrongs = [
        (is("no_ack"), "it acknowledges nothing: turn `no_ack` off"),
        (!is("allow_direct"), "nobody can look at the last message of a subject: turn `allow_direct` on"),
        (is("allow_rollup_hdrs"), "a header of one message empties it: turn `allow_rollup_hdrs` off"),
        (is("sealed"), "it takes no more (`sealed`), and never will: make another"),
        (
            says("persist_mode", "async"),
            "it acknowledges before it writes: `persist_mode` has to be `default`, so make it anew",
        ),
        (
            says("storage", "memory"),
            "it is in memory, and what is acknowledged is gone when NATS starts again: `storage` has to be `file`, \
             which cannot be changed; take what is in it, delete it, and `lowkey registry streams` makes it anew",
        ),
    ];
    let drops_of_each = limit(config, "max_msgs_per_subject").filter(|_| !refuses_of_each(config));
    if drops_of_each == Some(1) {
        let what = "each message drops the one of its device before it, also if nobody has taken that";
        inspected.wrong.push(format!("{what}: set `max_msgs_per_subject` to -1"));
    }
    inspected.wrong.extend(wrongs.into_iter().filter(|(is, _)| *is).map(|(_, why)| why.to_owned()));

    if let Some(most @ 2..) = drops_of_each {
        inspected.notes.push(format!(
            "of each device it keeps the last {most} messages, and drops older ones, also those that nobody has taken \
             (`max_msgs_per_subject`)"
        ));
    }
    let is_bounded = ["max_msgs", "max_bytes"].into_iter().any(|name| limit(config, name).is_some());
    if is_bounded && !says("discard", "new") {
        let what =
            "full, it drops its oldest messages, also those that nobody has taken (`discard` is `old`)";
        inspected.notes.push(what.to_owned());
    }
    if let age @ 1.. = seconds(config, "max_age") {
        let what = format!("it drops messages after {age} s, also those that nobody has taken (`max_age`)");
        inspected.notes.push(what);
    }
    if config["num_replicas"].as_u64().unwrap_or(1) < 3 {
        let what = "one server of NATS has it, or two: what is on its disk alone is lost with that";
        inspected.notes.push(what.to_owned());
    }
    inspected.notes.push(SYNC.to_owned());
    inspected
}

fn subjects(config: &Value) -> impl Iterator<Item = &str> {
    config["subjects"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What is at most one of these, if anything is.
fn limit(config: &Value, name: &str) -> Option<i64> {
    config[name].as_i64().filter(|most| *most > 0)
}

/// Whether what a subject has no room for is refused; otherwise its oldest goes, whatever `discard` says.
fn refuses_of_each(config: &Value) -> bool {
    config["discard_new_per_subject"] == true
}

fn seconds(config: &Value, name: &str) -> u64 {
    config[name].as_u64().unwrap_or(0) / 1_000_000_000
}

/// Whether a stream's subject takes all of another, which has no `>`.
fn covers(pattern: &str, subject: &str) -> bool {
    tokens(pattern, subject, |of_pattern, of_subject| of_pattern == "*" || of_pattern == of_subject)
}

/// Whether there is a subject that both are.
fn meet(pattern: &str, subject: &str) -> bool {
    tokens(pattern, subject, |of_pattern, of_subject| {
        of_pattern == "*" || of_subject == "*" || of_pattern == of_subject
    })
}

fn tokens(pattern: &str, subject: &str, fits: impl Fn(&str, &str) -> bool) -> bool {
    let (mut pattern, mut subject) = (pattern.split('.'), subject.split('.'));
    loop {
        match (pattern.next(), subject.next()) {
            (Some(">"), Some(_)) | (None, None) => return true,
            (Some(of_pattern), Some(of_subject)) if fits(of_pattern, of_subject) => (),
            _ => return false,
        }
    }
}

/// What JetStream answers where there is none of the name.
const NO_STREAM: u64 = 10059;
/// What else is under a prefix, in subjects of as many words.
const OTHERS: [&str; 5] = ["dn", "to", "ask", "event", "last"];
/// In seconds: no device that is in reach stays away for longer.
const LONG: u64 = 3600;
/// In bytes: gateways take no longer messages unless they are told to, and NATS none at all.
const LONGEST: i64 = 1 << 20;
const SYNC: &str = "whether NATS has a message on its disk when it says so, it shows to its operator alone: \
                    `jetstream.config.sync_always` in its /varz has to be true";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(change: impl FnOnce(&mut Value)) -> Inspected {
        let mut info = json!({"config": {
            "subjects": ["x.up.*", "x.mark.*"], "retention": "limits", "discard": "new", "storage": "file",
            "max_msgs": -1, "max_bytes": 1000, "max_age": 0, "num_replicas": 3, "allow_direct": true,
            "duplicate_window": 120_000_000_000_u64,
        }});
        change(&mut info["config"]);
        up("x", &info)
    }

    #[test]
    fn a_stream_as_the_registrar_makes_it_is_right_and_what_nobody_can_see_is_said() {
        assert_eq!(of(|_| ()), Inspected { wrong: Vec::new(), notes: vec![SYNC.to_owned()] });
    }

    #[test]
    fn what_would_lose_or_double_a_message_is_wrong() {
        for (name, value, word) in [
            ("subjects", json!(["x.up.*"]), "x.mark.*"),
            ("subjects", json!(["x.up.a", "x.mark.*"]), "x.up.*"),
            ("subjects", json!(["x.>"]), "x.dn.*"),
            ("subjects", json!(["x.up.*", "x.mark.*", "x.dn.61"]), "x.dn.*"),
            ("subjects", json!(["*.*.*"]), "x.to.*"),
            ("no_ack", json!(true), "no_ack"),
            ("allow_direct", json!(false), "allow_direct"),
            ("allow_rollup_hdrs", json!(true), "allow_rollup_hdrs"),
            ("sealed", json!(true), "sealed"),
            ("persist_mode", json!("async"), "persist_mode"),
            ("storage", json!("memory"), "memory"),
        ] {
            let wrong = of(|config| config[name] = value).wrong;
            assert!(wrong.iter().any(|why| why.contains(word)), "{name}: {wrong:?}");
        }
        for subjects in [json!(["x.up.>", "x.mark.>"]), json!(["*.up.*", "x.mark.*", "x.other.*", "y.dn.*"])]
        {
            assert_eq!(of(|config| config["subjects"] = subjects).wrong, Vec::<String>::new());
        }
    }

    #[test]
    fn a_stream_of_messages_for_devices_is_nobody_else_s_to_take_from() {
        let info = |retention: &str| {
            json!({"config": {
                "subjects": ["x.dn.*"], "retention": retention, "discard": "new", "storage": "file",
                "max_bytes": 1000, "max_age": 7_000_000_000_u64, "num_replicas": 3, "allow_direct": true,
            }})
        };
        let Inspected { wrong, notes } = down("x", &info("limits"));
        assert!(wrong.is_empty() && notes.len() == 2 && notes[0].contains("7 s"), "{wrong:?} {notes:?}");
        for retention in ["workqueue", "interest"] {
            let wrong = down("x", &info(retention)).wrong;
            assert!(wrong.len() == 1 && wrong[0].contains("retention"), "{wrong:?}");
        }
        assert!(down("y", &info("limits")).wrong[0].contains("y.dn.*"));
    }

    #[test]
    fn a_queue_that_tells_what_the_last_message_of_each_device_is_needs_no_note() {
        let queue = |config: &mut Value| config["retention"] = json!("workqueue");
        assert!(of(queue).notes[1].contains("registry streams"));
        let told = of(|config| {
            queue(config);
            config["republish"] = layout::republish("x");
            config["subjects"] = json!(["x.up.*", "x.mark.*", "x.mark.*.*"]);
        });
        assert_eq!(told, Inspected { wrong: Vec::new(), notes: vec![SYNC.to_owned()] });
        let elsewhere = of(|config| {
            queue(config);
            config["republish"] = json!({"src": "x.up.*", "dest": "other.{{wildcard(1)}}"});
            config["subjects"] = json!(["x.up.*", "x.mark.>"]);
        });
        assert_eq!(elsewhere.notes.len(), 2);
        let last_is = |change: &[(&str, Value)]| {
            let mut info = json!({"config": {"subjects": ["x.last.*"], "retention": "limits"}});
            change.iter().for_each(|(name, value)| info["config"][name] = value.clone());
            last("x", &info)
        };
        assert_eq!(last_is(&[]), None);
        for wrong in
            [("subjects", json!(["x.last.a"])), ("retention", json!("workqueue")), ("sealed", json!(true))]
        {
            assert!(last_is(&[wrong]).unwrap().starts_with("x-last"));
        }
        let interest = of(|config| config["retention"] = json!("interest")).wrong;
        assert!(interest.len() == 1 && interest[0].contains("interest"), "{interest:?}");
    }

    /// Without `discard_new_per_subject` NATS makes room by the oldest of a subject, whatever `discard` says.
    #[test]
    fn a_stream_in_which_a_device_s_message_drops_the_one_before_it_is_wrong_whatever_it_keeps() {
        for retention in ["limits", "workqueue"] {
            let of_each = |most: i64, is_new: bool| {
                of(|config| {
                    config["retention"] = json!(retention);
                    config["max_msgs_per_subject"] = json!(most);
                    config["discard_new_per_subject"] = json!(is_new);
                })
            };
            let named = |lines: &[String]| lines.iter().any(|why| why.contains("`max_msgs_per_subject`"));
            for (most, is_new, is_wrong, is_told) in [
                (-1, false, false, false),
                (0, true, false, false),
                (1, false, true, false),
                (2, false, false, true),
                // Then a device's marks have no room.
                (1, true, true, false),
                (1000, true, true, false),
            ] {
                let Inspected { wrong, notes } = of_each(most, is_new);
                assert_eq!(
                    (named(&wrong), named(&notes)),
                    (is_wrong, is_told),
                    "{retention} {most} {is_new}"
                );
            }
        }
        let of_down = |change: &[(&str, Value)]| {
            let mut info = json!({"config": {
                "subjects": ["x.dn.*"], "retention": "limits", "discard": "new", "allow_direct": true,
            }});
            change.iter().for_each(|(name, value)| info["config"][name] = value.clone());
            down("x", &info).wrong
        };
        let one = ("max_msgs_per_subject", json!(1));
        assert!(of_down(std::slice::from_ref(&one))[0].contains("`max_msgs_per_subject`"));
        assert_eq!(of_down(&[one, ("discard_new_per_subject", json!(true))]), Vec::<String>::new());
    }

    #[test]
    fn what_an_operator_may_choose_is_told() {
        for (name, value, word) in [
            ("discard", json!("old"), "discard"),
            ("max_age", json!(86_400_000_000_000_u64), "86400 s"),
            ("retention", json!("workqueue"), "120 s"),
            ("num_replicas", json!(1), "one server"),
            ("max_msg_size", json!(1000), "1000 bytes"),
        ] {
            let Inspected { wrong, notes } = of(|config| config[name] = value);
            assert_eq!(wrong, Vec::<String>::new());
            assert!(notes.len() == 2 && notes.iter().any(|note| note.contains(word)), "{notes:?}");
        }
    }
}
