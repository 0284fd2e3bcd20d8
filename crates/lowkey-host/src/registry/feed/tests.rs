use super::*;
use crate::registry::Device;
use lowkey_core::{PublicKey, Secret};
use std::time::{Duration, Instant};

fn identity(byte: u8) -> Identity {
    Identity::new(Secret::new([byte; 32])).unwrap()
}

fn key(byte: u8) -> PublicKey {
    identity(byte).public_key()
}

fn cold(name: &str, id: &str, byte: u8) -> Arc<Pinned> {
    let device = Device::new(name).unwrap();
    let id = Id::new(id.as_bytes()).unwrap();
    Arc::new(Pinned::cold(device, id, &key(1), key(byte)).unwrap())
}

fn id(text: &str) -> Id {
    Id::new(text.as_bytes()).unwrap()
}

fn feed(pinnings: &[&Arc<Pinned>]) -> Feed {
    Feed::new(identity(1), fed(pinnings))
}

fn fed(pinnings: &[&Arc<Pinned>]) -> Fed {
    Fed { pinnings: pinnings.iter().map(|pinned| Arc::clone(pinned)).collect(), ..Fed::default() }
}

fn change(out: &[&str], pinnings: &[&Arc<Pinned>]) -> FedChange {
    FedChange {
        out: out.iter().map(|text| id(text)).collect(),
        pinnings: fed(pinnings).pinnings,
        left_out: Vec::new(),
    }
}

fn removed(feed: &Feed) -> Vec<String> {
    feed.removed().iter().map(|gone| gone.pinned.device().name().to_owned()).collect()
}

fn until_warm(feed: &Feed) {
    let begun = Instant::now();
    while !feed.is_warm() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never becomes warm");
        std::thread::yield_now();
    }
}

#[test]
fn look_ups_see_a_change_when_it_returns_and_the_generation_tells() {
    let [a, b, c] = [cold("a", "a", 2), cold("b", "b", 3), cold("c", "c", 4)];
    let feed = feed(&[&a, &b]);
    assert_eq!(feed.generation(), 0);
    feed.change(change(&["a"], &[&c]));
    assert_eq!(feed.generation(), 1);
    assert!(feed.lookup(&id("a")).is_none());
    assert!(Arc::ptr_eq(&feed.lookup(&id("b")).unwrap(), &b));
    assert!(Arc::ptr_eq(&feed.lookup(&id("c")).unwrap(), &c));
    assert_eq!((feed.len(), removed(&feed)), (2, vec!["a".to_owned()]));
}

#[test]
fn what_is_fed_again_is_no_change() {
    let [a, b] = [cold("a", "a", 2), cold("b", "b", 3)];
    let feed = feed(&[&a, &b]);
    feed.replace(fed(&[&b, &a]));
    feed.change(change(&[], &[&a]));
    feed.change(change(&["a"], &[&a]));
    feed.change(change(&["nobody"], &[]));
    assert_eq!((feed.generation(), feed.removed().len()), (0, 0));
}

#[test]
fn another_key_under_the_same_id_stands_in_its_place_and_the_old_one_counts_as_removed() {
    let [old, new] = [cold("a", "a", 2), cold("a", "a", 3)];
    for again in [change(&[], &[&new]), change(&["a"], &[&new])] {
        let feed = feed(&[&old]);
        feed.change(again);
        assert!(Arc::ptr_eq(&feed.lookup(&id("a")).unwrap(), &new));
        assert_eq!((feed.generation(), feed.len()), (1, 1));
        let [gone] = &feed.removed()[..] else { panic!() };
        assert_eq!(gone.pinned.key(), key(2));
        feed.change(change(&[], &[&old]));
        let [gone] = &feed.removed()[..] else { panic!() };
        assert_eq!(gone.pinned.key(), key(3), "the old one is back, and is no longer removed");
    }
}

#[test]
fn the_same_key_with_other_labels_is_a_change_and_nothing_is_removed() {
    let [old, new] = [cold("a", "a", 2), cold("a", "a", 2)];
    let feed = feed(&[&old]);
    feed.change(change(&["a"], &[&new]));
    assert_eq!((feed.generation(), feed.removed().len()), (1, 0));
}

#[test]
fn it_is_warm_again_only_once_all_that_can_be_found_is() {
    let feed = Feed::new(identity(1), Fed::default());
    assert!(feed.is_warm());
    let many: Vec<_> = (2..60).map(|byte| cold(&byte.to_string(), &byte.to_string(), byte)).collect();
    feed.replace(Fed { pinnings: many.clone(), ..Fed::default() });
    until_warm(&feed);
    assert!(many.iter().all(|pinned| pinned.is_warm()));
    for byte in 60..90 {
        let more = cold(&byte.to_string(), &byte.to_string(), byte);
        feed.change(FedChange { pinnings: vec![Arc::clone(&more)], ..FedChange::default() });
        until_warm(&feed);
        assert!(more.is_warm());
    }
}

#[test]
fn what_goes_before_it_is_warm_keeps_nobody_from_being() {
    let feed = Feed::new(identity(1), Fed::default());
    let many: Vec<_> = (2..200).map(|byte| cold(&byte.to_string(), &byte.to_string(), byte)).collect();
    feed.replace(Fed { pinnings: many, ..Fed::default() });
    feed.replace(Fed::default());
    until_warm(&feed);
    assert!(feed.is_empty());
}

#[test]
fn of_what_was_removed_the_oldest_is_forgotten() {
    let feed = Feed::new(identity(1), Fed::default());
    let device = Arc::new(Device::new("a").unwrap());
    let warm = Arc::new(Pinned::new(device, &identity(1), key(2)).unwrap());
    for n in 0..REMOVED + 4 {
        let one = cold(&n.to_string(), &n.to_string(), 3);
        let one = Arc::new(Arc::into_inner(one).unwrap().warmed_by(&warm, &identity(1)));
        feed.change(FedChange { pinnings: vec![one], ..FedChange::default() });
        feed.change(change(&[&n.to_string()], &[]));
    }
    let removed = removed(&feed);
    assert_eq!((removed.len(), &*removed[0]), (REMOVED, &*(REMOVED + 3).to_string()));
}
