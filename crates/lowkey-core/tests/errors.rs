//! Every error of the engine and of its primitives is one for `?`, for `Box<dyn Error>`, and for people.

use lowkey_core::boot_log::FlashFailed;
use lowkey_core::key_store::StoreError;
use lowkey_core::label::LabelError;
use lowkey_core::numbered::NoRoom;
use lowkey_core::page::PageError;
use lowkey_core::{CodeError, CounterFailed, EntropyFailed, Error};
use lowkey_crypto::Forged;
use std::path::Path;
use test_support::{all_are_errors, errors::errors_of};

#[test]
fn every_error_says_what_is_wrong_and_none_is_forgotten() {
    let listed = all_are_errors![
        Error,
        CodeError,
        LabelError,
        PageError,
        EntropyFailed,
        CounterFailed,
        FlashFailed,
        StoreError,
        Forged,
        NoRoom
    ];
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in ["lowkey-crypto", "lowkey-core"] {
        for error in errors_of(&crates.join(name).join("src")) {
            assert!(listed.contains(&&*error), "{name}: {error} is not in the list");
        }
    }
}
