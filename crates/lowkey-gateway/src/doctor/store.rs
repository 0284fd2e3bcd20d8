//! What is known of what stores devices' messages, and of what it has set aside.

use super::case::Subject;
use super::phrases::ago;
use super::{Finding, Mend};
use crate::store::{Held, Standing, Store};
use lowkey_host::numbered::Trouble;
use lowkey_registry::text_file::shell_quote;
use std::path::Path;

/// What there is to say of it, to who asks about this.
pub(super) fn findings(store: &Store, subject: &Subject) -> Vec<Finding> {
    let standing = store.standing();
    let mut findings = Vec::from_iter(down(&standing));
    let Some((aside, held)) = store.aside().zip(standing.aside) else { return findings };
    match subject {
        Subject::All => {
            findings.extend(full(&held));
            findings.extend(set_aside(&held));
        }
        Subject::Device(name) => {
            if held.full.contains(name) {
                findings.push(full_of(name));
            }
            findings.extend(set_aside_of(name, aside.messages_of(name)));
        }
        _ => findings.clear(),
    }
    findings
}

fn down(standing: &Standing) -> Option<Finding> {
    let Trouble { lasts, why } = standing.down.as_ref()?;
    let wait = match standing.waiting {
        0 => "no device waits".to_owned(),
        1 => "one device waits".to_owned(),
        n => format!("{n} devices wait"),
    };
    let what = format!("at {} cannot store, for {} now; {wait}", standing.name, ago(*lasts));
    let why =
        format!("the last try came to: {why}; nothing is acknowledged, and devices keep their messages");
    let mend = Some(Mend::Do("see to it; what waits is tried again by itself".to_owned()));
    Some(Finding { since: *lasts, mend, ..Finding::of("store_down", STORE, what, why) })
}

fn set_aside(held: &Held) -> Option<Finding> {
    if held.messages == 0 {
        return None;
    }
    let what = format!(
        "has refused {} of {} for good; {} set aside, where {} of the room is taken",
        messages(held.messages),
        if held.devices == 1 { "one device".to_owned() } else { format!("{} devices", held.devices) },
        if held.messages == 1 { "it is" } else { "they are" },
        percent(held)
    );
    let mend = Mend::Run("lowkey aside list".to_owned()).or(LOOK);
    Some(Finding { mend: Some(mend), ..Finding::of("set_aside", STORE, what, refused(held.messages)) })
}

fn set_aside_of(name: &str, messages: u64) -> Option<Finding> {
    if messages == 0 {
        return None;
    }
    let what = format!("has {} that what stores has refused for good", self::messages(messages));
    let mend = Mend::Run(format!("lowkey aside list {}", shell_quote(Path::new(name)))).or(LOOK);
    let finding = Finding::of("set_aside", name, what, refused(messages));
    Some(Finding { device: Some(name.to_owned()), mend: Some(mend), ..finding })
}

/// Where there is no room for more, of all or of some devices.
fn full(held: &Held) -> Option<Finding> {
    let is_full = held.messages >= held.most_messages || held.bytes >= held.most_bytes - held.most_bytes / 10;
    let what = match (is_full, &held.full[..]) {
        (true, _) => "has no room to set more messages aside".to_owned(),
        (false, []) => return None,
        (false, [one]) => format!("has no room to set more messages of {one:?} aside"),
        (false, [first, rest @ ..]) => {
            format!("has no room to set more messages of {first:?} and {} others aside", rest.len())
        }
    };
    let mend = Mend::Run("lowkey aside list".to_owned()).or(FREE);
    Some(Finding { mend: Some(mend), ..Finding::of("aside_full", STORE, what, WAITS.to_owned()) })
}

fn full_of(name: &str) -> Finding {
    let mend = Mend::Run(format!("lowkey aside list {}", shell_quote(Path::new(name)))).or(FREE);
    let what = "has no room for more messages of its own that are set aside".to_owned();
    let finding = Finding::of("aside_full", name, what, WAITS.to_owned());
    Finding { device: Some(name.to_owned()), mend: Some(mend), ..finding }
}

fn messages(n: u64) -> String {
    if n == 1 { "one message".to_owned() } else { format!("{n} messages") }
}

fn refused(messages: u64) -> String {
    if messages == 1 { REFUSED_ONE } else { REFUSED }.to_owned()
}

/// How much of the room is taken, rounded down.
fn percent(held: &Held) -> String {
    let share = |is: u64, most: u64| u128::from(is) * 100 / u128::from(most.max(1));
    match share(held.messages, held.most_messages).max(share(held.bytes, held.most_bytes)) {
        0 => "less than 1 %".to_owned(),
        share => format!("{share} %"),
    }
}

pub(super) const STORE: &str = "what stores";
/// What mends it for a device that what stores has not taken something from.
pub(super) const MEND: &str =
    "see to what stores; the device keeps what is not acknowledged, and comes again by itself";
const REFUSED: &str =
    "what it said is wrong with each is in the list; they are acknowledged, and those behind them go on";
const REFUSED_ONE: &str =
    "what it said is wrong with it is in the list; it is acknowledged, and those behind it go on";
const WAITS: &str =
    "the next message that is refused for good has nowhere to go, so its device waits, and nothing is lost";
const LOOK: &str =
    "write out what is of use with `lowkey aside show`, and then let go of it with `lowkey aside free`";
const FREE: &str = "make room with `lowkey aside free`; what waits is tried again within 30 s";
