//! Pairing windows of all gateways: one that is opened at one of them is open at the others as well, for a device
//! behind a balancer comes to any.
//!
//! They tell each other over NATS, which must not learn the codes: whoever has stolen a gateway's key for it hears all
//! that is told. So it is sealed with a key that gateways have and NATS has not, as it follows from the static key that
//! they share. A window that somebody tells again is the same window, and no longer than that was to be: its end is in
//! it, and one that was closed stays closed wherever that was heard.

use crate::enrolments::Enrolments;
use crate::error::NatsError;
use crate::fleet::{HEADER, is_ours};
use crate::sealed::FleetKey;
use async_nats::header::HeaderMap;
use async_nats::{Client, Message};
use futures_util::StreamExt;
use lowkey_host::{Acceptor, Caller, Code, Identity, Progress, PublicKey, Secret, WindowInfo, entropy};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::time::{MissedTickBehavior, interval};
use zeroize::Zeroizing;

/// The windows of a gateway and its peers.
#[derive(Clone)]
pub(crate) struct Windows {
    inner: Arc<Inner>,
}

struct Inner {
    prefix: String,
    gateway: String,
    key: FleetKey,
    run: [u8; 8],
    enrolments: Enrolments,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Of peers, by where they were told, the run that told them and their number there.
    foreign: HashMap<(String, [u8; 8], u64), Foreign>,
    /// Our own that were told, by number.
    told: HashMap<u64, Told>,
    /// Windows whose code was spent already when they were seen first: they wait for the same device once more.
    spent: HashMap<u64, bool>,
    generation: Option<u64>,
    /// Devices that were told no, by the number of the window.
    losers: HashMap<u64, PublicKey>,
}

struct Foreign {
    until: u64,
    is_closed: bool,
    /// Its number here, if it was opened.
    number: Option<u64>,
}

struct Told {
    at: Instant,
    /// How often its end was told.
    ends: u32,
}

/// What is told of a window.
struct Notice {
    run: [u8; 8],
    number: u64,
    /// In seconds since 1970.
    until: u64,
    is_open: bool,
    code: Code,
    device: String,
}

impl Windows {
    pub(crate) fn new(
        prefix: &str,
        gateway: &str,
        identity: &Identity,
        enrolments: Enrolments,
    ) -> Result<Self, NatsError> {
        let random = entropy::random().map_err(|error| NatsError::File(error.to_string()))?;
        let mut run = [0; 8];
        run.copy_from_slice(&random.expose()[..8]);
        let inner = Inner {
            prefix: prefix.to_owned(),
            gateway: gateway.to_owned(),
            key: FleetKey::of(identity),
            run,
            enrolments,
            state: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Tells the others of ours, and opens theirs here. It goes on until it is dropped.
    pub(crate) async fn keep(&self, client: Client, acceptor: &Acceptor) -> Infallible {
        self.inner.enrolments.connected(client.clone());
        let mut ticks = interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let Ok(mut heard) = client.subscribe(format!("{}.event.*", self.inner.prefix)).await else {
                ticks.tick().await;
                continue;
            };
            loop {
                tokio::select! {
                    message = heard.next() => match message {
                        Some(message) => self.hear(message, acceptor).await,
                        None => break,
                    },
                    _ = ticks.tick() => self.tell(&client, acceptor).await,
                    () = self.inner.enrolments.nudged() => self.tell(&client, acceptor).await,
                }
            }
        }
    }

    /// Says what is new of ours.
    async fn tell(&self, client: &Client, acceptor: &Acceptor) {
        let windows = acceptor.windows();
        self.end_the_paired(&windows, acceptor);
        self.tell_losers(&windows).await;
        let mut notices = Vec::new();
        {
            let mut state = self.state();
            state.told.retain(|number, _| windows.iter().any(|window| window.number == *number));
            let is_foreign = |number: u64, state: &State| {
                state.foreign.values().any(|foreign| foreign.number == Some(number))
            };
            for window in windows.iter().filter(|window| window.caller == Caller::Device) {
                if is_foreign(window.number, &state) {
                    continue;
                }
                let now = Instant::now();
                let is_open = window.over.is_none();
                let is_due = match (is_open, state.told.get_mut(&window.number)) {
                    (true, None) => {
                        state.told.insert(window.number, Told { at: now, ends: 0 });
                        true
                    }
                    (true, Some(told)) if told.at.elapsed() >= AGAIN => {
                        told.at = now;
                        true
                    }
                    // Whose time is over is over everywhere; who is paired is that in the registry.
                    (false, Some(told))
                        if matches!(window.progress, Progress::Closed(_)) && told.ends < ENDS =>
                    {
                        told.ends += 1;
                        true
                    }
                    _ => false,
                };
                if is_due {
                    notices.push((window, is_open));
                }
            }
        }
        for (window, is_open) in notices {
            let sealed = self.inner.enrolments.with_code(&window.code, |code| {
                // That one is closed is worth knowing for as long as anybody may tell that it is open.
                let left = if is_open { window.left } else { WindowInfo::LONGEST };
                let until = seconds_now().saturating_add(left.as_secs());
                let code = Code::new(code.expose()).ok()?;
                let (run, number, device) = (self.inner.run, window.number, window.device.clone());
                let notice = Notice { run, number, until, is_open, code, device };
                notice.seal(&self.inner.key, &self.subject())
            });
            let Some(sealed) = sealed.flatten() else { continue };
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, WINDOW);
            // Who does not hear it hears it again.
            let _ = client.publish_with_headers(self.subject(), headers, sealed.into()).await;
        }
    }

    /// Has whoever opened a window learn of a device that was told no, at whichever gateway.
    async fn tell_losers(&self, windows: &[WindowInfo]) {
        let mut lost = Vec::new();
        {
            let mut state = self.state();
            state.losers.retain(|number, _| windows.iter().any(|window| window.number == *number));
            for window in windows {
                let Some(loser) = window.loser else { continue };
                if state.losers.insert(window.number, loser) != Some(loser) {
                    lost.push((window.code, loser));
                }
            }
        }
        for (code, loser) in lost {
            self.inner.enrolments.lose(&loser, &code).await;
        }
    }

    /// Windows of codes that are spent have nothing left to do: the device has come to another gateway.
    fn end_the_paired(&self, windows: &[WindowInfo], acceptor: &Acceptor) {
        let open: Vec<_> = windows.iter().filter(|window| window.over.is_none()).collect();
        let generation = acceptor.registry().generation();
        let mut state = self.state();
        state.spent.retain(|number, _| open.iter().any(|window| window.number == *number));
        let is_changed = state.generation.replace(generation) != Some(generation);
        let is_news = |number: &u64, state: &State| is_changed || !state.spent.contains_key(number);
        let looked_at: Vec<_> = open.into_iter().filter(|window| is_news(&window.number, &state)).collect();
        if looked_at.is_empty() {
            return;
        }
        let codes: Vec<_> = looked_at.iter().map(|window| window.code).collect();
        let spent = self.inner.enrolments.spent(&codes);
        let mut ended = Vec::new();
        for window in looked_at {
            let key = spent.get(&window.code);
            match (state.spent.get(&window.number), key) {
                (None, key) => drop(state.spent.insert(window.number, key.is_some())),
                (Some(false), Some(key)) => ended.push((window.code, *key)),
                _ => (),
            }
        }
        drop(state);
        ended.into_iter().for_each(|(code, key)| acceptor.pairing_is_final(code, key));
    }

    async fn hear(&self, message: Message, acceptor: &Acceptor) {
        let subject = message.subject.as_str();
        if subject == self.subject() || !is_ours(&message, WINDOW) {
            return;
        }
        let Some(notice) = Notice::open(&self.inner.key, &message.payload, subject) else { return };
        let now = seconds_now();
        let Some(until) = notice.counts_until(now) else { return };
        let of = (subject.to_owned(), notice.run, notice.number);
        let close = {
            let mut state = self.state();
            state.foreign.retain(|_, foreign| foreign.until > now);
            let is_full = state.foreign.len() >= MOST;
            match state.foreign.get_mut(&of) {
                Some(foreign) if !notice.is_open => {
                    foreign.is_closed = true;
                    Some(foreign.number)
                }
                Some(_) => return,
                None if is_full => return,
                None => {
                    let foreign = Foreign { until, is_closed: !notice.is_open, number: None };
                    state.foreign.insert(of.clone(), foreign);
                    None
                }
            }
        };
        if let Some(number) = close {
            number.map(|number| acceptor.close_window(number));
            return;
        }
        if !notice.is_open {
            return;
        }
        let time = Duration::from_secs(until - now).min(WindowInfo::LONGEST);
        // One that cannot be opened here, as of a code that has a window, is open where it was opened.
        let opened = acceptor.open_window(&notice.code, &notice.device, time).await.ok();
        let closed_meanwhile = {
            let mut state = self.state();
            let foreign = state.foreign.get_mut(&of);
            foreign.is_some_and(|foreign| {
                foreign.number = opened;
                foreign.is_closed
            })
        };
        if let (true, Some(number)) = (closed_meanwhile, opened) {
            acceptor.close_window(number);
        }
    }

    fn subject(&self) -> String {
        format!("{}.event.{}", self.inner.prefix, crate::bucket::hex(&self.inner.gateway))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Notice {
    /// Sealed, as long as any other, whatever it says.
    fn seal(&self, key: &FleetKey, subject: &str) -> Option<Vec<u8>> {
        let mut text = Secret::<LENGTH>::zeroed();
        let (code, device) = (self.code.expose(), self.device.as_bytes());
        let parts: [&[u8]; 7] = [
            &self.run,
            &self.number.to_be_bytes(),
            &self.until.to_be_bytes(),
            &[u8::from(self.is_open), u8::try_from(code.len()).ok()?],
            code,
            &[u8::try_from(device.len()).ok()?],
            device,
        ];
        let mut room = text.expose_mut().as_mut_slice();
        for part in parts {
            let (here, rest) = room.split_at_mut_checked(part.len())?;
            here.copy_from_slice(part);
            room = rest;
        }
        key.seal(&about(subject), text.expose()).ok()
    }

    /// Until when it counts, by the clock of whoever hears it now; `None`: no more, or it is no window's. That one is
    /// closed is told for the longest time, and is so wherever a clock is behind.
    fn counts_until(&self, now: u64) -> Option<u64> {
        let most = now.saturating_add(WindowInfo::LONGEST.as_secs() + 60);
        let counts = self.until > now && (self.until <= most || !self.is_open);
        counts.then_some(self.until.min(most))
    }

    /// `None`: nobody who has the key has told that there.
    fn open(key: &FleetKey, sealed: &[u8], subject: &str) -> Option<Self> {
        if sealed.len() > LONGEST {
            return None;
        }
        let text = Zeroizing::new(key.open(&about(subject), sealed)?);
        let mut rest = text.as_slice();
        let mut take = |length: usize| {
            let (part, behind) = rest.split_at_checked(length)?;
            rest = behind;
            Some(part)
        };
        let run = take(8)?.try_into().ok()?;
        let number = u64::from_be_bytes(take(8)?.try_into().ok()?);
        let until = u64::from_be_bytes(take(8)?.try_into().ok()?);
        let is_open = take(1)? == [1];
        let length = usize::from(*take(1)?.first()?);
        let code = Code::new(take(length)?).ok()?;
        let length = usize::from(*take(1)?.first()?);
        let device = String::from_utf8(take(length)?.to_vec()).ok()?;
        Some(Self { run, number, until, is_open, code, device })
    }
}

/// What is told is bound to who tells it, and to the registry.
fn about(subject: &str) -> [&[u8]; 2] {
    [b"lowkey window", subject.as_bytes()]
}

/// Of what is sealed: three numbers, a code of 32 bytes and a name of 255.
const LENGTH: usize = 8 * 3 + 2 + 32 + 1 + 255;
/// Of what comes.
const LONGEST: usize = 2 * LENGTH;
/// What the header says of a notice.
const WINDOW: &str = "window";
/// How often it is looked what is new.
const LOOK: Duration = Duration::from_millis(200);
/// After how long a window is told again, for whoever was not there.
const AGAIN: Duration = Duration::from_secs(5);
/// How often the end of one is told.
const ENDS: u32 = 3;
/// Of windows of peers.
const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> FleetKey {
        FleetKey::of(&Identity::new(Secret::new([byte; 32])).unwrap())
    }

    #[test]
    fn a_window_is_opened_by_who_has_the_static_key_and_where_it_was_told() {
        let code = Code::new(&[7; 32]).unwrap();
        let device = "ü".repeat(126) + "abc";
        let notice = Notice { run: *b"run-run-", number: 7, until: u64::MAX, is_open: true, code, device };
        let sealed = notice.seal(&key(3), "x.event.61").unwrap();
        let opened = Notice::open(&key(3), &sealed, "x.event.61").unwrap();
        assert_eq!((opened.run, opened.number, opened.until), (notice.run, 7, u64::MAX));
        assert!(opened.is_open && opened.code.expose() == [7; 32] && opened.device == notice.device);
        for (byte, subject) in [(4, "x.event.61"), (3, "y.event.61"), (3, "x.event.62")] {
            assert!(Notice::open(&key(byte), &sealed, subject).is_none());
        }
        let other = key(3).seal(&about("x.event.61"), b"too short").unwrap();
        assert!(Notice::open(&key(3), &other, "x.event.61").is_none());
        let brief = Notice { device: "a".to_owned(), is_open: false, ..notice };
        assert_eq!(brief.seal(&key(3), "x.event.61").unwrap().len(), sealed.len());
    }

    #[test]
    fn a_window_that_is_closed_is_closed_however_far_ahead_the_clock_is_of_who_says_it() {
        let now = 1_000_000_000;
        let longest = WindowInfo::LONGEST.as_secs();
        let notice = |until, is_open| {
            let code = Code::new(&[7; 16]).unwrap();
            let device = "pump-7".to_owned();
            Notice { run: [0; 8], number: 7, until, is_open, code, device }.counts_until(now)
        };
        for ahead in [0, 59, 61, 3600] {
            assert!(notice(now + ahead + longest, false).is_some_and(|until| until <= now + longest + 60));
        }
        assert_eq!(notice(now + 300, true), Some(now + 300));
        for until in [0, now, now + longest + 61, u64::MAX] {
            assert_eq!(notice(until, true), None, "{until}");
        }
        assert_eq!(notice(now, false), None);
    }
}
