//! `lowkey_fuzz::numbered` for cargo-fuzz; without it, replays the files it is given.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| lowkey_fuzz::numbered(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    lowkey_fuzz::replay(lowkey_fuzz::numbered)
}
