//! The memos of all devices, by name.

use super::memo::Memo;
use super::moment::Moment;
use std::collections::{HashMap, HashSet};

/// The memos of all devices.
#[derive(Debug, Default)]
pub(super) struct Book {
    memos: HashMap<Box<str>, Box<Memo>>,
    /// Whose memo is not in the file as it is here; `None` where there is no file.
    unwritten: Option<HashSet<Box<str>>>,
}

impl Book {
    /// With these memos. A file is to have what changes from now on.
    pub(super) fn recalled(memos: HashMap<Box<str>, Box<Memo>>) -> Self {
        Self { memos, unwritten: Some(HashSet::new()) }
    }

    pub(super) fn len(&self) -> usize {
        self.memos.len()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Memo> {
        self.memos.get(name).map(|memo| &**memo)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Memo)> {
        self.memos.iter().map(|(name, memo)| (&**name, &**memo))
    }

    /// The memo of this device, to be changed.
    pub(super) fn of(&mut self, name: &str) -> &mut Memo {
        self.touch(name);
        self.memos.entry(name.into()).or_default()
    }

    /// Notes which devices are in the registry now, and which are not any more since then. Of those that are not,
    /// the last [`REMOVED`] are kept.
    pub(super) fn compare(&mut self, is_registered: impl Fn(&str) -> bool, now: Moment) {
        let mut changed = Vec::new();
        for (name, memo) in &mut self.memos {
            match (is_registered(name), memo.removed) {
                (true, Some(_)) => memo.removed = None,
                (false, None) => memo.removed(now),
                _ => continue,
            }
            changed.push(name.clone());
        }
        changed.iter().for_each(|name| self.touch(name));
        self.forget();
    }

    fn forget(&mut self) {
        let removed = self.memos.iter().filter_map(|(name, memo)| Some((memo.removed?, name.clone())));
        let mut removed: Vec<(Moment, Box<str>)> = removed.collect();
        let Some(too_many) = removed.len().checked_sub(REMOVED) else { return };
        removed.sort_unstable();
        for (_, name) in removed.into_iter().take(too_many) {
            self.memos.remove(&name);
            self.touch(&name);
        }
    }

    /// What a file has not, a device each, at most so many: its memo now, or `None` if it is forgotten.
    pub(super) fn unwritten(&mut self, most: usize) -> Vec<(Box<str>, Option<Memo>)> {
        let Some(unwritten) = &mut self.unwritten else { return Vec::new() };
        let some: Vec<Box<str>> = unwritten.iter().take(most).cloned().collect();
        let memos = some.into_iter().map(|name| {
            unwritten.remove(&name);
            let memo = self.memos.get(&name).map(|memo| (**memo).clone());
            (name, memo)
        });
        memos.collect()
    }

    /// They could not be written.
    pub(super) fn still_unwritten(&mut self, names: impl Iterator<Item = Box<str>>) {
        if let Some(unwritten) = &mut self.unwritten {
            unwritten.extend(names);
        }
    }

    fn touch(&mut self, name: &str) {
        if let Some(unwritten) = &mut self.unwritten
            && !unwritten.contains(name)
        {
            unwritten.insert(name.into());
        }
    }
}

/// How many devices that are not in the registry any more are remembered.
const REMOVED: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_removed_is_bounded_and_the_oldest_goes() {
        let mut book = Book::recalled(HashMap::new());
        let at = |n: usize| Moment::from_seconds(u32::try_from(n).unwrap());
        for n in 0..3 * REMOVED {
            book.of(&format!("d{n}"));
            book.compare(|name| name == "d5", at(n + 1));
        }
        assert_eq!(book.len(), REMOVED + 1);
        assert!(book.get("d5").unwrap().removed.is_none() && book.get("d6").is_none());
        book.compare(|_| true, at(1));
        assert!(book.iter().all(|(_, memo)| memo.removed.is_none()), "back in the registry");
        let written = book.unwritten(usize::MAX);
        assert_eq!(written.len(), 3 * REMOVED);
        assert_eq!(written.iter().filter(|(_, memo)| memo.is_none()).count(), 2 * REMOVED - 1);
        assert!(book.unwritten(1).is_empty());
    }
}
