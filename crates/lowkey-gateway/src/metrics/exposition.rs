//! The two texts in which Prometheus takes metrics: OpenMetrics 1.0 and its own, 0.0.4.
//!
//! They differ in little: OpenMetrics describes a counter without its `_total`, says units, and has an end. No help and
//! no label of ours has a character that either would escape.

use super::{Family, Metrics, Numbers, Values};
use std::fmt::Write;

/// A form of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposition {
    OpenMetrics,
    /// Prometheus's own.
    Plain,
}

impl Exposition {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

impl Metrics {
    pub(crate) fn text(&self, form: Exposition) -> String {
        let mut text = String::new();
        for family in &self.0 {
            write_family(&mut text, family, form).unwrap_or_default(); // a String takes everything
        }
        if form == Exposition::OpenMetrics {
            text.push_str("# EOF\n");
        }
        text
    }
}

fn write_family(text: &mut String, family: &Family, form: Exposition) -> std::fmt::Result {
    let Family { name, help, unit, values } = family;
    let (of_type, suffix) = match values {
        Values::Counter(_) => ("counter", "_total"),
        Values::Gauge(_) => ("gauge", ""),
        Values::Histogram { .. } => ("histogram", ""),
    };
    let described = match form {
        Exposition::OpenMetrics => (*name).to_owned(),
        Exposition::Plain => format!("{name}{suffix}"),
    };
    writeln!(text, "# HELP {described} {help}.\n# TYPE {described} {of_type}")?;
    if let (Some(unit), Exposition::OpenMetrics) = (unit, form) {
        writeln!(text, "# UNIT {described} {unit}")?;
    }
    match values {
        Values::Counter(Numbers::One(value)) | Values::Gauge(Numbers::One(value)) => {
            writeln!(text, "{name}{suffix} {value}")
        }
        Values::Counter(Numbers::By(label, all)) | Values::Gauge(Numbers::By(label, all)) => all
            .iter()
            .try_for_each(|(of, value)| writeln!(text, "{name}{suffix}{{{label}=\"{of}\"}} {value}")),
        Values::Histogram { sum, buckets } => {
            for (up_to, count) in buckets {
                match *up_to {
                    f64::MAX => writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {count}")?,
                    // With a point in it, as OpenMetrics has its canonical numbers.
                    up_to => writeln!(text, "{name}_bucket{{le=\"{up_to:?}\"}} {count}")?,
                }
            }
            let all = buckets.last().map_or(0, |(_, count)| *count);
            writeln!(text, "{name}_sum {sum:?}\n{name}_count {all}")
        }
    }
}
