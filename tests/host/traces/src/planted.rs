//! The leaks of `tests/m3/src/bin/planted.rs`, and how each has to show.

use crate::{
    arena::Arena,
    class::{Class, Program, Seen},
    secrets::{SECRETS, secret},
};

/// A class for each leak of a core; a Cortex-M4 multiplies in one time.
pub(crate) fn classes(program: Program) -> Vec<Class> {
    let leaks = ["long_multiply", "division", "branch", "index", "stack"];
    let is_leak = |name: &&str| matches!(program, Program::Planted) || *name != "long_multiply";
    leaks.into_iter().filter(is_leak).map(|name| class(program, name)).collect()
}

fn class(program: Program, name: &'static str) -> Class {
    let call = move |machine: &mut _, n| {
        let mut arena = Arena::new(machine);
        let arguments = [arena.put(&secret(KIND, n)), arena.put(&[0; 32])];
        let called = arena.machine().call(name, &arguments);
        Ok(called.map_err(|end| format!("{end:?}"))?.into())
    };
    Class { name: name.to_owned(), program, secrets: SECRETS, call: Box::new(call) }
}

/// Whether the leak shows where it was planted, and all but the branch nowhere else.
pub(crate) fn is_caught(leak: &Class, seen: &Seen) -> bool {
    match leak.name.rsplit(' ').next().unwrap_or_default() {
        "long_multiply" | "division" => seen.cycles_differ() && seen.ways == 1 && seen.addresses == 1,
        "branch" => seen.ways > 1,
        "stack" => seen.is_constant() && seen.left.len() == 32 / 4,
        _ => seen.addresses > 1 && seen.ways == 1 && !seen.cycles_differ(),
    }
}

const KIND: u64 = 1;
