//! Calls that must look alike, and whether they do.

use std::{
    collections::BTreeSet,
    fmt, fs,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use m3_model::{Call, Core, Machine, Options};

use crate::{
    Result,
    left::{self, Answer, Left},
};

/// Which program of `tests/m3` a class calls.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    Channel,
    Primitives,
    Planted,
    /// The same for a Cortex-M4.
    M4Channel,
    M4Primitives,
    M4Planted,
    /// The first two for Armv6-M, where the primitives are those in Rust.
    Armv6MChannel,
    Armv6MPrimitives,
}

/// The programs' ELF files; the last two may be missing.
pub(crate) struct Firmware(Vec<Vec<u8>>);

impl Firmware {
    /// Reads the files, in the order of [`Program`].
    pub(crate) fn read(paths: &[String]) -> Result<Self> {
        let read = |path: &String| fs::read(path).map_err(|error| format!("{path}: {error}").into());
        paths.iter().map(read).collect::<Result<_>>().map(Self)
    }

    pub(crate) fn has(&self, program: Program) -> bool {
        (program as usize) < self.0.len()
    }

    fn machines(&self) -> Result<Vec<Machine>> {
        let of_m4 =
            [Program::M4Channel, Program::M4Primitives, Program::M4Planted].map(|program| program as usize);
        let load = |(number, elf): (usize, &Vec<u8>)| {
            let core = if of_m4.contains(&number) { Core::CortexM4 } else { Core::CortexM3 };
            Ok(Machine::load(elf, &Options { core, strict: true, ..Options::default() })?)
        };
        self.0.iter().enumerate().map(load).collect()
    }
}

/// Calls that differ in secrets only.
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) program: Program,
    /// How many calls.
    pub(crate) secrets: usize,
    /// Makes call number n, with the n-th secret, and judges its answer.
    pub(crate) call: Caller,
}

type Caller = Box<dyn Fn(&mut Machine, usize) -> Result<Answer> + Send + Sync>;

/// What was seen of each call of a class.
pub(crate) struct Traces(Vec<(Trace, Left)>);

#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Trace {
    cycles: u64,
    instructions: u64,
    pcs: u64,
    addresses: u64,
}

/// What of the calls of a class differed.
pub(crate) struct Seen {
    secrets: usize,
    /// The least and the most.
    cycles: (u64, u64),
    /// How many different sequences of program counters.
    pub(crate) ways: usize,
    /// How many different sequences of data addresses.
    pub(crate) addresses: usize,
    /// Where a secret stays on the stack: in which region, how far below the stack pointer.
    pub(crate) left: Vec<(usize, usize)>,
}

impl Traces {
    pub(crate) fn seen(&self) -> Seen {
        let all = || self.0.iter().map(|(trace, _)| trace);
        let left: Vec<&Left> = self.0.iter().map(|(_, left)| left).collect();
        let cycles = all().map(|trace| trace.cycles);
        let ways: BTreeSet<_> = all().map(|trace| (trace.instructions, trace.pcs)).collect();
        let addresses: BTreeSet<_> = all().map(|trace| trace.addresses).collect();
        Seen {
            secrets: self.0.len(),
            cycles: (cycles.clone().min().unwrap_or(0), cycles.max().unwrap_or(0)),
            ways: ways.len(),
            addresses: addresses.len(),
            left: left::secrets(&left),
        }
    }
}

impl Seen {
    /// Whether the way there says nothing of the secrets, nor what is left of it.
    pub(crate) fn is_clean(&self) -> bool {
        self.is_constant() && self.left.is_empty()
    }

    pub(crate) fn is_constant(&self) -> bool {
        !self.cycles_differ() && self.ways == 1 && self.addresses == 1
    }

    pub(crate) fn cycles_differ(&self) -> bool {
        self.cycles.0 != self.cycles.1
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets, ", self.secrets)?;
        match self.cycles {
            (least, most) if least == most => write!(f, "{} cycles", grouped(least))?,
            (least, most) => write!(f, "{} to {} cycles", grouped(least), grouped(most))?,
        }
        if self.ways > 1 {
            write!(f, ", {} ways through the code", self.ways)?;
        }
        if self.addresses > 1 {
            write!(f, ", {} sequences of addresses", self.addresses)?;
        }
        if let [(region, below), ..] = self.left[..] {
            let words = self.left.len();
            write!(f, ", {words} words stay on the stack, the first {below} B below it in region {region}")?;
        }
        Ok(())
    }
}

/// Runs every call of every class, on all cores; returns what was seen, in the classes' order.
pub(crate) fn run_all<'c>(
    firmware: &Firmware,
    classes: impl Iterator<Item = &'c Class>,
) -> Result<Vec<Traces>> {
    let classes: Vec<&Class> = classes.collect();
    let calls: Vec<(usize, usize)> =
        classes.iter().enumerate().flat_map(|(class, c)| (0..c.secrets).map(move |n| (class, n))).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut machines = firmware.machines()?;
        let mut done = Vec::new();
        while let Some((class, n)) = calls.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
            let Class { name, program, call, .. } = classes[class];
            let machine = &mut machines[*program as usize];
            left::paint(machine);
            let called = call(machine, n);
            let called = called.map_err(|error| format!("{name}, secret {n}: {error}"))?;
            let left = Left::of(&called);
            let Call { cycles, instructions, pc_hash, address_hash, .. } = called.call;
            let trace = Trace { cycles, instructions, pcs: pc_hash, addresses: address_hash };
            done.push((class, n, (trace, left)));
        }
        Ok(done)
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let done = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join().map_err(|_| "a worker panicked")?);
        joined.collect::<Result<Vec<_>>>()
    })?;
    let mut traces: Vec<Traces> =
        classes.iter().map(|class| Traces(vec![Default::default(); class.secrets])).collect();
    for (class, n, trace) in done.into_iter().flatten() {
        traces[class].0[n] = trace;
    }
    Ok(traces)
}

/// `number` with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
