//! The functions of `tests/m3/src/bin/primitives.rs`.

use lowkey_crypto::{AeadKey, Blake2s, PrivateKey, PublicKey, Secret, TAG_LEN, hkdf};
use m3_model::{Call, Machine};

use crate::{
    Result,
    arena::Arena,
    class::{Class, Program},
    left::{Answer, Public},
    secrets::{ODD, SECRETS, odd, random, secret},
    target::Target,
};

/// A class for each function, and for each length of what it is given.
pub(crate) fn classes(target: Target) -> Vec<Class> {
    let mut classes =
        vec![class("X25519, public key", public_key), class("X25519, Diffie-Hellman", diffie_hellman)];
    if target == Target::Armv6M {
        // Many times as slow: a branch on a bit of a field's element shows with any two secrets.
        classes.iter_mut().for_each(|class| class.secrets = FEW);
    }
    for (ad, text) in [(0, 0), (32, 1), (32, 64), (13, 130), (0, 512)] {
        classes.push(class(format!("seal {text} B, {ad} B of data"), move |machine, n| {
            seal(machine, n, ad, text)
        }));
        for (kind, verdict) in [("open", 0), ("open, forged,", 1)] {
            let call = move |machine: &mut _, n| open(machine, n, ad, text, verdict);
            classes.push(class(format!("{kind} {text} B, {ad} B of data"), call));
        }
    }
    classes.push(class("REKEY", rekeyed));
    for len in [0, 32, 64, 65, 200] {
        classes.push(class(format!("BLAKE2s {len} B"), move |machine, n| plain(machine, n, len)));
        classes.push(class(format!("BLAKE2s, keyed, {len} B"), move |machine, n| keyed(machine, n, len)));
    }
    classes.push(class("HKDF of 0 B", split));
    classes.push(class("HKDF of 32 B", mix_key_and_hash));
    classes.push(class("compare two secrets, other bytes", |machine, n| compare(machine, n, false)));
    classes.push(class("compare two secrets, the same bytes", |machine, n| compare(machine, n, true)));
    classes.iter_mut().for_each(|class| class.target = target);
    classes
}

fn class<A: Into<Answer>>(
    name: impl Into<String>,
    call: impl Fn(&mut Machine, usize) -> Result<A> + Send + Sync + 'static,
) -> Class {
    let call = Box::new(move |machine: &mut _, n| call(machine, n).map(Into::into));
    let (target, program) = (Target::CortexM3, Program::Primitives);
    Class { name: name.into(), target, program, secrets: SECRETS, call }
}

fn public_key(machine: &mut Machine, n: usize) -> Result<Answer> {
    let private = secret(KEY, spread(n));
    let mut arena = Arena::new(machine);
    let arguments = [arena.put(&private), arena.put(&[0; 32])];
    let expected = PrivateKey::new(&Secret::new(private)).public_key();
    let call = answered(arena, "public_key", &arguments, arguments[1], expected.as_bytes())?;
    Ok(Answer { call, public: Public::of(&[expected.as_bytes()]) })
}

/// Another order of the secrets, in which the first few are of every kind.
fn spread(n: usize) -> usize {
    n * 21 % SECRETS // no factor of 21 is one of 64
}

/// Odd private keys with random peers, random ones with odd peers, and random ones with random peers.
fn diffie_hellman(machine: &mut Machine, n: usize) -> Result<Call> {
    let n = spread(n);
    let private = secret(KEY, n);
    let public = odd(n.wrapping_sub(ODD)).unwrap_or_else(|| random(PEER, n).array());
    let mut arena = Arena::new(machine);
    let arguments = [arena.put(&private), arena.put(&public), arena.put(&[0; 32])];
    let expected = PrivateKey::new(&Secret::new(private)).diffie_hellman(&PublicKey::new(public));
    answered(arena, "diffie_hellman", &arguments, arguments[2], expected.expose())
}

/// Key, data and a text; some of the texts are such that what is sealed, and hashed, is odd.
fn sealed(n: usize, ad: usize, text: usize) -> ([u8; 32], Vec<u8>, Vec<u8>) {
    let mut rng = random(TEXT, n);
    let (key, ad) = (secret(KEY, n), rng.bytes(ad));
    let mut plain = match odd(n / 2) {
        Some(bytes) => bytes.iter().copied().cycle().take(text).collect(),
        None => rng.bytes(text),
    };
    if n.is_multiple_of(2) {
        // Sealed twice with one nonce, a text is there again, but for the tag.
        let _ = AeadKey::new(&Secret::new(key)).seal_in_place(&NONCE, &ad, &mut plain);
    }
    (key, ad, plain)
}

fn seal(machine: &mut Machine, n: usize, ad: usize, text: usize) -> Result<Answer> {
    let (key, ad, mut text) = sealed(n, ad, text);
    text.extend([0; TAG_LEN]);
    let mut arena = Arena::new(machine);
    let (ad_at, text_at) = (arena.slice(&ad).0, arena.slice(&text));
    let arguments = [arena.put(&key), arena.put(&NONCE), ad_at, text_at.0];
    let (plain, tag) = text.split_last_chunk_mut::<TAG_LEN>().ok_or("no room for a tag")?;
    *tag = AeadKey::new(&Secret::new(key)).seal_in_place(&NONCE, &ad, plain);
    let public = Public::of(&[plain, tag, &ad]);
    Ok(Answer { call: answered(arena, "seal", &arguments, text_at.1, &text)?, public })
}

fn open(machine: &mut Machine, n: usize, ad: usize, text: usize, verdict: u32) -> Result<Answer> {
    let (key, ad, plain) = sealed(n, ad, text);
    let mut text = plain.clone();
    let mut tag = AeadKey::new(&Secret::new(key)).seal_in_place(&NONCE, &ad, &mut text);
    if verdict == 1 {
        // One bit at any place, or all of them.
        match n {
            0 => tag = tag.map(|byte| !byte),
            _ => tag[n % TAG_LEN] ^= 1 << (n / TAG_LEN % 8),
        }
    }
    let public = Public::of(&[&text, &tag, &ad]);
    text.extend(tag);
    let mut arena = Arena::new(machine);
    let (ad_at, text_at) = (arena.slice(&ad).0, arena.slice(&text));
    let arguments = [arena.put(&key), arena.put(&NONCE), ad_at, text_at.0];
    let expected = if verdict == 0 { &plain[..] } else { &[] };
    let called = answered(arena, "open", &arguments, text_at.1, expected)?;
    if called.r0 == verdict {
        Ok(Answer { call: called, public })
    } else {
        Err("the wrong verdict on a tag".into())
    }
}

fn rekeyed(machine: &mut Machine, n: usize) -> Result<Answer> {
    let key = secret(KEY, n);
    let mut arena = Arena::new(machine);
    let arguments = [arena.put(&key), arena.put(&NONCE), arena.put(&[0; TAG_LEN])];
    let mut rekeyed = AeadKey::new(&Secret::new(key));
    rekeyed.rekey();
    let expected = rekeyed.seal_in_place(&NONCE, &[], &mut []);
    let call = answered(arena, "rekeyed", &arguments, arguments[2], &expected)?;
    Ok(Answer { call, public: Public::of(&[&expected]) })
}

fn message(n: usize, len: usize) -> Vec<u8> {
    match odd(n) {
        Some(bytes) => bytes.iter().copied().cycle().take(len).collect(),
        None => random(TEXT, n).bytes(len),
    }
}

fn plain(machine: &mut Machine, n: usize, len: usize) -> Result<Call> {
    let message = message(n, len);
    let mut arena = Arena::new(machine);
    let arguments = [arena.slice(&message).0, arena.put(&[0; 32])];
    let mut hash = Blake2s::new();
    hash.update(&message);
    answered(arena, "plain", &arguments, arguments[1], &hash.finalize())
}

fn keyed(machine: &mut Machine, n: usize, len: usize) -> Result<Call> {
    let (key, message) = (secret(KEY, SECRETS - 1 - n), message(n, len));
    let mut arena = Arena::new(machine);
    let arguments = [arena.put(&key), arena.slice(&message).0, arena.put(&[0; 32])];
    let mut hash = Blake2s::keyed(&Secret::new(key));
    hash.update(&message);
    answered(arena, "keyed", &arguments, arguments[2], &hash.finalize())
}

fn mix_key_and_hash(machine: &mut Machine, n: usize) -> Result<Call> {
    let (ck, material) = (secret(KEY, SECRETS - 1 - n), message(n, 32));
    let mut arena = Arena::new(machine);
    let arguments = [arena.put(&ck), arena.put(&material), arena.put(&[0; 32])];
    let [ck, temp_h, k] = hkdf::<3>(&Secret::new(ck), &material);
    derived(arena, "mix_key_and_hash", &arguments, &[ck, k, temp_h])
}

fn split(machine: &mut Machine, n: usize) -> Result<Call> {
    let (ck, before) = (secret(KEY, SECRETS - 1 - n), message(n, 32));
    let mut arena = Arena::new(machine);
    let arguments = [arena.put(&ck), arena.put(&before)];
    derived(arena, "split", &arguments, &hkdf::<2>(&Secret::new(ck), &[]))
}

/// Calls `function` and compares what is then at each of its arguments.
fn derived(arena: Arena<'_>, function: &str, arguments: &[u32], outputs: &[Secret<32>]) -> Result<Call> {
    let machine = arena.machine();
    let called = machine.call(function, arguments).map_err(|end| format!("{end:?}"))?;
    match arguments.iter().zip(outputs).all(|(at, output)| machine.read(*at, 32) == Some(output.expose())) {
        true => Ok(called),
        false => Err("the answer is not the host's".into()),
    }
}

fn compare(machine: &mut Machine, n: usize, alike: bool) -> Result<Call> {
    // All zeros is another class: that is what is asked.
    let one = secret(KEY, n + 1);
    let mut other = one;
    if !alike {
        other[n % 32] ^= 1 << (n / 32 % 8);
    }
    let mut arena = Arena::new(machine);
    let arguments = [arena.put(&one), arena.put(&other)];
    let called = arena.machine().call("compare", &arguments).map_err(|end| format!("{end:?}"))?;
    if called.r0 == u32::from(alike) << 1 { Ok(called) } else { Err("the wrong verdict".into()) }
}

/// Calls `function` and compares what is at `at` afterwards.
fn answered(arena: Arena<'_>, function: &str, arguments: &[u32], at: u32, expected: &[u8]) -> Result<Call> {
    let machine = arena.machine();
    let called = machine.call(function, arguments).map_err(|end| format!("{end:?}"))?;
    match machine.read(at, expected.len()) {
        Some(answer) if answer == expected => Ok(called),
        _ => Err("the answer is not the host's".into()),
    }
}

/// Odd secrets and random ones, in turn.
const FEW: usize = 8;
const NONCE: [u8; 12] = [0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0];
const KEY: u64 = 2;
const PEER: u64 = 3;
const TEXT: u64 = 4;
