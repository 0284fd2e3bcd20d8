//! What one gateway asks another, sealed so that whoever may use NATS alone asks nothing and learns nothing.

use crate::bucket::hex;
use crate::error::NatsError;
use crate::sealed::{FleetKey, SALT};
use lowkey_host::text::{Hex, unhex};
use lowkey_host::{NotSent, Received};
use serde_json::{Value, json};
use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Something that whoever answers understands.
    Text(String),
    /// To send a message to a device.
    Send { device: String, message: Vec<u8>, within: Duration },
}

/// To whom: its name, and the run of it that is there.
#[derive(Clone, Copy)]
pub(super) struct To<'a> {
    pub(super) gateway: &'a str,
    pub(super) run: &'a str,
}

impl Question {
    /// Sealed for one gateway, at this time by NATS's clock.
    pub(super) fn seal(&self, key: &FleetKey, to: To<'_>, now: i64) -> Result<Vec<u8>, NatsError> {
        let text = match self {
            Self::Text(text) => json!({ "at": now, "text": text }),
            Self::Send { device, message, within } => json!({
                "at": now,
                "device": device,
                "hex": Hex(message).to_string(),
                "milliseconds": u64::try_from(within.as_millis()).unwrap_or(u64::MAX),
            }),
        };
        key.seal(&about(to), text.to_string().as_bytes())
    }

    /// What was asked of us, and by which salt it is known; `None` if nobody of us has asked that just now.
    pub(super) fn open(
        key: &FleetKey,
        us: To<'_>,
        sealed: &[u8],
        now: i64,
        heard: &mut Heard,
    ) -> Option<(Self, [u8; SALT])> {
        if sealed.len() > LONGEST {
            return None;
        }
        let salt = *sealed.first_chunk::<SALT>()?;
        let value: Value = serde_json::from_slice(&key.open(&about(us), sealed)?).ok()?;
        let apart = now.checked_sub(value["at"].as_i64()?)?;
        if apart.unsigned_abs() > LATE || !heard.is_first(salt, Instant::now()) {
            return None;
        }
        if let Some(text) = value["text"].as_str() {
            return Some((Self::Text(text.to_owned()), salt));
        }
        let device = value["device"].as_str()?.to_owned();
        let (message, within) = (unhex(value["hex"].as_str()?)?, value["milliseconds"].as_u64()?);
        // Nobody waits for it any more: we stood still meanwhile.
        if apart > i64::try_from(within).unwrap_or(i64::MAX).saturating_add(EARLY) {
            return None;
        }
        Some((Self::Send { device, message, within: Duration::from_millis(within.min(MOST)) }, salt))
    }
}

/// The part of this number of an answer, and whether it is the last one.
pub(super) fn piece(salt: &[u8; SALT], n: u32, is_last: bool) -> [Vec<u8>; 3] {
    [b"lowkey answer".to_vec(), salt.to_vec(), [&n.to_be_bytes()[..], &[u8::from(is_last)]].concat()]
}

/// What came of a message, as one gateway tells another, and a registrar.
pub(super) fn told(outcome: Result<Received, NotSent>) -> String {
    match outcome {
        Ok(received) => json!({
            "after_milliseconds": u64::try_from(received.after.as_millis()).unwrap_or(u64::MAX),
            "received": true,
        }),
        Err(why) => json!({
            "most": if let NotSent::TooLong(most) = why { Some(most) } else { None },
            "received": false,
            "sent": why.was_sent(),
            "what": why.to_string(),
            "why": why.as_str(),
        }),
    }
    .to_string()
}

/// What [`told`] said. What cannot be read may have arrived.
pub(crate) fn of_told(text: &[u8]) -> Result<Received, NotSent> {
    let value: Value = serde_json::from_slice(text).unwrap_or_default();
    if value["received"] == true {
        let after = value["after_milliseconds"].as_u64().unwrap_or(0);
        return Ok(Received::after(Duration::from_millis(after)));
    }
    let most = value["most"].as_u64().and_then(|most| usize::try_from(most).ok());
    Err(match value["why"].as_str() {
        Some("offline") => NotSent::Offline,
        Some("too_long") => NotSent::TooLong(most.unwrap_or(0)),
        Some("busy") => NotSent::Busy,
        Some("not_in_time") => NotSent::NotInTime,
        Some("ended") => NotSent::Ended,
        Some("unfound") => NotSent::Unfound,
        _ => NotSent::Unanswered,
    })
}

/// Questions that were heard already: who may use NATS can play one again.
#[derive(Debug, Default)]
pub(super) struct Heard {
    salts: HashSet<[u8; SALT]>,
    by_age: VecDeque<(Instant, [u8; SALT])>,
}

impl Heard {
    fn is_first(&mut self, salt: [u8; SALT], now: Instant) -> bool {
        // One that is older is refused as late.
        let kept = Duration::from_millis(3 * LATE);
        while let Some((_, old)) = self.by_age.front().filter(|(at, _)| now.duration_since(*at) > kept) {
            self.salts.remove(old);
            self.by_age.pop_front();
        }
        if self.salts.len() >= MOST_HEARD || !self.salts.insert(salt) {
            return false;
        }
        self.by_age.push_back((now, salt));
        true
    }
}

fn about<'a>(to: To<'a>) -> [&'a [u8]; 3] {
    [b"lowkey question", to.gateway.as_bytes(), to.run.as_bytes()]
}

/// The subject on which a gateway is asked.
pub(super) fn subject(prefix: &str, gateway: &str) -> String {
    format!("{prefix}.ask.{}", hex(gateway))
}

/// A message of one record in hex, with names.
const LONGEST: usize = 256 * 1024;
/// How far our clock may be ahead of NATS's, in milliseconds.
const EARLY: i64 = 1000;
/// How old a question may be, in milliseconds.
const LATE: u64 = 20_000;
/// How long a device may be waited for, in milliseconds.
const MOST: u64 = 30_000;
const MOST_HEARD: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;
    use lowkey_host::{Identity, Secret};

    const A: To<'_> = To { gateway: "a", run: "1" };

    #[test]
    fn a_question_is_for_one_run_of_one_gateway_once_and_now() {
        let key = FleetKey::of(&Identity::new(Secret::new([1; 32])).unwrap());
        let other = FleetKey::of(&Identity::new(Secret::new([2; 32])).unwrap());
        for asked in [
            Question::Text("/devices".to_owned()),
            Question::Send {
                device: "ü".to_owned(), message: vec![0, 0xff], within: Duration::from_secs(8)
            },
        ] {
            let mut heard = Heard::default();
            let sealed = asked.seal(&key, A, 100_000).unwrap();
            for us in [To { gateway: "b", ..A }, To { run: "2", ..A }] {
                assert_eq!(Question::open(&key, us, &sealed, 100_000, &mut heard), None);
            }
            assert_eq!(Question::open(&other, A, &sealed, 100_000, &mut heard), None);
            for now in [0, 79_999, 120_001, i64::MIN, i64::MAX] {
                assert_eq!(Question::open(&key, A, &sealed, now, &mut heard), None, "{now}");
            }
            if let Question::Send { .. } = asked {
                let late = Question::open(&key, A, &sealed, 109_001, &mut Heard::default());
                assert_eq!(late, None, "nobody waits any more");
            }
            let (opened, salt) = Question::open(&key, A, &sealed, 109_000, &mut heard).unwrap();
            assert_eq!((opened, &salt[..]), (asked, &sealed[..SALT]));
            assert_eq!(Question::open(&key, A, &sealed, 110_000, &mut heard), None, "it is played again");
        }
        let long = key.seal(&about(A), &vec![b' '; LONGEST]).unwrap();
        assert_eq!(Question::open(&key, A, &long, 0, &mut Heard::default()), None);
    }

    #[test]
    fn what_came_of_a_message_is_read_as_it_was_told_and_nothing_else_is_received() {
        let whys = [
            NotSent::Offline,
            NotSent::TooLong(9),
            NotSent::Busy,
            NotSent::NotInTime,
            NotSent::Ended,
            NotSent::Unanswered,
            NotSent::Unfound,
        ];
        for why in whys {
            assert_eq!(of_told(told(Err(why)).as_bytes()), Err(why));
        }
        let received = Ok(Received::after(Duration::from_millis(7)));
        assert_eq!(of_told(told(received).as_bytes()), received);
        for text in ["", "{}", "[]", "{\"received\":1}", "{\"error\":{\"code\":404}}"] {
            assert_eq!(of_told(text.as_bytes()), Err(NotSent::Unanswered), "{text}");
        }
    }

    #[test]
    fn what_was_heard_is_forgotten_when_it_would_be_late() {
        let (mut heard, now) = (Heard::default(), Instant::now());
        assert!(heard.is_first([1; SALT], now));
        assert!(!heard.is_first([1; SALT], now + Duration::from_secs(59)));
        assert!(heard.is_first([1; SALT], now + Duration::from_secs(61)));
        assert_eq!((heard.salts.len(), heard.by_age.len()), (1, 1));
    }
}
