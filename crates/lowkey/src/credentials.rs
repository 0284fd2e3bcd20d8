//! Who we are and whom we pin when we play a device: a key page, or its parts.

use crate::failure::{Exit, Failure};
use crate::shared_arguments::{id, server_key as server_key_argument};
use crate::terminal::{path, server_key};
use clap::{Arg, ArgMatches, value_parser};
use lowkey_core::numbered::RunId;
use lowkey_core::page::{self, Keys, Page};
use lowkey_host::{Id, Identity, Peer, Pinning, Psk};
use lowkey_registry::keys;
use lowkey_registry::text_file::shown;
use std::io::Read;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A device's own keys, and what it knows of its server.
pub(crate) enum Credentials {
    /// As a page has them, and of which run a device with it numbers its messages.
    Page(Box<Keys>, RunId),
    /// From files and arguments, one by one.
    Given(Box<Given>),
}

/// What a page has, one by one.
pub(crate) struct Given {
    identity: Identity,
    peer: Peer,
    id: Id,
    psk: Option<Psk>,
}

/// `--page`, and what stands in place of it.
pub(crate) fn arguments() -> [Arg; 5] {
    let file = |name: &'static str| {
        Arg::new(name).long(name).value_name("FILE").value_parser(value_parser!(PathBuf))
    };
    [
        file("page")
            .conflicts_with_all(["key", "server", "id", "psk-file"])
            .help("A device's key page, of `lowkey provision`, which has all of it"),
        file("key").required_unless_present("page").requires("server").help("Our key file"),
        server_key_argument(),
        id(),
        file("psk-file").help("The pinning's PSK, a file of `lowkey keygen --psk`"),
    ]
}

impl Credentials {
    pub(crate) fn of(of: &ArgMatches) -> Result<Self, Failure> {
        if let Some(file) = path(of, "page") {
            return Self::in_page(file);
        }
        let Some(key) = path(of, "key") else {
            return Err(Failure::new(Exit::Arguments, "neither --page nor --key"));
        };
        let server = server_key(of)?;
        let identity = keys::read_identity(key).map_err(Failure::file)?;
        let psk = path(of, "psk-file").map(keys::read_psk).transpose().map_err(Failure::file)?;
        let peer =
            Peer::pin(&identity, server).map_err(|error| Failure::file(format_args!("--server: {error}")))?;
        let id = of.get_one::<Id>("id").copied();
        let id = id.unwrap_or_else(|| Id::of_pinning(&identity.public_key(), &server));
        Ok(Self::Given(Box::new(Given { identity, peer, id, psk })))
    }

    fn in_page(file: &Path) -> Result<Self, Failure> {
        let bytes = read_page(file)?;
        let wrong = |error: &str| Failure::file(format_args!("{}: {error}", shown(file)));
        let page = Page::read(&*bytes).map_err(|error| wrong(error.as_str()))?;
        let keys = page.load().map_err(|error| wrong(&error.to_string()))?;
        let run = RunId::of_hedge(&page.hedge(), &keys.identity().public_key());
        Ok(Self::Page(Box::new(keys), run))
    }

    /// Of which run a device with this page numbers its messages; files of keys have none.
    pub(crate) fn run(&self) -> Option<RunId> {
        match self {
            Self::Page(_, run) => Some(*run),
            Self::Given(_) => None,
        }
    }

    pub(crate) fn pinning(&self) -> Pinning<'_> {
        match self {
            Self::Page(keys, _) => Pinning::of(keys),
            Self::Given(given) => {
                let Given { identity, peer, id, psk } = &**given;
                Pinning { id: *id, identity, peer, psk: psk.as_ref() }
            }
        }
    }
}

/// The bytes of a key page, wiped afterwards.
pub(crate) fn read_page(file: &Path) -> Result<Zeroizing<[u8; page::LEN]>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::file(format_args!("{}: {error}", shown(file)));
    let open = std::fs::File::open(file).map_err(|error| wrong(&error))?;
    if open.metadata().is_ok_and(|of| of.is_dir()) {
        return Err(wrong(&"a folder, and no key page"));
    }
    let mut found = Zeroizing::new(Vec::with_capacity(LOOK));
    open.take(LOOK as u64).read_to_end(&mut found).map_err(|error| wrong(&error))?;
    match (<[u8; page::LEN]>::try_from(&found[..]), found.len() < page::LEN) {
        (Ok(bytes), _) => Ok(Zeroizing::new(bytes)),
        _ if has(&found, b"LKSEC1") || has(&found, b"LKPSK1") => Err(wrong(&"a key file, and no key page")),
        _ if is_text(&found) => {
            Err(wrong(&"text, and no key page as a device has it (lowkey provision --format bin)"))
        }
        (_, true) => Err(wrong(&"shorter than a key page, which has 344 bytes")),
        (_, false) => Err(wrong(&"longer than a key page, which has 344 bytes")),
    }
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|part| part == word)
}

fn is_text(bytes: &[u8]) -> bool {
    let plain = |byte: &u8| !byte.is_ascii_control() || byte.is_ascii_whitespace();
    !bytes.is_empty() && bytes.iter().all(plain) && str::from_utf8(bytes).is_ok()
}

/// As much of a file as tells a page from something else.
const LOOK: usize = 2 * page::LEN;
