//! The tables: what is in which row, and in which document.

use xtask::documents::Table;

use super::{
    core::{self, Core, M3, M4, M33},
    grid::{Grid, Rank},
    parts, targets,
    view::{KK_INITIATOR, LOWKEY, PAIRING, View},
};
use crate::numbers::{Numbers, grouped};

/// A line of ours: its title and the rows that are in it.
struct Line {
    rank: Rank,
    title: String,
    rows: Vec<String>,
}

/// Every table of a measurement, with a heading each.
pub(super) fn all(view: View<'_>) -> Vec<(&'static str, Grid)> {
    vec![
        ("Cores, in cycles", cores(view)),
        ("Parts, computed from cycles and data sheets", parts::grid(view)),
        ("Handshakes", ours(view, LOWKEY, &handshakes())),
        ("Records and primitives", ours(view, LOWKEY, &pieces())),
        ("Pairing", ours(view, PAIRING, &pairing())),
        ("Next to the peers, in cycles", peers(view, M3)),
        ("Next to the peers, peak stack in bytes", peers_stack(view)),
        ("On a Cortex-M4 next to the peers, in cycles", peers(view, M4)),
        ("On a Cortex-M33 next to the peers, in cycles, by no manual", between(view)),
        ("Targets", targets::grid(view)),
    ]
}

/// The tables of the documents, which are about the first compiler of the file.
pub(super) fn tables(numbers: &Numbers) -> Vec<Table> {
    let Some(figures) = numbers.compilers().next().and_then(|compiler| numbers.of(compiler)) else {
        return Vec::new();
    };
    let view = View(figures);
    let table = |mark, grid: Grid| Table { file: BOOK, mark, text: grid.markdown() };
    vec![
        table("cargo xtask cycles: cores", cores(view)),
        table("cargo xtask cycles: parts", parts::grid(view)),
        table("cargo xtask cycles: handshakes", ours(view, LOWKEY, &handshakes())),
        table("cargo xtask cycles: pieces", ours(view, LOWKEY, &pieces())),
        table("cargo xtask cycles: pairing", ours(view, PAIRING, &pairing())),
        table("cargo xtask cycles: peers", peers(view, M3)),
        table("cargo xtask cycles: cortex-m4", peers(view, M4)),
        table("cargo xtask cycles: cortex-m33", between(view)),
        table("cargo xtask cycles: peers' stack", peers_stack(view)),
        table("cargo xtask cycles: targets", targets::grid(view)),
    ]
}

/// What decides which core is fast enough, a core a row: by the slowest reading that there is of it without its flash.
fn cores(view: View<'_>) -> Grid {
    let mut grid = Grid::new(&[
        "core",
        "KK initiator, whole handshake",
        "after the server's answer",
        "X25519",
        "seal a record of 64 B",
        "seal a record of 1,024 B",
    ]);
    for core in core::ALL {
        let (reading, title) = if core.is_bounded() {
            ("bound", format!("{}, at most", core.name))
        } else {
            ("cycles", core.name.to_owned())
        };
        let taken = |rows: &[&str]| shown(view.sum(&core.program(LOWKEY), rows, reading));
        let of = [&KK_INITIATOR[..], &["kk.initiator.read-2"], &["x25519.diffie-hellman"]];
        let records = [&["record.seal-64"][..], &["record.seal-1024"]];
        grid.row(Rank::Single, [title].into_iter().chain(of.into_iter().chain(records).map(taken)));
    }
    grid
}

/// All that is known about each line of one of our programs.
fn ours(view: View<'_>, program: &str, lines: &[Line]) -> Grid {
    let mut grid = Grid::new(&["what", "cycles", "STM32F1, 72 MHz", "instructions", "peak stack, B"]);
    for Line { rank, title, rows } in lines {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let sum = |what| shown(view.sum(program, &rows, what));
        let stack = shown(view.largest(program, &rows, "stack"));
        grid.row(*rank, [title.clone(), sum("cycles"), sum("stm32f1"), sum("instructions"), stack]);
    }
    grid
}

/// Our cycles next to those of who does the same.
fn peers(view: View<'_>, core: Core) -> Grid {
    let mut grid =
        Grid::new(&["what", "Lowkey", "the peer at `s`", "at `3`", "ours ÷ theirs, at `s`", "at `3`"]);
    for comparison in &COMPARISONS {
        let of = |program: &str, rows| view.cycles(&core.program(program), rows);
        let ours = of(LOWKEY, comparison.ours);
        let theirs = PEERS.map(|program| of(program, comparison.theirs));
        let ratios = theirs.map(|theirs| match (ours, theirs) {
            (Some(ours), Some(theirs)) => format!("{:.2}", f64::from(ours) / f64::from(theirs)),
            _ => String::new(),
        });
        let cells = [comparison.title(), shown(ours)].into_iter().chain(theirs.map(shown));
        grid.row(Rank::Single, cells.chain(ratios));
    }
    grid
}

/// Our cycles next to those of who does the same on a Cortex-M33, of which no manual says what an instruction takes: by
/// each of two readings.
fn between(view: View<'_>) -> Grid {
    let mut grid =
        Grid::new(&["what", "Lowkey", "at most", "the peer at `s`", "at most", "at `3`", "at most"]);
    for comparison in &COMPARISONS {
        let both = |program: &str, rows: &[&str]| {
            let program = M33.program(program);
            ["cycles", "bound"].map(|what| shown(view.sum(&program, rows, what)))
        };
        let theirs = PEERS.into_iter().flat_map(|program| both(program, comparison.theirs));
        let cells = [comparison.title()].into_iter().chain(both(LOWKEY, comparison.ours)).chain(theirs);
        grid.row(Rank::Single, cells);
    }
    grid
}

/// Each mode in both roles, whole and step by step.
fn handshakes() -> Vec<Line> {
    let modes = [("KK", "kk", KK), ("KKpsk0", "kkpsk0", KK), ("XX", "xx", XX), ("XXpsk0", "xxpsk0", XX)];
    modes.into_iter().flat_map(|(name, mode, roles)| both_roles(name, mode, roles)).collect()
}

/// A pairing in both roles, whole and step by step, and what it is made of.
fn pairing() -> Vec<Line> {
    let single = |(row, title): &(&str, &str)| Line {
        rank: Rank::Single,
        title: (*title).to_owned(),
        rows: vec![(*row).to_owned()],
    };
    both_roles("Pairing", "pairing", PAIRS).into_iter().chain(PAIRS_WITH.iter().map(single)).collect()
}

/// What a row is called begins with `prefix`; the title with `name`.
fn both_roles(name: &str, prefix: &str, roles: [Steps; 2]) -> Vec<Line> {
    let mut lines = Vec::new();
    for (role, steps) in roles {
        let row = |step: &str| format!("{prefix}.{role}.{step}");
        let rows = steps.iter().map(|(step, _)| row(step)).collect();
        lines.push(Line { rank: Rank::Whole, title: format!("{name}, {role}"), rows });
        lines.extend(steps.iter().map(|(step, title)| Line {
            rank: Rank::Part,
            title: (*title).to_owned(),
            rows: vec![row(step)],
        }));
    }
    lines
}

/// Records, and the primitives on their own.
fn pieces() -> Vec<Line> {
    let line = |title: String, row: String| Line { rank: Rank::Single, title, rows: vec![row] };
    let text = |what: &str, prefix: &str, length: u32| {
        line(format!("{what} {} B", grouped(length, ',')), format!("{prefix}-{length}"))
    };
    let named = |(title, row): (&str, &str)| line(title.to_owned(), row.to_owned());
    let records = [64, 1_024].into_iter().flat_map(|length| {
        [text("seal a record of", "record.seal", length), text("open a record of", "record.open", length)]
    });
    let aead = [("AEAD, seal", "aead.seal"), ("AEAD, open", "aead.open")];
    let aead = aead
        .into_iter()
        .flat_map(|(what, prefix)| [0, 16, 64, 256, 1_024, 4_096].map(|length| text(what, prefix, length)));
    let x25519 =
        [("X25519, public key", "x25519.public-key"), ("X25519, Diffie-Hellman", "x25519.diffie-hellman")];
    let blake2s = [
        ("BLAKE2s of 64 B", "blake2s.64"),
        ("BLAKE2s of 1,024 B", "blake2s.1024"),
        ("HKDF, two outputs", "blake2s.hkdf"),
    ];
    records.chain(x25519.map(named)).chain(aead).chain(blake2s.map(named)).collect()
}

/// Our peak stack next to that of who does the same.
fn peers_stack(view: View<'_>) -> Grid {
    let mut grid = Grid::new(&["what", "Lowkey", "the peer at `s`", "at `3`"]);
    for comparison in &COMPARISONS {
        let ours = view.largest(LOWKEY, comparison.ours, "stack");
        let theirs = PEERS.map(|program| view.largest(program, comparison.theirs, "stack"));
        grid.row(Rank::Single, [comparison.title(), shown(ours)].into_iter().chain(theirs.map(shown)));
    }
    grid
}

fn shown(value: Option<u32>) -> String {
    value.map_or_else(String::new, |value| grouped(value, ','))
}

/// The same work, by us and by a peer.
struct Comparison {
    title: &'static str,
    ours: &'static [&'static str],
    peer: &'static str,
    theirs: &'static [&'static str],
}

impl Comparison {
    fn title(&self) -> String {
        format!("{} ({})", self.title, self.peer)
    }
}

/// What the peers do as well.
const COMPARISONS: [Comparison; 7] = [
    Comparison {
        title: "KK initiator, whole handshake",
        ours: &KK_INITIATOR,
        peer: "clatter",
        theirs: &["clatter.kk.initiator.write-1", "clatter.kk.initiator.read-2"],
    },
    Comparison {
        title: "KK initiator, after the server's answer",
        ours: &["kk.initiator.read-2"],
        peer: "clatter",
        theirs: &["clatter.kk.initiator.read-2"],
    },
    Comparison {
        title: "KK responder, whole handshake",
        ours: &["kk.responder.read-1", "kk.responder.write-2"],
        peer: "clatter",
        theirs: &["clatter.kk.responder.read-1", "clatter.kk.responder.write-2"],
    },
    Comparison {
        title: "X25519",
        ours: &["x25519.diffie-hellman"],
        peer: "x25519-dalek",
        theirs: &["x25519-dalek.diffie-hellman"],
    },
    Comparison {
        title: "AEAD, seal 1,024 B",
        ours: &["aead.seal-1024"],
        peer: "chacha20poly1305",
        theirs: &["chacha20poly1305.seal-1024"],
    },
    Comparison {
        title: "seal a record of 64 B",
        ours: &["record.seal-64"],
        peer: "clatter",
        theirs: &["clatter.record.seal-64"],
    },
    Comparison {
        title: "open a record of 1,024 B",
        ours: &["record.open-1024"],
        peer: "clatter",
        theirs: &["clatter.record.open-1024"],
    },
];

/// The steps of a role: how a row ends, and its title.
type Steps = (&'static str, &'static [(&'static str, &'static str)]);

const WRITE_1: (&str, &str) = ("write-1", "before the connection: write message 1");
const READ_2: (&str, &str) = ("read-2", "after the answer: read message 2");
const KK: [Steps; 2] = [
    ("initiator", &[WRITE_1, READ_2]),
    ("responder", &[("read-1", "read message 1"), ("write-2", "write message 2")]),
];
const XX: [Steps; 2] = [
    ("initiator", &[WRITE_1, READ_2, ("write-3", "after the answer: write message 3")]),
    (
        "responder",
        &[("read-1", "read message 1"), ("write-2", "write message 2"), ("read-3", "read message 3")],
    ),
];

/// Up to the CLOSE that is ready to be sent.
const PAIRS: [Steps; 2] = [
    (
        "initiator",
        &[
            WRITE_1,
            ("read-2", "after the answer: read message 2, write message 3"),
            ("ping", "after the other's PING: pin its key, STORE it, PING"),
            ("final", "once that is written: final, CLOSE"),
        ],
    ),
    (
        "responder",
        &[
            ("read-1", "read message 1, write message 2"),
            ("read-3", "read message 3: pin its key, STORE it, PING"),
            ("final", "after the other's PING: final, CLOSE"),
        ],
    ),
];
/// Rows, and their titles.
const PAIRS_WITH: [(&str, &str); 8] = [
    ("code", "a code's PSK and name"),
    ("pin", "pin a key: the static-static Diffie-Hellman"),
    ("key-store.open-blank", "key store: open, blank"),
    ("key-store.make-keys", "key store: make the keys"),
    ("key-store.open", "key store: open"),
    ("key-store.start", "key store: begin a start, the seed moves on"),
    ("key-store.store", "key store: STORE, pending"),
    ("key-store.finalise", "key store: final"),
];

/// The programs of the peers, by opt-level.
const PEERS: [&str; 2] = ["peers-s", "peers-3"];
const BOOK: &str = "docs/src/cycles.md";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::Figures;

    #[test]
    fn a_comparison_divides_ours_by_theirs() {
        let figures: Figures = [
            ("cycles.lowkey.x25519.diffie-hellman.cycles", 2_000_000),
            ("cycles.peers-s.x25519-dalek.diffie-hellman.cycles", 4_000_000),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let table = peers(View(&figures), M3).markdown();
        assert!(
            table.contains("| X25519 (x25519-dalek) | 2,000,000 | 4,000,000 |  | 0.50 |  |\n"),
            "{table}"
        );
    }

    #[test]
    fn a_line_sums_cycles_and_takes_the_deepest_stack() {
        let mut figures = Figures::new();
        for (row, cycles, stack) in [("kk.initiator.write-1", 5, 100), ("kk.initiator.read-2", 6, 90)] {
            for (what, value) in
                [("cycles", cycles), ("stm32f1", 2 * cycles), ("instructions", 1), ("stack", stack)]
            {
                figures.push((format!("cycles.lowkey.{row}.{what}"), value));
            }
        }
        let table = ours(View(&figures), LOWKEY, &handshakes()).markdown();
        assert!(table.contains("| **KK, initiator** | 11 | 22 | 2 | 100 |\n"), "{table}");
    }
}
