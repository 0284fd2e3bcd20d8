//! What memcheck reports (`--xml=yes`, its "XML output" protocol 4), and which of it is no leak.

use std::{fmt, fs, path::Path};

/// Something that depends on a secret.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) what: What,
    /// Innermost first; functions that were inlined have their own.
    frames: Vec<Frame>,
}

/// What depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Which way a branch goes.
    Branch,
    /// What address is accessed.
    Address,
    /// Anything else: a system call's argument, a fault of memory.
    Other,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Frame {
    function: String,
    file: String,
    line: usize,
}

/// Branches that the protocol makes public: where they are, and how the line begins to do it.
///
/// A forged message ends the handshake or the channel, which everybody sees.
const VERDICTS: [(&str, &str); 8] = [
    // Pinning a key of low order: the key is refused for everybody to see, before there is a connection.
    ("lowkey-core/src/keys.rs", "if ss.is_blank()"),
    // A secret that nobody has written: it is refused when the device starts.
    ("lowkey-core/src/keys.rs", "if secret.is_blank()"),
    // The verdict on a tag; on a handshake message by it, on a record.
    ("compact/aead.rs", "if genuine {"),
    ("lowkey-core/src/symmetric.rs", ".map_err(|_| Error::Decrypt)?"),
    ("lowkey-core/src/cipher.rs", ".map_err(|_| Error::Decrypt)?"),
    ("lowkey-core/src/kk/device.rs", "k.open_in_place(&nonce(n), ad, text, tag).ok()?"),
    ("lowkey-core/src/kk/device.rs", ".ok_or(Error::Decrypt)?"),
    // XX: our own key, sent back to us. Both keys are public to whoever has got this far.
    ("lowkey-core/src/engine.rs", "if self.s.is(&rs)"),
];

impl Report {
    /// Whether it is one of [`VERDICTS`].
    pub(crate) fn is_verdict(&self) -> bool {
        let Some(site) = self.site() else { return false };
        self.what == What::Branch
            && VERDICTS.iter().any(|(file, text)| site.file.ends_with(file) && site.text().contains(text))
    }

    /// The innermost place in a file of ours.
    fn site(&self) -> Option<&Frame> {
        self.frames.iter().find(|frame| frame.file.starts_with(root()))
    }
}

impl Frame {
    /// The line of source, as it is today.
    fn text(&self) -> String {
        let source = fs::read_to_string(&self.file).unwrap_or_default();
        source.lines().nth(self.line.wrapping_sub(1)).unwrap_or_default().trim().to_owned()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            What::Branch => "a branch",
            What::Address => "an address",
            What::Other => "something else",
        };
        let Some(frame) = self.site() else { return write!(f, "{what}, in no file of ours") };
        let file = frame.file.strip_prefix(root()).unwrap_or(&frame.file).trim_start_matches('/');
        // Not every valgrind knows what has been inlined: then the function that it was inlined into.
        let from_here = self.frames.iter().skip_while(|other| *other != frame);
        let known = from_here.map(|frame| &frame.function).find(|name| *name != "UnknownInlinedFun");
        let function = known.map_or("no function", String::as_str);
        write!(f, "{what} in {function}, {file}:{}: {}", frame.line, frame.text())
    }
}

/// The errors in memcheck's XML, which has one element a line.
pub(crate) fn parse(xml: &str) -> Vec<Report> {
    let mut reports = Vec::new();
    // Of an error's stacks the first is where it happened; the second would be where the secret came from.
    for error in xml.split("<error>").skip(1) {
        let stack = error.split_once("</stack>").map_or(error, |(stack, _)| stack);
        let what = match element(error, "kind").as_deref() {
            Some("UninitCondition") => What::Branch,
            Some("UninitValue") => What::Address,
            _ => What::Other,
        };
        let frames = stack.split("<frame>").skip(1).map(|frame| Frame {
            function: element(frame, "fn").unwrap_or_default(),
            file: format!(
                "{}/{}",
                element(frame, "dir").unwrap_or_default(),
                element(frame, "file").unwrap_or_default()
            ),
            line: element(frame, "line").and_then(|line| line.parse().ok()).unwrap_or(0),
        });
        reports.push(Report { what, frames: frames.collect() });
    }
    reports
}

/// What stands between `<name>` and `</name>`.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

/// The repository.
fn root() -> &'static str {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).and_then(Path::to_str).unwrap_or(env!("CARGO_MANIFEST_DIR"))
}
