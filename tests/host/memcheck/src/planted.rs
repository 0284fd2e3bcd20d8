//! Two leaks, planted: what memcheck has to report.

use std::hint::black_box;

use crate::{Result, valgrind::secret_array};

/// Takes another way if the lowest bit of a secret is set.
pub(crate) fn branch() -> Result<()> {
    let [byte] = secret_array(0x5A);
    // Calls of functions, so that the optimiser cannot make a conditional move of it.
    if byte & 1 == 1 {
        black_box(());
        black_box(1);
    }
    Ok(())
}

/// Looks a secret up in a table.
pub(crate) fn index() -> Result<()> {
    let [byte] = secret_array(0x5A);
    black_box(black_box(&TABLE)[usize::from(byte)]);
    Ok(())
}

static TABLE: [u8; 256] = [7; 256];
