//! Calls that must look alike, and whether they do.

use std::{
    collections::BTreeSet,
    fmt, fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use m3_model::{Call, Machine, Options};

use crate::{
    Result,
    left::{self, Answer, Left},
    target::Target,
};

/// Which program of `tests/m3` a class calls.
#[derive(Clone, Copy)]
pub(crate) enum Program {
    Channel,
    Primitives,
    Planted,
}

/// The programs' ELF files, by their target.
pub(crate) struct Firmware(Vec<(Target, Vec<Vec<u8>>)>);

impl Firmware {
    /// Reads the files in the folder behind each target's name.
    ///
    /// # Errors
    /// A word is no target, or a file is missing.
    pub(crate) fn read(words: &[String]) -> Result<Self> {
        let (pairs, rest) = words.as_chunks::<2>();
        if pairs.is_empty() || !rest.is_empty() {
            return Err("usage: traces CORE FOLDER…".into());
        }
        let read = |[core, folder]: &[String; 2]| {
            let target = Target::named(core).ok_or_else(|| format!("there is no core {core}"))?;
            let programs = target.programs().iter().map(|program| {
                let path = Path::new(folder).join(program);
                fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
            });
            Ok((target, programs.collect::<Result<_>>()?))
        };
        pairs.iter().map(read).collect::<Result<_>>().map(Self)
    }

    /// Those that there are.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Target> {
        self.0.iter().map(|(target, _)| *target)
    }

    fn machines(&self) -> Result<Machines> {
        let mut machines = Vec::new();
        for (target, programs) in &self.0 {
            let options = Options { core: target.core(), strict: true, ..Options::default() };
            let load = |elf: &Vec<u8>| Ok(Machine::load(elf, &options)?);
            machines.push((*target, programs.iter().map(load).collect::<Result<_>>()?));
        }
        Ok(Machines(machines))
    }
}

/// A machine for each program.
struct Machines(Vec<(Target, Vec<Machine>)>);

impl Machines {
    fn of(&mut self, class: &Class) -> Result<&mut Machine> {
        let of_target = self.0.iter_mut().find(|(target, _)| *target == class.target);
        let machine = of_target.and_then(|(_, machines)| machines.get_mut(class.program as usize));
        machine.ok_or_else(|| format!("{}: there is no such program", class.name).into())
    }
}

/// Calls that differ in secrets only.
pub(crate) struct Class {
    pub(crate) name: String,
    pub(crate) target: Target,
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
    /// How many different sequences of program counters, and of conditions that failed there.
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
            let Class { name, call, .. } = classes[class];
            let machine = machines.of(classes[class])?;
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
