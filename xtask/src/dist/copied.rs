//! What a folder has besides the library: what the C chapter of the book tells its reader to copy.

/// Files of the repository that belong together: a row in the folder's README.
pub(super) struct Copied {
    /// Where they lie in the repository, and where in the folder.
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) files: &'static [&'static str],
    /// What they are.
    what: &'static str,
}

impl Copied {
    /// Each file: where it lies in the repository, and where in the folder.
    pub(super) fn files(&self) -> impl Iterator<Item = (String, String)> {
        self.files.iter().map(|file| (format!("{}/{file}", self.from), format!("{}/{file}", self.to)))
    }
}

/// The rows of the README's table.
pub(super) fn rows() -> String {
    let row = |copied: &Copied| {
        let names: Vec<String> = match copied.files {
            [first, others @ ..] if others.len() < FEW => {
                let first = format!("`{}/{first}`", copied.to);
                [first].into_iter().chain(others.iter().map(|name| format!("`{name}`"))).collect()
            }
            _ => vec![format!("`{}`", copied.to)],
        };
        format!("| {} | {} |", names.join(", "), copied.what)
    };
    COPIED.iter().map(row).collect::<Vec<_>>().join("\n")
}

/// So many files are named one by one; more are their folder.
const FEW: usize = 4;
pub(super) const COPIED: &[Copied] = &[
    Copied {
        from: LWIP,
        to: "src/lwip",
        files: &["channel.c", "channel.h"],
        what: "Lowkey over a TCP connection of lwIP's raw API",
    },
    Copied {
        from: LWIP,
        to: "src/lwip",
        files: &["liveness.c", "liveness.h"],
        what: "when a server is gone: a part of the former, and for any other stack",
    },
    Copied {
        from: LWIP,
        to: "src/lwip",
        files: &["address.c", "address.h"],
        what: "the server's address in a key page: IPv4 and a port",
    },
    Copied {
        from: LWIP,
        to: "src/lwip",
        files: &["memory.c"],
        what: "`memcpy` and its like, small, for a program without a C library",
    },
    Copied {
        from: LWIP,
        to: "src/lwip",
        files: &["clock.h"],
        what: "the clock that they want; yours implements it",
    },
    Copied {
        from: LWIP,
        to: "src/lwip",
        files: &["lwipopts.h"],
        what: "settings of lwIP for one TCP connection",
    },
    Copied {
        from: "examples/chips-c/flash",
        to: "src/flash",
        files: &[
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
        ],
        what: "the flash that the boot log lies in, chip by chip",
    },
    Copied {
        from: "examples/chips-c/random",
        to: "src/random",
        files: &[
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
        ],
        what: "generators and noise, chip by chip",
    },
    Copied {
        from: "examples/chips-c",
        to: "src",
        files: &["README.md"],
        what: "what is in the former two, and what it was tried on",
    },
    Copied {
        from: "examples/posix-c",
        to: "examples/posix",
        files: &[
            "Makefile",
            "README.md",
            "client.c",
            "device.c",
            "device.h",
            "key_text.c",
            "key_text.h",
            "keys.c",
            "keys.h",
            "lines.c",
            "lines.h",
            "secrets.c",
            "secrets.h",
            "server.c",
            "stop.c",
            "stop.h",
            "stream.c",
            "stream.h",
        ],
        what: "a client and a server on sockets; with the library for a host, `make LOWKEY=../..` builds them",
    },
    Copied {
        from: "tools",
        to: "tools",
        files: &["lowkey_page.py", "lowkey_keys.py", "lowkey_registry.py"],
        what: "key pages and registry lines, made in Python: `python3 tools/lowkey_page.py --help`",
    },
];
const LWIP: &str = "examples/lm3s6965-lwip/src";
