//! The wire as it was captured (pcap), and what an eavesdropper finds on it.

use std::{fs, path::Path};
use xtask::command::Result;

/// The bytes that TCP carried, each way, as an eavesdropper collects them.
pub(crate) struct Wire {
    pub(crate) frames: usize,
    pub(crate) to_server: Vec<u8>,
    pub(crate) to_board: Vec<u8>,
}

const GLOBAL_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
const ETHERNET: usize = 14;
const IPV4: [u8; 2] = [0x08, 0x00];
const TCP: u8 = 6;
const BOARD: [u8; 4] = [10, 0, 2, 15];

impl Wire {
    /// Reads every frame; segments that came twice are counted twice.
    ///
    /// # Errors
    /// The file cannot be read or is no capture.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let bytes = fs::read(file)?;
        let mut wire = Self { frames: 0, to_server: Vec::new(), to_board: Vec::new() };
        let mut rest = bytes.get(GLOBAL_HEADER..).ok_or("the capture is empty")?;
        while let Some((header, behind)) = rest.split_at_checked(RECORD_HEADER) {
            let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
            // QEMU was switched off in the middle of a frame.
            let Some((frame, behind)) = behind.split_at_checked(length) else { break };
            wire.frames += 1;
            if let Some((from_board, payload)) = payload(frame) {
                if from_board { &mut wire.to_server } else { &mut wire.to_board }.extend(payload);
            }
            rest = behind;
        }
        Ok(wire)
    }

    /// Whether these bytes were on the wire, in either direction.
    pub(crate) fn shows(&self, bytes: &[u8]) -> bool {
        [&self.to_server, &self.to_board]
            .iter()
            .any(|stream| stream.windows(bytes.len()).any(|seen| seen == bytes))
    }

    /// How evenly the bytes to the server spread over their 256 values: chi-squared over its 255 degrees
    /// of freedom. Close to 1 for anything like random, far above for text or numbers.
    pub(crate) fn unevenness(&self) -> f64 {
        let mut counts = [0_f64; 256];
        for byte in &self.to_server {
            counts[usize::from(*byte)] += 1.0;
        }
        let expected = self.to_server.len() as f64 / 256.0;
        counts.iter().map(|count| (count - expected).powi(2) / expected).sum::<f64>() / 255.0
    }
}

/// The TCP payload of an Ethernet frame, and whether the board sent it.
fn payload(frame: &[u8]) -> Option<(bool, &[u8])> {
    let ip = frame.get(ETHERNET..)?;
    if frame.get(12..14)? != IPV4 || *ip.get(9)? != TCP {
        return None;
    }
    let total = usize::from(u16::from_be_bytes([*ip.get(2)?, *ip.get(3)?]));
    let tcp = ip.get(usize::from(ip.first()? & 15) * 4..total)?;
    let payload = tcp.get(usize::from(tcp.get(12)? >> 4) * 4..)?;
    Some((ip.get(12..16)? == BOARD, payload))
}
