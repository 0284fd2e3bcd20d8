//! Places of rows: numbers with room between them, so that one that comes in between leaves the others where they are.

/// A row's rank.
pub(super) type Rank = u64;

/// Places of so many rows that have none yet.
pub(super) fn fresh(rows: usize) -> impl Iterator<Item = Rank> {
    (1..=rows as u64).map(|n| n.saturating_mul(ROOM))
}

/// Places that rise, where `wanted` says which each row had: as many as can keep theirs do.
pub(super) fn ranked(wanted: &[Option<Rank>]) -> Vec<Rank> {
    let kept = rising(wanted);
    let mut ranks = vec![0; wanted.len()];
    let mut from = 0;
    let mut below = 0;
    for &at in kept.iter().chain(&[wanted.len()]) {
        let above = wanted.get(at).copied().flatten();
        let room = at - from;
        let step = match above {
            Some(above) => (above - below) / (room as u64 + 1),
            None => ROOM,
        };
        if room > 0 && (step == 0 || below.checked_add(step.saturating_mul(room as u64)).is_none()) {
            return fresh(wanted.len()).collect(); // no room is left: all of them anew
        }
        for (n, rank) in ranks[from..at].iter_mut().enumerate() {
            *rank = below + step * (n as u64 + 1);
        }
        if let Some(above) = above {
            ranks[at] = above;
            (from, below) = (at + 1, above);
        }
    }
    ranks
}

/// The longest choice of rows whose ranks rise already, in their order.
fn rising(wanted: &[Option<Rank>]) -> Vec<usize> {
    // The last row of the best choice of each length, and who stands before each row in its best choice.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![None; wanted.len()];
    for (at, rank) in wanted.iter().enumerate().filter_map(|(at, rank)| Some((at, (*rank)?))) {
        let length = ends.partition_point(|&end| wanted[end] < Some(rank));
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() { ends.push(at) } else { ends[length] = at }
    }
    let mut chosen = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        chosen.push(at);
        next = before[at];
    }
    chosen.reverse();
    chosen
}

/// Between two rows that stand side by side: twenty rows, each in the middle of what is left.
const ROOM: Rank = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_rise_and_those_that_can_stay() {
        let all = [
            vec![],
            vec![None, None],
            vec![Some(5), Some(9), None],
            vec![None, Some(5), Some(9)],
            vec![Some(5), None, None, Some(9)],
            vec![Some(9), Some(5), Some(7)],
            vec![Some(5), None, Some(6)],
            vec![Some(0), None],
            vec![None, Some(0)],
            vec![Some(u64::MAX), None],
            vec![None, Some(u64::MAX)],
            vec![Some(4), Some(4)],
        ];
        for wanted in all {
            let ranks = ranked(&wanted);
            assert_eq!(ranks.len(), wanted.len());
            assert!(ranks.windows(2).all(|two| two[0] < two[1]), "{wanted:?}: {ranks:?}");
        }
        assert_eq!(
            ranked(&[Some(9), Some(5), Some(7)]).iter().filter(|rank| [5, 7].contains(rank)).count(),
            2
        );
        assert_eq!(ranked(&[Some(5), None, Some(9)]), [5, 7, 9]);
        assert_eq!(ranked(&[Some(5), None]), [5, 5 + ROOM]);
    }
}
