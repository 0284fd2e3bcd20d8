//! A registry file in rows, and back.

use super::order::{self, Rank};
use super::{LONGEST_NAME, LONGEST_ROW};
use crate::error::RegistryError;
use crate::keys;
use crate::table;
use lowkey_host::PublicKey;
use lowkey_host::text::mask;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// A registry in rows: the text of its file before the first device, and that of each device with its rank.
///
/// `text(of(text))` is `text`, whatever comments and empty lines are in it: those that stand behind a device belong to
/// its row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// What stands before the first device: the server's key, as a rule.
    pub head: String,
    /// The devices by name.
    pub rows: BTreeMap<String, Ranked>,
}

/// A device's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// Rows stand in the order of this number.
    pub rank: u64,
    /// From its `[[device]]` to the end, or to the next one.
    pub text: String,
}

/// Why a registry does not come apart into rows.
#[derive(Debug)]
#[non_exhaustive]
pub enum SheetError {
    /// A server would not load it.
    Registry(RegistryError),
    /// A device is not written as a `[[device]]` table of its own.
    Shape,
    /// The row of this device is longer than [`LONGEST_ROW`], or its name than [`LONGEST_NAME`].
    TooLong(String),
}

impl Sheet {
    /// `text`, which is or will be the registry `named`, for the server of this key.
    ///
    /// # Errors
    /// [`SheetError`].
    pub fn of(text: &str, named: &Path, server: &PublicKey) -> Result<Self, SheetError> {
        let flaw = |flaw| SheetError::Registry(RegistryError::at(named, text, &flaw));
        let entries = table::read(text, server).map_err(flaw)?;
        let (head, pieces) = table::split(text);
        let pieces: Vec<&str> = pieces.map(|(_, piece)| piece).collect();
        if pieces.len() != entries.len() {
            return Err(SheetError::Shape);
        }
        let ranks = order::fresh(pieces.len());
        let mut rows = BTreeMap::new();
        for ((entry, piece), rank) in entries.iter().zip(pieces).zip(ranks) {
            let name = entry.device.name().to_owned();
            // A row has to say by itself what it says among the others.
            match table::read(piece, server) {
                Ok(alone) if matches!(&alone[..], [one] if one.says_as(entry)) => (),
                _ => return Err(SheetError::Shape),
            }
            if piece.len() > LONGEST_ROW || name.len() > LONGEST_NAME {
                return Err(SheetError::TooLong(name));
            }
            rows.insert(name, Ranked { rank, text: piece.to_owned() });
        }
        Ok(Self { head: head.to_owned(), rows })
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(name, row)| (row.rank, *name));
        let length = rows.iter().map(|(_, row)| row.text.len()).sum::<usize>();
        let mut text = String::with_capacity(self.head.len() + length);
        for part in [&self.head].into_iter().chain(rows.into_iter().map(|(_, row)| &row.text)) {
            // Of rows that others have put side by side one may not end its last line.
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(part);
        }
        text
    }

    /// The same in the ranks of `before`, so that as few as can be are others than there.
    #[must_use]
    pub fn ranked_as(mut self, before: &Self) -> Self {
        let mut rows: Vec<_> = self.rows.iter_mut().collect();
        rows.sort_by_key(|(_, row)| row.rank);
        let wanted = rows.iter().map(|(name, _)| before.rows.get(*name).map(|row| row.rank));
        let ranks = order::ranked(&wanted.collect::<Vec<Option<Rank>>>());
        for ((_, row), rank) in rows.into_iter().zip(ranks) {
            row.rank = rank;
        }
        self
    }
}

impl Ranked {
    /// As it is kept: the rank in a comment, and the row.
    pub fn kept(&self) -> String {
        format!("{MARK}{}\n{}", self.rank, self.text)
    }

    /// What was kept.
    ///
    /// # Errors
    /// Why it is none that we have written, in a line.
    pub fn of_kept(kept: &str) -> Result<Self, String> {
        if kept.len() > LONGEST_ROW + MARKED {
            return Err(format!("it is longer than {LONGEST_ROW} bytes"));
        }
        let read = || {
            let (rank, text) = kept.strip_prefix(MARK)?.split_once('\n')?;
            let is_number = !rank.is_empty() && rank.bytes().all(|digit| digit.is_ascii_digit());
            let rank = rank.parse().ok().filter(|_| is_number)?;
            Some(Self { rank, text: text.to_owned() })
        };
        read().ok_or_else(|| "it is none that lowkey has written".to_owned())
    }
}

/// The key of the server that a registry is for, if it says so before its first device.
pub fn server_of(text: &str) -> Option<PublicKey> {
    let (head, _) = table::split(text);
    let head = toml::de::DeTable::parse(head).ok()?;
    keys::parse_public(head.get_ref().get("server")?.get_ref().as_str()?).ok()
}

/// What a row that is kept begins with: a comment, with its rank behind it.
const MARK: &str = "# lowkey row 1, rank ";
/// No line before a row is longer, in bytes.
const MARKED: usize = 64;

impl fmt::Display for SheetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(error) => write!(f, "{error}"),
            Self::Shape => f.write_str(
                "not every device begins with a line [[device]] of its own, which it has to where each is kept by itself",
            ),
            Self::TooLong(name) => write!(
                f,
                "the row of {:?} is longer than {LONGEST_ROW} bytes, or its name than {LONGEST_NAME}",
                mask(name)
            ),
        }
    }
}

impl std::error::Error for SheetError {}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: PublicKey = PublicKey::new([9; 32]);

    fn row(name: &str, byte: u8, behind: &str) -> String {
        format!(
            "[[device]]\nname = {name:?}\nkey = {:?}\n{behind}",
            keys::encode_public(&PublicKey::new([byte; 32]))
        )
    }

    fn sheet(text: &str) -> Result<Sheet, SheetError> {
        Sheet::of(text, Path::new("devices.toml"), &SERVER)
    }

    #[test]
    fn a_file_comes_apart_and_together_again_to_the_byte() {
        let server = keys::encode_public(&SERVER);
        let head = format!("# ours\nserver = '{server}'\r\n\n");
        for text in [
            String::new(),
            "# nobody".to_owned(),
            head.clone(),
            format!("{head}{}", row("z", 2, "# behind z\n\n# before a\n"))
                + &row("a", 3, "labels = { x = 'y' }"),
            row("of*.>", 2, "") + &row("ü", 4, "[device.labels]\nx = 'y'\n"),
            row("p", 2, "")
                + &row("q", 5, "\n")
                    .replace("key", "[[device.pinning]]\nkey")
                    .replace("[[device]]", "[[device]]#"),
        ] {
            let sheet = sheet(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(sheet.text(), text);
            for row in sheet.rows.values() {
                assert_eq!(Ranked::of_kept(&row.kept()).as_ref(), Ok(row));
            }
        }
    }

    #[test]
    fn what_does_not_come_apart_is_said() {
        let key = keys::encode_public(&PublicKey::new([2; 32]));
        let inline = format!("device = [{{ name = 'a', key = '{key}' }}]\n");
        assert!(matches!(sheet(&inline), Err(SheetError::Shape)));
        let spaced = row("a", 2, "").replace("[[device]]", "[[ device ]]");
        assert!(matches!(sheet(&spaced), Err(SheetError::Shape)));
        let in_a_string = row("a", 2, "[device.labels]\nx = \"\"\"\\\n[[device]]\\\nz\"\"\"\n");
        assert!(matches!(sheet(&in_a_string), Err(SheetError::Shape)));
        assert!(matches!(sheet(&(row("a", 2, "") + &row("a", 3, ""))), Err(SheetError::Registry(_))));
        let name = "n".repeat(LONGEST_NAME + 1);
        assert!(matches!(sheet(&row(&name, 2, "")), Err(SheetError::TooLong(long)) if long == name));
        let comment = format!("# {}\n", "x".repeat(LONGEST_ROW));
        assert!(matches!(sheet(&row("a", 2, &comment)), Err(SheetError::TooLong(_))));
    }

    #[test]
    fn a_change_of_a_file_changes_the_rows_it_concerns_and_no_other() {
        let (a, b, c) = (row("a", 2, ""), row("b", 3, ""), row("c", 4, ""));
        let before = sheet(&format!("{a}{b}{c}")).unwrap();
        let differ = |text: &str| {
            let after = sheet(text).unwrap().ranked_as(&before);
            assert_eq!(after.text(), text);
            let changed = after.rows.iter().filter(|(name, row)| before.rows.get(*name) != Some(*row));
            changed.map(|(name, _)| name.clone()).collect::<Vec<_>>()
        };
        let nobody: [&str; 0] = [];
        assert_eq!(differ(&format!("{a}{b}{c}")), nobody);
        assert_eq!(differ(&format!("{a}{c}")), nobody);
        assert_eq!(differ(&format!("{a}{b}{c}{}", row("d", 5, ""))), ["d"]);
        assert_eq!(differ(&format!("{}{a}{b}{c}", row("d", 5, ""))), ["d"]);
        assert_eq!(differ(&format!("{a}{}{b}{c}", row("d", 5, ""))), ["d"]);
        assert_eq!(differ(&format!("{a}{}{c}", row("b", 6, ""))), ["b"]);
        assert_eq!(differ(&format!("{c}{a}{b}")), ["c"]);
    }

    #[test]
    fn what_we_have_not_kept_is_no_row() {
        for kept in [
            "",
            "[[device]]\n",
            "# lowkey row 1, rank \n",
            "# lowkey row 1, rank +1\nx",
            "# lowkey row 2, rank 1\nx",
        ] {
            assert_eq!(Ranked::of_kept(kept).ok(), None, "{kept:?}");
        }
        assert!(Ranked::of_kept("# lowkey row 1, rank 99999999999999999999999\nx").is_err());
    }
}
