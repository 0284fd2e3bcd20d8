//! The leaks of `tests/m3/src/bin/planted.rs`, and how each has to show.

use crate::{
    arena::Arena,
    class::{Class, Program, Seen},
    secrets::{SECRETS, secret},
    target::Target,
};

/// A class for each leak, if they are built for `target`; not each core multiplies in a time that shows.
pub(crate) fn classes(target: Target) -> Vec<Class> {
    let leaks = ["long_multiply", "division", "branch", "condition", "index", "stack"];
    let is_built = target.programs().len() > Program::Planted as usize;
    let is_leak = |name: &&str| is_built && (target.multiplies_unevenly() || *name != "long_multiply");
    leaks.into_iter().filter(is_leak).map(|name| class(target, name)).collect()
}

fn class(target: Target, name: &'static str) -> Class {
    let call = move |machine: &mut _, n| {
        let mut arena = Arena::new(machine);
        let arguments = [arena.put(&secret(KIND, n)), arena.put(&[0; 32])];
        let called = arena.machine().call(name, &arguments);
        Ok(called.map_err(|end| format!("{end:?}"))?.into())
    };
    let program = Program::Planted;
    Class { name: name.to_owned(), target, program, secrets: SECRETS, call: Box::new(call) }
}

/// Whether the leak shows where it was planted, and all but the branch nowhere else.
pub(crate) fn is_caught(leak: &Class, seen: &Seen) -> bool {
    match leak.name.rsplit(' ').next().unwrap_or_default() {
        "long_multiply" | "division" => seen.cycles_differ() && seen.ways == 1 && seen.addresses == 1,
        "branch" => seen.ways > 1,
        "condition" => seen.ways > 1 && seen.addresses == 1,
        "stack" => seen.is_constant() && seen.left.len() == 32 / 4,
        _ => seen.addresses > 1 && seen.ways == 1 && !seen.cycles_differ(),
    }
}

const KIND: u64 = 1;
