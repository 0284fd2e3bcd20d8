//! What lies in flash: a key page of any bytes, and a boot log in banks of any bytes.

use super::callbacks::{Banks, flash_erase, flash_program, flash_read};
use super::memory::{Out, Storage};
use crate::page::{correct, valid};
use lowkey_c::*;
use test_support::Input;

use lowkey_status::*;

pub(super) fn page(input: &mut Input<'_>) {
    let bytes = match input.byte() % 3 {
        0 => input.chunk().to_vec(),
        1 => valid().to_vec(),
        _ => {
            let mut bytes = valid().to_vec();
            let at = input.below(bytes.len());
            bytes.iter_mut().skip(at).zip(input.chunk()).for_each(|(to, from)| *to = *from);
            bytes.truncate(input.below(400).max(200));
            if input.flag() && bytes.len() == LOWKEY_PAGE_LEN {
                correct(&mut bytes);
            }
            bytes
        }
    };
    let (flash, out) =
        (Storage::new(bytes.len()), Out::or_null(size_of::<lowkey_page>(), input.byte() == 0xf0));
    flash.write(&bytes);
    // SAFETY: the bytes and the output are there.
    let status = unsafe { lowkey_page_read(out.at(), flash.at(), flash.len()) };
    out.check(status);
    flash.check();
    if status != LOWKEY_OK {
        return assert!(!lowkey_is_recoverable(status as i32) || status == LOWKEY_NULL, "{status:?}");
    }
    // SAFETY: a call has put a page there.
    let found = unsafe { out.at::<lowkey_page>().read() };
    let keys = [found.private_key, found.public_key, found.peer_key, found.shared, found.hedge, found.seed];
    let fields = keys.map(|key| (key, LOWKEY_KEY_LEN)).into_iter();
    let fields = fields.chain([(found.id, found.id_len), (found.address.cast(), found.address_len)]);
    for (at, len) in fields.chain((!found.psk.is_null()).then_some((found.psk, LOWKEY_KEY_LEN))) {
        let start = (at.addr()).checked_sub(flash.at().addr()).expect("behind the page's front");
        assert!(start + len <= LOWKEY_PAGE_LEN, "a field outside the page");
    }
    assert!((1..=LOWKEY_MAX_ID).contains(&found.id_len) && found.address_len <= 64);
    // SAFETY: the page is there.
    let _whatever_keys = unsafe { lowkey_page_is_published(&found) };
    let keys = Storage::new(size_of::<lowkey_keys>());
    // SAFETY: the page and the storage are there.
    match unsafe { lowkey_keys_init(keys.at().cast(), &found) } {
        LOWKEY_OK => assert_ne!(keys.read(8), [0; 8], "no identity"),
        status => {
            assert_eq!(status, LOWKEY_PEER_KEY);
            assert!(keys.read(keys.len()).iter().all(|byte| *byte == 0), "something is left");
        }
    }
    // SAFETY: the storage is there.
    assert_eq!(unsafe { lowkey_keys_wipe(keys.at().cast()) }, LOWKEY_OK);
    keys.check();
    flash.check();
}

pub(super) fn boot_log(input: &mut Input<'_>) {
    let (unit, len) = (input.below(40), input.below(600));
    let mut banks = [vec![u8::MAX; len], vec![u8::MAX; len]];
    for bank in &mut banks {
        bank.iter_mut().zip(input.chunk()).for_each(|(to, from)| *to = *from);
    }
    let banks = Box::into_raw(Box::new(Banks { bytes: banks, calls: 0, fails_at: input.below(600) }));
    let mut flash = lowkey_flash {
        context: banks.cast(),
        unit,
        bank_len: len,
        read: Some(flash_read),
        program: Some(flash_program),
        erase: Some(flash_erase),
    };
    let missing = input.byte();
    match missing {
        0xf0 => flash.read = None,
        0xf1 => flash.program = None,
        0xf2 => flash.erase = None,
        _ => {}
    }
    let mut last = None;
    for _ in 0..3 {
        let out = Out::new(8);
        // SAFETY: the banks, their callbacks and the output are there.
        let status = unsafe { lowkey_boot_log_next(&flash, out.at()) };
        out.check(status);
        match status {
            LOWKEY_OK => {
                let number = u64::from_ne_bytes(out.get());
                assert!(last.is_none_or(|last| number > last), "{number} after {last:?}");
                last = Some(number);
            }
            LOWKEY_NULL => assert!((0xf0..=0xf2).contains(&missing)),
            status => assert_eq!(status, LOWKEY_COUNTER),
        }
    }
    // SAFETY: made by `Box::into_raw` above.
    drop(unsafe { Box::from_raw(banks) });
}
