//! Which text a client wants of the two that we have, by its `Accept` (RFC 9110 §12.5.1).

use crate::metrics::Exposition;

/// The one with the larger quality; OpenMetrics if it is the same, and if neither is wanted.
pub(super) fn preferred(accept: &[&str]) -> Exposition {
    let quality = |ours| {
        let ranges = accept.iter().flat_map(|header| header.split(','));
        // The most precise range that a type falls under counts.
        let fits = ranges.filter_map(|range| Range::read(range)?.fits(ours));
        fits.max_by_key(|(precision, quality)| (*precision, *quality)).map_or(0, |(_, quality)| quality)
    };
    if quality(&PLAIN) > quality(&OPEN_METRICS) { Exposition::Plain } else { Exposition::OpenMetrics }
}

/// One of our types.
struct Ours {
    of: &'static str,
    within: &'static str,
    version: &'static str,
}

const OPEN_METRICS: Ours = Ours { of: "application", within: "openmetrics-text", version: "1.0.0" };
const PLAIN: Ours = Ours { of: "text", within: "plain", version: "0.0.4" };

/// What stands between two commas.
struct Range<'h> {
    of: &'h str,
    within: &'h str,
    version: Option<&'h str>,
    /// In thousandths.
    quality: u32,
}

impl<'h> Range<'h> {
    fn read(range: &'h str) -> Option<Self> {
        let mut parts = range.split(';').map(str::trim);
        let (of, within) = parts.next()?.split_once('/')?;
        let mut read = Self { of, within, version: None, quality: 1000 };
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let (name, value) = (name.trim_end(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("q") {
                read.quality = quality(value)?;
            } else if name.eq_ignore_ascii_case("version") {
                read.version = Some(value);
            }
        }
        Some(read)
    }

    /// How precisely it names this type, and how much that is wanted.
    fn fits(&self, ours: &Ours) -> Option<(u8, u32)> {
        let names = |name: &str, is: &str| name.eq_ignore_ascii_case(is);
        let precision = match self.version {
            _ if self.of == "*" && self.within == "*" => 0,
            _ if !names(self.of, ours.of) => return None,
            _ if self.within == "*" => 1,
            _ if !names(self.within, ours.within) => return None,
            None => 2,
            Some(version) if version == ours.version => 3,
            Some(_another) => return None,
        };
        Some((precision, self.quality))
    }
}

/// `0.5`, in thousandths.
fn quality(text: &str) -> Option<u32> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let is_right = matches!(whole, "0" | "1") && rest.len() <= 3 && rest.bytes().all(|c| c.is_ascii_digit());
    let thousandths = format!("{whole}{rest:0<3}").parse().ok().filter(|_| is_right);
    thousandths.filter(|quality| *quality <= 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_12_5_1_the_most_precise_range_says_how_much_a_type_is_wanted() {
        let plain = [
            "text/plain",
            "text/plain;version=0.0.4",
            "Text/Plain; Version=\"0.0.4\"; charset=utf-8",
            "text/*",
            "application/openmetrics-text;q=0.4, text/plain;q=0.5",
            "application/openmetrics-text;version=1.0.0;q=0, */*",
            "*/*, application/openmetrics-text;q=0.999",
            "application/openmetrics-text;version=0.0.1, text/plain;q=0.1",
            "text/plain;q=0.1",
        ];
        for accept in plain {
            assert_eq!(preferred(&[accept]), Exposition::Plain, "{accept}");
        }
        let open = [
            "",
            "*/*",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/openmetrics-text",
            "text/plain;q=0",
            "text/plain;version=1.0.0",
            "text/plain, application/openmetrics-text",
            "text/*, text/plain;q=0.2, */*;q=0.3",
            "text/plain;q=2",
            "text/plain;q=0.5000",
            "text/plain;q=1.001",
            "text/plain;q=",
            "text/plain;q=-1",
            ";;;,,,/,*;q=1,text/plain;q=1.5",
        ];
        for accept in open {
            assert_eq!(preferred(&[accept]), Exposition::OpenMetrics, "{accept}");
        }
        assert_eq!(preferred(&[]), Exposition::OpenMetrics);
        assert_eq!(preferred(&["image/png", "text/plain"]), Exposition::Plain);
    }

    #[test]
    fn prometheus_gets_what_it_lists_first() {
        // 2.42, 2.53 and 3.0.
        for accept in [
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
             text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
             text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
             application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,\
             text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        ] {
            assert_eq!(preferred(&[accept]), Exposition::OpenMetrics, "{accept}");
        }
        // With `scrape_protocols: [PrometheusText0.0.4]`.
        let accept = "text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        assert_eq!(preferred(&[accept]), Exposition::Plain);
    }
}
