//! Whether a stream is one for devices' messages, as far as it says so.

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

/// Of what `STREAM.INFO` answers, for devices' messages under this prefix.
pub(crate) fn inspect(prefix: &str, info: &Value) -> Inspected {
    let config = &info["config"];
    let mut inspected = Inspected::default();
    let subjects: Vec<&str> =
        config["subjects"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for word in ["up", "mark"] {
        let subject = format!("{prefix}.{word}.*");
        if !subjects.iter().any(|pattern| covers(pattern, &subject)) {
            inspected.wrong.push(format!("it does not take {subject}"));
        }
    }
    for word in OTHERS {
        let subject = format!("{prefix}.{word}.*");
        if subjects.iter().any(|pattern| meet(pattern, &subject)) {
            inspected.wrong.push(format!(
                "it takes {subject} as well, and each message there ends a session's right to store"
            ));
        }
    }
    let is = |name: &str| config[name] == true;
    let says = |name: &str, word: &str| config[name] == word;
    let wrongs = [
        (is("no_ack"), "it acknowledges nothing (`no_ack`)"),
        (!is("allow_direct"), "nobody can look at the last message of a subject: turn `allow_direct` on"),
        (is("allow_rollup_hdrs"), "a header of one message empties it: turn `allow_rollup_hdrs` off"),
        (is("sealed"), "it takes no more (`sealed`)"),
        (says("persist_mode", "async"), "it acknowledges before it writes (`persist_mode` is `async`)"),
        (says("storage", "memory"), "it is in memory: what is acknowledged is gone when NATS starts again"),
    ];
    inspected.wrong.extend(wrongs.into_iter().filter(|(is, _)| *is).map(|(_, why)| why.to_owned()));

    let is_bounded = ["max_msgs", "max_bytes", "max_msgs_per_subject"]
        .into_iter()
        .any(|limit| config[limit].as_i64().is_some_and(|most| most > 0));
    if is_bounded && !says("discard", "new") {
        inspected.notes.push(
            "full, it drops its oldest messages, also those that nobody has taken (`discard` is `old`)"
                .to_owned(),
        );
    }
    let seconds = |name: &str| config[name].as_u64().unwrap_or(0) / 1_000_000_000;
    if let age @ 1.. = seconds("max_age") {
        inspected
            .notes
            .push(format!("it drops messages after {age} s, also those that nobody has taken (`max_age`)"));
    }
    let forgets = seconds("duplicate_window");
    if !says("retention", "limits") && forgets < LONG {
        inspected.notes.push(format!(
            "what is taken out of it is known for {forgets} s (`duplicate_window`): if a gateway is killed \
             just before it has said that a message is stored, and the device comes again later than that, it is stored twice"
        ));
    }
    if config["num_replicas"].as_u64().unwrap_or(1) < 3 {
        inspected.notes.push(
            "one server of NATS has it, or two: what is on its disk alone is lost with that".to_owned(),
        );
    }
    inspected.notes.push(SYNC.to_owned());
    inspected
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

/// What else is under a prefix, in subjects of as many words.
const OTHERS: [&str; 4] = ["dn", "to", "ask", "event"];
/// In seconds: no device that is in reach stays away for longer.
const LONG: u64 = 3600;
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
        inspect("x", &info)
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
    fn what_an_operator_may_choose_is_told() {
        for (name, value, word) in [
            ("discard", json!("old"), "discard"),
            ("max_age", json!(86_400_000_000_000_u64), "86400 s"),
            ("retention", json!("workqueue"), "120 s"),
            ("num_replicas", json!(1), "one server"),
        ] {
            let Inspected { wrong, notes } = of(|config| config[name] = value);
            assert_eq!(wrong, Vec::<String>::new());
            assert!(notes.len() == 2 && notes[0].contains(word), "{notes:?}");
        }
    }
}
