//! The key store on a flash whose power fails, or whose controller reports a fault, in the middle of anything; and in
//! which bits have rotted at the end.
//!
//! Held to: what a call has answered is there afterwards; what it has not is there whole or not at all; a start's
//! number comes once; a store is never damaged by a power cut; once something was final, no window opens unasked,
//! whatever rots.

use lowkey_core::boot_log::Bank;
use lowkey_core::key_store::{KeyStore, Standing, StoreError};
use lowkey_core::{Code, Id, Identity, Peer, PinStore, PublicKey, Secret};
use std::sync::LazyLock;
use test_support::flash::{Model, Nature, Trouble};
use test_support::{Input, Random};

const MAX_OPS: usize = 40;
const UNITS: [usize; 9] = [1, 2, 3, 4, 8, 12, 16, 31, 32];
const BANK_LEN: usize = 1_024;

/// What a store says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    key: Option<PublicKey>,
    pinnings: Vec<PublicKey>,
    address: String,
    spent: [bool; 3],
    may_pair_unasked: bool,
}

/// Plays a script of changes: unit, nature, seed; then for each an operation, what it is about, whether something goes
/// wrong, and after how many operations of the flash.
pub fn key_store(data: &[u8]) {
    let mut input = Input::new(data);
    let unit = input.choose(&UNITS);
    let clears = input.flag();
    let nature = Nature { by_boot: input.flag(), has_code: input.flag() };
    let mut flash = Model::new(unit, BANK_LEN, input.u16().into(), nature);
    flash.clears = clears;
    let (mut before, mut last, mut was_final) = (look(&mut flash).expect("a new store"), 0, false);
    for _ in 0..MAX_OPS {
        let Some(op) = input.op() else { break };
        let which = input.below(3);
        let trouble = match input.byte() % 4 {
            0 => None,
            3 => Some(Trouble::Fault),
            _ => Some(Trouble::Cut),
        };
        let left = input.below(BANK_LEN / unit + 40);
        let mut undisturbed = flash.clone();
        let should = change(&mut undisturbed, op, which).0;
        flash.trouble = trouble.map(|trouble| (left, trouble));
        flash.hit = false;
        let (result, number) = change(&mut flash, op, which);
        flash.trouble = None;
        let (is_answered, is_hit) = (result.is_ok() && !flash.dead, flash.hit);
        assert!(is_hit || result == should, "{result:?}, not {should:?}");
        if is_answered && number > 0 {
            assert!(number > last, "{number} after {last}");
            last = number;
        }
        flash.reboot();
        let is = look(&mut flash).expect("a power cut is no damage");
        if is_answered {
            assert_eq!(Ok(&is), result.as_ref(), "undone");
        }
        assert!(is == before || Ok(&is) == should.as_ref(), "{is:?}: neither {before:?} nor {should:?}");
        was_final |= !is.may_pair_unasked;
        assert!(!was_final || !is.may_pair_unasked);
        before = is;
    }
    rot(&mut flash, unit, &mut input, was_final);
}

/// One of all changes; what is said afterwards, and the number of a start.
fn change(flash: &mut Model, op: u8, which: usize) -> (Result<Said, StoreError>, u64) {
    let (server, code) = (servers()[which], code(which));
    let mut number = 0;
    let mut store = KeyStore::new(flash);
    let result = store.open().and_then(|()| {
        match op % 8 {
            _ if !store.has_keys() => store.make_keys(&mut Random::from_seed(op.into()))?,
            0 => store.set_address(["", "a:1", "b:2"][which])?,
            1 => {
                let us = store.identity()?;
                store.store(&Peer::pin(&us, server).expect("a key that can be pinned"), &code)?;
            }
            2 => store.finalise(&server, &code)?,
            3 => store.remove(&server, &code)?,
            4 => store.confirmed(&server)?,
            5 if which == 0 => store.forget()?,
            _ => number = store.ephemerals()?.boot(),
        }
        Ok(said(&store))
    });
    (result, number)
}

fn look(flash: &mut Model) -> Result<Said, StoreError> {
    let mut store = KeyStore::new(flash);
    store.open().map(|()| said(&store))
}

fn said(store: &KeyStore<&mut Model>) -> Said {
    Said {
        key: store.identity().ok().map(|identity| identity.public_key()),
        pinnings: [Standing::Pending, Standing::Final]
            .into_iter()
            .filter_map(|standing| store.keys(standing))
            .map(|keys| keys.peer().public_key())
            .collect(),
        address: store.address().to_owned(),
        spent: std::array::from_fn(|n| store.is_spent(&code(n))),
        may_pair_unasked: store.may_pair_unasked(),
    }
}

/// Then bits turn over, one or many beside each other: what was used is not new.
fn rot(flash: &mut Model, unit: usize, input: &mut Input<'_>, was_final: bool) {
    while let Some(op) = input.op() {
        let bank = if op & 1 == 0 { Bank::First } else { Bank::Second };
        match op % 16 {
            0 | 1 => {
                let (pattern, at) = (input.byte(), input.below(BANK_LEN - 64));
                let bits = (at * 8..(at + 64) * 8).filter(|bit| pattern >> (bit % 8) & 1 == 1);
                bits.for_each(|bit| flash.flip(bank, bit.min(BANK_LEN / unit * unit * 8 - 1)));
            }
            _ => flash.flip(bank, input.below(BANK_LEN / unit * unit * 8)),
        }
        match look(flash) {
            Ok(is) => assert!(!was_final || !is.may_pair_unasked, "a used store is a new one: {is:?}"),
            Err(error) => assert!(matches!(error, StoreError::Damaged | StoreError::Flash), "{error}"),
        }
    }
}

fn servers() -> &'static [PublicKey; 3] {
    static SERVERS: LazyLock<[PublicKey; 3]> = LazyLock::new(|| {
        [1, 2, 3].map(|byte| Identity::new(Secret::new([byte; 32])).expect("a key").public_key())
    });
    &SERVERS
}

fn code(which: usize) -> Id {
    static NAMES: LazyLock<[Id; 3]> =
        LazyLock::new(|| [1, 2, 3].map(|byte| Code::new(&[byte; 16]).expect("16 bytes").name()));
    NAMES[which]
}
