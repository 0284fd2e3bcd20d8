//! The code of a pairing: what the two sides know who are to pin each other.

use crate::apart::lies_apart;
use crate::call::wiped;
use crate::keys::lowkey_psk;
use crate::object_sizes::LOWKEY_CODE_NAME_LEN;
use crate::raw::{self, Failure};
use crate::status::lowkey_status::{self, LOWKEY_BLANK, LOWKEY_LENGTH};
use lowkey_core::label::{self, LabelError};
use lowkey_core::{Code, CodeError};

/// Makes the PSK of a pairing from its code, and gives the code's name, which everybody may see. The code is 16 to 32
/// random bytes, from a label area in flash for example; it is not kept, and is yours to wipe.
///
/// LOWKEY_BLANK: all bits are zero or all are one, so nobody has written a code there; or it is the example of the
/// protocol, which everybody knows. LOWKEY_LENGTH: fewer bytes than 16 or more than 32, or they lie in `psk`.
/// LOWKEY_NULL, LOWKEY_OUT_OF_TURN. After each of them `psk` and `name` are as they were.
/// cbindgen:ptrs-as-arrays=[[name;8]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_code_psk(
    psk: *mut lowkey_psk,
    code: *const u8,
    code_len: usize,
    name: *mut u8,
) -> lowkey_status {
    wiped(raw::status(make_psk(psk, code, code_len, name, Code::new)))
}

/// The same of a code as it stands on a label, or as people type it: the whole text of a label, LOWKEY:1/ and what
/// follows, or the bare code in base32. Spaces and hyphens are skipped and lower case is accepted. `text` need not end
/// with a zero, and none is counted in `text_len`.
///
/// LOWKEY_LENGTH also for a letter that base32 does not have, and for a label's text of which a letter is another or
/// whose version is a later one. Otherwise as lowkey_code_psk.
/// cbindgen:ptrs-as-arrays=[[name;8]]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn lowkey_code_text_psk(
    psk: *mut lowkey_psk,
    text: *const u8,
    text_len: usize,
    name: *mut u8,
) -> lowkey_status {
    let parse = |text: &[u8]| {
        label::parse(text).map_err(|error| match error {
            LabelError::Code(error) => error,
            _ => CodeError::Letter,
        })
    };
    wiped(raw::status(make_psk(psk, text, text_len, name, parse)))
}

#[inline(never)] // what it moves lies beneath what is wiped
unsafe fn make_psk(
    psk: *mut lowkey_psk,
    code: *const u8,
    len: usize,
    name: *mut u8,
    read: impl FnOnce(&[u8]) -> Result<Code, CodeError>,
) -> Result<(), Failure> {
    let (storage, name) = (raw::vacant(psk)?, raw::out_array::<LOWKEY_CODE_NAME_LEN>(name)?);
    lies_apart(code, len, &[(storage.start(), size_of::<lowkey_psk>())])?;
    let code = read(raw::bytes(code, len)?).map_err(|error| match error {
        CodeError::Blank | CodeError::Published => LOWKEY_BLANK,
        _ => LOWKEY_LENGTH,
    })?;
    storage.fill(|| code.psk());
    name.set(*code.name().front());
    Ok(())
}
