//! The smallest ELF file with a program and the names of its functions.

/// An ELF file for ARM with `bytes` at `address` and these functions: name, address, size.
pub fn elf(address: u32, bytes: &[u8], functions: &[(&str, u32, u32)]) -> Vec<u8> {
    let mut names = vec![0];
    let mut symbols = vec![0; 16];
    for (name, start, size) in functions {
        let name_at = names.len() as u32;
        names.extend(name.bytes().chain([0]));
        // Global, a function, in the first section; bit 0 says Thumb.
        let kind = u32::from_le_bytes([0x12, 0, 1, 0]);
        symbols.extend([name_at, start | 1, *size, kind].into_iter().flat_map(u32::to_le_bytes));
    }
    let names_at = HEADERS + bytes.len() as u32;
    let symbols_at = names_at + names.len() as u32;
    let sections_at = symbols_at + symbols.len() as u32;

    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    // An executable for ARM; the sizes and counts of its headers.
    words(
        &mut file,
        &[40 << 16 | 2, 1, 0, 52, sections_at, 0x0500_0000, 32 << 16 | 52, 40 << 16 | 1, 2 << 16 | 4],
    );
    let len = bytes.len() as u32;
    words(&mut file, &[1, HEADERS, address, address, len, len, 5, 4]);
    file.extend_from_slice(bytes);
    file.extend_from_slice(&names);
    file.extend_from_slice(&symbols);
    words(&mut file, &[0; 10]);
    words(&mut file, &[0, 1, 6, address, HEADERS, len, 0, 0, 4, 0]);
    words(&mut file, &[0, 3, 0, 0, names_at, names.len() as u32, 0, 0, 1, 0]);
    words(&mut file, &[0, 2, 0, 0, symbols_at, symbols.len() as u32, 2, 1, 4, 16]);
    file
}

fn words(file: &mut Vec<u8>, words: &[u32]) {
    file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

/// The ELF header and one program header.
const HEADERS: u32 = 52 + 32;
