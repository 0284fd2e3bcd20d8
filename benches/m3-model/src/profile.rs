//! Where the cycles go, by function.
//!
//! A call is a BL or BLX, or a branch to the beginning of another function (a tail call: the callee then counts as
//! called by the one who branched, and both end together). A call ends with a branch to behind it at the stack
//! pointer it had.

use crate::image::Functions;

/// A function's share of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Its name in the source; `?` for code outside of all functions.
    pub name: String,
    /// How often it was called.
    pub calls: u64,
    /// The cycles of its own instructions.
    pub own_cycles: u64,
    /// The cycles between its calls and their returns; a recursion counts once.
    pub inclusive_cycles: u64,
}

/// Cycles and calls by function, and the calls that have not returned.
pub(crate) struct Profiler {
    tallies: Vec<Tally>,
    calls: Vec<Call>,
    /// The function that is executed, and where it begins and ends.
    here: usize,
    begin: u32,
    end: u32,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    calls: u64,
    own: u64,
    inclusive: u64,
    /// Calls of it that have not returned.
    open: u32,
}

struct Call {
    function: usize,
    return_to: u32,
    sp: u32,
    start: u64,
}

/// A taken branch.
pub(crate) struct Jump {
    pub(crate) to: u32,
    /// Where a call would return to, if it is a call.
    pub(crate) return_to: Option<u32>,
    pub(crate) sp: u32,
    /// The cycles so far.
    pub(crate) now: u64,
}

impl Profiler {
    /// One more than there are functions: the last is everything else.
    pub(crate) fn new(functions: &Functions) -> Self {
        Self {
            tallies: vec![Tally::default(); functions.len() + 1],
            calls: Vec::new(),
            here: functions.len(),
            begin: 0,
            end: 0,
        }
    }

    /// An instruction at `pc` took `cycles`.
    pub(crate) fn spent(&mut self, functions: &Functions, pc: u32, cycles: u64) {
        if pc < self.begin || pc >= self.end {
            self.move_to(functions, pc);
        }
        self.tallies[self.here].own += cycles;
    }

    /// The run, or a call from outside, begins at `to`, to end at `return_to`.
    pub(crate) fn enter(&mut self, functions: &Functions, jump: &Jump) {
        let function = functions.at(jump.to).unwrap_or(functions.len());
        let tally = &mut self.tallies[function];
        tally.calls += 1;
        tally.open += 1;
        let return_to = jump.return_to.unwrap_or(u32::MAX);
        self.calls.push(Call { function, return_to, sp: jump.sp, start: jump.now });
    }

    /// A branch was taken.
    pub(crate) fn jumped(&mut self, functions: &Functions, jump: &Jump) {
        if jump.return_to.is_some() {
            return self.enter(functions, jump);
        }
        let returns = |call: &Call| call.return_to == jump.to && call.sp <= jump.sp;
        if let Some(depth) = self.calls.iter().rposition(returns) {
            // A tail call has its caller's return address: the outermost of the two ends.
            let mut depth = depth;
            while depth > 0
                && returns(&self.calls[depth - 1])
                && self.calls[depth - 1].sp == self.calls[depth].sp
            {
                depth -= 1;
            }
            return self.leave(depth, jump.now);
        }
        let elsewhere = jump.to < self.begin || jump.to >= self.end;
        let function = functions.at(jump.to).unwrap_or(functions.len());
        if elsewhere && functions.get(function).is_some_and(|function| function.start == jump.to) {
            let (return_to, sp) =
                self.calls.last().map_or((u32::MAX, jump.sp), |call| (call.return_to, call.sp));
            self.enter(functions, &Jump { return_to: Some(return_to), sp, ..*jump });
        }
    }

    /// What each function that was reached has taken, by its own cycles; what has not returned by `now` ends there.
    pub(crate) fn shares(&mut self, functions: &Functions, now: u64) -> Vec<Share> {
        self.leave(0, now);
        let mut shares: Vec<Share> = self
            .tallies
            .iter()
            .enumerate()
            .filter(|(_, tally)| tally.own != 0 || tally.calls != 0)
            .map(|(index, tally)| Share {
                name: functions.get(index).map_or_else(|| "?".to_owned(), |function| function.name.clone()),
                calls: tally.calls,
                own_cycles: tally.own,
                inclusive_cycles: tally.inclusive,
            })
            .collect();
        shares.sort_by(|a, b| b.own_cycles.cmp(&a.own_cycles).then_with(|| a.name.cmp(&b.name)));
        shares
    }

    /// Ends the calls from number `depth` on.
    fn leave(&mut self, depth: usize, now: u64) {
        for call in self.calls.drain(depth..).rev() {
            let tally = &mut self.tallies[call.function];
            tally.open -= 1;
            if tally.open == 0 {
                tally.inclusive += now - call.start;
            }
        }
    }

    fn move_to(&mut self, functions: &Functions, pc: u32) {
        self.here = functions.at(pc).unwrap_or(functions.len());
        let next = functions.get(self.here + 1).map_or(u32::MAX, |function| function.start);
        (self.begin, self.end) = match functions.get(self.here) {
            Some(function) if function.size == 0 => (function.start, next),
            Some(function) => (function.start, function.start + function.size),
            // Nowhere: ask again.
            None => (0, 0),
        };
    }
}
