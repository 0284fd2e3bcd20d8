//! What a folder has besides the library: what the C chapter of the book tells its reader to copy.

use std::path::PathBuf;

use xtask::{command::Result, root};

use super::files;

/// Files of the repository that belong together: a row in the folder's README.
pub(super) struct Copied {
    /// Where they lie in the repository, and where in the folder.
    from: &'static str,
    to: &'static str,
    which: Which,
    /// What they are.
    what: &'static str,
}

enum Which {
    These(&'static [&'static str]),
    /// All of the folder, but for what is hidden or built there.
    All,
}

/// Every file: where it lies in the repository, and where in the folder.
///
/// # Errors
/// A folder of the repository cannot be read.
pub(super) fn all() -> Result<Vec<(PathBuf, String)>> {
    let mut all = Vec::new();
    for Copied { from, to, which, .. } in COPIED {
        let from = root().join(from);
        let names = match which {
            Which::These(names) => names.iter().map(|name| (*name).to_owned()).collect(),
            Which::All => files(&from)?.into_iter().filter(|name| is_source(name)).collect::<Vec<_>>(),
        };
        all.extend(names.into_iter().map(|name| (from.join(&name), format!("{to}/{name}"))));
    }
    Ok(all)
}

fn is_source(name: &str) -> bool {
    name.split('/').all(|part| part != BUILT && !part.starts_with('.'))
}

/// The rows of the README's table.
pub(super) fn rows() -> String {
    let row = |copied: &Copied| {
        let names: Vec<String> = match copied.which {
            Which::These([first, others @ ..]) if others.len() < FEW => {
                let first = format!("`{}/{first}`", copied.to);
                [first].into_iter().chain(others.iter().map(|name| format!("`{name}`"))).collect()
            }
            _ => vec![format!("`{}`", copied.to)],
        };
        format!("| {} | {} |", names.join(", "), copied.what)
    };
    COPIED.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// Where examples are built.
const BUILT: &str = "build";
/// So many files are named one by one; more are their folder.
const FEW: usize = 4;
pub(super) const COPIED: &[Copied] = &[
    Copied {
        from: LWIP,
        to: "src/lwip",
        which: Which::These(&["channel.c", "channel.h"]),
        what: "Lowkey over a TCP connection of lwIP's raw API",
    },
    Copied {
        from: LWIP,
        to: "src/lwip",
        which: Which::These(&["liveness.c", "liveness.h"]),
        what: "when a server is gone: a part of the former, and for any other stack",
    },
    Copied {
        from: LWIP,
        to: "src/lwip",
        which: Which::These(&["address.c", "address.h"]),
        what: "the server's address in a key page: IPv4 and a port",
    },
    Copied {
        from: LWIP,
        to: "src/lwip",
        which: Which::These(&["memory.c"]),
        what: "`memcpy` and its like, small, for a program without a C library",
    },
    Copied {
        from: LWIP,
        to: "src/lwip",
        which: Which::These(&["clock.h"]),
        what: "the clock that they want; yours implements it",
    },
    Copied {
        from: LWIP,
        to: "src/lwip",
        which: Which::These(&["lwipopts.h"]),
        what: "settings of lwIP for one TCP connection",
    },
    Copied {
        from: "examples/chips-c/flash",
        to: "src/flash",
        which: Which::These(&[
            "flash_log.h",
            "mapped.h",
            "nrf52.c",
            "rp2040.c",
            "stm32f1.c",
            "stm32f4.c",
            "stm32h5.c",
            "stm32h7.c",
            "stm32l4.c",
            "stm32u5.c",
        ]),
        what: "the flash that the boot log lies in, chip by chip",
    },
    Copied {
        from: "examples/chips-c/random",
        to: "src/random",
        which: Which::These(&[
            "adc_stm32f1.c",
            "health.c",
            "health.h",
            "jitter_stm32f1.c",
            "noise.c",
            "noise.h",
            "rng_nrf52.c",
            "rng_stm32.c",
            "rosc_rp2040.c",
            "sources.h",
        ]),
        what: "generators and noise, chip by chip",
    },
    Copied {
        from: "examples/chips-c",
        to: "src",
        which: Which::These(&["README.md"]),
        what: "what is in the former two, and what it was tried on",
    },
    Copied {
        from: "examples/lm3s6965-lwip",
        to: "examples/lm3s6965-lwip",
        which: Which::All,
        what: "firmware for a board with a Cortex-M3; with the library for that, `make LWIP=… LOWKEY=../..` builds it",
    },
    Copied {
        from: "examples/posix-c",
        to: "examples/posix-c",
        which: Which::All,
        what: "a client and a server on sockets; with the library for a host, `make LOWKEY=../..` builds them",
    },
    Copied {
        from: "tools",
        to: "tools",
        which: Which::These(&["lowkey_page.py", "lowkey_keys.py", "lowkey_registry.py"]),
        what: "key pages and registry lines, made in Python: `python3 tools/lowkey_page.py --help`",
    },
];
const LWIP: &str = "examples/lm3s6965-lwip/src";
