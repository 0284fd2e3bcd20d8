//! CRC32C (RFC 4960, appendix B), bit by bit: a header is short and comes once a connection.

/// The checksum of `chunks`, one behind the other.
pub(crate) fn of(chunks: &[&[u8]]) -> u32 {
    let bytes = chunks.iter().flat_map(|chunk| chunk.iter());
    !bytes.fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _bit| shift(crc)))
}

fn shift(crc: u32) -> u32 {
    let mask = 0u32.wrapping_sub(crc & 1);
    crc >> 1 ^ POLYNOMIAL & mask
}

/// Castagnoli's, reflected.
const POLYNOMIAL: u32 = 0x82f6_3b78;

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn rfc_3720_b_4_examples() {
        assert_eq!(of(&[&[0; 32]]), 0x8a91_36aa);
        assert_eq!(of(&[&[0xff; 32]]), 0x62a8_ab43);
        let up: Vec<u8> = (0..32).collect();
        assert_eq!(of(&[&up]), 0x46dd_794e);
        assert_eq!(of(&[b"1234", b"", b"56789"]), 0xe306_9283);
    }
}
