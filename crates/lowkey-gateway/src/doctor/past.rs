//! What was: devices that are gone, boards that displace each other, and strangers by the thousand.

use super::case::Case;
use super::numbers::{self, Told};
use super::phrases::ago;
use super::{Finding, Mend, POWER_AND_NETWORK, SERVICE_FIRST, service, store};
use crate::memory::{Displaced, Memory, Past, Remembered};
use lowkey_host::show_time;
use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

/// A device that is not connected: how it ended when it was last there, and what mends that.
pub(super) fn absent(
    name: &str,
    of: Option<&Remembered>,
    removed: Option<SystemTime>,
    case: &Case<'_>,
) -> Finding {
    let last = of.and_then(|of| of.last_seen);
    let heard = match last {
        Some(last) => {
            let from =
                of.and_then(|of| of.from).map(|from| format!(" from {}", from.ip())).unwrap_or_default();
            format!("was last heard {} ago{from}", ago(since(last)))
        }
        None => "was never seen".to_owned(),
    };
    if let Some(at) = removed {
        let what = format!("was taken out of the registry {}", when(at));
        let mend = Some(Mend::Do(MEANT.to_owned()));
        let why = format!("it {heard}, and is refused if it comes");
        return Finding { last: since(at), ..finding("revoked", name, what, why, mend) };
    }
    let ended = of.and_then(|of| of.ended.as_ref());
    let lasted = ended.map(|ended| format!(", after {}", ago(ended.lasted))).unwrap_or_default();
    let elsewhere = if case.down.is_some() { SERVICE_FIRST } else { POWER_AND_NETWORK };
    let lost = match case.store {
        Some(_) => format!("{elsewhere}; {OR_WENT_BACK}"),
        None => elsewhere.to_owned(),
    };
    let gone = |kind, why: &str, mend| {
        let (what, why) =
            (format!("is not connected, and {heard}"), format!("its last session ended{lasted}: {why}"));
        let finding = finding(kind, name, what, why, Some(mend));
        Finding { from: of.and_then(|of| of.from), last: last.map_or(Duration::ZERO, since), ..finding }
    };
    if let Some(untaken) = ended.and_then(|ended| numbers::of_word(ended.why)) {
        let Told { kind, why, mend } = numbers::told(case, untaken, name);
        return gone(kind, &why, mend);
    }
    let (kind, why, mend) = match ended.map(|ended| ended.why) {
        Some("silent") => ("silent", "it did not answer a PING: it lost its power or its line", elsewhere),
        Some("broken") => ("broken", "its line broke, or it ended without saying so", &*lost),
        Some("closed") => {
            ("closed", "it was closed, by the device, the service behind or this server's program", &*lost)
        }
        Some("lifetime") => {
            ("lifetime", "it was open for as long as a session may be, and did not come back", elsewhere)
        }
        Some("stopped" | "server gone") => {
            ("stopped", "this server ended, and it has not come back since", elsewhere)
        }
        Some("backend unreached" | "backend broke off") => (
            "service_ended_it",
            "the service behind could not be reached for it, or broke off",
            service::MEND,
        ),
        Some("not stored") => ("service_ended_it", "what it had numbered could not be stored", store::MEND),
        Some("revoked") => {
            ("pinning_ended", "its pinning was replaced or has expired", "see what `lowkey check` says of it")
        }
        Some("displaced") => {
            ("taken_over", "a newer session of it took over, and is over as well", elsewhere)
        }
        Some("moved") => (
            "moved",
            "it had a session at another server of the fleet, and may have it still",
            "nothing, if it is connected there: ask the other servers",
        ),
        Some("stale") => (
            "registry_was_stale",
            "the registry may have been out of date, and nobody could go on",
            elsewhere,
        ),
        _ => ("gone", "nothing is known of its end", elsewhere),
    };
    gone(kind, why, Mend::Do(mend.to_owned()))
}

/// Two boards that play one device, if it looks like that: by both addresses, or over and over from one.
pub(super) fn two_boards(name: &str, of: &Remembered) -> Option<Finding> {
    let Some(displaced) = of.displaced.filter(displaces_itself) else { return flaps(name, of) };
    let (from, by) = (displaced.from?, displaced.by?);
    let (times, last) = (displaced.tally.times, since(displaced.tally.last));
    let what = format!(
        "took over from itself {times} times, the last {} ago: from {} to {}",
        ago(last),
        from.ip(),
        by.ip()
    );
    let why = "two boards with one key page, each of which ends the other's session; or one that changes its address".to_owned();
    let mend = "provision one of the two anew, under a name of its own".to_owned();
    let finding = finding("two_boards", name, what, why, Some(Mend::Do(mend)));
    Some(Finding { from: Some(by), times: times.into(), last, ..finding })
}

/// One that takes over from itself over and over behind one address, and does nothing else.
fn flaps(name: &str, of: &Remembered) -> Option<Finding> {
    let displaced = of.displaced?;
    let (from, last) = (displaced.from?, since(displaced.tally.last));
    let took_over = |past: &Past| past.why == "displaced";
    let over_and_over: Vec<&Past> = of.history.iter().filter(|past| took_over(past)).collect();
    let nothing_else = of.history.iter().all(|past| past.what == "connected" || took_over(past));
    let first = since(over_and_over.last()?.at);
    let is_from_one = displaced.by.is_some_and(|by| by.ip() == from.ip());
    if !nothing_else || !is_from_one || over_and_over.len() < OVER_AND_OVER {
        return None;
    }
    if first > last + IN_A_ROW || last > AN_HOUR {
        return None;
    }
    let times = displaced.tally.times;
    let what = format!(
        "took over from itself {times} times, the last {} ago: from {}, where the session before came from as well",
        ago(last),
        from.ip()
    );
    let why = "two boards with one key page behind one address, each of which ends the other's session; or one that \
               starts again and again, or whose line breaks"
        .to_owned();
    let mend = "see whether its own count of starts rises, and to its line; if it is two boards, provision one of them \
                anew, under a name of its own"
        .to_owned();
    let finding = finding("flaps", name, what, why, Some(Mend::Do(mend)));
    Some(Finding { from: Some(from), times: times.into(), last, ..finding })
}

/// The same of all devices, the most recent first, as many as anybody reads.
pub(super) fn all_boards(memory: &Memory) -> Vec<Finding> {
    let mut found = Vec::new();
    memory.each(|name, of| found.extend(two_boards(name, &of)));
    found.sort_by_key(|finding| finding.last);
    found.truncate(MOST_BOARDS);
    found
}

fn displaces_itself(displaced: &Displaced) -> bool {
    let addresses = displaced.from.zip(displaced.by);
    displaced.tally.times >= A_FEW
        && since(displaced.tally.last) < LATELY
        && addresses.is_some_and(|(from, by)| from.ip() != by.ip())
}

/// Makes one finding of many that are alike: of strangers there may be a thousand, and their devices are not known; and
/// what becomes of a whole fleet at once is nothing of one device.
pub(super) fn gather(findings: &mut Vec<Finding>) {
    let mut crowds: HashMap<(&'static str, Who), Crowd> = HashMap::new();
    for finding in findings.iter() {
        if let Some(who) = Who::of(finding) {
            crowds.entry((finding.kind, who)).or_default().add(finding);
        }
    }
    crowds.retain(|_, crowd| crowd.findings > MOST_NAMED);
    let mut said = HashSet::new();
    findings.retain_mut(|finding| {
        let key = Who::of(finding).map(|who| (finding.kind, who));
        let Some((key, crowd)) = key.and_then(|key| Some((key, crowds.get(&key)?))) else { return true };
        if !said.insert(key) {
            return false;
        }
        // The newest of them stands for all.
        crowd.put_on(finding, key.1);
        true
    });
}

/// Of whom many may be one finding.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Strangers,
    Devices,
}

impl Who {
    fn of(finding: &Finding) -> Option<Self> {
        match finding.device {
            _ if finding.times == 0 => None,
            None => Some(Self::Strangers),
            Some(_) if OF_ALL.contains(&finding.kind) => Some(Self::Devices),
            Some(_) => None,
        }
    }
}

#[derive(Default)]
struct Crowd {
    findings: usize,
    devices: HashSet<String>,
    sources: HashSet<Option<IpAddr>>,
    times: u64,
    since: Duration,
}

impl Crowd {
    fn add(&mut self, finding: &Finding) {
        self.findings += 1;
        self.devices.extend(finding.device.clone());
        self.sources.insert(finding.from.map(|from| from.ip()));
        self.times += finding.times;
        self.since = self.since.max(finding.since);
    }

    fn put_on(&self, finding: &mut Finding, who: Who) {
        (finding.times, finding.since, finding.id, finding.mode) = (self.times, self.since, None, None);
        let verb = finding.what.split(' ').next().unwrap_or_default().to_owned();
        let addresses = if self.sources.len() == 1 { "address" } else { "addresses" };
        let what = format!(
            "{verb} from {} {addresses}, {} times in {}, the last {} ago",
            self.sources.len(),
            self.times,
            ago(self.since),
            ago(finding.last)
        );
        finding.what = what;
        if who == Who::Devices {
            (finding.device, finding.from) = (None, None);
            finding.who = format!("{} devices", self.devices.len());
            finding.what = format!("were {}", finding.what);
            finding.why = finding.why.replace("so it was told", "so they were told");
        }
    }
}

/// A moment, and how long ago that is.
pub(super) fn when(at: SystemTime) -> String {
    format!("at {}, {} ago", show_time(at), ago(since(at)))
}

fn since(at: SystemTime) -> Duration {
    SystemTime::now().duration_since(at).unwrap_or_default()
}

fn finding(kind: &'static str, name: &str, what: String, why: String, mend: Option<Mend>) -> Finding {
    Finding { device: Some(name.to_owned()), mend, ..Finding::of(kind, name, what, why) }
}

/// The kinds of what [`absent`] finds.
#[cfg(feature = "admin")]
pub(super) const ABSENCES: [&str; 12] = [
    "broken",
    "closed",
    "gone",
    "lifetime",
    "moved",
    "pinning_ended",
    "registry_was_stale",
    "revoked",
    "service_ended_it",
    "silent",
    "stopped",
    "taken_over",
];
/// Of what is not in the registry any more.
pub(super) const MEANT: &str = "nothing, if that was meant; otherwise put its row back, or provision it anew";
/// So many takings-over are no accident,
const A_FEW: u32 = 2;
/// if the last of them was not long ago.
const LATELY: Duration = Duration::from_secs(24 * 60 * 60);
/// So many in what is remembered of a device, and nothing else, are more than a board that was started again by hand,
const OVER_AND_OVER: usize = 3;
/// if the first of them was not long before the last,
const IN_A_ROW: Duration = Duration::from_secs(10 * 60);
/// and that is not long ago.
const AN_HOUR: Duration = Duration::from_secs(60 * 60);
/// What the device alone knows.
const OR_WENT_BACK: &str =
    "or it hangs up because its numbers went back, which only the device itself can say";
/// How many devices are named that two boards play.
const MOST_BOARDS: usize = 20;
/// How many of one kind have a line each.
const MOST_NAMED: usize = 5;
/// What becomes of all devices at once, and why is not theirs.
const OF_ALL: [&str; 6] =
    ["address_full", "busy", "displaced", "registry_stale", "service_down", "sessions_full"];
