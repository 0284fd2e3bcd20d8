//! What a device that connects to its server has no use for, and so must not have in its image: what a responder does,
//! pairing and where it is stored, and what only channels in Rust do.
//!
//! The image is that of the row of a KK initiator, with every function of the header but those for the other roles.
//! Looked at are the names that the linker has kept. A function that the compiler put into its only caller has none:
//! such a one shows in the row's figures.

use std::path::Path;

use pack::archive::declared;
use rustc_demangle::demangle;
use xtask::{command::Result, root};

use super::linked;
use crate::image::Image;

/// Links and looks. `everything` is the image with all functions: what is said to be the other roles' must be in that,
/// or this looks for names that nothing has any more.
///
/// # Errors
/// The names that are too many.
pub(super) fn check(archive: &Path, everything: &Path) -> Result<()> {
    let all = declared(&root())?;
    if let Some(name) = FOR_OTHERS.iter().find(|name| !all.contains(**name)) {
        return Err(format!("the header has no {name}").into());
    }
    let its: Vec<String> = all.into_iter().filter(|name| !FOR_OTHERS.contains(&name.as_str())).collect();
    let (elf, _) = linked::link(FOLDER, PROGRAM, &linked::kept(&its), archive)?;
    let (initiator, everything) = (names(&elf)?, names(everything)?);
    for part in OF_OTHERS {
        if with(&everything, part).next().is_none() {
            return Err(format!("nothing of the whole library has {part} in its name").into());
        }
    }
    no_other_role(&initiator)?;
    nothing_of_rust_s(&everything)
}

/// Looks whether an image with an outbox in RAM that a reset clears has something of RAM that it does not.
///
/// # Errors
/// The names that are too many.
pub(super) fn check_outbox(outbox: &Path, everything: &Path) -> Result<()> {
    if with(&names(everything)?, RETAINED).next().is_none() {
        return Err(format!("nothing of the whole library has {RETAINED} in its name").into());
    }
    none(
        &names(outbox)?,
        &[RETAINED],
        "the image of an outbox in RAM that is cleared names what other RAM needs",
    )
}

/// What is in an image's flash, in the words of the sources.
fn names(elf: &Path) -> Result<Vec<String>> {
    let symbols = Image::read(elf)?.symbols;
    Ok(symbols.values().map(|(name, _)| path(&format!("{:#}", demangle(name)))).collect())
}

/// A demangled name as a path: the type, then the function. Toolchains write `a::b::<impl a::Type<T>>::f` for it, or
/// `<a::Type<u8>>::f::<u8>`.
fn path(name: &str) -> String {
    let (mut path, mut depth) = (String::new(), 0_u32);
    let name = name.split_once("<impl ").map_or(name, |(_file, rest)| rest);
    for letter in name.chars() {
        match letter {
            '<' if depth > 0 || !path.is_empty() => depth += 1,
            '>' if depth > 0 => depth -= 1,
            '<' | '>' => (), // around the type
            _ if depth > 0 => (),
            _ => path.push(letter),
        }
    }
    path
}

/// The names with `part` in them, in small letters or in large ones.
fn with<'n>(names: &'n [String], part: &'n str) -> impl Iterator<Item = &'n str> {
    names.iter().map(String::as_str).filter(move |name| name.to_lowercase().contains(part))
}

fn no_other_role(names: &[String]) -> Result<()> {
    none(names, &OF_OTHERS, "the image of a KK initiator in C names what other roles do")
}

fn nothing_of_rust_s(names: &[String]) -> Result<()> {
    none(names, &OF_RUST, "the library for C names what only channels in Rust do")
}

fn none(names: &[String], parts: &[&str], complaint: &str) -> Result<()> {
    let mut found: Vec<&str> = parts.iter().flat_map(|part| with(names, part)).collect();
    found.dedup();
    if found.is_empty() { Ok(()) } else { Err(format!("{complaint}:\n  {}", found.join("\n  ")).into()) }
}

const FOLDER: &str = "initiator";
const PROGRAM: &str = "kk";
/// The functions of the header for responders, for pairing, and for what that is stored in.
const FOR_OTHERS: [&str; 33] = [
    "lowkey_responder",
    "lowkey_hello_read",
    "lowkey_answer_kk",
    "lowkey_answer_xx",
    "lowkey_turn_away",
    "lowkey_refuse",
    "lowkey_xx_initiator",
    "lowkey_accept",
    "lowkey_fingerprint",
    "lowkey_code_psk",
    "lowkey_code_text_psk",
    "lowkey_pairing_init",
    "lowkey_pairing_initiator",
    "lowkey_pairing_responder",
    "lowkey_pairing_poll",
    "lowkey_pairing_run",
    "lowkey_pairing_wipe",
    "lowkey_key_store_open",
    "lowkey_key_store_start_over",
    "lowkey_key_store_make_keys",
    "lowkey_key_store_has_keys",
    "lowkey_key_store_may_pair_unasked",
    "lowkey_key_store_start",
    "lowkey_key_store_stir",
    "lowkey_key_store_random",
    "lowkey_key_store_own",
    "lowkey_key_store_pending",
    "lowkey_key_store_final",
    "lowkey_key_store_pins",
    "lowkey_key_store_confirmed",
    "lowkey_key_store_set_address",
    "lowkey_key_store_forget",
    "lowkey_key_store_wipe",
];
/// Parts of the names of what they do: answering a hello, waiting for the initiator's first record, pairing,
/// storing that.
const OF_OTHERS: [&str; 9] = [
    "::read_hello",
    "::decline",
    "responder",
    "::hear_",
    "xx",
    "claim",
    "pairing",
    "lowkey_code",
    "key_store",
];
/// Part of the names of what is done with RAM that a reset leaves as it is.
const RETAINED: &str = "retained";
/// Parts of the names of what the functions of no header call.
const OF_RUST: [&str; 4] = ["mailbox", "gather", "blocking::", "asynch::"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_path_from_every_toolchain() {
        let pairs = [
            ("a::link::answer::<impl a::link::Link<B>>::asked::h0011", "a::link::Link::asked::h0011"),
            ("<a::link::Link<c::raw::Kept>>::asked", "a::link::Link::asked"),
            ("a::raw::Entered<O>::keep::h0011", "a::raw::Entered::keep::h0011"),
            ("<a::Entered<c::Channel>>::keep::<(), c::Failure>", "a::Entered::keep::"),
            ("<[u8; 32] as z::Zeroize>::zeroize", "[u8; 32] as z::Zeroize::zeroize"),
            ("lowkey_poll", "lowkey_poll"),
        ];
        for (name, expected) in pairs {
            assert_eq!(path(name), expected);
        }
    }

    #[test]
    fn a_planted_name_of_another_role_is_refused() {
        let ours = ["lowkey_kk_initiator", "lowkey_transport::outgoing::Outgoing::confirm::h7c9f"];
        let ours = ours.map(str::to_owned);
        assert!(no_other_role(&ours).is_ok() && nothing_of_rust_s(&ours).is_ok());
        let planted = [
            "lowkey_transport::link::Link::read_hello::h0011",
            "lowkey_core::kk::Responder::new_in",
            "lowkey_transport::link::settle::hear_confirmation::h0011",
            "lowkey_core::pattern::XXPSK0",
            "lowkey_transport::link::Link::claimed",
        ];
        for name in planted {
            let error = no_other_role(&[ours.as_slice(), &[name.to_owned()]].concat()).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
        let gathering = "lowkey_transport::outgoing::Outgoing::seal_gathered";
        assert!(nothing_of_rust_s(&[gathering.to_owned()]).is_err());
    }
}
