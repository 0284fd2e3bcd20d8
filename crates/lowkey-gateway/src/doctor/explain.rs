//! From a failure to what happened, why, and what mends it.

use super::case::Case;
use super::commands;
use super::numbers::{self, Told};
use super::past;
use super::phrases::{self, ago};
use super::search::{Maker, Search};
use super::{Finding, Mend, SOMEBODY, service, store};
use lowkey_host::text::ShownId;
use lowkey_host::{Cause, Failure, Id, Mode, Pinned};
use lowkey_registry::keys::encode_public;
use lowkey_registry::show_code_name;
use std::sync::Arc;

/// One failure, and where to look.
pub(super) struct Explainer<'a> {
    pub(super) case: &'a Case<'a>,
    pub(super) failure: &'a Failure,
}

/// Why, and what mends it.
struct Verdict {
    kind: &'static str,
    device: Option<String>,
    why: String,
    mend: Option<Mend>,
}

impl Explainer<'_> {
    /// `known` is the pinning that has the claimed id now. `only`: nobody but the device of these pinnings is of
    /// interest.
    pub(super) fn explain(
        &self,
        known: Option<&Arc<Pinned>>,
        search: &mut Search<'_>,
        only: Option<&[Arc<Pinned>]>,
    ) -> Finding {
        let failure = self.failure;
        let Verdict { kind, device, why, mend } = match failure.cause {
            Cause::NotOpened if self.has_a_code() => self.plain(Cause::NoWindow, None),
            Cause::UnknownId | Cause::OtherMode | Cause::Expired | Cause::NotOpened => {
                self.refused(known, search, only)
            }
            cause => self.plain(cause, known),
        };
        let (id, mode) = (failure.hello.and_then(|hello| hello.id), failure.hello.map(|hello| hello.mode));
        Finding {
            kind,
            who: device.clone().unwrap_or_else(|| SOMEBODY.to_owned()),
            device,
            id,
            mode,
            from: failure.from,
            times: failure.times,
            since: failure.since,
            last: failure.last,
            what: self.what(id, mode),
            why,
            mend,
        }
    }

    fn what(&self, id: Option<Id>, mode: Option<Mode>) -> String {
        let failure = self.failure;
        let what = match failure.cause {
            Cause::Unconfirmed => "not confirmed",
            Cause::TimedOut => "timed out",
            Cause::Displaced => "displaced",
            Cause::Malformed | Cause::NoHeader => "not understood",
            Cause::HungUp => "gone",
            Cause::Entropy => "failed",
            Cause::Unreached => "closed",
            Cause::BrokenOff => "cut off",
            Cause::NotStored | Cause::Numbers(_) => "let go of",
            _ => "refused",
        };
        let times = match failure.times {
            1 => "once, ".to_owned(),
            n => format!("{n} times in {}, the last ", ago(failure.since)),
        };
        let claim = match (mode, id) {
            (Some(mode @ Mode::XxPsk0), Some(id)) => {
                format!(" ({}, code {})", mode.as_str(), show_code_name(&id))
            }
            (Some(mode), Some(id)) => format!(" ({}, id {})", mode.as_str(), ShownId(id)),
            (Some(mode), None) => format!(" ({})", mode.as_str()),
            _ => String::new(),
        };
        format!("{what} {}{times}{} ago{claim}", phrases::from(failure.from), ago(failure.last))
    }

    /// Causes of which a stranger hears `refused` and no more.
    fn refused(
        &self,
        known: Option<&Arc<Pinned>>,
        search: &mut Search<'_>,
        only: Option<&[Arc<Pinned>]>,
    ) -> Verdict {
        let failure = self.failure;
        let Some(mode) = failure.hello.map(|hello| hello.mode) else {
            return self.plain(Cause::Malformed, known);
        };
        let claimed = failure.hello.and_then(|hello| hello.id);
        if known.is_none()
            && let Some(out) = self.case.left_out.iter().find(|out| Some(out.id) == claimed)
        {
            return Verdict::of("left_out", &out.device)
                .why(format!("the id is its own, and it is not let in: {}", out.why))
                .then_do("mend that file; it is looked at again by itself".to_owned());
        }
        if known.is_none()
            && let Some(verdict) = self.taken_out(claimed, search)
        {
            return verdict;
        }
        let maker = search.maker(failure, mode, known, only);
        let mut verdict = match (known, maker) {
            (None, Some(maker)) => self.another_id(&maker.key),
            (None, None) => self.nobodys_key(),
            (Some(known), Some(maker)) => self.made_by(known, &maker, mode),
            (Some(known), None) => self.nobody_made(known, mode),
        };
        if search.was_cut() {
            verdict.why.push_str("; or another registered key, for there was no time to try them all");
        }
        verdict
    }

    /// A key that was in the registry, under its id.
    fn taken_out(&self, claimed: Option<Id>, search: &Search<'_>) -> Option<Verdict> {
        let removed = self.case.removed.iter().find(|removed| Some(removed.pinned.id()) == claimed)?;
        let pinned = &removed.pinned;
        if !self.case.acceptor.opens(self.failure, pinned, Some(pinned)) {
            return None;
        }
        let (name, when) = (pinned.device().name(), past::when(removed.at));
        Some(if search.has_device(name) {
            Verdict::of("replaced", name)
                .why(format!(
                    "this is a key of {name:?} that was taken out of the registry {when}: an older page"
                ))
                .then_do("write its newer key page to it".to_owned())
        } else {
            Verdict::of("revoked", name)
                .why(format!("{name:?} was taken out of the registry {when}, and its board goes on trying"))
                .then_do(past::MEANT.to_owned())
        })
    }

    /// A registered key, under an id that nobody has.
    fn another_id(&self, key: &Pinned) -> Verdict {
        let name = key.device().name();
        let id = self
            .failure
            .hello
            .and_then(|hello| hello.id)
            .map(|id| ShownId(id).to_string())
            .unwrap_or_default();
        Verdict::of("other_id", name)
            .why(format!(
                "this is the key of {name:?}, which is registered under the id {}",
                ShownId(key.id())
            ))
            .then_do(format!(
                "in {}, at the key {} of {name:?}: id = {id:?}",
                self.case.registry.display(),
                encode_public(&key.key()),
            ))
    }

    fn nobodys_key(&self) -> Verdict {
        let server = self.case.acceptor.public_key();
        Verdict {
            kind: "unknown_key",
            device: None,
            why: format!(
                "no registered key opens it: a device that is not registered, or one that pins another server's key \
                 (ours is {})",
                encode_public(&server),
            ),
            mend: Some(commands::provision(server, self.case.registry, "NAME").or(PAIR)),
        }
    }

    /// Under a known id, by keys that are known.
    fn made_by(&self, known: &Arc<Pinned>, maker: &Maker, mode: Mode) -> Verdict {
        let (server, registry) = (self.case.acceptor.public_key(), self.case.registry);
        let (name, key) = (known.device().name(), maker.key.device().name());
        if !Arc::ptr_eq(&maker.key, known) {
            let has_psk = maker.key.mode() == Mode::KkPsk0;
            let rotate = if has_psk { commands::rotate_with_psk } else { commands::rotate };
            return Verdict::of("key_of_another", key)
                .why(format!(
                    "this is the key of {key:?} under the id of {name:?}: are their key pages swapped?"
                ))
                .then(rotate(server, registry, key));
        }
        match &maker.psk {
            Some(psk) if !Arc::ptr_eq(psk, known) => {
                let other = psk.device().name();
                Verdict::of("psk_of_another", name)
                    .why(format!(
                        "its key is right, and its PSK is the one of {other:?}: are their key pages swapped?"
                    ))
                    .then(commands::rotate_with_psk(server, registry, name))
            }
            None if known.mode() == Mode::KkPsk0 => Verdict::of("psk_missing", name)
                .why("its key is right, but it has no PSK, and its pinning has one".to_owned())
                .then(commands::rotate_with_psk(server, registry, name)),
            _ if self.case.acceptor.is_expired(known) => self.expired(known),
            _ => Verdict::of("mended", name)
                .why(format!("{} and would be let in now: the registry has changed since", opens(mode))),
        }
    }

    fn expired(&self, known: &Pinned) -> Verdict {
        let name = known.device().name();
        if self.case.acceptor.wrong_clock().is_some() {
            return Verdict::of("clock", name)
                .why("its key is right, and its pinning expires; while this server's clock is wrong, none that does is let in".to_owned())
                .then_do(super::SET_THE_CLOCK.to_owned());
        }
        Verdict::of("expired", name).why("its key is right, and its pinning has expired".to_owned()).then_do(
            format!(
                "in {}, at the key {} of {name:?}: set `expires` to a later time, or remove it",
                self.case.registry.display(),
                encode_public(&known.key()),
            ),
        )
    }

    /// Under a known id, by keys that are not known.
    fn nobody_made(&self, known: &Pinned, mode: Mode) -> Verdict {
        let (server, registry, name) =
            (self.case.acceptor.public_key(), self.case.registry, known.device().name());
        let ours = encode_public(&server);
        if self.failure.is_cut_short() {
            return self.plain(Cause::Malformed, None);
        }
        // A default id is made from both public keys.
        let right_keys = known.id() == Id::of_pinning(&known.key(), &server);
        match (mode, known.mode()) {
            (Mode::KkPsk0, Mode::Kk) => Verdict::of("psk_superfluous", name)
                .why("it has a PSK, and its pinning has none".to_owned())
                .then(commands::rotate_with_psk(server, registry, name)),
            (Mode::KkPsk0, _) if right_keys => Verdict::of("psk_wrong", name)
                .why(
                    "its id names the right keys and message 1 does not open: another PSK, or a damaged key page".to_owned(),
                )
                .then(commands::rotate_with_psk(server, registry, name)),
            (_, Mode::KkPsk0) => Verdict::of("key_wrong", name)
                .why(format!(
                    "another key or another PSK than the registered ones, or it pins another server's key (ours is {ours})"
                ))
                .then(commands::rotate_with_psk(server, registry, name)),
            _ if right_keys => Verdict::of("damaged", name)
                .why(
                    "its id names the right keys and message 1 does not open: a damaged key page, or a stranger who uses \
                     this id"
                        .to_owned(),
                )
                .then(commands::rotate(server, registry, name)),
            _ => Verdict::of("key_wrong", name)
                .why(format!("another key than the registered one, or it pins another server's key (ours is {ours})"))
                .then(commands::rotate(server, registry, name)),
        }
    }

    /// Whether it wants to pair with a code.
    fn has_a_code(&self) -> bool {
        self.failure.hello.is_some_and(|hello| hello.mode == Mode::XxPsk0)
    }

    /// Causes that need no search.
    fn plain(&self, cause: Cause, known: Option<&Arc<Pinned>>) -> Verdict {
        let limits = self.case.acceptor.limits();
        let (kind, why, mend): (_, String, Option<&str>) = match cause {
            Cause::Version => (
                "version",
                "it speaks another version of the protocol; this server speaks version 1".into(),
                Some("build the device's firmware with this server's version of Lowkey"),
            ),
            Cause::Mode if self.has_a_code() => {
                let why = "it wants to pair, and no pairing window was open";
                let open = Some(commands::pair(self.case.registry));
                return Verdict { kind: "no_window", device: None, why: why.into(), mend: open };
            }
            Cause::Mode => {
                let provision = commands::provision(self.case.acceptor.public_key(), self.case.registry, "NAME");
                let why = "it wants to pair without a code, or asks for a mode that does not exist; this server knows KK and \
                           KKpsk0, and XXpsk0 while a pairing window is open";
                return Verdict { kind: "mode", device: None, why: why.into(), mend: Some(provision) };
            }
            Cause::NoWindow => (
                "unknown_code",
                "it wants to pair with a code that no window is open for, with one that is mistyped, or it is a recording".into(),
                Some("open a pairing window with the code on its label: lowkey pair --open"),
            ),
            Cause::NotPaired => (
                "not_paired",
                "it has the code of a pairing window, and was not paired: it said no, its line broke, it could not be entered, or \
                 the code is another key's; the log says which"
                    .into(),
                Some("open a window again; if the code is another key's and should not be, revoke that device first"),
            ),
            Cause::Load => (
                "busy",
                format!(
                    "more than {} messages 1 came in a second, or {} from its address (for an address that no device was \
                     confirmed from lately: half and a quarter), or {} attempts from there wait for their confirmation",
                    limits.messages_1_per_second,
                    limits.messages_1_per_second_per_address,
                    limits.attempts_per_address
                ),
                Some("if these are your devices, raise `messages_1_per_second` or `messages_1_per_second_per_address` under [limits]"),
            ),
            Cause::ServiceDown => match &self.case.down {
                Some(down) => (
                    "service_down",
                    format!("the service behind {}, so it was told that we are busy", service::what(down)),
                    Some(service::MEND),
                ),
                None => (
                    "service_down",
                    "the service behind was down, so it was told that we are busy; it is back".into(),
                    None,
                ),
            },
            Cause::RegistryStale if self.case.acceptor.registry().is_stale() => (
                "registry_stale",
                "the registry may be out of date for so long that nobody is let in, so it was told that we are busy".into(),
                Some("see to the registry; devices come again by themselves"),
            ),
            Cause::RegistryStale => (
                "registry_stale",
                "the registry may have been out of date, so it was told that we are busy; it is not any more".into(),
                None,
            ),
            Cause::Unreached if self.case.back.is_some_and(|back| back < self.failure.last) => (
                "service_unreached",
                "its keys are right, and the service behind could not be reached for it; it is back".into(),
                None,
            ),
            Cause::Unreached => (
                "service_unreached",
                "its keys are right, and the service behind could not be reached for it; the log says why".into(),
                Some(service::MEND),
            ),
            Cause::BrokenOff => (
                "service_broke_off",
                "its keys are right, and the service behind broke its connection off".into(),
                Some("look into the service's own log"),
            ),
            Cause::NotStored => (
                "not_stored",
                "its keys are right, and what it had numbered could not be stored, so it was not acknowledged; the log says \
                 why"
                    .into(),
                Some(store::MEND),
            ),
            Cause::Numbers(untaken) => {
                let device = known.map(|known| known.device().name().to_owned());
                let Told { kind, why, mend } = numbers::told(self.case, untaken, device.as_deref().unwrap_or("NAME"));
                return Verdict { kind, device, why: format!("its keys are right, and {why}"), mend: Some(mend) };
            }
            Cause::NoSeat => (
                "sessions_full",
                format!("its keys are right, and all {} seats were taken", limits.sessions),
                Some("raise `sessions` under [limits] and start the server again"),
            ),
            Cause::NoSeatOfAddress => (
                "address_full",
                format!("its keys are right, and all {} seats of its address were taken", limits.sessions_per_address),
                Some("raise `sessions_per_address` under [limits] and start the server again"),
            ),
            Cause::Unconfirmed => (
                "unconfirmed",
                "message 1 opened and no record followed: a `lowkey ping` with its page, a recording that somebody played \
                 again, or a line that breaks after message 2"
                    .into(),
                Some("if it is the device, check its line; a ping and a recording do no harm"),
            ),
            Cause::TimedOut => (
                "timed_out",
                format!("it was silent: no whole message 1 came in {}", ago(limits.handshake)),
                Some("check what connects from there: a port scan, a health check, or a device that hangs"),
            ),
            Cause::Displaced => (
                "displaced",
                format!(
                    "more than {} attempts waited, or {} of its address, and it had to make room",
                    limits.attempts, limits.attempts_per_address
                ),
                Some("if these are your devices, raise `attempts` or `attempts_per_address` under [limits]"),
            ),
            Cause::Application => ("application", "this server's application refused it, or let go of it".into(), None),
            Cause::Entropy => ("entropy", "the operating system had no randomness".into(), None),
            Cause::NoHeader => (
                "no_header",
                "its network is in `accept_proxy`, and it does not begin with a header of the PROXY protocol, version 2".into(),
                Some("have the balancer send it (HAProxy: send-proxy-v2), or take its network out of `accept_proxy`"),
            ),
            Cause::HungUp => (
                "hung_up",
                "it hung up before message 1 was there: a port scan, a health check, or a line that breaks".into(),
                None,
            ),
            _ => (
                "malformed",
                "what it sent is not this protocol: another program, or a balancer's PROXY header that is not expected".into(),
                Some("if it is a balancer, add its network to `accept_proxy`"),
            ),
        };
        // What has opened message 1 has shown the device's key, or a recording of it.
        let proven = matches!(
            cause,
            Cause::Unconfirmed
                | Cause::NoSeat
                | Cause::NoSeatOfAddress
                | Cause::Unreached
                | Cause::BrokenOff
                | Cause::NotStored
        );
        let claimed = matches!(cause, Cause::Load | Cause::ServiceDown | Cause::RegistryStale);
        let device = known.filter(|_| proven || claimed).map(|known| known.device().name().to_owned());
        Verdict { kind, device, why, mend: mend.map(|mend| Mend::Do(mend.to_owned())) }
    }
}

fn opens(mode: Mode) -> &'static str {
    if mode == Mode::KkPsk0 { "its key and its PSK are right" } else { "its key is right" }
}

impl Verdict {
    fn of(kind: &'static str, device: &str) -> Self {
        Self { kind, device: Some(device.to_owned()), why: String::new(), mend: None }
    }

    fn why(self, why: String) -> Self {
        Self { why, ..self }
    }

    fn then(self, mend: Mend) -> Self {
        Self { mend: Some(mend), ..self }
    }

    fn then_do(self, what: String) -> Self {
        self.then(Mend::Do(what))
    }
}

/// The other way for a device that nobody knows.
const PAIR: &str = "or, if it makes its own keys and so takes no page: `lowkey pair --open`. One that was paired before \
                    calls with its code only if somebody asks it to, by a button that is held for example (\"Select\" on \
                    the example boards)";
