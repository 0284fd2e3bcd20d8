//! The tables of events in the crates' documentation, and the events in their sources.

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

/// What the sources of these crates write, and what the first of them lists.
fn written_and_listed(crates: &[&str]) -> (BTreeSet<String>, BTreeSet<String>) {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut text = String::new();
    crates.iter().for_each(|name| sources(&all.join(name).join("src"), &mut text));
    let table = read_to_string(all.join(crates[0]).join("src/lib.rs")).unwrap();
    let owned = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
    (owned(names(&text, "name: \"lowkey.")), owned(names(&table, "//! | `lowkey.")))
}

#[test]
fn the_table_of_events_of_each_crate_lists_every_event_and_no_other() {
    for crates in [&["lowkey-host"][..], &["lowkey-registry"], &["lowkey-gateway", "lowkey"]] {
        let (written, listed) = written_and_listed(crates);
        assert!(written.len() > 2, "{crates:?}: {written:?}");
        assert_eq!(written, listed, "{crates:?}");
    }
}
