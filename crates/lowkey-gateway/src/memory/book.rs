//! The memos of all devices, by name, in as few bytes as that takes: there may be a hundred thousand.

use super::memo::Memo;
use super::moment::Moment;
use std::collections::HashMap;

/// The memos of all devices.
#[derive(Debug, Default)]
pub(super) struct Book {
    by_name: HashMap<Box<str>, u32>,
    memos: Vec<Memo>,
    /// Whether the file has not each of them as it is here.
    unwritten: Vec<bool>,
    /// Memos that nobody has any more.
    free: Vec<u32>,
    /// Devices that were forgotten, and are still in the file.
    forgotten: Vec<Box<str>>,
}

impl Book {
    /// With these memos, which are in a file.
    pub(super) fn recalled(memos: Vec<(Box<str>, Memo)>) -> Self {
        let mut book = Self::default();
        for (name, memo) in memos {
            *book.of(&name) = memo;
        }
        book.unwritten.fill(false);
        book
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Memo> {
        self.by_name.get(name).and_then(|at| self.memos.get(*at as usize))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Memo)> {
        self.by_name.iter().filter_map(|(name, at)| Some((&**name, self.memos.get(*at as usize)?)))
    }

    /// The memo of this device, to be changed.
    pub(super) fn of(&mut self, name: &str) -> &mut Memo {
        let at = match self.by_name.get(name) {
            Some(at) => *at as usize,
            None => self.begin(name),
        };
        self.unwritten[at] = true;
        &mut self.memos[at]
    }

    fn begin(&mut self, name: &str) -> usize {
        let at = self.free.pop().map_or(self.memos.len(), |at| at as usize);
        if at == self.memos.len() {
            self.memos.push(Memo::default());
            self.unwritten.push(true);
        }
        // Four billion devices have no room in memory, whatever the number.
        self.by_name.insert(name.into(), at as u32);
        at
    }

    /// Notes which devices are in the registry now, and which are not any more since then. Of those that are not,
    /// the last [`REMOVED`] are kept.
    pub(super) fn compare(&mut self, is_registered: impl Fn(&str) -> bool, now: Moment) {
        for (name, at) in &self.by_name {
            let memo = &mut self.memos[*at as usize];
            match (is_registered(name), memo.removed) {
                (true, Some(_)) => memo.removed = None,
                (false, None) => memo.removed(now),
                _ => continue,
            }
            self.unwritten[*at as usize] = true;
        }
        self.forget();
    }

    fn forget(&mut self) {
        let removed = self.iter().filter_map(|(name, memo)| Some((memo.removed?, name)));
        let mut removed: Vec<(Moment, Box<str>)> = removed.map(|(at, name)| (at, name.into())).collect();
        let Some(too_many) = removed.len().checked_sub(REMOVED) else { return };
        removed.sort_unstable();
        for (_, name) in removed.into_iter().take(too_many) {
            if let Some(at) = self.by_name.remove(&name) {
                self.memos[at as usize] = Memo::default();
                self.unwritten[at as usize] = false;
                self.free.push(at);
                self.forgotten.push(name);
            }
        }
    }

    /// At most so many devices behind this name that the file has not as they are here, and what it is to have of each:
    /// the memo, or none if the device is forgotten. In the order in which the file has them: neighbours there are
    /// written together.
    pub(super) fn unwritten(&mut self, behind: &str, most: usize) -> Vec<(Box<str>, Option<Memo>)> {
        let mut names: Vec<&str> = self.forgotten.iter().map(|name| &**name).collect();
        if self.unwritten.contains(&true) {
            let unwritten = self.by_name.iter().filter(|(_, at)| self.unwritten[**at as usize]);
            names.extend(unwritten.map(|(name, _)| &**name));
        }
        names.retain(|name| *name > behind);
        if names.len() > most {
            names.select_nth_unstable(most);
            names.truncate(most);
        }
        names.sort_unstable();
        names.dedup();
        let memo = |name: &str| self.by_name.get(name).and_then(|at| self.memos.get(*at as usize)).cloned();
        let chosen: Vec<_> = names.into_iter().map(|name| (Box::from(name), memo(name))).collect();
        for (name, _) in &chosen {
            match self.by_name.get(name) {
                Some(at) => self.unwritten[*at as usize] = false,
                None => self.forgotten.retain(|forgotten| forgotten != name),
            }
        }
        chosen
    }

    /// The file has these devices, and may have nothing of what was written.
    pub(super) fn all_unwritten(&mut self, in_file: impl Iterator<Item = Box<str>>) {
        for at in self.by_name.values() {
            self.unwritten[*at as usize] = true;
        }
        self.forgotten.extend(in_file.filter(|name| !self.by_name.contains_key(name)));
    }
}

/// How many devices that are not in the registry any more are remembered.
const REMOVED: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_bounded_and_the_oldest_goes() {
        let mut book = Book::default();
        let at = |n: usize| Moment::from_seconds(u32::try_from(n).unwrap()).unwrap();
        for n in 0..3 * REMOVED {
            book.of(&format!("d{n}"));
            book.compare(|name| name == "d5", at(n + 1));
        }
        assert_eq!((book.len(), book.memos.len()), (REMOVED + 1, REMOVED + 2), "and memory is used again");
        assert!(book.get("d5").unwrap().removed.is_none() && book.get("d6").is_none());
        let all = book.unwritten("", usize::MAX);
        assert!(all.is_sorted_by_key(|(name, _)| name.clone()) && all.len() == 3 * REMOVED);
        assert_eq!(all.iter().filter(|(_, memo)| memo.is_none()).count(), 2 * REMOVED - 1);
        assert!(book.unwritten("", 1).is_empty());
        book.all_unwritten(all.iter().map(|(name, _)| name.clone()));
        let mut again: Vec<(Box<str>, Option<Memo>)> = Vec::new();
        loop {
            let behind = again.last().map_or_else(String::new, |(name, _)| name.to_string());
            let some = book.unwritten(&behind, 1000);
            if some.is_empty() {
                break;
            }
            again.extend(some);
        }
        assert_eq!(again, all);
        book.compare(|_| true, at(1));
        assert!(book.iter().all(|(_, memo)| memo.removed.is_none()), "back in the registry");
    }

    #[test]
    fn a_memo_is_small() {
        // And 33 bytes of the table, a name, and what an allocation takes.
        assert!(size_of::<Memo>() <= 144, "{}", size_of::<Memo>());
    }
}
