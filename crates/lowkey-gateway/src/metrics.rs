//! The counters of a server, as numbers with names. Nothing here names a device, an id or an address: whoever reads
//! metrics need not know who connects, and a label for each would be a time series for each.

mod exposition;

pub(crate) use exposition::Exposition;

use crate::health::Health;
use crate::store::Store;
use lowkey_host::Acceptor;

/// All counters at one moment.
#[derive(Debug)]
pub(crate) struct Metrics(Vec<Family>);

/// What is told apart by a label, or one number without.
#[derive(Debug)]
struct Family {
    /// With its unit, and without what its type hangs on it.
    name: &'static str,
    help: &'static str,
    unit: Option<&'static str>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    /// Only grows.
    Counter(Numbers),
    Gauge(Numbers),
    Histogram {
        sum: f64,
        /// Up to how much, and how many came to no more than that; the last one is all.
        buckets: Vec<(f64, u64)>,
    },
}

#[derive(Debug)]
enum Numbers {
    One(u64),
    /// One for each value of a label.
    By(&'static str, Vec<(&'static str, u64)>),
}

impl Metrics {
    /// As they are now.
    pub(crate) fn now(acceptor: &Acceptor, service: Option<&Health>, store: Option<&Store>) -> Self {
        let mut families = Families(Vec::new());
        families.versions();
        families.attempts(acceptor);
        families.sessions(acceptor);
        if let Some(service) = service {
            families.service(service);
        }
        if let Some(store) = store {
            families.store(store);
        }
        families.registry(acceptor);
        families.traffic(acceptor);
        families.handshakes(acceptor);
        Self(families.0)
    }
}

struct Families(Vec<Family>);

impl Families {
    fn versions(&mut self) {
        let version = Numbers::By("version", vec![(env!("CARGO_PKG_VERSION"), 1)]);
        self.add("lowkey_build_info", "The version of this server", Values::Gauge(version));
    }

    fn attempts(&mut self, acceptor: &Acceptor) {
        let stats = acceptor.stats();
        self.counter("lowkey_attempts_begun", "Attempts begun", stats.accepted);
        let reasons = [
            ("version", stats.refused_version),
            ("mode", stats.refused_mode),
            ("busy", stats.refused_busy),
            ("service_down", stats.refused_service_down),
            ("registry_stale", stats.refused_registry_stale),
            ("refused", stats.refused),
        ];
        let outcomes = [
            ("confirmed", stats.confirmed),
            ("refused", reasons.iter().map(|(_, times)| times).sum()),
            ("unconfirmed", stats.unconfirmed),
            ("timed_out", stats.timed_out),
            ("failed", stats.failed),
            ("abandoned", stats.abandoned),
            ("paired", stats.paired),
            ("not_paired", stats.not_paired),
        ];
        self.counters("lowkey_attempts", "Attempts that are over, by outcome", "outcome", outcomes);
        let help =
            "Refused attempts, by why; whom we have no service or no fresh registry for is told busy as well";
        self.counters("lowkey_refusals", help, "reason", reasons);
        let help = "Attempts that a newer one displaced; among the abandoned and unconfirmed";
        self.counter("lowkey_attempts_displaced", help, stats.attempts_displaced);
        let help = "Attempts that wait for message 1 or their confirmation";
        self.gauge("lowkey_attempts_waiting", help, stats.attempts);
        let help = "Pairing windows that are open, calls among them";
        self.gauge("lowkey_pairing_windows", help, stats.windows);
    }

    fn sessions(&mut self, acceptor: &Acceptor) {
        let stats = acceptor.stats();
        let ends = [
            ("closed", stats.sessions_closed),
            ("backend", stats.sessions_backend),
            ("numbers", stats.sessions_numbers),
            ("stopped", stats.sessions_stopped),
            ("displaced", stats.sessions_displaced),
            ("revoked", stats.sessions_revoked),
            ("silent", stats.sessions_silent),
            ("lifetime", stats.sessions_lifetime),
            ("moved", stats.sessions_moved),
            ("stale", stats.sessions_stale),
        ];
        self.counters("lowkey_sessions_ended", "Sessions that are over, by why", "reason", ends);
        self.gauge("lowkey_sessions", "Devices connected", stats.sessions);
        let help = "How many devices may be connected";
        self.gauge("lowkey_sessions_limit", help, acceptor.limits().sessions as u64);
    }

    fn service(&mut self, service: &Health) {
        let help = "0 while the service behind is known to be down, else 1";
        self.gauge("lowkey_backend_up", help, service.is_up().into());
        let help = "Connects to the service behind that failed, by how; our own questions among them";
        let failures = service.failures().map(|(reason, times)| (reason.as_str(), times));
        self.counters("lowkey_backend_connects_failed", help, "reason", failures);
    }

    fn store(&mut self, store: &Store) {
        let standing = store.standing();
        let help = "0 while the last try to store a device's message came to nothing, else 1";
        self.gauge("lowkey_store_up", help, standing.down.is_none().into());
        let help = "Devices with numbered messages here that are not stored yet";
        self.gauge("lowkey_store_devices_waiting", help, standing.waiting);
        let Some(held) = standing.aside else { return };
        let help = "Messages that were refused for good, and are set aside";
        self.gauge("lowkey_aside_messages", help, held.messages);
        let help = "How many messages may be set aside";
        self.gauge("lowkey_aside_messages_limit", help, held.most_messages);
        let bytes = |name, help, value| Family {
            name,
            help,
            unit: Some("bytes"),
            values: Values::Gauge(Numbers::One(value)),
        };
        let is = bytes("lowkey_aside_bytes", "The bytes of messages that are set aside", held.bytes);
        let most = bytes("lowkey_aside_limit_bytes", "How many bytes may be set aside", held.most_bytes);
        self.0.extend([is, most]);
        let help = "Devices with as many messages set aside as may be, or nearly, which wait then";
        self.gauge("lowkey_aside_devices_full", help, held.full.len() as u64);
    }

    fn registry(&mut self, acceptor: &Acceptor) {
        let registry = acceptor.registry();
        let mut pinnings = 0;
        registry.each(&mut |_| pinnings += 1);
        if pinnings > 0 {
            self.gauge("lowkey_registry_pinnings", "Pinnings in the registry", pinnings);
        }
        let help = "1 while what is in force is not what the registry's file says, else 0";
        self.gauge("lowkey_registry_stale", help, registry.trouble().is_some().into());
        let help = "1 while the registry may be out of date for so long that nobody is let in, else 0";
        self.gauge("lowkey_registry_lets_nobody_in", help, registry.is_stale().into());
        let help = "Pinnings of the registry whose PSK cannot be had";
        self.gauge("lowkey_registry_left_out", help, registry.left_out().len() as u64);
        let help = "1 while the clock is wrong and no pinning that expires is let in";
        self.gauge("lowkey_clock_wrong", help, acceptor.wrong_clock().is_some().into());
    }

    fn traffic(&mut self, acceptor: &Acceptor) {
        let stats = acceptor.stats();
        let bytes = |name, help, value| Family {
            name,
            help,
            unit: Some("bytes"),
            values: Values::Counter(Numbers::One(value)),
        };
        let received = bytes("lowkey_received_bytes", "What came over sessions", stats.bytes_received);
        self.0.extend([received, bytes("lowkey_sent_bytes", "What left over sessions", stats.bytes_sent)]);
        self.counter("lowkey_records_received", "Records opened", stats.records_received);
        self.counter("lowkey_records_sent", "Records sealed", stats.records_sent);
        let help = "Numbered messages taken";
        self.counter("lowkey_messages_taken", help, stats.messages_taken);
        let help = "Numbered messages acknowledged: they are stored";
        self.counter("lowkey_messages_acknowledged", help, stats.messages_acknowledged);
        self.counter("lowkey_accept_errors", "Times the socket could not accept", stats.accept_errors);
    }

    fn handshakes(&mut self, acceptor: &Acceptor) {
        let times = acceptor.handshake_times();
        let mut so_far = 0;
        let buckets = times.steps.into_iter().map(|(up_to, more)| {
            so_far += more;
            (up_to, so_far)
        });
        let values = Values::Histogram { sum: times.sum.as_secs_f64(), buckets: buckets.collect() };
        let help = "From a confirmed attempt's beginning to its first record";
        self.0.push(Family { name: "lowkey_handshake_seconds", help, unit: Some("seconds"), values });
    }

    fn add(&mut self, name: &'static str, help: &'static str, values: Values) {
        self.0.push(Family { name, help, unit: None, values });
    }

    fn counter(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.add(name, help, Values::Counter(Numbers::One(value)));
    }

    fn gauge(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.add(name, help, Values::Gauge(Numbers::One(value)));
    }

    fn counters(
        &mut self,
        name: &'static str,
        help: &'static str,
        label: &'static str,
        values: impl IntoIterator<Item = (&'static str, u64)>,
    ) {
        self.add(name, help, Values::Counter(Numbers::By(label, values.into_iter().collect())));
    }
}
