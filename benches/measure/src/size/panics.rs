//! Where a firmware can panic: the `core::panic::Location`s in its image, each a place in a source file.
//!
//! Only an image whose panic handler reads them has them: the board's does with its feature `panic-place`. In the
//! others the optimiser takes them away and leaves the panics.

use std::collections::BTreeSet;

use crate::image::Image;

/// A source file as the compiler was given it, and a line in it.
pub(super) type Place = (String, u32);

/// The functions of `image` that panic.
pub(super) fn linked(image: &Image) -> Vec<&str> {
    let names = image.symbols.values().map(|(name, _)| name.as_str());
    names.filter(|name| name.contains("4core9panicking")).collect()
}

/// Every place that a panic in `image` would name, by file and line.
fn places(image: &Image) -> BTreeSet<Place> {
    // `Location` is the file's address and length, the line and the column; all of them constants.
    let constants = image.loaded.iter().flat_map(|(_, content)| content.windows(16).step_by(4));
    constants.filter_map(|words| place(image, words)).collect()
}

/// The places among them that are in files of ours, for people.
pub(super) fn of_ours(image: &Image) -> BTreeSet<String> {
    let is_ours = |name: &[u8]| OURS.iter().any(|part| contains(name, part.as_bytes()));
    let found = places(image);
    let ours = found.iter().filter(|(file, _)| is_ours(file.as_bytes()));
    let mut ours: BTreeSet<String> = ours.map(short).collect();
    // Should `Location` ever look different, the names in it are still there.
    if ours.is_empty() && image.loaded.iter().any(|(_, content)| is_ours(content)) {
        ours.insert("a place in a file of ours, which the image names".to_owned());
    }
    ours
}

/// `place` from the name of its crate on.
pub(super) fn short((file, line): &Place) -> String {
    let starts = ["/registry/src/", "/crates/", "/library/"];
    let rest = starts.iter().find_map(|start| file.split_once(start));
    let name = match rest {
        // The registry's own name is still before it.
        Some((_, rest)) if file.contains("/registry/src/") => rest.split_once('/').map(|(_, name)| name),
        Some((_, rest)) => Some(rest),
        None => None,
    };
    format!("{}:{line}", name.unwrap_or(file))
}

fn place(image: &Image, words: &[u8]) -> Option<Place> {
    let mut words = words.chunks_exact(4).map(|word| word.try_into().map(u32::from_le_bytes));
    let mut next = || words.next()?.ok();
    let (address, len, line, column) = (next()?, next()?, next()?, next()?);
    if len > MAX_PATH || !(1..MAX_LINE).contains(&line) || !(1..MAX_LINE).contains(&column) {
        return None;
    }
    let file = std::str::from_utf8(image.at(address, len)?).ok()?;
    file.ends_with(".rs").then(|| (file.to_owned(), line))
}

fn contains(content: &[u8], part: &[u8]) -> bool {
    content.windows(part.len()).any(|window| window == part)
}

/// How files of ours are named, whether a path is absolute, relative or was shortened.
const OURS: [&str; 2] = ["crates/lowkey-", "lowkey-core/src"];
const MAX_PATH: u32 = 1_024;
const MAX_LINE: u32 = 1 << 16;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// An image of one section at 0x40: these file names, then a location in each, at line 7.
    fn image(files: &[&str]) -> Image {
        let mut content: Vec<u8> = files.concat().into_bytes();
        content.resize(content.len().next_multiple_of(4), 0);
        let mut address = 0x40;
        for file in files {
            for word in [address, file.len() as u32, 7, 9] {
                content.extend(word.to_le_bytes());
            }
            address += file.len() as u32;
        }
        Image { flash: content.len() as u32, ram: 0, loaded: vec![(0x40, content)], symbols: BTreeMap::new() }
    }

    #[test]
    fn places_are_read_from_locations() {
        let image = image(&["/a/b.rs", "/x/library/core/src/slice/iter.rs", "not a source file"]);
        let found: Vec<_> = places(&image).iter().map(short).collect();
        assert_eq!(found, ["/a/b.rs:7", "core/src/slice/iter.rs:7"]);
        assert_eq!(of_ours(&image), BTreeSet::new());
    }

    #[test]
    fn places_are_short_for_people() {
        let place = |file: &str| short(&(file.to_owned(), 1));
        assert_eq!(
            place("/home/me/.cargo/registry/src/index-19/blake2-0.11.0/src/simd.rs"),
            "blake2-0.11.0/src/simd.rs:1"
        );
        assert_eq!(place("/home/me/lowkey/crates/lowkey-core/src/kk.rs"), "lowkey-core/src/kk.rs:1");
        assert_eq!(place("src/main.rs"), "src/main.rs:1");
    }

    #[test]
    fn places_in_files_of_ours_are_found() {
        let image = image(&["/a/b.rs", "/home/me/crates/lowkey-core/src/kk.rs"]);
        assert_eq!(of_ours(&image), ["lowkey-core/src/kk.rs:7".to_owned()].into());
    }

    #[test]
    fn names_of_files_of_ours_are_found_even_outside_of_locations() {
        let content = b"....../crates/lowkey-crypto/src/aead.rs".to_vec();
        let image = Image { flash: 0, ram: 0, loaded: vec![(0, content)], symbols: BTreeMap::new() };
        assert_eq!(of_ours(&image).len(), 1);
    }
}
