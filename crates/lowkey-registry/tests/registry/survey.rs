//! A registry is looked over: every mistake at once, each where it stands.

use lowkey_registry::{keys, parse_time, survey};
use std::fs;
use std::path::Path;
use test_support::folder::{device, folder, public, secret};

/// What is said of `text`, without the path before it.
fn said(path: &Path, text: &str) -> Vec<String> {
    fs::write(path, text).unwrap();
    let mistakes = survey(path, Some(&public(1))).mistakes;
    let begin = format!("{}:", path.display());
    mistakes.iter().map(|mistake| mistake.to_string().replacen(&begin, "", 1)).collect()
}

#[test]
fn every_mistake_of_every_device_is_said_in_the_order_of_lines() {
    let folder = folder();
    let path = folder.path().join("devices.toml");
    keys::write_psk(&folder.path().join("g.psk"), &secret(9)).unwrap();
    let text = format!(
        "server = \"{}\"\n\
         [[device]]\nname = \"a\\u202e\"\nkey = \"lkpub1qqq\"\ncolour = \"red\"\nexpires = 7\n\
         [[device]]\nkey = \"{}\"\nlabels = {{ site = 7, \"\" = \"x\" }}\n\
         [[device]]\nname = \"d\"\nid = \"\"\n\
         [[device]]\nname = \"e\"\npinning = [7, {{ id = \"x\" }}, {{ colour = 1 }}]\n",
        keys::encode_public(&public(8)),
        keys::encode_public(&public(1)),
    ) + &device("f", 3, "psk_file = \"no.psk\"")
        + &device("g", 3, "psk_file = \"g.psk\"")
        + &device("f", 4, "");
    let found = said(&path, &text);
    let expected = [
        "1:1: this registry is for the server",
        "3:1: the name holds U+202E",
        "4:1: `key`: a public key",
        "5:1: unknown field `colour`",
        "6:1: `expires` has to be a moment",
        "7:1: this device has no `name`",
        "8:1: the key is this server's own",
        "12:1: `id` \"\" is neither",
        "10:1: the device \"d\" has no `key`",
        "15:12: a pinning is a table",
        "15:15: this pinning of \"e\" has no `key`",
        "15:29: the device \"e\" has 3 pinnings",
        "15:29: this pinning of \"e\" has no `key`",
        "15:31: unknown field `colour`",
        "19:1: psk_file: ",
        "22:1: the key is the one of \"f\"",
        "25:1: the name \"f\" is in use already",
    ];
    let mut missing: Vec<_> =
        expected.iter().filter(|line| !found.iter().any(|found| found.starts_with(**line))).collect();
    missing.sort();
    assert!(missing.is_empty(), "{missing:#?} of {found:#?}");
    let places: Vec<(usize, usize)> = found
        .iter()
        .map(|line| {
            let mut numbers = line.split(':');
            let mut next = || numbers.next().unwrap().parse().unwrap();
            (next(), next())
        })
        .collect();
    assert!(places.is_sorted(), "{found:#?}");
    assert_eq!(found.len(), expected.len(), "{found:#?}");
}

#[test]
fn a_device_that_is_no_toml_hides_no_mistake_of_another() {
    let folder = folder();
    let path = folder.path().join("devices.toml");
    let text =
        "[[device]]\nname = \"a\nkey = 7\n[[device]]\nname = \"b\"\ncolour = 1\n[[device]]\nname = = \n";
    let found = said(&path, text);
    let places: Vec<_> = found.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["2:10", "4:1", "6:1", "8:8"], "{found:#?}");
}

#[test]
fn what_is_right_is_told_with_its_place_and_what_expires_with_its_moment() {
    let folder = folder();
    let path = folder.path().join("devices.toml");
    let text = device("a", 2, "") + &device("b", 3, "expires = 2126-12-31T00:00:00Z");
    assert_eq!(said(&path, &text), [""; 0]);
    let survey = survey(&path, None);
    let devices: Vec<_> =
        survey.devices.iter().map(|device| (&*device.name, device.line, device.column)).collect();
    assert_eq!(devices, [("a", 2, 1), ("b", 6, 1)]);
    assert_eq!(survey.devices[1].expiring, [(7, 1, parse_time("2126-12-31T00:00:00Z").unwrap())]);
    // Whoever has no key finds no fault with the server that is named, nor with a key that may be its own.
    let named = format!("server = \"{}\"\n{}", keys::encode_public(&public(8)), device("a", 1, ""));
    assert_eq!(said(&path, &named).len(), 2);
    assert!(lowkey_registry::survey(&path, None).mistakes.is_empty());
}

#[test]
fn what_cannot_be_read_is_the_one_mistake() {
    let folder = folder();
    let survey = survey(folder.path(), None);
    assert_eq!(survey.mistakes.len(), 1);
    assert!(survey.mistakes[0].to_string().contains("is no regular file; here belongs a registry"));
}
