//! Telling valgrind which bytes are secret (`memcheck.h`'s client requests).
#![allow(unsafe_code)] // in this file only: the sequence of instructions that valgrind looks for

use std::{arch::asm, hint::black_box};

/// Whether valgrind runs this program.
pub(crate) fn is_here() -> bool {
    request::<u8>(RUNNING_ON_VALGRIND, &[]) != 0
}

/// From here on `bytes` are secret, and all that is computed from them.
pub(crate) fn secret(bytes: &mut [u8]) {
    request(MAKE_MEM_UNDEFINED, bytes);
    // The compiler must not remember what was in them.
    black_box(bytes);
}

/// Secret bytes of a fixed value.
pub(crate) fn secret_array<const N: usize>(value: u8) -> [u8; N] {
    let mut bytes = [value; N];
    secret(&mut bytes);
    bytes
}

/// `value` is public, whatever it was computed from.
pub(crate) fn public<T: Copy>(value: T) -> T {
    let mut value = [value];
    request(MAKE_MEM_DEFINED, &value);
    let [value] = *black_box(&mut value);
    value
}

/// The same for bytes where they are.
pub(crate) fn public_bytes(bytes: &mut [u8]) {
    request(MAKE_MEM_DEFINED, bytes);
    black_box(bytes);
}

/// Does nothing, for 0, unless valgrind is there to answer.
fn request<T>(code: usize, bytes: &[T]) -> usize {
    let arguments = [code, bytes.as_ptr().expose_provenance(), size_of_val(bytes), 0, 0, 0];
    let mut answer = 0_usize;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the rotations add up to twice around and rbx is exchanged with itself: nothing changes but the flags,
    // which are not promised to be kept. Valgrind, if it is there, reads `arguments` and changes rdx.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") &arguments,
            inout("rdx") answer,
            options(nostack)
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above, with x12, x10 and x3.
    unsafe {
        asm!(
            "ror x12, x12, #3",
            "ror x12, x12, #13",
            "ror x12, x12, #51",
            "ror x12, x12, #61",
            "orr x10, x10, x10",
            in("x4") &arguments,
            inout("x3") answer,
            options(nostack)
        );
    }
    black_box(&arguments);
    black_box(&mut answer);
    answer
}

const RUNNING_ON_VALGRIND: usize = 0x1001;
/// The tool's letters, and its first requests.
const MEMCHECK: usize = (b'M' as usize) << 24 | (b'C' as usize) << 16;
const MAKE_MEM_UNDEFINED: usize = MEMCHECK + 1;
const MAKE_MEM_DEFINED: usize = MEMCHECK + 2;
