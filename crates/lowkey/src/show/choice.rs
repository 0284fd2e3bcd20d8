//! Which devices are shown, and in which order.

use crate::admin_client::{number, said};
use serde_json::Value;
use std::cmp::Reverse;

/// Which devices are shown.
#[derive(Debug)]
pub(crate) struct Choice {
    /// None is all.
    patterns: Vec<Pattern>,
    /// What labels have to say.
    labels: Vec<(String, String)>,
}

#[derive(Debug)]
enum Pattern {
    /// A device is called just that.
    Name(String),
    /// `*` stands for any characters in it, and `?` for one.
    Many(String),
}

impl Choice {
    /// Of these devices.
    pub(crate) fn new(patterns: Vec<String>, labels: Vec<(String, String)>, devices: &[Value]) -> Self {
        let is_one = |pattern: &String| devices.iter().any(|device| device["device"] == **pattern);
        let patterns = patterns.into_iter();
        let patterns = patterns.map(|pattern| match is_one(&pattern) {
            true => Pattern::Name(pattern),
            false => Pattern::Many(pattern),
        });
        Self { patterns: patterns.collect(), labels }
    }

    pub(crate) fn takes(&self, device: &Value) -> bool {
        let name = device["device"].as_str().unwrap_or_default();
        let named = self.patterns.is_empty()
            || self.patterns.iter().any(|pattern| match pattern {
                Pattern::Name(one) => one == name,
                Pattern::Many(pattern) => matches(pattern, name),
            });
        named && self.labels.iter().all(|(label, value)| device["labels"][label].as_str() == Some(value))
    }
}

/// Whether a name is meant, and not many.
pub(super) fn is_name(pattern: &str) -> bool {
    !pattern.contains(['*', '?'])
}

/// Whether `name` is one that `pattern` stands for.
pub(crate) fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Behind the last star, and where in the name what it stands for ends.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                p += 1;
                star = Some((p, n));
            }
            Some(c) if *c == '?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match &mut star {
                Some((behind, until)) => {
                    *until += 1;
                    (p, n) = (*behind, *until);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// What `--sort` takes.
pub(super) const ORDERS: [&str; 7] = ["name", "for", "from", "in", "out", "last", "absent"];

/// Sorts devices, which are there by name: what is longest, largest or most recent first.
pub(super) fn sort(devices: &mut [Value], order: &str) {
    let session = |device: &Value, field: &str| number(&device["session"], field);
    match order {
        "for" => devices.sort_by_key(|device| Reverse(session(device, "connected_seconds"))),
        "in" => devices.sort_by_key(|device| Reverse(session(device, "received_bytes"))),
        "out" => devices.sort_by_key(|device| Reverse(session(device, "sent_bytes"))),
        "last" => devices.sort_by_key(|device| device["last_seen_seconds_ago"].as_u64().unwrap_or(u64::MAX)),
        "absent" => {
            devices
                .sort_by_key(|device| Reverse(device["last_seen_seconds_ago"].as_u64().unwrap_or(u64::MAX)));
        }
        "from" => devices.sort_by_cached_key(|device| said(device, "from").unwrap_or_default()),
        _ => (),
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_characters_and_a_question_mark_is_one() {
        for (pattern, name) in [
            ("pump-*", "pump-7"),
            ("pump-*", "pump-"),
            ("*", ""),
            ("*-7", "pump-7-7"),
            ("p?mp*7", "pump-17"),
            ("a*b*c", "aXbbYc"),
            ("泵-?", "泵-七"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("pump-?", "pump-"), ("pump-7", "pump-77"), ("", "a"), ("*a", "ab"), ("a*b*c", "acb")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        let many = "a".repeat(5_000);
        assert!(!matches(&"*a".repeat(30), &format!("{many}b")), "and takes no time that grows with stars");
    }
}
