//! `on-device ELF CORE`: runs `on_device` of `tests/m3`, compiled for the core m3, m4, m33 or m33-no-dsp, in QEMU and
//! in the cycle model (the last in QEMU alone, as its assembly is the m3's), on pages of test cases, and compares what
//! it says with what there was to test.
//!
//! | page | cases |
//! | --- | --- |
//! | `X25519`, two halves for two cores | RFC 7748 and every Wycheproof case |
//! | `all others` | RFC 8439, RFC 7693, every Wycheproof case of ChaCha20-Poly1305, digests, twins, memory |
//! | `longer`, in QEMU only | RFC 7748 §5.2's thousand iterations, and the twins on many more operands |

mod page;
mod published;
mod runner;

use std::{
    env, fs,
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use m3_tests::digest;
use page::Page;
use runner::{Board, Runner, run_on};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("on-device: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [path, core] = &words[..] else { return Err("usage: on-device ELF CORE".into()) };
    let board = Board::named(core).ok_or_else(|| format!("{core}: none of m3, m4, m33 and m33-no-dsp"))?;
    let elf = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let [one, other] = x25519()?;
    let (others, longer) = (others()?, longer()?);
    // The longest first.
    let mut jobs = vec![
        (Runner::Model, &one),
        (Runner::Model, &other),
        (Runner::Qemu, &longer),
        (Runner::Model, &others),
        (Runner::Qemu, &one),
        (Runner::Qemu, &other),
        (Runner::Qemu, &others),
    ];
    jobs.retain(|(runner, _)| matches!(runner, Runner::Qemu) || board.is_modelled());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failures = Vec::new();
        while let Some((runner, page)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            match run_on(*runner, board, (path, &elf), page) {
                Ok(said) => println!("  {core} in {runner:<9} {}", said.trim().replace('\n', "; ")),
                Err(error) => failures.push(format!("{core} in {runner}: {error}")),
            }
        }
        failures
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let failures = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join().map_err(|_| "a worker panicked"));
        joined.collect::<std::result::Result<Vec<_>, _>>()
    })?;
    let failures = failures.concat();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

fn x25519() -> Result<[Page; 2]> {
    let mut halves = [Page::new(), Page::new()];
    for (case, half) in published::x25519()?.iter().zip([0, 1].iter().cycle()) {
        halves[*half].x25519(case);
    }
    Ok(halves)
}

fn others() -> Result<Page> {
    let mut page = Page::new();
    published::aead(&mut page)?;
    published::blake2s(&mut page)?;
    for function in 0..digest::FUNCTIONS {
        let mut hash = lowkey_crypto::Blake2s::new();
        digest::of(function, 0, |result| hash.update(result));
        page.digest(function, &hash.finalize());
    }
    page.twins(ROUNDS);
    page.ladders(LADDERS);
    page.memory();
    Ok(page)
}

fn longer() -> Result<Page> {
    let mut page = Page::new();
    page.iterated(1_000, &published::hex(THOUSAND)?);
    page.twins(MORE_ROUNDS);
    page.ladders(u16::MAX);
    Ok(page)
}

/// Random operands for the twins, besides the odd ones.
const ROUNDS: u16 = 100;
/// Where they cost nothing.
const MORE_ROUNDS: u16 = 10_000;
/// Odd scalars and points for the ladder's.
const LADDERS: u16 = 2;
/// RFC 7748 §5.2.
const THOUSAND: &str = "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51";
