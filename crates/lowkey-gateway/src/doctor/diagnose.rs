//! One diagnosis: what there is to say to who asks, of attempts and of everything else.

use super::case::{Case, Subject};
use super::explain::Explainer;
use super::phrases::{self, ago};
use super::search::Search;
use super::{
    Diagnosis, Finding, Mend, POWER_AND_NETWORK, REGISTRY, SERVER, SERVICE_FIRST, SET_THE_CLOCK, commands,
    past, service, store,
};
use lowkey_host::text::mask;
use lowkey_host::{Cause, Failure, LeftOut, Mode, Paired, SessionInfo, parse_id, show_time};
use lowkey_registry::text_file::shell_quote;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

impl Case<'_> {
    pub(super) fn diagnose(&self, about: Option<&str>) -> Diagnosis {
        let mut search = Search::new(self.acceptor, MOST_TIME);
        let sessions = self.acceptor.sessions();
        let subject = self.subject(about, &search);
        let own = match &subject {
            Subject::Device(name) => search.pinnings_of(name),
            _ => Vec::new(),
        };
        let mut findings = Vec::new();
        for failure in &self.failures {
            let explainer = Explainer { case: self, failure };
            let claimed = failure.hello.and_then(|hello| hello.id);
            let known = claimed.and_then(|id| self.acceptor.registry().lookup(&id));
            let only = match &subject {
                Subject::Id(id, _) if claimed != Some(*id) => continue,
                Subject::From(address) if !is_from(failure, *address) => continue,
                Subject::Nobody(_) => continue,
                // Its own key is tried on what others claim; all keys on what its id claims.
                Subject::Device(name)
                    if known.as_ref().is_none_or(|known| known.device().name() != *name) =>
                {
                    Some(name.as_str())
                }
                _ => None,
            };
            let finding = explainer.explain(known.as_ref(), &mut search, only.map(|_| &*own));
            if only.is_some_and(|name| finding.device.as_deref() != Some(name)) {
                continue;
            }
            let is_over =
                finding.device.as_deref().is_some_and(|name| self.is_over(failure, name, &sessions));
            if !is_over {
                findings.push(finding);
            }
        }
        self.state(&subject, &sessions, &search, &mut findings);
        Diagnosis { findings, complete: search.is_complete() }
    }

    /// Whether the device that this came to nothing for has come through since then, whatever became of that session.
    fn is_over(&self, failure: &Failure, name: &str, sessions: &[SessionInfo]) -> bool {
        let (next, session) = (failure.next_session, session_of(sessions, name));
        let has_come =
            session.is_some_and(|session| session.number >= next) || self.memory.has_begun(name, next);
        match failure.cause {
            // That it is there stores nothing.
            Cause::NotStored => has_come && !self.store.is_some_and(|store| store.has_failed(name)),
            // It is there, so that was somebody who played a recording, or a ping.
            Cause::Unconfirmed => {
                has_come || session.is_some_and(|session| session.last_heard < failure.last)
            }
            _ => has_come,
        }
    }

    fn subject(&self, about: Option<&str>, search: &Search<'_>) -> Subject {
        let left_out = &self.left_out;
        let Some(about) = about else { return Subject::All };
        let was_taken_out = self.removed.iter().any(|removed| removed.pinned.device().name() == about);
        let is_known = was_taken_out || self.memory.of(about).is_some();
        if is_known || search.has_device(about) || left_out.iter().any(|out| out.device == about) {
            return Subject::Device(about.to_owned());
        }
        if let Ok(address) = about.parse().or_else(|_| about.parse().map(|address: SocketAddr| address.ip()))
        {
            return Subject::From(address.to_canonical());
        }
        let Some(id) = parse_id(about) else { return Subject::Nobody(about.to_owned()) };
        let pinned = self.acceptor.registry().lookup(&id).map(|pinned| pinned.device().name().to_owned());
        let name = pinned.or_else(|| Some(left_out.iter().find(|out| out.id == id)?.device.clone()));
        let taken_out = || self.removed.iter().find(|removed| removed.pinned.id() == id);
        let name = name.or_else(|| taken_out().map(|removed| removed.pinned.device().name().to_owned()));
        name.map_or_else(|| Subject::Id(id, about.to_owned()), Subject::Device)
    }

    /// Whether a device of this name was paired, and has never said anything since.
    fn is_pending(&self, name: &str) -> bool {
        let mut found = false;
        self.acceptor.registry().each(&mut |pinned| {
            let is_pending = matches!(pinned.paired(), Some(Paired::Pending(_)));
            found |= is_pending && pinned.device().name() == name;
        });
        found
    }

    /// What is no attempt: who is connected, who never came, and what this server lacks.
    fn state(
        &self,
        subject: &Subject,
        sessions: &[SessionInfo],
        search: &Search<'_>,
        findings: &mut Vec<Finding>,
    ) {
        let left_out = left_out_of(subject, &self.left_out);
        let none_so_far = findings.is_empty() && left_out.is_empty();
        findings.splice(..0, left_out);
        match subject {
            Subject::All => {
                past::gather(findings);
                findings.splice(..0, past::all_boards(self.memory));
                self.shortages(findings);
            }
            Subject::Device(name) => {
                match session_of(sessions, name) {
                    Some(session) => {
                        let mut connected = connected(name, session);
                        if self.store.is_some_and(|store| store.keeps_waiting(name)) {
                            connected.why = WAITS_FOR_STORE.to_owned();
                        }
                        findings.insert(0, connected);
                        findings.extend(self.memory.of(name).and_then(|of| past::two_boards(name, &of)));
                    }
                    None if self.says_what_was(name, search, findings) => (),
                    None if none_so_far => {
                        let mend = if self.down.is_some() { SERVICE_FIRST } else { POWER_AND_NETWORK };
                        findings.extend(self.down.as_ref().map(service::down));
                        let mut not_seen = not_seen(name, self.diagnosable_elsewhere(), mend);
                        if self.is_pending(name) {
                            not_seen.why.push_str("; its pairing is pending: it has not connected since");
                        }
                        findings.push(not_seen);
                    }
                    None => (),
                }
                findings.extend(self.of_store(subject));
                // Whoever asks about a device may ask because it should be gone.
                findings.extend(self.registry_s_trouble());
            }
            Subject::From(address) => {
                let here = |session: &&SessionInfo| session.from.is_some_and(|from| from.ip() == *address);
                for session in sessions.iter().filter(here) {
                    findings.push(connected(session.pinned.device().name(), session));
                }
                if findings.is_empty() {
                    findings.push(nobody(&address.to_string(), None));
                }
            }
            Subject::Id(_, asked) if none_so_far => findings.push(self.unknown(asked)),
            Subject::Nobody(asked) => findings.push(self.unknown(asked)),
            Subject::Id(..) => (),
        }
    }

    /// Says of a device that is not connected what is remembered of it, if anything is.
    fn says_what_was(&self, name: &str, search: &Search<'_>, findings: &mut Vec<Finding>) -> bool {
        let of = self.memory.of(name);
        // The registry in force knows better than a memory that may not have seen yet that a device is back.
        let removed = (!search.has_device(name)).then(|| {
            let lately = self.removed.iter().find(|removed| removed.pinned.device().name() == name);
            lately.map(|removed| removed.at).or_else(|| of.as_ref()?.removed)
        });
        let removed = removed.flatten();
        if removed.is_none() && of.as_ref().is_none_or(|of| of.sessions == 0) {
            return false;
        }
        findings.push(past::absent(name, of.as_ref(), removed, self));
        findings.extend(self.down.as_ref().map(service::down));
        findings.extend(of.and_then(|of| past::two_boards(name, &of)));
        true
    }

    /// Nobody, and who has nearly that name, or how a device of that name is made, if nobody has and it can be one.
    fn unknown(&self, asked: &str) -> Finding {
        let mut near = None;
        self.acceptor.registry().each(&mut |pinned| {
            let name = pinned.device().name();
            let distance = strsim::osa_distance(asked, name);
            // Not all of it is a mistake.
            let is_like_it = distance <= NEAR && distance < asked.chars().count();
            if is_like_it && near.as_ref().is_none_or(|(nearest, _)| distance < *nearest) {
                near = Some((distance, name.to_owned()));
            }
        });
        if let Some((_, name)) = near {
            let about = shell_quote(Path::new(&name));
            return nobody(asked, Some(Mend::Run(format!("lowkey doctor {about}"))));
        }
        let name = if commands::is_a_name(asked) { asked } else { "NAME" };
        nobody(asked, Some(commands::provision(self.acceptor.public_key(), self.registry, name)))
    }

    /// How many attempts are on record whose key is nobody's.
    fn diagnosable_elsewhere(&self) -> usize {
        let nobodys =
            |failure: &&Failure| matches!(failure.cause, Cause::UnknownId | Cause::Version | Cause::Mode);
        self.failures.iter().filter(nobodys).count()
    }

    fn of_store(&self, subject: &Subject) -> Vec<Finding> {
        self.store.map_or_else(Vec::new, |store| store::findings(store, subject))
    }

    fn registry_s_trouble(&self) -> Option<Finding> {
        let registry = self.acceptor.registry();
        let trouble = registry.trouble();
        if registry.is_stale() {
            let what =
                "may be out of date for so long that nobody is let in, and every session ends".to_owned();
            let (why, mend) = match trouble {
                Some(trouble) => (trouble.what, trouble.mend),
                None => ("nothing more is known of it".to_owned(), "see to where it comes from".to_owned()),
            };
            let mend = Some(Mend::Do(mend));
            return Some(Finding { mend, ..Finding::of("registry_stale", REGISTRY, what, why) });
        }
        let trouble = trouble?;
        let mend = Some(Mend::Do(trouble.mend));
        Some(Finding { mend, ..Finding::of("registry", REGISTRY, trouble.what, trouble.in_force) })
    }

    fn shortages(&self, findings: &mut Vec<Finding>) {
        let (stats, limits) = (self.acceptor.stats(), self.acceptor.limits());
        if let Some(clock) = self.acceptor.wrong_clock() {
            let (now, written) = (show_time(clock.shows), show_time(clock.written));
            let what =
                format!("has a clock that shows {now}, and a program that was written in {}", &written[..7]);
            let why = "no pinning that expires is let in, for nobody can tell which have expired".to_owned();
            let mend = Some(Mend::Do(SET_THE_CLOCK.to_owned()));
            findings.insert(0, Finding { mend, ..Finding::of("clock", SERVER, what, why) });
        }
        findings.splice(..0, self.registry_s_trouble());
        if stats.sessions >= limits.sessions as u64 {
            let what = format!("has no seat free: all {} are taken", limits.sessions);
            let why = "a device that is not connected yet is turned away as busy".to_owned();
            let mend = Mend::Do("raise `sessions` under [limits] and start the server again".to_owned());
            findings
                .insert(0, Finding { mend: Some(mend), ..Finding::of("sessions_full", SERVER, what, why) });
        }
        findings.splice(..0, self.of_store(&Subject::All));
        findings.splice(..0, self.down.as_ref().map(service::down));
    }
}

/// Those of `all` that the question is about, as many as anybody reads.
fn left_out_of(subject: &Subject, all: &[LeftOut]) -> Vec<Finding> {
    let about = |out: &&LeftOut| match subject {
        Subject::All => true,
        Subject::Device(name) => out.device == *name,
        _ => false,
    };
    let mut about = all.iter().filter(about);
    let mend = "mend that file, or revoke the device; the file is looked at again by itself";
    let finding = |out: &LeftOut| Finding {
        device: Some(out.device.clone()),
        id: Some(out.id),
        mode: Some(Mode::KkPsk0),
        mend: Some(Mend::Do(mend.to_owned())),
        ..Finding::of(
            "left_out",
            &out.device,
            "is in the registry, and is not let in".to_owned(),
            out.why.clone(),
        )
    };
    let mut findings: Vec<Finding> = about.by_ref().take(MOST_LEFT_OUT).map(finding).collect();
    let more = about.count();
    if more > 0 {
        let what = format!("has {more} more pinnings that are not let in");
        let why = "their PSK files cannot be read, or hold the same: the log names them".to_owned();
        findings.push(Finding {
            mend: Some(Mend::Do(mend.to_owned())),
            ..Finding::of("left_out", REGISTRY, what, why)
        });
    }
    findings
}

fn connected(name: &str, session: &SessionInfo) -> Finding {
    let what = format!(
        "is connected {}for {}, and was heard {} ago",
        phrases::from(session.from),
        ago(session.age),
        ago(session.last_heard)
    );
    Finding {
        device: Some(name.to_owned()),
        id: Some(session.pinned.id()),
        mode: Some(session.pinned.mode()),
        from: session.from,
        since: session.age,
        ..Finding::of("connected", name, what, "nothing to mend".to_owned())
    }
}

fn not_seen(name: &str, strangers: usize, mend: &str) -> Finding {
    let among = match strangers {
        0 => String::new(),
        1 => ", or is the one that `lowkey doctor` lists without a name".to_owned(),
        n => format!(", or is one of the {n} that `lowkey doctor` lists without a name"),
    };
    let why = format!(
        "none of its attempts has failed lately: it was connected and has gone, has not tried, or does not reach this \
         server{among}"
    );
    let mend = Mend::Do(mend.to_owned());
    let what = "is registered, is not connected, and nothing of it is on record".to_owned();
    Finding { device: Some(name.to_owned()), mend: Some(mend), ..Finding::of("not_seen", name, what, why) }
}

fn nobody(asked: &str, mend: Option<Mend>) -> Finding {
    let what = "is no device's name, and nothing on record came from there or claimed that id".to_owned();
    let why = "it has not tried since this server began, or does not reach it".to_owned();
    Finding { mend, ..Finding::of("nobody", format!("{:?}", mask(asked)), what, why) }
}

fn session_of<'s>(sessions: &'s [SessionInfo], name: &str) -> Option<&'s SessionInfo> {
    sessions.iter().find(|session| session.pinned.device().name() == name)
}

fn is_from(failure: &Failure, address: IpAddr) -> bool {
    failure.from.is_some_and(|from| from.ip() == address)
}

/// Of a device that is connected, and whose messages are not stored.
const WAITS_FOR_STORE: &str = "what it has numbered waits: what stores cannot store";
/// How many letters a name may differ from one that was meant.
const NEAR: usize = 2;
/// How many that are left out are named.
pub(super) const MOST_LEFT_OUT: usize = 20;
/// How long keys are tried for one question.
const MOST_TIME: Duration = Duration::from_secs(2);
