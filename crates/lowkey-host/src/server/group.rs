//! Attempts by the networks they come from, so that whoever has most of them gives one up.

use super::source::Network;
use std::collections::{BTreeSet, HashMap};

/// The attempts of a network by their numbers, and apart by the networks within it. A later attempt has a greater
/// number.
#[derive(Debug, Default)]
pub(crate) struct Group {
    numbers: BTreeSet<u64>,
    /// Empty in the narrowest network, which has numbers only.
    groups: HashMap<Network, Group>,
    /// The groups by size, and where that is equal by their oldest attempt.
    by_oldest: BTreeSet<(usize, u64, Network)>,
    /// The same by their newest.
    by_newest: BTreeSet<(usize, u64, Network)>,
}

impl Group {
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(crate) fn oldest(&self) -> Option<u64> {
        self.numbers.first().copied()
    }

    /// Its attempts of the last of these networks; each network lies within the one before it.
    pub(crate) fn within(&self, networks: &[Network]) -> Option<&Self> {
        match networks {
            [] => Some(self),
            [network, within @ ..] => self.groups.get(network)?.within(within),
        }
    }

    pub(crate) fn insert(&mut self, number: u64, networks: &[Network]) {
        self.numbers.insert(number);
        if let [network, within @ ..] = networks {
            self.change(*network, |group| group.insert(number, within));
        }
    }

    pub(crate) fn remove(&mut self, number: u64, networks: &[Network]) {
        self.numbers.remove(&number);
        if let [network, within @ ..] = networks {
            self.change(*network, |group| group.remove(number, within));
        }
    }

    /// Who gives up a slot. The largest network is taken, then the largest within that, and so on; in the last one the
    /// oldest goes if it `has_had_its_time`, otherwise the newest. So whoever is nearest to done goes on, and who never
    /// will be done goes first.
    ///
    /// Of networks that are equally large, the one that has this oldest or newest attempt is taken: addresses decide
    /// nothing.
    pub(crate) fn gives_up(&self, has_had_its_time: &impl Fn(u64) -> bool) -> Option<u64> {
        let Some((largest, ..)) = self.by_oldest.last() else {
            let oldest = *self.numbers.first()?;
            return if has_had_its_time(oldest) { Some(oldest) } else { self.numbers.last().copied() };
        };
        let (_, oldest, network) = self.by_oldest.range((*largest, 0, None)..).next()?;
        let network = if has_had_its_time(*oldest) { network } else { &self.by_newest.last()?.2 };
        self.groups.get(network)?.gives_up(has_had_its_time)
    }

    /// Changes the group of this network, which is not kept if it is empty.
    fn change(&mut self, network: Network, change: impl FnOnce(&mut Self)) {
        let group = self.groups.entry(network).or_default();
        if let (Some(oldest), Some(newest)) = (group.numbers.first(), group.numbers.last()) {
            self.by_oldest.remove(&(group.len(), *oldest, network));
            self.by_newest.remove(&(group.len(), *newest, network));
        }
        change(group);
        if let (Some(oldest), Some(newest)) = (group.numbers.first(), group.numbers.last()) {
            self.by_oldest.insert((group.len(), *oldest, network));
            self.by_newest.insert((group.len(), *newest, network));
        } else {
            self.groups.remove(&network);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;
    use std::net::IpAddr;

    fn networks(address: &str) -> [Network; 3] {
        Source::from(address.parse::<IpAddr>().unwrap()).networks()
    }

    fn group(addresses: &[&str]) -> Group {
        let mut group = Group::default();
        for (number, address) in (0..).zip(addresses) {
            group.insert(number, &networks(address));
        }
        group
    }

    #[test]
    fn the_largest_network_gives_up_its_newest_or_one_that_had_its_time() {
        let group = group(&["192.0.2.1", "192.0.2.2", "192.0.2.2", "198.51.100.1", "192.0.2.2"]);
        assert_eq!(group.gives_up(&|_| false), Some(4));
        assert_eq!(group.gives_up(&|number| number < 1), Some(1 + 3), "its own have had no time");
        assert_eq!(group.gives_up(&|number| number < 3), Some(1));
    }

    #[test]
    fn many_addresses_of_one_network_are_one_network() {
        // Four of 64 bits in one of 48 count as four, beside two of one address.
        let mut addresses: Vec<String> = (0..4).map(|n| format!("2001:db8:0:{n:x}00::1")).collect();
        addresses.extend(["192.0.2.1".to_owned(), "192.0.2.1".to_owned()]);
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        assert_eq!(group(&addresses).gives_up(&|_| false), Some(3));
    }

    #[test]
    fn of_networks_that_are_as_large_the_oldest_or_newest_attempt_decides() {
        let group = group(&["198.51.100.1", "192.0.2.1", "203.0.113.1"]);
        assert_eq!(group.gives_up(&|_| false), Some(2));
        assert_eq!(group.gives_up(&|number| number < 2), Some(0));
    }

    #[test]
    fn nothing_is_kept_of_those_who_are_gone() {
        let addresses = ["198.51.100.1", "192.0.2.1", "2001:db8::1", "192.0.2.1"];
        let mut group = group(&addresses);
        for (number, address) in (0..).zip(addresses) {
            group.remove(number, &networks(address));
        }
        assert_eq!((group.len(), group.gives_up(&|_| true)), (0, None));
        assert!(group.groups.is_empty() && group.by_oldest.is_empty() && group.by_newest.is_empty());
    }
}
