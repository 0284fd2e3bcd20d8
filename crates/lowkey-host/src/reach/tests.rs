//! The rules of RFC 8305, with connections that are none and a clock that stands still.

use super::*;
use std::sync::{Arc, Mutex};
use tokio::time::{sleep, timeout};

/// What becomes of a connection, and when.
#[derive(Clone, Copy)]
enum Fate {
    Opens(u64),
    Refused(u64),
    BlackHole,
}

type Note = (u64, SocketAddr, &'static str);

/// When attempts began and ended, in milliseconds, and at which address.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<Note>>>);

/// Says that an attempt was dropped, however it ended.
struct Ending(Diary, Instant, SocketAddr);

impl Diary {
    fn note(&self, start: Instant, address: SocketAddr, what: &'static str) {
        self.0.lock().unwrap().push((start.elapsed().as_millis() as u64, address, what));
    }

    fn begun(&self) -> Vec<(u64, SocketAddr)> {
        let noted = self.0.lock().unwrap();
        noted.iter().filter(|(_, _, what)| *what == "begun").map(|(at, who, _)| (*at, *who)).collect()
    }

    fn open(&self) -> usize {
        let noted = self.0.lock().unwrap();
        noted.len() - 2 * noted.iter().filter(|(_, _, what)| *what == "ended").count()
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.note(self.1, self.2, "ended");
    }
}

/// `fates` stand for the addresses in their order; the winner, or what all came to, and when that was.
async fn race(fates: &[(&str, Fate)], diary: &Diary) -> (Result<SocketAddr, Unreachable>, u64) {
    let start = Instant::now();
    let addresses = fates.iter().map(|(address, _)| address.parse().unwrap()).collect();
    let mut race = Race::new(addresses);
    let connect = |address: SocketAddr| {
        let fate = fates.iter().find(|(text, _)| text.parse() == Ok(address)).unwrap().1;
        diary.note(start, address, "begun");
        let attempt = Ending(diary.clone(), start, address);
        async move {
            let _attempt = attempt; // which notes when it is dropped
            match fate {
                Fate::Opens(after) => sleep(Duration::from_millis(after)).await,
                Fate::Refused(0) => return Err(io::ErrorKind::ConnectionRefused.into()),
                Fate::Refused(after) => {
                    sleep(Duration::from_millis(after)).await;
                    return Err(io::ErrorKind::ConnectionRefused.into());
                }
                Fate::BlackHole => std::future::pending().await,
            }
            Ok(address)
        }
    };
    let won = timeout(Duration::from_secs(10), race.run(connect)).await;
    let won = won.unwrap_or_else(|_| Err(race.give_up()));
    (won, start.elapsed().as_millis() as u64)
}

fn of(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

const V4: [&str; 3] = ["192.0.2.1:7000", "192.0.2.2:7000", "192.0.2.3:7000"];
const V6: [&str; 3] = ["[2001:db8::1]:7000", "[2001:db8::2]:7000", "[2001:db8::3]:7000"];

#[test]
fn rfc_8305_4_the_first_family_leads_and_the_families_alternate_in_their_order() {
    let [a, b, c] = V6;
    let [d, e, _] = V4;
    assert_eq!(alternating(of(&[a, b, c, d, e])), of(&[a, d, b, e, c]));
    assert_eq!(alternating(of(&[d, a, b, c])), of(&[d, a, b, c]));
    assert_eq!(alternating(of(&[a, b])), of(&[a, b]));
    assert_eq!(alternating(of(&[])), of(&[]));
}

#[tokio::test(start_paused = true)]
async fn rfc_8305_5_one_attempt_at_a_time_begins_250_ms_after_the_one_before() {
    let diary = Diary::default();
    let fates = [(V6[0], Fate::BlackHole), (V4[0], Fate::BlackHole), (V6[1], Fate::Opens(30))];
    let (won, after) = race(&fates, &diary).await;
    assert_eq!((won.unwrap(), after), (V6[1].parse().unwrap(), 530));
    let begun: Vec<u64> = diary.begun().iter().map(|(at, _)| *at).collect();
    assert_eq!(begun, [0, 250, 500]);
}

#[tokio::test(start_paused = true)]
async fn rfc_8305_5_a_new_attempt_does_not_touch_those_that_run() {
    let diary = Diary::default();
    let (won, after) = race(&[(V6[0], Fate::Opens(900)), (V4[0], Fate::BlackHole)], &diary).await;
    assert_eq!((won.unwrap(), after), (V6[0].parse().unwrap(), 900));
}

#[tokio::test(start_paused = true)]
async fn rfc_8305_5_the_first_that_succeeds_ends_the_others_and_no_more_begin() {
    let diary = Diary::default();
    let fates = [(V6[0], Fate::BlackHole), (V4[0], Fate::Opens(20)), (V6[1], Fate::Opens(1))];
    let (won, after) = race(&fates, &diary).await;
    assert_eq!((won.unwrap(), after), (V4[0].parse().unwrap(), 270));
    assert_eq!((diary.begun().len(), diary.open()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_fails_lets_the_next_begin_at_once() {
    let diary = Diary::default();
    let (won, after) = race(&[(V6[0], Fate::Refused(40)), (V4[0], Fate::Opens(5))], &diary).await;
    assert_eq!((won.unwrap(), after), (V4[0].parse().unwrap(), 45));
}

#[tokio::test(start_paused = true)]
async fn rfc_8305_5_no_attempt_begins_within_10_ms_of_the_one_before() {
    let diary = Diary::default();
    let fates = [(V6[0], Fate::Refused(0)), (V4[0], Fate::Refused(3)), (V6[1], Fate::Opens(0))];
    let (won, after) = race(&fates, &diary).await;
    assert_eq!((won.unwrap(), after), (V6[1].parse().unwrap(), 20));
    let begun: Vec<u64> = diary.begun().iter().map(|(at, _)| *at).collect();
    assert_eq!(begun, [0, 10, 20]);
}

#[tokio::test(start_paused = true)]
async fn who_reaches_nobody_hears_what_each_address_said() {
    let diary = Diary::default();
    let (lost, after) = race(&[(V6[0], Fate::Refused(1)), (V4[0], Fate::BlackHole)], &diary).await;
    let lost = lost.unwrap_err();
    assert_eq!((after, diary.open()), (10_000, 0));
    assert_eq!(
        lost.to_string(),
        "nobody answers; at [2001:db8::1]:7000: connection refused; at 192.0.2.1:7000: no answer in time"
    );
    assert_eq!(io::Error::from(lost).kind(), io::ErrorKind::TimedOut);
    let (lost, after) = race(&[(V4[0], Fate::Refused(7))], &diary).await;
    assert_eq!(lost.unwrap_err().to_string(), "nobody answers at 192.0.2.1:7000: connection refused");
    assert_eq!(after, 7);
    let (lost, _) = race(&[], &diary).await;
    assert_eq!(lost.unwrap_err().to_string(), "the name stands for no address");
}
