//! Handshakes and records in memory: ours, snow's, a handshake of rustls, and the records of bare aws-lc-rs.

mod handshake;
mod records;
#[path = "../common/tls.rs"]
mod tls;
mod tls_handshake;

use host_bench::Turns;

fn main() {
    let mut groups = vec![handshake::group()];
    for len in [64, 1_024, 16_384] {
        groups.extend([records::sealing(len), records::opening(len)]);
    }
    Turns::IN_MEMORY.print("in memory", groups);
}
