//! Where the flash goes: the symbols of an image, by what they are for.
//!
//! A compiler inlines, so a function's bytes are counted where they ended up.

use crate::image::Image;

/// A kind of code, and what gives its symbols away: parts of a mangled name, each a length and an identifier.
struct Part {
    /// In `benches/numbers.toml`.
    key: &'static str,
    title: &'static str,
    names: &'static [&'static str],
}

/// How many parts there are, the rest included.
pub(super) const COUNT: usize = PARTS.len() + 1;

/// The title of a part.
pub(super) fn title(part: usize) -> &'static str {
    PARTS.get(part).map_or("no name: constants, gaps", |part| part.title)
}

/// The name of its figure in `row`.
pub(super) fn figure(row: &str, part: usize) -> String {
    format!("{FAMILY}{row}.{}", PARTS.get(part).map_or("nameless", |part| part.key))
}

/// How the names of these figures begin.
pub(super) const FAMILY: &str = "flash-of.";

/// The bytes of each part in `image`; together they are its flash.
pub(super) fn of(image: &Image) -> [u32; COUNT] {
    let mut parts = [0; COUNT];
    for (name, size) in image.symbols.values() {
        let is_in = |part: &Part| part.names.iter().any(|known| name.contains(known));
        // What nothing else claims is the program's.
        let part = PARTS.iter().position(is_in).unwrap_or(PARTS.len() - 1);
        parts[part] += size;
    }
    let named: u32 = parts.iter().sum();
    parts[PARTS.len()] = image.flash.saturating_sub(named);
    parts
}

/// The first that claims a symbol has it. The last has what nothing claims.
const PARTS: [Part; 10] = [
    Part { key: "x25519", title: "X25519", names: &["6x25519", "5field"] },
    Part { key: "chacha20", title: "ChaCha20", names: &["8chacha20"] },
    Part { key: "poly1305", title: "Poly1305", names: &["8poly1305"] },
    Part { key: "aead", title: "the AEAD around them", names: &["4aead"] },
    Part { key: "blake2s", title: "BLAKE2s", names: &["7blake2s"] },
    Part { key: "hkdf", title: "HMAC, HKDF", names: &["4hkdf"] },
    Part { key: "core", title: "lowkey-core: engine, keys, records", names: &["11lowkey_core"] },
    Part {
        key: "transport",
        title: "lowkey-transport: frames, link, channel",
        names: &["16lowkey_transport"],
    },
    Part {
        key: "memory",
        title: "copying, clearing, wiping memory",
        names: &["mem", "7zeroize", "6secret", "6subtle"],
    },
    Part { key: "program", title: "the program, with what is inlined there", names: &[] },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn every_byte_is_in_one_part() {
        let names = [
            "_RNvNtNtNtNtCs_13lowkey_crypto4body7compact5field6thumb27product",
            "__aeabi_memcpy4",
            "_RNvMNtCs_11lowkey_core6engineNtB2_6Engine4draw",
            "_RINvNtCs_4core3ptr13drop_in_placeNtNtCs_11lowkey_core7session7SessionEB4_",
            "Reset",
        ];
        let symbols = names.iter().zip(1..).map(|(name, i)| (i * 16, ((*name).to_owned(), 10 * i)));
        let image = Image { flash: 200, ram: 0, loaded: Vec::new(), symbols: BTreeMap::from_iter(symbols) };
        assert_eq!(of(&image), [10, 0, 0, 0, 0, 0, 70, 0, 20, 50, 50]);
        assert_eq!(title(COUNT - 1), "no name: constants, gaps");
    }
}
