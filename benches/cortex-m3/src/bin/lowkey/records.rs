//! Records of a session: what a message costs once there is a channel.

use core::hint::black_box;

use cortex_m3_bench::bench::{Bench, fail};
use lowkey_core::{Error, Session, TAG_LEN};

/// From the device to the server, in two lengths.
pub(crate) fn sealed_and_opened(bench: &mut Bench, sessions: [Session; 2]) -> Result<(), Error> {
    let [mut device, mut server] = sessions;
    let mut room = black_box([0x77; 1_024 + TAG_LEN]);
    for (length, name) in [(64, "64"), (1_024, "1024")] {
        let record = &mut room[..length + TAG_LEN];
        bench.row(&["record.seal-", name], || device.sealer.seal(record))?;
        bench.result(record);
        let opened = bench.row(&["record.open-", name], || server.opener.open(record))?;
        if opened.len() != length {
            fail("a record has another length");
        }
        bench.result(opened);
    }
    Ok(())
}
