//! A picture in black and white as PNG (PNG specification, third edition; RFC 1950, 1951).
//!
//! It is stored and not compressed, since a label has few pixels. So nothing that compresses is in the tree for it,
//! where `png` has two versions of one crate behind it; the tests read it with that.

/// A PNG of `side` × `side` pixels, at most 512; `is_dark` says which are black.
pub(crate) fn png(side: usize, is_dark: impl Fn(usize, usize) -> bool) -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..side {
        rows.push(0); // no filter
        for x in (0..side).step_by(8) {
            rows.push((x..x + 8).fold(0, |byte, x| byte << 1 | u8::from(x >= side || !is_dark(x, y))));
        }
    }
    let side = u32::try_from(side).unwrap_or(u32::MAX).to_be_bytes();
    let one_bit_of_grey = [1, 0, 0, 0, 0];
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, *b"IHDR", &[&side[..], &side, &one_bit_of_grey].concat());
    chunk(&mut out, *b"IDAT", &stored(&rows));
    chunk(&mut out, *b"IEND", &[]);
    out
}

/// Length, type, data, CRC.
fn chunk(out: &mut Vec<u8>, of: [u8; 4], data: &[u8]) {
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&of);
    out.extend_from_slice(data);
    out.extend_from_slice(&crc(of.iter().chain(data)).to_be_bytes());
}

/// `data` as a stream of zlib, in blocks that are stored.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = data.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let len = block.len() as u16; // a chunk is no longer
        out.push(u8::from(blocks.peek().is_none()));
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&(!len).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    out.extend_from_slice(&(b << 16 | a).to_be_bytes());
    out
}

fn crc<'b>(bytes: impl Iterator<Item = &'b u8>) -> u32 {
    !bytes.fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
