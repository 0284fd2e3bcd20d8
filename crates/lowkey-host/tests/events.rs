//! The table of events in the crate's documentation, and the events in its source.

use std::collections::BTreeSet;
use std::fs::{read_dir, read_to_string};
use std::path::Path;

fn sources(of: &Path, text: &mut String) {
    for entry in read_dir(of).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            *text += &read_to_string(path).unwrap();
        }
    }
}

/// Every `lowkey.…` behind `before`.
fn names<'t>(text: &'t str, before: &str) -> BTreeSet<&'t str> {
    let name = |text: &'t str| {
        let end = text.find(|c: char| !c.is_ascii_lowercase() && c != '_' && c != '.');
        &text[..end.unwrap_or(text.len())]
    };
    text.match_indices(before).map(|(at, _)| name(&text[at + before.len() - "lowkey.".len()..])).collect()
}

#[test]
fn the_table_of_events_lists_every_event_and_no_other() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (source, command) = (package.join("src"), package.join("../lowkey/src"));
    let mut text = String::new();
    sources(&source, &mut text);
    sources(&command, &mut text);
    let table = read_to_string(source.join("lib.rs")).unwrap();
    let (written, listed) = (names(&text, "name: \"lowkey."), names(&table, "//! | `lowkey."));
    assert!(written.len() > 10, "{written:?}");
    assert_eq!(written, listed);
}
