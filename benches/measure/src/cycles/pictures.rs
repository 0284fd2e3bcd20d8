//! The charts of the book, drawn from `benches/numbers.toml` and from nothing else.

use std::fs;

use xtask::{command::Result, root};

use super::view::{KK_INITIATOR, LOWKEY, View};
use crate::{
    chart::{Bar, Chart, Unit, Whose},
    numbers::Numbers,
};

/// Draws every chart.
///
/// # Errors
/// A file cannot be written.
pub(super) fn write(numbers: &Numbers) -> Result<()> {
    fs::create_dir_all(root().join(FOLDER))?;
    for (file, svg) in all(numbers) {
        fs::write(root().join(FOLDER).join(file), svg)?;
    }
    Ok(())
}

/// Makes sure that the charts show what is committed; `remedy` is the command that sees to it.
///
/// # Errors
/// The file that does not.
pub(super) fn check(numbers: &Numbers, remedy: &str) -> Result<()> {
    for (file, svg) in all(numbers) {
        if fs::read_to_string(root().join(FOLDER).join(file)).unwrap_or_default() != svg {
            return Err(format!("{FOLDER}/{file} is not drawn from benches/numbers.toml: {remedy}").into());
        }
    }
    Ok(())
}

/// Each file and what is in it; about the first compiler, as the tables are.
fn all(numbers: &Numbers) -> Vec<(&'static str, String)> {
    let Some(figures) = numbers.compilers().next().and_then(|compiler| numbers.of(compiler)) else {
        return Vec::new();
    };
    PICTURES.iter().map(|picture| (picture.file, picture.chart(View(figures)).svg())).collect()
}

/// A chart: the same work by us and by a peer.
struct Picture {
    file: &'static str,
    title: &'static str,
    legend: &'static [&'static str],
    /// The rows that are the parts of our bar.
    ours: &'static [&'static str],
    /// The peer's name at opt-level `s` and at 3.
    peer: [&'static str; 2],
    theirs: &'static [&'static str],
}

impl Picture {
    fn chart(&self, view: View<'_>) -> Chart {
        let bars = [
            ("Lowkey", Whose::Ours, LOWKEY, self.ours),
            (self.peer[0], Whose::Theirs, "peers-s", self.theirs),
            (self.peer[1], Whose::Theirs, "peers-3", self.theirs),
        ];
        let bars = bars.map(|(label, whose, program, rows)| Bar {
            label: label.to_owned(),
            whose,
            parts: rows.iter().filter_map(|row| view.cycles(program, &[row])).collect(),
        });
        Chart { title: self.title.to_owned(), legend: self.legend, unit: Unit::One, bars: bars.into() }
    }
}

const PICTURES: [Picture; 3] = [
    Picture {
        file: "cycles-handshake.svg",
        title: "KK initiator, a whole handshake, in cycles",
        legend: &["before the connection", "after the answer"],
        ours: &KK_INITIATOR,
        peer: ["clatter, opt-level s", "clatter, opt-level 3"],
        theirs: &["clatter.kk.initiator.write-1", "clatter.kk.initiator.read-2"],
    },
    Picture {
        file: "cycles-x25519.svg",
        title: "X25519, one multiplication, in cycles",
        legend: &[],
        ours: &["x25519.diffie-hellman"],
        peer: ["x25519-dalek, opt-level s", "x25519-dalek, opt-level 3"],
        theirs: &["x25519-dalek.diffie-hellman"],
    },
    Picture {
        file: "cycles-seal.svg",
        title: "ChaCha20-Poly1305, 1,024 bytes sealed, in cycles",
        legend: &[],
        ours: &["aead.seal-1024"],
        peer: ["chacha20poly1305, level s", "chacha20poly1305, level 3"],
        theirs: &["chacha20poly1305.seal-1024"],
    },
];

/// Beside the chapter that shows them.
const FOLDER: &str = "docs/src/pictures";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_drawn_from_the_figures() {
        let text = "[\"rustc 1\"]\ncycles.lowkey.x25519.diffie-hellman.cycles = 2_000_000\n";
        let numbers = Numbers::parse(text).unwrap();
        let (_, svg) = &all(&numbers)[1];
        assert!(svg.contains(">2,000,000</text>"), "{svg}");
        assert!(svg.contains("x25519-dalek, opt-level 3"));
    }
}
