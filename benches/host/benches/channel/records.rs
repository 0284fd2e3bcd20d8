//! Records of one length: a session's `Sealer` and `Opener`, snow's transport, and the bare AEAD.
//!
//! Ours and aws-lc-rs work in place; snow copies from one buffer to another, and that is part of it.

use crate::handshake::{Ours, Snow};
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey};
use host_bench::{Contender, Group, Other, timed};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

const TAG: usize = 16;

/// Groups of sealing `len` bytes.
pub(crate) fn sealing(len: usize) -> Group {
    let (session, _) = Ours::new().play();
    let (mut sealer, mut record) = (session.sealer, vec![0x77; len + TAG]);
    let ours = move |rounds| timed(rounds, || sealer.seal(black_box(&mut record)).unwrap());

    let (mut transport, _) = Snow::new().play();
    let (text, mut message) = (vec![0x77; len], vec![0; len + TAG]);
    let snow = move |rounds| {
        timed(rounds, || {
            transport.write_message(black_box(&text), &mut message).unwrap();
        })
    };

    let (mut bare, mut text, mut tag) = (Bare::new(), vec![0x77; len], [0; TAG]);
    let aws_lc =
        move |rounds| timed(rounds, || tag.copy_from_slice(bare.seal(black_box(&mut text)).as_ref()));

    let aws_lc = Contender::new("aws-lc-rs", aws_lc).with_target(1.15);
    group("seal", len, Contender::new("lowkey", ours), snow, aws_lc)
}

/// Groups of opening records of `len` bytes; they are sealed while the clock stands.
pub(crate) fn opening(len: usize) -> Group {
    let (at_device, at_server) = Ours::new().play();
    let (mut sealer, mut opener) = (at_device.sealer, at_server.opener);
    let ours = in_batches(
        len,
        move |record| {
            record.fill(0x77);
            sealer.seal(record).unwrap();
        },
        move |record| {
            opener.open(record).unwrap();
        },
    );

    let (mut at_device, mut at_server) = Snow::new().play();
    let (text, mut opened) = (vec![0x77; len], vec![0; len]);
    let snow = in_batches(
        len,
        move |record| {
            at_device.write_message(&text, record).unwrap();
        },
        move |record| {
            at_server.read_message(record, &mut opened).unwrap();
        },
    );

    let (mut sealing, mut opening) = (Bare::new(), Bare::new());
    let aws_lc = in_batches(
        len,
        move |record| {
            record.fill(0x77);
            let (text, tag) = record.split_last_chunk_mut::<TAG>().unwrap();
            tag.copy_from_slice(sealing.seal(text).as_ref());
        },
        move |record| {
            let (text, tag) = record.split_last_chunk_mut::<TAG>().unwrap();
            opening.open(text, tag);
        },
    );

    let aws_lc = Contender::new("aws-lc-rs", aws_lc).with_target(None);
    group("open", len, Contender::new("lowkey", ours), snow, aws_lc)
}

fn group(
    what: &str,
    len: usize,
    ours: Contender,
    snow: impl FnMut(u64) -> Duration + 'static,
    aws_lc: Other,
) -> Group {
    Group {
        name: format!("{what} {len} B"),
        ours,
        others: vec![Contender::new("snow", snow).with_target(None), aws_lc],
    }
}

/// Rounds of `open`, each on a record that `seal` has just made; only `open` is timed.
fn in_batches(
    len: usize,
    mut seal: impl FnMut(&mut [u8]),
    mut open: impl FnMut(&mut [u8]),
) -> impl FnMut(u64) -> Duration {
    // Few enough to stay in the first or second cache.
    let batch = (32_768 / (len + TAG)).max(1);
    let mut records = vec![vec![0; len + TAG]; batch];
    move |rounds| {
        let mut time = Duration::ZERO;
        let mut left = rounds;
        while left > 0 {
            let now = records.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            records[..now].iter_mut().for_each(|record| seal(record));
            let start = Instant::now();
            records[..now].iter_mut().for_each(|record| open(black_box(record)));
            time += start.elapsed();
            left -= now as u64;
        }
        time
    }
}

/// aws-lc-rs and a nonce that counts.
struct Bare {
    key: LessSafeKey,
    n: u64,
}

impl Bare {
    fn new() -> Self {
        Self { key: LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, &[0x55; 32]).unwrap()), n: 0 }
    }

    fn seal(&mut self, text: &mut [u8]) -> Tag {
        let nonce = self.nonce();
        self.key.seal_in_place_separate_tag(nonce, Aad::empty(), text).unwrap()
    }

    fn open(&mut self, text: &mut [u8], tag: &[u8]) {
        let nonce = self.nonce();
        self.key.open_in_place_separate_tag(nonce, Aad::empty(), tag, text).unwrap();
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.n.to_le_bytes());
        self.n += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}
