//! A registry that is kept in rows: what is in force follows from the rows there are, and from nothing else.

use lowkey_host::{Id, Identity, Registry};
use lowkey_registry::keys;
use lowkey_registry::rows::{LONGEST_ROW, Ranked, Row, RowRegistry};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use test_support::folder::{folder, public, secret};
use test_support::random::Random;

struct Place {
    folder: TempDir,
    server: Arc<Identity>,
}

impl Place {
    fn new() -> Self {
        Self { folder: folder(), server: Arc::new(Identity::new(secret(1)).unwrap()) }
    }

    fn registry(&self) -> RowRegistry {
        RowRegistry::new("rows://test", self.folder.path().to_owned(), Arc::clone(&self.server))
    }

    fn psk(&self, name: &str, byte: u8) {
        let file = self.folder.path().join(name);
        let _ = std::fs::remove_file(&file);
        keys::write_psk(&file, &secret(byte)).unwrap();
    }
}

fn row(name: &str, revision: u64, fields: &str) -> Row {
    let text = format!("[[device]]\nname = {name:?}\n{fields}");
    Row { name: name.to_owned(), revision, kept: Some(Ranked { rank: 1, text }.kept()) }
}

fn key(byte: u8) -> String {
    format!("key = {:?}\n", keys::encode_public(&public(byte)))
}

fn gone(name: &str, revision: u64) -> Row {
    Row { name: name.to_owned(), revision, kept: None }
}

/// Every pinning that look-ups find: its id, its device and the way it may come.
fn in_force(registry: &RowRegistry) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    registry.each(&mut |pinned| {
        assert!(Arc::ptr_eq(&registry.lookup(&pinned.id()).unwrap(), pinned));
        let says = format!("{} {:?} {:?}", pinned.device().name(), pinned.key(), pinned.mode());
        all.insert(format!("{:?}", pinned.id()), says);
    });
    all
}

fn names(registry: &RowRegistry) -> Vec<String> {
    let mut names = Vec::new();
    registry.each(&mut |pinned| names.push(pinned.device().name().to_owned()));
    names.sort();
    names.dedup();
    names
}

fn faults(registry: &RowRegistry) -> Vec<String> {
    registry.faults().into_iter().map(|fault| fault.name).collect()
}

#[test]
fn rows_come_change_and_go_one_by_one_and_what_did_not_change_stays_the_same() {
    let place = Place::new();
    let registry = place.registry();
    let changes = registry.change(vec![row("a", 1, &key(2)), row("b", 2, &key(3))]);
    assert_eq!((changes.devices, changes.added), (2, 2));
    let id = Id::of_pinning(&public(3), &place.server.public_key());
    let b = registry.lookup(&id).unwrap();
    let before = registry.generation();
    let changes = registry.change(vec![gone("a", 3)]);
    assert_eq!((changes.devices, changes.removed, registry.len()), (1, 1, 1));
    assert!(registry.generation() > before);
    assert!(Arc::ptr_eq(&registry.lookup(&id).unwrap(), &b));
    let changes = registry.change(vec![row("b", 4, &(key(3) + "labels = { site = 'n' }\n"))]);
    assert_eq!((changes.changed, changes.added, changes.removed), (1, 0, 0));
    assert_eq!(registry.lookup(&id).unwrap().device().label("site"), Some("n"));
    let generation = registry.generation();
    let changes = registry.change(vec![row("b", 5, &(key(3) + "labels = { site = 'n' }\n"))]);
    assert_eq!((changes.any(), registry.generation()), (false, generation), "it says the same");
    assert_eq!(registry.removed().len(), 1);
}

#[test]
fn a_revision_that_has_been_seen_is_no_news() {
    let place = Place::new();
    let registry = place.registry();
    registry.change(vec![row("a", 5, &key(2))]);
    registry.change(vec![gone("a", 7)]);
    for replayed in [row("a", 5, &key(2)), row("a", 7, &key(2)), row("b", 6, &key(3))] {
        assert!(!registry.change(vec![replayed]).any());
    }
    assert_eq!((registry.len(), registry.revision()), (0, 7));
}

#[test]
fn of_rows_that_claim_the_same_the_lowest_revision_has_it_until_it_goes() {
    let place = Place::new();
    let code = "code = \"43dd204498165944\"\n";
    let both =
        [(key(2), key(2)), (key(2) + "id = 'x'\n", key(3) + "id = 'x'\n"), (key(2) + code, key(3) + code)];
    for (first, second) in both {
        let registry = place.registry();
        registry.change(vec![row("b", 1, &first)]);
        registry.change(vec![row("a", 2, &second)]);
        assert_eq!((names(&registry), faults(&registry)), (vec!["b".to_owned()], vec!["a".to_owned()]));
        assert!(registry.trouble().unwrap().what.contains("\"a\""));
        registry.change(vec![gone("b", 3)]);
        assert_eq!((names(&registry), faults(&registry)), (vec!["a".to_owned()], vec![]));
    }
}

/// A row that is hostile, or broken, or another's.
#[test]
fn a_row_that_is_wrong_takes_out_its_own_device_and_no_other() {
    let place = Place::new();
    let other = keys::encode_public(&public(8));
    let long = format!("# {}\n", "x".repeat(LONGEST_ROW));
    let ours = keys::encode_public(&place.server.public_key());
    let bad = [
        Some(String::new()),
        Some("\0\u{1b}[2J".to_owned()),
        row("b", 0, &key(3)).kept,
        row("a", 0, "").kept,
        row("a", 0, "key = 'lkpub1'\n").kept,
        row("a", 0, &format!("key = {ours:?}\n")).kept,
        row("a", 0, &(key(2) + &long)).kept,
        row("a", 0, &(key(2) + "[[device]]\nname = 'c'\n" + &key(4))).kept,
        row("a", 0, &(key(2) + "admin = true\n")).kept,
        Some(
            Ranked { rank: 1, text: format!("server = {other:?}\n[[device]]\nname = 'a'\n{}", key(2)) }
                .kept(),
        ),
    ];
    for (n, kept) in bad.into_iter().enumerate() {
        let registry = place.registry();
        registry.change(vec![row("a", 1, &key(2)), row("z", 2, &key(9))]);
        registry.change(vec![Row { name: "a".to_owned(), revision: 3, kept: kept.clone() }]);
        assert_eq!(
            (names(&registry), faults(&registry)),
            (vec!["z".to_owned()], vec!["a".to_owned()]),
            "{n}"
        );
        let why = registry.faults()[0].why.clone();
        assert!(!why.contains(['\u{1b}', '\n', '\0']), "{why:?}");
        registry.change(vec![row("a", 4, &key(2))]);
        assert_eq!((names(&registry).len(), faults(&registry).len()), (2, 0), "{n}");
    }
}

#[test]
fn psk_files_are_read_beside_and_again_when_they_change() {
    let place = Place::new();
    let registry = place.registry();
    registry.change(vec![row("a", 1, &(key(2) + "psk_file = 'a.psk'\n")), row("b", 2, &key(3))]);
    assert_eq!(names(&registry), ["b"], "never in another mode instead");
    assert_eq!(registry.left_out()[0].device, "a");
    place.psk("a.psk", 7);
    (0..4).for_each(|_| registry.look());
    assert_eq!((names(&registry).len(), registry.left_out().len()), (2, 0));
    registry.change(vec![row("c", 3, &(key(4) + "psk_file = 'c.psk'\n"))]);
    place.psk("c.psk", 7);
    (0..4).for_each(|_| registry.look());
    assert_eq!(
        (names(&registry), registry.left_out().len()),
        (vec!["b".to_owned()], 2),
        "both hold the same"
    );
    registry.change(vec![gone("c", 4)]);
    assert_eq!(names(&registry), ["a", "b"]);
}

/// One server has seen every change, another only what there is at the end: they let in the same devices.
#[test]
fn whoever_sees_the_rows_lets_in_the_same_devices_however_they_came() {
    let place = Place::new();
    for byte in [1, 2, 2, 3] {
        place.psk(&format!("{byte}.psk"), byte);
    }
    let mut random = Random::new();
    for _ in 0..40 {
        let registry = place.registry();
        let mut rows: BTreeMap<String, Row> = BTreeMap::new();
        let mut revision = 0;
        for _ in 0..60 {
            let mut batch = Vec::new();
            for _ in 0..=random.below(3) {
                revision += 1;
                let name = ["a", "b", "c", "d", "e"][random.below(5)].to_owned();
                let mut fields = key(2 + random.below(5) as u8);
                if random.below(3) == 0 {
                    fields += &format!("id = 'x{}'\n", random.below(3));
                }
                match random.below(8) {
                    0 => fields += &format!("psk_file = '{}.psk'\n", 1 + random.below(4)),
                    1 => fields += "code = '43dd204498165944'\n",
                    2 => fields += "nonsense\n",
                    _ => (),
                }
                let row =
                    if random.below(4) == 0 { gone(&name, revision) } else { row(&name, revision, &fields) };
                rows.insert(name, row.clone());
                batch.push(row);
            }
            registry.change(batch);
            let fresh = place.registry();
            fresh.replace(rows.values().cloned().collect());
            assert_eq!(in_force(&registry), in_force(&fresh), "{rows:#?}");
            assert_eq!(registry.faults(), fresh.faults(), "{rows:#?}");
            assert_eq!(registry.len(), fresh.len());
            let again = in_force(&registry);
            let generation = registry.generation();
            let changes = registry.replace(rows.values().cloned().collect());
            assert_eq!(
                (in_force(&registry), changes.any(), registry.generation()),
                (again, false, generation)
            );
        }
    }
}
