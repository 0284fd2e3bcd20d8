//! What lies in two banks of flash: the boot log and the key store, on flash of every unit that fails in every way.

mod boot_log;
mod key_store;

use test_support::flash::Nature;

const UNITS: [usize; 9] = [1, 2, 3, 4, 8, 12, 16, 31, 32];
const NATURES: [Nature; 4] = [
    Nature { by_boot: false, has_code: false },
    Nature { by_boot: true, has_code: false },
    Nature { by_boot: false, has_code: true },
    Nature { by_boot: true, has_code: true },
];
