//! The counters as OpenMetrics text. Nothing here names a device, an id or an address: whoever reads metrics need not
//! know who connects, and a label for each would be a time series for each.

use crate::health::Health;
use lowkey_host::Acceptor;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;

/// What [`text`] is.
pub(super) const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All counters, now.
pub(super) fn text(acceptor: &Acceptor, service: Option<&Health>) -> Option<String> {
    let mut registry = Registry::with_prefix("lowkey");
    registry.register_collector(Box::new(Now { acceptor: acceptor.clone(), service: service.cloned() }));
    let mut text = String::new();
    encode(&mut text, &registry).ok()?;
    Some(text)
}

#[derive(Debug)]
struct Now {
    acceptor: Acceptor,
    service: Option<Health>,
}

impl Collector for Now {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (acceptor, stats) = (&self.acceptor, self.acceptor.stats());
        let mut out = Out(encoder);
        out.family(
            "build_info",
            "The version of this server",
            MetricType::Gauge,
            "version",
            &[(env!("CARGO_PKG_VERSION"), 1)],
        )?;
        out.counter("attempts_begun", "Attempts begun", None, stats.accepted)?;
        let refused = stats.refused
            + stats.refused_version
            + stats.refused_mode
            + stats.refused_busy
            + stats.refused_service_down;
        let outcomes = [
            ("confirmed", stats.confirmed),
            ("refused", refused),
            ("unconfirmed", stats.unconfirmed),
            ("timed_out", stats.timed_out),
            ("failed", stats.failed),
            ("abandoned", stats.abandoned),
            ("paired", stats.paired),
            ("not_paired", stats.not_paired),
        ];
        out.family(
            "attempts",
            "Attempts that are over, by outcome",
            MetricType::Counter,
            "outcome",
            &outcomes,
        )?;
        let reasons = [
            ("version", stats.refused_version),
            ("mode", stats.refused_mode),
            ("busy", stats.refused_busy),
            ("service_down", stats.refused_service_down),
            ("refused", stats.refused),
        ];
        out.family(
            "refusals",
            "Refused attempts, by why; whom we have no service for is told busy as well",
            MetricType::Counter,
            "reason",
            &reasons,
        )?;
        out.counter(
            "attempts_displaced",
            "Attempts that a newer one displaced; among the abandoned and unconfirmed",
            None,
            stats.attempts_displaced,
        )?;
        out.gauge(
            "attempts_waiting",
            "Attempts that wait for message 1 or their confirmation",
            stats.attempts,
        )?;
        out.gauge("pairing_windows", "Pairing windows that are open, calls among them", stats.windows)?;
        let ends = [
            ("closed", stats.sessions_closed),
            ("backend", stats.sessions_backend),
            ("stopped", stats.sessions_stopped),
            ("displaced", stats.sessions_displaced),
            ("revoked", stats.sessions_revoked),
            ("silent", stats.sessions_silent),
            ("lifetime", stats.sessions_lifetime),
        ];
        out.family("sessions_ended", "Sessions that are over, by why", MetricType::Counter, "reason", &ends)?;
        out.gauge("sessions", "Devices connected", stats.sessions)?;
        out.gauge("sessions_limit", "How many devices may be connected", acceptor.limits().sessions as u64)?;
        if let Some(service) = &self.service {
            let up = u64::from(service.is_up());
            out.gauge("backend_up", "0 while the service behind is known to be down, else 1", up)?;
            out.family(
                "backend_connects_failed",
                "Connects to the service behind that failed, by how; our own questions among them",
                MetricType::Counter,
                "reason",
                &service.failures().map(|(reason, times)| (reason.as_str(), times)),
            )?;
        }
        let mut pinnings = 0;
        acceptor.registry().each(&mut |_| pinnings += 1);
        if pinnings > 0 {
            out.gauge("registry_pinnings", "Pinnings in the registry", pinnings)?;
        }
        let trouble = u64::from(acceptor.registry().trouble().is_some());
        out.gauge(
            "registry_stale",
            "1 while what is in force is not what the registry's file says, else 0",
            trouble,
        )?;
        let left_out = acceptor.registry().left_out().len() as u64;
        out.gauge("registry_left_out", "Pinnings of the registry whose PSK cannot be had", left_out)?;
        let clock = u64::from(acceptor.wrong_clock().is_some());
        out.gauge("clock_wrong", "1 while the clock is wrong and no pinning that expires is let in", clock)?;
        let bytes = Some(Unit::Bytes);
        out.counter("received", "What came over sessions", bytes.as_ref(), stats.bytes_received)?;
        out.counter("sent", "What left over sessions", bytes.as_ref(), stats.bytes_sent)?;
        out.counter("records_received", "Records opened", None, stats.records_received)?;
        out.counter("records_sent", "Records sealed", None, stats.records_sent)?;
        out.counter("accept_errors", "Times the socket could not accept", None, stats.accept_errors)?;
        out.handshakes(acceptor)
    }
}

/// Where metrics are written.
struct Out<'e>(DescriptorEncoder<'e>);

impl Out<'_> {
    fn counter(&mut self, name: &str, help: &str, unit: Option<&Unit>, value: u64) -> fmt::Result {
        let counter = ConstCounter::new(value);
        counter.encode(self.0.encode_descriptor(name, help, unit, counter.metric_type())?)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let gauge = ConstGauge::new(value);
        gauge.encode(self.0.encode_descriptor(name, help, None, gauge.metric_type())?)
    }

    /// One number for each value of a label.
    fn family(
        &mut self,
        name: &str,
        help: &str,
        metric_type: MetricType,
        label: &str,
        all: &[(&str, u64)],
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, metric_type)?;
        for (value, n) in all {
            let labels = [(label, *value)];
            let one = family.encode_family(&labels)?;
            match metric_type {
                MetricType::Counter => ConstCounter::new(*n).encode(one)?,
                _ => ConstGauge::new(*n).encode(one)?,
            }
        }
        Ok(())
    }

    fn handshakes(&mut self, acceptor: &Acceptor) -> fmt::Result {
        let times = acceptor.handshake_times();
        let count = times.steps.iter().map(|(_, n)| n).sum();
        let help = "From a confirmed attempt's beginning to its first record";
        let unit = Some(Unit::Seconds);
        let mut histogram =
            self.0.encode_descriptor("handshake", help, unit.as_ref(), MetricType::Histogram)?;
        histogram.encode_histogram::<NoLabelSet>(times.sum.as_secs_f64(), count, &times.steps, None)
    }
}
