//! What the dashboard and the alerts of the book ask Prometheus for: nothing that no server exports.

use super::{Samples, ask, parse_plain, with_service};
use crate::common::World;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// A metric that a query names, and what it wants of labels: `name="value"`.
type Named = (String, Vec<String>);

/// The metrics of a query in PromQL.
fn metrics(query: &str) -> Vec<Named> {
    let (mut found, mut rest): (Vec<Named>, &str) = (Vec::new(), query);
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(rest.len());
        if word == 0 {
            rest = match first {
                // Labels of the metric before them, and what is between two quotes stands for itself.
                '{' => {
                    let (labels, behind) = rest[1..].split_once('}').expect(query);
                    let (_, wanted) = found.last_mut().expect(query);
                    wanted.extend(labels.split(',').map(str::to_owned));
                    behind
                }
                '[' => rest.split_once(']').expect(query).1,
                '"' | '\'' => panic!("a text outside of labels: {query}"),
                other => &rest[other.len_utf8()..],
            };
            continue;
        }
        let (name, behind) = rest.split_at(word);
        rest = behind;
        let behind = behind.trim_start();
        if GROUPINGS.contains(&name) {
            // The names of labels.
            if let Some(labels) = behind.strip_prefix('(') {
                rest = labels.split_once(')').expect(query).1;
            }
        } else if !behind.starts_with('(') && !OPERATORS.contains(&name) && !first.is_ascii_digit() {
            found.push((name.to_owned(), Vec::new()));
        }
    }
    found
}

/// What is wrong with a query.
fn mistakes(query: &str, exported: &Samples) -> Vec<String> {
    let names: BTreeSet<&str> =
        exported.keys().map(|sample| sample.split('{').next().unwrap_or(sample)).collect();
    let mut mistakes = Vec::new();
    for (name, wanted) in metrics(query) {
        if !names.contains(&*name) {
            mistakes.push(format!("nobody exports {name}"));
        }
        // `instance` and `job` are Prometheus's own.
        for label in wanted.iter().filter(|label| !label.starts_with("instance") && !label.starts_with("job"))
        {
            let has = |sample: &String| sample.starts_with(&format!("{name}{{")) && sample.contains(&**label);
            if !exported.keys().any(has) {
                mistakes.push(format!("{name} has no {label}"));
            }
        }
    }
    mistakes
}

async fn exported() -> Samples {
    let address = with_service(&World::with_devices(3).acceptor()).await;
    parse_plain(&ask(address, "Accept: text/plain\r\n").await.1)
}

fn repository(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn expressions(of: &Value, found: &mut Vec<String>) {
    match of {
        Value::Object(fields) => {
            found.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| expressions(field, found));
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn the_dashboard_asks_for_nothing_that_is_not_exported_and_shows_all_that_is() {
    let exported = exported().await;
    let dashboard: Value = serde_json::from_str(&repository("packaging/grafana/lowkey.json")).unwrap();
    let mut queries = Vec::new();
    expressions(&dashboard, &mut queries);
    assert!(queries.len() > 20, "{queries:?}");
    for query in &queries {
        assert_eq!(mistakes(query, &exported), [""; 0], "{query}");
    }
    let asked: BTreeSet<String> =
        queries.iter().flat_map(|query| metrics(query)).map(|(name, _)| name).collect();
    for sample in exported.keys() {
        let name = sample.split('{').next().unwrap_or(sample);
        assert!(asked.contains(name), "no panel shows {name}");
    }
}

#[tokio::test]
async fn the_book_s_alerts_ask_for_nothing_that_is_not_exported() {
    let exported = exported().await;
    let book = repository("docs/src/operations.md");
    let alerts: Vec<&str> =
        book.lines().filter_map(|line| line.trim_start().strip_prefix("expr: ")).collect();
    assert!(alerts.len() >= 6, "{alerts:?}");
    for alert in alerts {
        assert!(!metrics(alert).is_empty() && mistakes(alert, &exported).is_empty(), "{alert}");
    }
}

#[tokio::test]
async fn a_query_for_something_else_is_found_out() {
    let exported = exported().await;
    for (query, wrong) in [
        ("rate(lowkey_attempts[5m])", "nobody exports lowkey_attempts"),
        ("sum by (le) (rate(lowkey_handshake_seconds[5m]))", "nobody exports lowkey_handshake_seconds"),
        ("lowkey_sessions_total > 0.9 * lowkey_sessions_limit", "nobody exports lowkey_sessions_total"),
        ("lowkey_refusals_total{reason=\"gone\"}", "lowkey_refusals_total has no reason=\"gone\""),
    ] {
        assert_eq!(mistakes(query, &exported), [wrong], "{query}");
    }
    let right = "lowkey_sessions > bool 5e3 and on (instance) lowkey_backend_up{job=\"x\"} offset 5m == 0";
    assert_eq!(mistakes(right, &exported), [""; 0]);
}

const GROUPINGS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];
/// Words of the language that may be followed by something else than a parenthesis.
const OPERATORS: [&str; 10] = ["and", "or", "unless", "bool", "offset", "sum", "max", "min", "avg", "count"];
