//! What stands in the headers of a device's messages, and of marks.

use crate::put::EXPECTED_OF_SUBJECT;
use async_nats::header::{HeaderMap, HeaderValue, NATS_MESSAGE_ID};
use lowkey_host::numbered::{Last, RunId};
use lowkey_host::text::{Hex, mask, unhex};
use std::str::FromStr;

/// Whose message it is, and which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Labels {
    pub(crate) run: RunId,
    /// Which message of the run it is; of a mark, the last before it.
    pub(crate) last: Option<Last>,
    /// Drawn for each session.
    pub(crate) writer: String,
}

impl Labels {
    /// In headers.
    pub(crate) fn headers(&self, device: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        // A name holds nothing that ends a line. One that somebody gives all the same is in the subject.
        if let Ok(device) = HeaderValue::from_str(&mask(device)) {
            headers.insert(DEVICE, device);
        }
        headers.insert(RUN, Hex(self.run.as_bytes()).to_string());
        if let Some(Last { number, digest }) = self.last {
            headers.insert(NUMBER, number.to_string());
            headers.insert(DIGEST, Hex(&digest).to_string());
        }
        headers.insert(WRITER, self.writer.as_str());
        headers
    }

    /// The same for a mark, which stands until there is something at its end.
    pub(crate) fn headers_of_mark_with_end(&self, device: &str) -> HeaderMap {
        let mut headers = self.headers(device);
        headers.insert(ENDS, "1");
        headers
    }

    /// The same, with an id by which a stream knows the message for as long as its duplicate window is.
    pub(crate) fn headers_of_message(&self, device: &str, subject_token: &str) -> HeaderMap {
        let mut headers = self.headers(device);
        let number = self.last.map_or(0, |last| last.number);
        headers.insert(NATS_MESSAGE_ID, format!("{subject_token}:{}:{number}", Hex(self.run.as_bytes())));
        headers
    }

    /// `None`: nobody of us has written that.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name).map(HeaderValue::as_str);
        let eight = |name: &str| unhex(text(name)?)?.try_into().ok();
        let last = match text(NUMBER) {
            None => None,
            Some(number) => Some(Last { number: u64::from_str(number).ok()?, digest: eight(DIGEST)? }),
        };
        Some(Self { run: RunId::new(eight(RUN)?), last, writer: text(WRITER)?.to_owned() })
    }
}

/// Whether a mark has an end.
pub(crate) fn has_end(headers: &HeaderMap) -> bool {
    headers.get(ENDS).is_some()
}

/// The mark whose end a message, or its copy, has named; `ends` is what the subjects of those begin with.
pub(crate) fn mark_of(headers: &HeaderMap, ends: &str) -> Option<u64> {
    headers.get(EXPECTED_OF_SUBJECT)?.as_str().strip_prefix(ends)?.parse().ok()
}

const DEVICE: &str = "Lowkey-Device";
const RUN: &str = "Lowkey-Run";
const NUMBER: &str = "Lowkey-Number";
const DIGEST: &str = "Lowkey-Digest";
const WRITER: &str = "Lowkey-Writer";
const ENDS: &str = "Lowkey-Ends";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_they_were_written_whatever_the_device_is_called() {
        for device in ["pump-7", "ü\r\nLowkey-Number: 9", "\u{1b}", ""] {
            for last in [None, Some(Last { number: u64::MAX, digest: [7; 8] })] {
                let labels = Labels { run: RunId::new([0xab; 8]), last, writer: "w".to_owned() };
                let headers = labels.headers_of_message(device, "70");
                assert_eq!(Labels::of(&headers), Some(labels.clone()));
                assert_eq!(Labels::of(&labels.headers(device)), Some(labels));
            }
        }
        let labels = Labels { run: RunId::new([0xab; 8]), last: None, writer: "w".to_owned() };
        let last = Some(Last { number: 7, digest: [1; 8] });
        let headers = Labels { last, ..labels.clone() }.headers_of_message("p", "70");
        assert_eq!(headers.get(NATS_MESSAGE_ID).unwrap().as_str(), "70:abababababababab:7");
        for name in [RUN, WRITER] {
            let mut headers = HeaderMap::new();
            for (other, values) in labels.headers("p").iter().filter(|(other, _)| other.to_string() != name) {
                values.iter().for_each(|value| headers.append(other.clone(), value.clone()));
            }
            assert_eq!(Labels::of(&headers), None);
        }
        for (name, value) in [(RUN, "ab"), (NUMBER, "-1"), (NUMBER, "18446744073709551616"), (DIGEST, "x")] {
            let mut headers = Labels { last, ..labels.clone() }.headers("p");
            headers.insert(name, value);
            assert_eq!(Labels::of(&headers), None, "{name}: {value}");
        }
        assert_eq!(Labels::of(&HeaderMap::new()), None);
    }
}
