//! Every world that can come about, and what is promised of each and of every step into it.

use super::rule::{At, Rule, Server, Standing};
use super::world::{Action, FIRST, Heard, Owned, Play, Size, World, at, other};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

/// What §6 promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// On a server, a code is the one of one key.
    OneKeyOfACodeOnAServer,
    /// What is pending of a code on a device is of one key.
    OneKeyOfACodeOnADevice,
    /// Who is final for one side has that one at least pending, unless somebody has taken it out.
    FinalIsPendingOnTheOtherSide,
    /// An earlier pinning goes only when the peer of the new one has shown that it has stored our key.
    TheEarlierOneStays,
    /// What is final goes only when somebody takes it out.
    FinalStays,
    /// The mark of a spent code outlives everything.
    SpentStays,
    /// A device that was ever final pairs only when somebody has asked for it there.
    NotUnasked,
    /// Two that have each other, pending or final, connect.
    WhoHasEachOtherConnects,
    /// A session that both have noted makes both final.
    ASessionMakesFinal,
    /// Who has shown the code keeps it while its people think.
    NobodyIsDisplaced,
    /// Whatever was cut, both sides become final by themselves, or by pairing once more.
    AGoodEnd,
    /// Whatever people have done, they can have both sides final again.
    AGoodEndByPeople,
}

/// What the search has seen.
pub(super) struct Seen {
    pub(super) worlds: usize,
    pub(super) steps: usize,
    /// The first promise that is not kept, and how that comes about.
    pub(super) broken: Option<(Promise, Vec<Action>)>,
}

/// Goes through all worlds of this size, the nearest first.
pub(super) fn search(size: Size, rule: Rule) -> Seen {
    let mut graph = Graph {
        worlds: vec![World::new(size)],
        from: vec![None],
        known: HashMap::default(),
        back: vec![vec![]],
    };
    graph.known.insert(graph.worlds[0], 0);
    let (mut next, mut steps) = (0, 0);
    while let Some(before) = graph.worlds.get(next).copied() {
        for action in before.actions(rule, size) {
            steps += 1;
            let after = before.after(rule, action);
            graph.add(after, next, action);
            if let Some(promise) = broken(rule, &before, action, &after) {
                let trace = graph.trace(next).into_iter().chain([action]).collect();
                return graph.seen(steps, Some((promise, trace)));
            }
        }
        next += 1;
    }
    let stuck = [(Promise::AGoodEnd, true), (Promise::AGoodEndByPeople, false)]
        .into_iter()
        .find_map(|(promise, alone)| Some((promise, graph.trace(graph.stuck(alone)?))));
    graph.seen(steps, stuck)
}

/// A hash that nobody attacks, of values of a few bits each.
#[derive(Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u8(*byte));
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(n.into());
    }

    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as u64);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

struct Graph {
    worlds: Vec<World>,
    /// How each was first come to.
    from: Vec<Option<(usize, Action)>>,
    known: HashMap<World, usize, BuildHasherDefault<Quick>>,
    /// From where a step leads into each, and whether that is one without people who take something back.
    back: Vec<Vec<(usize, bool)>>,
}

impl Graph {
    fn add(&mut self, world: World, from: usize, action: Action) {
        let n = match self.known.entry(world) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(free) => {
                let n = self.worlds.len();
                free.insert(n);
                self.worlds.push(world);
                self.from.push(Some((from, action)));
                self.back.push(vec![]);
                n
            }
        };
        let goes_alone = goes_alone(&self.worlds[from], action);
        self.back[n].push((from, goes_alone));
    }

    /// A world from which no steps lead to one in which the first device and a server are final for each other.
    fn stuck(&self, alone: bool) -> Option<usize> {
        let mut ends = vec![false; self.worlds.len()];
        let mut todo: Vec<usize> = (0..self.worlds.len()).filter(|n| is_good_end(&self.worlds[*n])).collect();
        todo.iter().for_each(|n| ends[*n] = true);
        while let Some(n) = todo.pop() {
            for (from, goes_alone) in &self.back[n] {
                if (*goes_alone || !alone) && !ends[*from] {
                    ends[*from] = true;
                    todo.push(*from);
                }
            }
        }
        (0..self.worlds.len()).find(|n| !(ends[*n] || alone && is_for_people(&self.worlds[*n])))
    }

    /// How a world is come to.
    fn trace(&self, mut n: usize) -> Vec<Action> {
        let mut trace = Vec::new();
        while let Some((from, action)) = self.from[n] {
            trace.insert(0, action);
            n = from;
        }
        trace
    }

    fn seen(&self, steps: usize, broken: Option<(Promise, Vec<Action>)>) -> Seen {
        Seen { worlds: self.worlds.len(), steps, broken }
    }
}

/// The promise that this step breaks.
fn broken(rule: Rule, before: &World, action: Action, after: &World) -> Option<Promise> {
    let by_people = matches!(action, Action::Forget { .. } | Action::Revoke { .. });
    for (n, Owned { device: is, is_parted, .. }) in after.owned() {
        let Owned { device: was, was_final, is_asked, .. } = before.owned_of(n);
        if was.is_spent && !is.is_spent {
            return Some(Promise::SpentStays);
        }
        if matches!((was.pending, is.pending), (Some(was), Some(is)) if was != is) {
            return Some(Promise::OneKeyOfACodeOnADevice);
        }
        if was.last.is_some() && was.last != is.last && !by_people {
            let Some(new) = is.last else { return Some(Promise::TheEarlierOneStays) };
            let has_proven = before.registry(new).standing(before.key(n)).is_some() || is_parted[at(new)];
            if !has_proven {
                return Some(Promise::TheEarlierOneStays);
            }
        }
        if matches!(action, Action::Begin { device, .. } if device == n) && was_final && !is_asked {
            return Some(Promise::NotUnasked);
        }
        for server in after.servers() {
            let row = after.registry(server).standing(after.key(n));
            let has = is.pending == Some(server) || is.last == Some(server);
            let connects = is.dials(rule, server) && after.registry(server).serves(rule, after.key(n));
            if has && row.is_some() && !connects {
                return Some(Promise::WhoHasEachOtherConnects);
            }
            let is_final = is.last == Some(server) || row == Some(Standing::Final);
            if is_final && !(has && row.is_some()) && !is_parted[at(server)] {
                return Some(Promise::FinalIsPendingOnTheOtherSide);
            }
        }
    }
    if matches!(action, Action::Session { device, server, heard: Heard::Both } if !after.is_final(device, server))
    {
        return Some(Promise::ASessionMakesFinal);
    }
    if let Action::Hear { play, .. } = action
        && let Some(heard) = before.plays[play]
        && before.plays.iter().flatten().any(|held| is_displaced(held, &heard, after))
    {
        return Some(Promise::NobodyIsDisplaced);
    }
    for server in after.servers() {
        let (was, is) = (before.registry(server), after.registry(server));
        if is.rows.iter().flatten().count() > 1 {
            return Some(Promise::OneKeyOfACodeOnAServer);
        }
        let finals = was.rows.into_iter().flatten().filter(|(_, standing)| *standing == Standing::Final);
        if !by_people && finals.into_iter().any(|(key, _)| is.standing(key) != Some(Standing::Final)) {
            return Some(Promise::FinalStays);
        }
    }
    None
}

/// Whether a run that holds a server's window has lost it to a frame of another device.
fn is_displaced(held: &Play, heard: &Play, after: &World) -> bool {
    let is_same = |play: &&Play| (play.key, play.server) == (held.key, held.server);
    let goes_on = |play: &Play| play.run.at(other(play.device_is)) != At::Over;
    let is_other = held.server == heard.server && held.key != heard.key;
    is_other && held.has_shown_the_code() && !after.plays.iter().flatten().filter(is_same).any(goes_on)
}

/// Whether a step needs nobody but who opens a window: nobody takes anything back, nor asks a device for a window that
/// is paired, or has never been.
fn goes_alone(before: &World, action: Action) -> bool {
    match action {
        Action::Forget { .. } | Action::Revoke { .. } | Action::Refuse { .. } => false,
        Action::Press { device } => {
            let Owned { device, was_final, .. } = before.owned_of(device);
            was_final && !matches!(device.last, Some(Server::A | Server::B))
        }
        _ => true,
    }
}

fn is_good_end(world: &World) -> bool {
    world.servers().any(|server| world.is_final(FIRST, server))
}

/// Whether people have to set right what they have done, or who of two devices with one code is the right one.
fn is_for_people(world: &World) -> bool {
    let rows = world.servers().flat_map(|server| world.registry(server).rows);
    let is_anothers = rows.flatten().any(|(key, _)| key != world.key(FIRST));
    is_anothers || world.owned_of(FIRST).is_parted != [false; 2]
}
