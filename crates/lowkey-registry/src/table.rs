//! What a registry file says, before any key is pinned: well formed, and nothing in it twice.

mod fields;

use crate::error::Flaw;
use fields::Reader;
use lowkey_host::{Device, DeviceError, Id, Paired, Pinned, Psk, PublicKey, Taken, Unique};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;
use toml::Spanned;
use toml::de::DeTable;

/// One `[[device]]` table.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: usize, // its name, or its beginning
    pub(crate) device: Device,
    pub(crate) pinnings: Vec<Described>,
}

/// One pinning of a device, as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) id: Id,
    pub(crate) key: PublicKey,
    pub(crate) psk_file: Option<(usize, String)>,
    pub(crate) expires: Option<SystemTime>,
    pub(crate) paired: Option<Paired>,
    code_at: usize,
    id_at: usize,
    pub(crate) key_at: usize,
}

impl Entry {
    /// The same but for where it stands.
    pub(crate) fn says_as(&self, other: &Self) -> bool {
        let says = |pinning: &Described| {
            let psk_file = pinning.psk_file.as_ref().map(|(_, file)| file.clone());
            (pinning.id, pinning.key, psk_file, pinning.expires, pinning.paired)
        };
        self.device == other.device && self.pinnings.iter().map(says).eq(other.pinnings.iter().map(says))
    }
}

impl Described {
    /// It as a pinning of this device, for a server of this key: cold.
    pub(crate) fn pinned(
        &self,
        device: &Arc<Device>,
        server: &PublicKey,
        psk: Option<Psk>,
    ) -> Result<Pinned, Flaw> {
        let mut pinned = Pinned::cold(Arc::clone(device), self.id, server, self.key)
            .map_err(|error| Flaw::new(self.key_at, error.to_string()))?;
        if let Some(psk) = psk {
            pinned = pinned.with_psk(psk);
        }
        if let Some(expires) = self.expires {
            pinned = pinned.until(expires);
        }
        if let Some(paired) = self.paired {
            pinned = pinned.paired_by(paired);
        }
        Ok(pinned)
    }
}

/// A piece of a file: read now, or the same text as of a device that is in force.
pub(crate) enum Piece<'k> {
    Read(Entry),
    Kept { at: usize, pinnings: &'k [Arc<Pinned>] },
}

impl Piece<'_> {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Read(entry) => entry.device.name(),
            Self::Kept { pinnings, .. } => pinnings.first().map_or("", |pinned| pinned.device().name()),
        }
    }
}

/// What `text` says to the server of this key, which default ids depend on.
pub(crate) fn read(text: &str, server: &PublicKey) -> Result<Vec<Entry>, Flaw> {
    read_but(text, server, |_| None).map(entries)
}

/// As [`read`], but pieces whose text `kept` knows are not read again.
///
/// The text is read piece by piece, each from one `[[device]]` line to the next. That is a third quicker than all at
/// once, and a piece that has not changed is passed over. The result is the same if every piece is valid by itself: a
/// valid piece leaves no string, array or table open, it has no header that does not belong to its `[[device]]`, and
/// nothing but `server` stands before the first piece.
///
/// If a piece is not valid, the whole text is read. Either that finds the mistake, or there is none: a line that looks
/// like a header can stand in a string of several lines.
pub(crate) fn read_but<'t, 'k>(
    text: &'t str,
    server: &PublicKey,
    kept: impl Fn(&str) -> Option<&'k [Arc<Pinned>]>,
) -> Result<Vec<(&'t str, Piece<'k>)>, Flaw> {
    let server = Some(server.canonical());
    if let Some(pieces) = in_pieces(text, server, kept) {
        return Ok(pieces);
    }
    let (pieces, flaws) = whole(text, server);
    match flaws.into_iter().min_by_key(|flaw| flaw.at) {
        None => Ok(pieces),
        Some(first) => Err(first),
    }
}

/// What is right in `text`, and every flaw in the order in which they stand. Without a server what depends on its key
/// is not looked at.
pub(crate) fn survey(text: &str, server: Option<PublicKey>) -> (Vec<Entry>, Vec<Flaw>) {
    let server = server.map(|key| key.canonical());
    let (mut pieces, mut flaws) = whole(text, server);
    if let (Err(_), (head, devices)) = (document(text, 0), split(text)) {
        // One device that is no TOML hides no flaw of another.
        let (mut found, mut apart) = (Vec::new(), Vec::new());
        for (at, piece) in [(0, head)].into_iter().chain(devices) {
            match document(piece, at) {
                Ok(document) => read_piece(piece, &document, Reader::new(at, server, &mut apart), &mut found),
                Err(flaw) => apart.push(flaw),
            }
        }
        unique(&found, &mut apart);
        if !apart.is_empty() {
            (pieces, flaws) = (found, apart);
        }
    }
    flaws.sort_by_key(|flaw| flaw.at);
    (entries(pieces), flaws)
}

fn entries(pieces: Vec<(&str, Piece<'_>)>) -> Vec<Entry> {
    let entry = |(_, piece)| match piece {
        Piece::Read(entry) => Some(entry),
        Piece::Kept { .. } => None,
    };
    pieces.into_iter().filter_map(entry).collect()
}

fn whole<'k>(text: &str, server: Option<PublicKey>) -> (Vec<(&str, Piece<'k>)>, Vec<Flaw>) {
    let (mut pieces, mut flaws) = (Vec::new(), Vec::new());
    match document(text, 0) {
        Ok(document) => {
            read_piece(text, &document, Reader::new(0, server, &mut flaws), &mut pieces);
            unique(&pieces, &mut flaws);
        }
        Err(flaw) => flaws.push(flaw),
    }
    (pieces, flaws)
}

/// `None` if anything is not as it should be.
fn in_pieces<'t, 'k>(
    text: &'t str,
    server: Option<PublicKey>,
    kept: impl Fn(&str) -> Option<&'k [Arc<Pinned>]>,
) -> Option<Vec<(&'t str, Piece<'k>)>> {
    let (head, devices) = split(text);
    let (mut pieces, mut flaws) = (Vec::new(), Vec::new());
    if !head.is_empty() {
        let head = DeTable::parse(head).ok()?;
        for (key, value) in head.get_ref() {
            match &**key.get_ref() {
                "server" => Reader::new(0, server, &mut flaws).is_for_server(key, value),
                _ => return None, // it decides what may follow
            }
        }
    }
    for (at, piece) in devices {
        match kept(piece) {
            Some(pinnings) => pieces.push((piece, Piece::Kept { at, pinnings })),
            None => {
                read_piece(
                    piece,
                    &document(piece, at).ok()?,
                    Reader::new(at, server, &mut flaws),
                    &mut pieces,
                );
            }
        }
        if !flaws.is_empty() {
            return None;
        }
    }
    unique(&pieces, &mut flaws);
    flaws.is_empty().then_some(pieces)
}

/// What stands before the first `[[device]]` line, and from there on what is from one to the next, with its place.
pub(crate) fn split(text: &str) -> (&str, impl Iterator<Item = (usize, &str)>) {
    let begins = text.match_indices(HEADER).map(|(end_before, _)| end_before + 1);
    let first = text.starts_with(&HEADER[1..]).then_some(0);
    let mut begins = first.into_iter().chain(begins).peekable();
    let head = &text[..begins.peek().copied().unwrap_or(text.len())];
    let pieces = std::iter::from_fn(move || {
        let at = begins.next()?;
        let next = begins.peek().copied().unwrap_or(text.len());
        Some((at, &text[at..next]))
    });
    (head, pieces)
}

/// The line that begins a device, and the end of the one before.
const HEADER: &str = "\n[[device]]";

/// `text`, which stands at `begin` in its file, as TOML.
fn document(text: &str, begin: usize) -> Result<Spanned<DeTable<'_>>, Flaw> {
    let (document, errors) = DeTable::parse_recoverable(text);
    // Of a string that does not end, the next line suffers as well: the first is the cause.
    let start = |error: &toml::de::Error| error.span().map_or(0, |span| span.start);
    match errors.iter().min_by_key(|error| start(error)) {
        Some(error) => Err(Flaw::new(begin + start(error), error.message())),
        None => Ok(document),
    }
}

/// The devices of `text`.
fn read_piece<'t>(
    text: &'t str,
    document: &Spanned<DeTable<'_>>,
    mut reader: Reader<'_>,
    pieces: &mut Vec<(&'t str, Piece<'_>)>,
) {
    for (key, value) in document.get_ref() {
        let at = reader.at(key);
        match (&**key.get_ref(), value.get_ref().as_array()) {
            ("server", _) => reader.is_for_server(key, value),
            ("device", Some(tables)) => {
                let entries = tables.iter().filter_map(|table| reader.device(table));
                pieces.extend(entries.map(|entry| (text, Piece::Read(entry))));
            }
            ("device", None) => reader.flaw(at, "devices are written as [[device]], with two brackets"),
            (other, _) => {
                reader.flaw(
                    at,
                    format!("unknown field `{other}`; only `server` and [[device]] tables stand here"),
                );
            }
        }
    }
}

/// No two devices may have the same name, id, key, code or PSK file.
fn unique(pieces: &[(&str, Piece<'_>)], flaws: &mut Vec<Flaw>) {
    let mut names: HashMap<&str, ()> = HashMap::with_capacity(pieces.len());
    let mut psk_files: HashMap<&str, &str> = HashMap::new();
    let mut unique = Unique::with_capacity(pieces.len());
    for (_, piece) in pieces {
        let name = piece.name();
        let at = match piece {
            Piece::Read(Entry { at, .. }) | Piece::Kept { at, .. } => *at,
        };
        if names.insert(name, ()).is_some() {
            flaws.push(Flaw::new(at, DeviceError::SameName(name.to_owned()).to_string()));
            continue; // what else is alike follows from that
        }
        match piece {
            Piece::Kept { pinnings, .. } => {
                for pinned in *pinnings {
                    if let Err(taken) = unique.add(name, pinned.id(), pinned.key()) {
                        flaws.push(Flaw::new(at, DeviceError::from(taken).to_string()));
                    }
                    if let Some(paired) = pinned.paired()
                        && let Err(error) = unique.add_code(name, paired.code())
                    {
                        flaws.push(Flaw::new(at, error.to_string()));
                    }
                }
            }
            Piece::Read(entry) => {
                for pinning in &entry.pinnings {
                    if let Err(taken) = unique.add(name, pinning.id, pinning.key) {
                        flaws.push(match taken {
                            Taken::Own(_) => {
                                Flaw::new(pinning.key_at, "its two pinnings have the same id or the same key")
                            }
                            Taken::Key(_) => Flaw::new(pinning.key_at, DeviceError::from(taken).to_string()),
                            Taken::Id(_) => Flaw::new(pinning.id_at, DeviceError::from(taken).to_string()),
                        });
                    }
                    if let Some(paired) = pinning.paired
                        && let Err(error) = unique.add_code(name, paired.code())
                    {
                        flaws.push(Flaw::new(pinning.code_at, error.to_string()));
                    }
                    if let Some((at, file)) = &pinning.psk_file
                        && let Some(other) = psk_files.insert(file, name)
                    {
                        // Whoever opens one must not have another's.
                        let why = format!("psk_file {file:?} is the one of {other:?}; make one for each");
                        flaws.push(Flaw::new(*at, why));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys;

    const SERVER: PublicKey = PublicKey::new([9; 32]);

    /// Two registries, with whichever byte put for something else.
    fn changed() -> impl Iterator<Item = String> {
        const OTHERS: [&str; 11] =
            ["", "\n", "\"", "'", "#", "[", "]", "\n[[device]]\n", "\n[device]\n", "\n[x]\n", "."];
        let [a, b, c, ours] = [2, 3, 4, 9].map(|byte| keys::encode_public(&PublicKey::new([byte; 32])));
        let text = |note: &str| {
            format!(
                "# ours\nserver = '{ours}'\n[[device]]\nname='a'\nkey='{a}'\nlabels={{x={note}}}\n\n\
                 [[device]]#\nname='b'\n[device.labels]\nx='y'\n[[device.pinning]]\nkey='{b}'\n\
                 expires=2026-01-01T00:00:00Z\n[[device]]\nname='c'\nkey='{c}'\n"
            )
        };
        let texts = [text("'z'"), text("\"\"\"\\\n[[device]]\\\nname='z'\"\"\"")];
        texts.into_iter().flat_map(|text| {
            (0..text.len())
                .flat_map(move |at| OTHERS.map(|other| format!("{}{other}{}", &text[..at], &text[at + 1..])))
        })
    }

    /// Every text that is right piece by piece is right as a whole, and says the same.
    #[test]
    fn parts_say_what_the_whole_says_whichever_byte_is_another() {
        let (mut right, mut wrong) = (0, 0);
        for text in changed() {
            let Some(pieces) = in_pieces(&text, Some(SERVER), |_| None).map(entries) else {
                wrong += 1;
                continue;
            };
            let (whole, flaws) = whole(&text, Some(SERVER));
            let whole = if flaws.is_empty() { entries(whole) } else { Vec::new() };
            let same = pieces.len() == whole.len() && pieces.iter().zip(&whole).all(|(a, b)| a.says_as(b));
            assert!(same, "{text}");
            right += 1;
        }
        assert!(right > 100 && wrong > 100, "{right} {wrong}");
    }

    #[test]
    fn whoever_looks_a_text_over_finds_fault_with_it_if_and_only_if_a_server_does() {
        // Every seventh is enough: 7 has nothing in common with the number of others.
        for text in changed().step_by(7) {
            let (entries, flaws) = survey(&text, Some(SERVER));
            assert!(flaws.is_sorted_by_key(|flaw| flaw.at), "{text}");
            match read(&text, &SERVER) {
                Ok(read) => {
                    assert!(flaws.is_empty(), "{text}");
                    assert!(read.iter().zip(&entries).all(|(a, b)| a.says_as(b)), "{text}");
                    assert_eq!(read.len(), entries.len(), "{text}");
                }
                Err(_) => assert!(!flaws.is_empty(), "{text}"),
            }
        }
    }
}
