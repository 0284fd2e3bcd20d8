//! What a device keeps, and what is printed on it: key pages, boot logs, key stores, labels; and pairings, which write.

use crate::label::written;
use crate::page;
use lowkey_core::Code;

pub(super) fn pages() -> Vec<Vec<u8>> {
    let valid = page::valid();
    let mut contents = b"\x03\x04fuzz\x06host:1\x01".to_vec();
    contents.extend([[5; 32], [1; 32], [9; 32]].concat());
    vec![
        [&[0], &valid[..]].concat(),
        [&[1], &valid[..]].concat(),
        vec![0xff; 345],
        // The peer's key is our own; the shared secret is zero; the id is too long; an unknown flag.
        [&[2, 136, 0, 32], &[9; 32][..], &[168, 0, 32], &[9; 32]].concat(),
        [&[2, 200, 0, 32], &[0; 32][..]].concat(),
        vec![2, 6, 0, 1, 33],
        vec![2, 5, 0, 1, 2],
        contents,
    ]
}

pub(super) fn labels() -> Vec<Vec<u8>> {
    let code = Code::new(&[7, 0xff, 0x83, 4].repeat(4)).expect("16 bytes");
    let label = written(&code).expect("16 bytes");
    let texts =
        [&*label, "a77y-gbah-76bq-ib77-qmca-p74d-aq ", " lowkey:1/ ", "LOWKEY:2/AAAA", "\u{202e}LKSEC1Q"];
    let read = texts.iter().map(|text| [&[0], text.as_bytes()].concat());
    let typed = (0..20)
        .map(|letter| [&[1], code.expose(), &[letter & 1, letter * 2, letter], &[letter; 51]].concat());
    read.chain(typed).collect()
}

pub(super) fn boots() -> Vec<Vec<u8>> {
    // Boots that go well, then every place for a cut and for a fault, with and without a reboot.
    let places = (0..10).flat_map(|place| [4, 7, 0x44, 0x47].map(|op| [op, place]));
    let troubles: Vec<u8> = places.flat_map(|trouble| [trouble, trouble, [0, 0]]).flatten().collect();
    let boots = |unit, nature: u8| {
        [&[unit, 0, 0, 1, nature & 1, nature >> 1][..], &[0; 18], &troubles, &[0; 18]].concat()
    };
    (0..9).flat_map(|unit| [boots(unit, unit % 4), boots(unit, 3)]).collect()
}

/// A device's life in changes: made, paired, started, paired anew, reset; undisturbed, with the power cut at one place
/// or another of each, and with rot at the end.
pub(super) fn stores() -> Vec<Vec<u8>> {
    let life = [0, 6, 1, 6, 2, 6, 6, 1, 4, 6, 5, 7, 0, 1, 2];
    let lives = (0..9).flat_map(|unit| {
        [0, 1, 9, 40].into_iter().flat_map(move |place| {
            let steps = life.iter().flat_map(|op| [*op, 0, u8::from(place > 0), place]);
            let front = [unit, unit & 1, unit >> 1 & 1, unit >> 2 & 1, 0, 1];
            [front.into_iter().chain(steps).collect::<Vec<u8>>()]
        })
    });
    lives.chain([vec![0xff; 40], vec![3; 60]]).collect()
}

/// Pairings, with each frame cut, changed and repeated, the flash cut and broken at one place or another, and a server
/// that cannot store; each with another run behind it.
pub(super) fn pairings() -> Vec<Vec<u8>> {
    let networks = (0..7).flat_map(|frame| [vec![1, frame], vec![2, frame, 0, 99], vec![3, frame]]);
    let troubles = [4, 8, 12].into_iter().flat_map(|how| [0, 60].map(|place| vec![how, 0, place]));
    let servers = [vec![0x30], vec![0x30, 1, 4]];
    let runs: Vec<Vec<u8>> = networks.chain(troubles).chain(servers).collect();
    let scripts = runs.iter().zip(runs.iter().cycle().skip(7));
    scripts
        .enumerate()
        .map(|(n, (one, next))| {
            let front = [n as u8, (n >> 1) as u8, n as u8 & 1, n as u8 >> 1 & 1, 0, 1];
            [&front[..], one, next].concat()
        })
        .collect()
}
