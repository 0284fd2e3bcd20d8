//! §6: rows that pairings make, and who has a code.

use lowkey_host::{Id, Paired, PublicKey};
use lowkey_registry::pairing::{Enrolment, PairingError, claim, finalise, may_claim, remove};
use lowkey_registry::rotation::{Which, revoke};
use lowkey_registry::{FileRegistry, keys};
use std::fs;
use std::sync::Barrier;
use std::thread;
use test_support::folder::{Bench, device, public};

const CODE: &str = "43dd204498165944";

fn code() -> Id {
    Id::new(&[0x43, 0xdd, 0x20, 0x44, 0x98, 0x16, 0x59, 0x44]).unwrap()
}

fn enrolment(name: &str, key: PublicKey) -> Enrolment<'_> {
    Enrolment { name, key, code: code() }
}

fn claimed(bench: &Bench, name: &str, key: u8) -> Result<(), String> {
    let claimed = claim(&bench.registry, &bench.server.public_key(), enrolment(name, public(key)));
    claimed.map(drop).map_err(|error| error.to_string())
}

fn paired(bench: &Bench) -> Vec<(String, Option<Paired>)> {
    let loaded = FileRegistry::load(&bench.registry, &bench.server).unwrap();
    let mut all: Vec<_> =
        loaded.devices().iter().map(|pinned| (pinned.device().name().to_owned(), pinned.paired())).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn text(bench: &Bench) -> String {
    fs::read_to_string(&bench.registry).unwrap()
}

#[test]
fn pairing_a_claim_is_a_row_that_is_pending_and_then_final_and_the_rest_stays_as_it_is() {
    let bench = Bench::new();
    let server = bench.server.public_key();
    let before = format!("# ours\n{}# mine\n", device("a", 2, "# north"));
    fs::write(&bench.registry, &before).unwrap();
    may_claim(&bench.registry, &server, "pump-7", &code()).unwrap();
    claimed(&bench, "pump-7", 3).unwrap();
    let row = format!(
        "\n[[device]]\nname = \"pump-7\"\nkey = \"{}\"\ncode = \"{CODE}\"\n",
        keys::encode_public(&public(3))
    );
    assert_eq!(text(&bench), format!("{before}{row}pending = true\n"));
    let pending = ("pump-7".to_owned(), Some(Paired::Pending(code())));
    assert_eq!(paired(&bench), [("a".to_owned(), None), pending]);
    // The same key again, before and after it is final.
    claimed(&bench, "pump-7", 3).unwrap();
    assert_eq!(text(&bench), format!("{before}{row}pending = true\n"));
    assert!(finalise(&bench.registry, &server, &public(3), &code()).unwrap().is_some());
    assert_eq!(text(&bench), format!("{before}{row}"));
    claimed(&bench, "pump-7", 3).unwrap();
    assert!(finalise(&bench.registry, &server, &public(3), &code()).unwrap().is_none());
    assert!(remove(&bench.registry, &server, &public(3), &code()).unwrap().is_none(), "it is final");
    assert_eq!(text(&bench), format!("{before}{row}"));
    assert_eq!(paired(&bench)[1].1, Some(Paired::Final(code())));
}

#[test]
fn pairing_another_key_loses_and_is_told_whose_the_code_is_until_that_row_is_revoked() {
    let bench = Bench::new();
    let server = bench.server.public_key();
    claimed(&bench, "pump-7", 3).unwrap();
    assert!(text(&bench).starts_with("server = "), "whoever makes a registry says whose it is");
    let whose =
        format!("the code is the one of \"pump-7\" already; its key is {}", keys::encode_public(&public(3)));
    for name in ["pump-7", "pump-8"] {
        assert_eq!(claimed(&bench, name, 4).unwrap_err(), whose);
    }
    assert_eq!(may_claim(&bench.registry, &server, "pump-8", &code()).unwrap_err().to_string(), whose);
    may_claim(&bench.registry, &server, "pump-7", &code()).unwrap();
    // What is of another key or code is not taken out.
    let other = Id::new(&[7; 8]).unwrap();
    assert!(remove(&bench.registry, &server, &public(4), &code()).unwrap().is_none());
    assert!(remove(&bench.registry, &server, &public(3), &other).unwrap().is_none());
    revoke(&bench.registry, &server, "pump-7", Which::All).unwrap();
    claimed(&bench, "pump-8", 4).unwrap();
    assert!(remove(&bench.registry, &server, &public(4), &code()).unwrap().is_some());
    claimed(&bench, "pump-9", 5).unwrap();
}

#[test]
fn pairing_of_two_right_codes_at_once_one_has_the_row() {
    let bench = Bench::new();
    let server = bench.server.public_key();
    let (start, registry) = (Barrier::new(8), &bench.registry);
    let won = thread::scope(|scope| {
        let runs: Vec<_> = (10..18)
            .map(|key| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    claim(registry, &server, enrolment("pump-7", public(key))).map(|_| public(key))
                })
            })
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect::<Vec<_>>()
    });
    let winners: Vec<PublicKey> = won.iter().filter_map(|run| run.as_ref().ok().copied()).collect();
    let [winner] = winners[..] else { panic!("{winners:?}") };
    for lost in won.into_iter().filter_map(Result::err) {
        let PairingError::Claimed(bearer) = lost else { panic!("{lost}") };
        assert_eq!((&*bearer.name, bearer.key), ("pump-7", winner));
    }
    assert_eq!(text(&bench).matches("[[device]]").count(), 1);
}

#[test]
fn pairing_a_claim_that_cannot_be_written_is_an_error_and_changes_nothing() {
    let bench = Bench::new();
    fs::write(&bench.registry, device("a", 2, "")).unwrap();
    let before = text(&bench);
    let error = |name: &str, key| claimed(&bench, name, key).unwrap_err();
    assert!(error("a", 3).contains("the name \"a\" is in use already"));
    assert!(error("b", 2).contains("the key is the one of \"a\""));
    assert!(error("b", 1).contains("the key is this server's own"));
    assert!(error("b\u{202e}", 3).contains("U+202E"));
    assert_eq!(text(&bench), before);
    // A disk that is full, or a file that somebody broke.
    fs::create_dir(bench.path("devices.toml.new")).unwrap();
    error("b", 3);
    fs::remove_dir(bench.path("devices.toml.new")).unwrap();
    assert_eq!(text(&bench), before);
    fs::write(&bench.registry, "[[device]\n").unwrap();
    assert!(error("b", 3).contains("devices.toml:1:"), "{}", error("b", 3));
    assert_eq!(text(&bench), "[[device]\n");
}

#[test]
fn pairing_a_code_stands_in_one_row_and_its_fields_are_what_they_have_to_be() {
    let bench = Bench::new();
    let fails = |more: &str, why: &str| {
        let text = format!("{}{}", device("a", 2, &format!("code = \"{CODE}\"")), device("b", 3, more));
        fs::write(&bench.registry, text).unwrap();
        let error = FileRegistry::load(&bench.registry, &bench.server).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert!(!error.contains("AAAQEAY"), "a code that stands there by mistake is not shown: {error}");
    };
    fails(&format!("code = \"{CODE}\""), "8:1: the code is the one of \"a\"; a code makes one pinning");
    fails("code = \"AAAQEAYEAUDAOCAJBIFQYDIOB4\"", "`code` is the name of a code, in 16 digits of hex");
    fails("code = 7", "`code` has to be text in quotes");
    fails("pending = true", "`pending` is said of a pairing, whose `code` is missing");
    fails("code = \"0011223344556677\"\npending = \"yes\"", "`pending` has to be true or false");
}
