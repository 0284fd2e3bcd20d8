//! What happens at the other gateways of a fleet, for one who reads along at this one.

use super::others::Others;
use super::query::encoded;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Events of the other gateways, each a JSON object of one line that says at which.
#[derive(Debug)]
pub(super) struct Elsewhere {
    name: String,
    comes: mpsc::Receiver<Vec<String>>,
    /// What had happened before, by its time.
    before: VecDeque<String>,
}

impl Elsewhere {
    /// Asks them for the `last` events of each, and then for what follows, those of these names alone; of none, all.
    pub(super) fn of(others: Arc<dyn Others>, last: usize, only: &[String], ends_now: bool) -> Self {
        let (sends, comes) = mpsc::channel(1);
        let (name, only) = (others.name().to_owned(), only.join(","));
        tokio::spawn(async move {
            let mut after: Arc<HashMap<String, String>> = Arc::default();
            loop {
                let (events, ids) = ask(&*others, last, &only, after).await;
                after = Arc::new(ids);
                // Gone, with whoever read along.
                if sends.send(events).await.is_err() || ends_now {
                    return;
                }
                let gone = sends.closed();
                if timeout(EVERY, gone).await.is_ok() {
                    return;
                }
            }
        });
        Self { name, comes, before: VecDeque::new() }
    }

    /// Waits for what had happened before.
    pub(super) async fn begin(&mut self) {
        let Ok(Some(mut events)) = timeout(PATIENCE, self.comes.recv()).await else { return };
        events.sort_by(|a, b| time(a).cmp(time(b)));
        self.before = events.into();
    }

    /// The next of what had happened before that one of ours; with none of ours, all of it.
    pub(super) fn before(&mut self, ours: Option<&str>) -> Option<String> {
        let first = self.before.front()?;
        if ours.is_none_or(|ours| time(first) <= time(ours)) { self.before.pop_front() } else { None }
    }

    /// Whether all is told that had happened before.
    pub(super) fn is_told(&self) -> bool {
        self.before.is_empty()
    }

    /// What has come by now.
    pub(super) fn at_once(&mut self) -> Vec<String> {
        self.comes.try_recv().unwrap_or_default()
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Vec<String>> {
        match self.comes.poll_recv(context) {
            Poll::Ready(Some(events)) => Poll::Ready(events),
            _ => Poll::Pending,
        }
    }

    /// An event of ours, with where it happened.
    pub(super) fn ours(&self, json: &str) -> String {
        at(&self.name, json)
    }
}

/// What has happened since those ids, and the new ones.
async fn ask(
    others: &dyn Others,
    last: usize,
    only: &str,
    after: Arc<HashMap<String, String>>,
) -> (Vec<String>, HashMap<String, String>) {
    let only = if only.is_empty() { String::new() } else { format!("&only={}", encoded(only)) };
    let known = Arc::clone(&after);
    let is_first = after.is_empty();
    let question = move |gateway: &str| match known.get(gateway) {
        Some(id) => format!("/events?since={id}&end=now{only}"),
        // Who has come since then has nothing to tell from before.
        None => format!("/events?last={}&end=now{only}", if is_first { last } else { 0 }),
    };
    let answers = others.ask(Box::new(question)).await;
    let (mut events, mut ids) = (Vec::new(), HashMap::clone(&after));
    for (gateway, text) in answers {
        for line in text.unwrap_or_default().lines().filter(|line| !line.chars().any(char::is_control)) {
            if let Some(id) = line.strip_prefix("id: ") {
                ids.insert(gateway.clone(), id.to_owned());
            } else if let Some(json) = line.strip_prefix("data: ") {
                events.push(at(&gateway, json));
            }
        }
    }
    (events, ids)
}

/// The object with where it happened.
fn at(gateway: &str, json: &str) -> String {
    let name = serde_json::Value::from(gateway);
    match json.strip_prefix('{') {
        Some("}") | None => "{}".to_owned(),
        // A field of its own of that name is what somebody says of itself.
        Some(_) if json.contains("\"gateway\":") => match serde_json::from_str(json) {
            Ok(serde_json::Value::Object(mut event)) => {
                event.insert("gateway".to_owned(), name);
                serde_json::Value::from(event).to_string()
            }
            _ => "{}".to_owned(),
        },
        Some(rest) => format!("{{\"gateway\":{name},{rest}"),
    }
}

/// When an event happened; texts of one form, in which the later one is the larger.
fn time(json: &str) -> &str {
    let behind = json.split_once("\"time\":\"").map(|(_, behind)| behind);
    behind.and_then(|behind| behind.split_once('"')).map_or("", |(time, _)| time)
}

/// How often the others are asked.
const EVERY: Duration = Duration::from_secs(1);
/// How long what happened before is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_once_at_which_gateway_it_happened_whatever_its_fields_are_called() {
        let event = r#"{"time":"2026-11-29T10:00:00.000Z","name":"lowkey.lease_failed","gateway":"other"}"#;
        for json in [event, r#"{"time":"2026-11-29T10:00:00.000Z","name":"x"}"#] {
            let told = at("east\n", json);
            assert_eq!(told.matches(r#""gateway":"east\n""#).count(), 1, "{told}");
            assert_eq!(told.matches(r#""gateway":"#).count(), 1, "{told}");
            assert_eq!(time(&told), "2026-11-29T10:00:00.000Z");
        }
        assert_eq!(at("east", "{}"), "{}");
        assert_eq!(at("east", r#"{"gateway":"#), "{}");
    }
}
