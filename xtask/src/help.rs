//! What `cargo xtask --help` says: a line for each verb, and for one of them all of it.

use std::fmt::Write as _;

/// Every verb, a line each.
pub(crate) fn all() -> String {
    let mut text = "usage: cargo xtask VERB …; `cargo xtask VERB --help` says more of one\n".to_owned();
    for Verb { name, what, .. } in &VERBS {
        let _ = writeln!(text, "  {name:<14} {what}");
    }
    text + "\nLOWKEY_TOOLCHAIN=debian builds firmware with Debian's toolchain.\n"
}

/// All of one verb, if there is such a verb.
pub(crate) fn of(name: &str) -> Option<String> {
    let verb = VERBS.iter().find(|verb| verb.name == name)?;
    let mut text = format!("usage: cargo xtask {name}{}\n  {}\n", verb.words, verb.what);
    for line in verb.more {
        let _ = writeln!(text, "  {line}");
    }
    Some(text)
}

struct Verb {
    name: &'static str,
    /// What may stand behind it, after a space.
    words: &'static str,
    what: &'static str,
    /// What the words do.
    more: &'static [&'static str],
}

const VERBS: [Verb; 21] = [
    Verb {
        name: "check",
        words: "",
        what: "formatting, documents, lints and unit tests of the workspace: a minute; installs nothing",
        more: &[
            "A minute once the workspace is built. What is missing it names, with the command that brings it.",
        ],
    },
    Verb {
        name: "test",
        words: " [STEP… | --list | --from STEP | --busy]",
        what: "everything that must hold before a change goes in; installs what the machine lacks",
        more: &[
            "STEP…        these steps alone",
            "--list       the steps, and how long each took last",
            "--from STEP  this one and all that come after it",
            "--busy       what has deadlines, races and ports, ten times while all cores are kept busy",
        ],
    },
    Verb {
        name: "demo",
        words: " [--c] [--mitm | --pair | --line]",
        what: "a board in QEMU and the real server: 64 KiB each way, the wire captured and searched",
        more: &[
            "--c     the board's firmware in C, with lwIP",
            "--mitm  an attacker between them",
            "--pair  a blank board and a server that are brought together by the code on a label",
            "--line  both boards on a line that dies, and before a server that hangs, floods and takes nothing",
        ],
    },
    Verb {
        name: "board",
        words: " --label FILE [--select | --down] [--blank] [--c]",
        what: "a board in QEMU that pairs, for your own label and server",
        more: &[
            "--label FILE  what `lowkey code new --address` has written",
            "--select      hold this button while it starts",
            "--down        hold that one",
            "--blank       with nothing in its flash, which is kept otherwise",
            "--c           its firmware in C",
        ],
    },
    Verb {
        name: "fleet",
        words: " [--devices N] [--faults [FAULT,…]] [--seconds N] [--silence N] [--try]",
        what: "the real server, a service behind it and a fleet on loopback, to look at with `lowkey show`",
        more: &[
            "--devices N   so many, 100 if nothing is said",
            "--faults      flapping, absent, never, keys, pages, slow, revoked, service: all, or those named",
            "--seconds N   for so long; otherwise until Ctrl-C",
            "--silence N   after so many seconds the server asks a silent device, 10 if nothing is said",
            "--try         until the server has seen each fault as what it is",
        ],
    },
    Verb {
        name: "cluster",
        words: " [[--stored] [--small | --figures] | --simulate]",
        what: "three gateways with one registry over NATS behind HAProxy, 200 devices, and a schedule of faults",
        more: &[
            "One server becomes three, which are killed, frozen, cut off from NATS and upgraded; devices are revoked, get new",
            "keys and pair meanwhile. A timeline of it, figures, and it fails where a device has not had what is promised.",
            "--small     two gateways and 40 devices, on a machine that may be busy, as `test` plays it",
            "--stored    devices number their messages, two gateways store them in JetStream, and nothing that was",
            "            acknowledged may be missing, come twice or stand out of its order: minutes; --small as `test` plays it;",
            "            --figures: messages a second, next to NATS alone",
            "--figures   no faults: memory for 100,000 devices, and handshakes, next to a registry in a file: minutes",
            "--simulate  a model of 100,000 devices at ten gateways that all come back at once",
        ],
    },
    Verb {
        name: "plan",
        words: " [--write | --drivers]",
        what: "whether ARCHITECTURE.md, the glossary and the documents' links are right about the sources",
        more: &[
            "--write    write what of ARCHITECTURE.md follows from the sources",
            "--drivers  how many lines of code each file of a driver has",
        ],
    },
    Verb {
        name: "duplicates",
        words: "",
        what: "runs of six lines or more that the crates have in two places",
        more: &[],
    },
    Verb {
        name: "size",
        words: " [--write | --profiles | --savings | --c]",
        what: "flash, RAM and stack of a channel on a Cortex-M3, M4 and M33, next to benches/numbers.toml",
        more: &[
            "--write     commit what was measured there",
            "--profiles  the smallest at other build profiles",
            "--savings   those with and without what makes the archive smaller",
            "--c         the rows in C alone",
        ],
    },
    Verb {
        name: "cycles",
        words: " [--write]",
        what: "the time of a channel on a Cortex-M3, M4 and M33, by a model, next to its peers",
        more: &["--write  commit what was measured to benches/numbers.toml"],
    },
    Verb {
        name: "constant-time",
        words: " [--elf FIRMWARE]",
        what: "whether the time of a device depends on a secret, or what stays on its stack",
        more: &[
            "The images, the traces in a model of each core, and valgrind.",
            "--elf FIRMWARE  of a firmware of yours: whether what is ours in it has a time of its own",
        ],
    },
    Verb {
        name: "on-device",
        words: "",
        what: "the primitives' own tests on a Cortex-M3, M4 and M33, in QEMU and in a model",
        more: &["And what C leaves on the stack."],
    },
    Verb {
        name: "screenshots",
        words: "",
        what: "takes the book's pictures of the page for a browser anew, in headless Chromium",
        more: &[],
    },
    Verb {
        name: "bench",
        words: " [--portable | --charts]",
        what: "speed and memory on this machine, next to snow, rustls and bare aws-lc-rs",
        more: &[
            "Handshakes, records, echoes, and the memory of 10,000 connections.",
            "--portable  with the primitives in Rust",
            "--charts    draw the book's charts from its tables",
        ],
    },
    Verb {
        name: "coverage",
        words: " [CRATE…]",
        what: "which lines of the crates their tests run, file by file",
        more: &["CRATE…  these crates alone"],
    },
    Verb {
        name: "fuzz",
        words: " [TARGET --minutes NUMBER]",
        what: "how long libFuzzer has looked at each target; or longer, with a nightly compiler",
        more: &["TARGET --minutes NUMBER  look so long, and add that to fuzz/runs.txt"],
    },
    Verb {
        name: "mutants",
        words: " SCOPE [OPTION…]",
        what: "mistakes that are made on purpose, which the tests have to notice: hours",
        more: &[
            "SCOPE    some files of a crate: tests/mutants.md has them, and what has come of each",
            "OPTION…  those of `cargo mutants`, as `--shard 0/4 --sharding round-robin` or `--list`",
        ],
    },
    Verb {
        name: "c",
        words: " [--try]",
        what: "the library for C: for each machine a folder in dist, with all that firmware in C needs",
        more: &["--try  make all of them on the side and use them, before a release; `test` leaves one out"],
    },
    Verb { name: "deb", words: "", what: "a Debian package of the command, in target/debian", more: &[] },
    Verb {
        name: "release",
        words: " [--dry-run | --twice]",
        what: "everything of a release but publishing it, in dist/release: RELEASING.md",
        more: &[
            "--dry-run  before there is a tag and a heading in CHANGELOG.md",
            "--twice    whether a clone in another folder gives the same bytes",
        ],
    },
    Verb { name: "help", words: " [VERB]", what: "this, or all of one verb", more: &[] },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_has_a_line_for_each_verb_and_all_of_one() {
        let all = all();
        assert!(VERBS.iter().all(|verb| all.lines().any(|line| line.trim().starts_with(verb.name))));
        assert!(all.lines().all(|line| line.chars().count() <= 120), "{all}");
        assert!(of("demo").is_some_and(|text| text.contains("--mitm")));
        assert_eq!(of("dance"), None);
    }
}
