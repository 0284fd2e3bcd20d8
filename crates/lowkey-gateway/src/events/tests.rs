use super::kept::Kept;
use super::*;
use std::fmt::Write;
use tracing_subscriber::prelude::*;

/// So many events, numbered.
fn happen(events: &Events, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let mut object = Object::new(Level::INFO, TARGET, "lowkey.test");
        object.bare("number", number);
        events.keep("lowkey.test", Level::INFO, object);
    }
}

/// What is there for a reader: numbers of events, and what was missed.
fn told(reader: &mut Reader) -> String {
    let mut told = String::new();
    while let Some(next) = reader.at_once() {
        let _ = match next {
            Next::Event(event) => {
                let number = event.json().split("\"number\":").nth(1).unwrap().trim_end_matches('}');
                write!(told, "{number} ")
            }
            Next::Missed(missed) => write!(told, "missed {missed:?} "),
        };
    }
    told
}

#[test]
fn a_reader_goes_on_behind_the_event_that_it_names() {
    let events = Events::new();
    let mut from_the_beginning = events.from_now_on();
    let nothing_yet = from_the_beginning.id();
    happen(&events, 0..3);
    assert_eq!(told(&mut from_the_beginning), "0 1 2 ");
    let id = from_the_beginning.id();
    happen(&events, 3..5);
    assert_eq!(told(&mut events.since(id)), "3 4 ");
    assert_eq!(told(&mut events.since(nothing_yet)), "0 1 2 3 4 ");
    assert_eq!(told(&mut from_the_beginning), "3 4 ");
    assert_eq!(told(&mut events.last(2)), "3 4 ");
    assert_eq!(told(&mut events.last(100)), "0 1 2 3 4 ");
    assert_eq!(told(&mut events.from_now_on()), "");
    assert_eq!(id.to_string().parse(), Ok(id));
}

#[test]
fn who_is_too_slow_is_told_how_many_were_missed_and_goes_on() {
    let events = Events::new();
    let slow = events.from_now_on();
    let id = slow.id();
    happen(&events, 0..Kept::MOST + 7);
    for mut reader in [slow, events.since(id)] {
        let told = told(&mut reader);
        assert!(told.starts_with("missed Some(7) 7 8 "), "{}", &told[..40]);
        assert!(told.ends_with(&format!(" {} ", Kept::MOST + 6)));
    }
}

#[test]
fn what_is_kept_is_bounded_in_bytes_as_well() {
    let events = Events::new();
    let long = "x".repeat(1 << 20);
    for _ in 0..10 {
        let mut object = Object::new(Level::INFO, TARGET, "lowkey.test");
        object.text("error", &long);
        events.keep("lowkey.test", Level::INFO, object);
    }
    let mut reader = events.last(10);
    let mut read = 0;
    while reader.at_once().is_some() {
        read += 1;
    }
    assert_eq!(read, 3, "three of a little more than a MiB are less than four MiB");
}

#[test]
fn an_event_of_another_run_says_nothing_of_this_one() {
    let (events, run) = (Events::new(), 7);
    happen(&events, 0..2);
    for id in [EventId { run, seen: 1 }, EventId { run: events.0.run, seen: 3 }] {
        assert_eq!(told(&mut events.since(id)), "missed None 0 1 ");
    }
}

#[test]
fn what_is_no_id_is_none() {
    for text in
        ["", "-", "1", "1-", "-1", "+1-1", "1-+1", "1--1", "g-1", "1-a", "1-1 ", "fffffffffffffffff-1"]
    {
        assert_eq!(text.parse::<EventId>(), Err(NoEventId), "{text}");
    }
}

#[tokio::test]
async fn a_reader_that_waits_is_woken_by_what_happens() {
    let events = Events::new();
    let mut reader = events.from_now_on();
    let waiting = tokio::spawn(async move { matches!(reader.next().await, Next::Event(_)) });
    tokio::task::yield_now().await;
    happen(&events, 0..1);
    assert!(waiting.await.unwrap());
}

#[test]
fn the_log_is_heard_from_info_on_and_what_is_lowkeys_alone() {
    let events = Events::new();
    let subscriber = tracing_subscriber::registry().with(events.layer());
    tracing::subscriber::with_default(subscriber, || {
        let error = "pump \u{202e}\"7\"\n";
        tracing::warn!(name: "lowkey.backend_down", target: "lowkey", service = "a:1", times = 3, error, "it is down");
        tracing::debug!(name: "lowkey.backend_up", target: "lowkey", "not at this level");
        tracing::warn!(name: "lowkey.backend_down", target: "hyper", "not ours");
        tracing::warn!(target: "lowkey", "without a name");
        tracing::info!(name: LEFT_OUT, target: "lowkey", of = ENDED, lines = 3, "nothing is left out here");
        tracing::info!(name: CONFIRMED, target: "lowkey", "comes from the server");
    });
    let mut reader = events.last(9);
    let Some(Next::Event(event)) = reader.at_once() else { panic!("it is heard") };
    let json = event.json();
    let (time, rest) = json.split_once(",\"level\"").unwrap();
    assert!(time.starts_with("{\"time\":\"20") && time.ends_with("Z\""), "{time}");
    let expected = r#":"WARN","target":"lowkey","event":"lowkey.backend_down","message":"it is down","service":"a:1","times":3,"error":"pump \u202e\"7\"\u000a"}"#;
    assert_eq!((rest, event.name(), event.level()), (expected, "lowkey.backend_down", Level::WARN));
    assert!(reader.at_once().is_none());
}
