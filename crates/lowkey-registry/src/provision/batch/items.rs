//! Who the devices of a batch are: numbered, or listed in a file.

use super::cells;
use crate::provision::error::ProvisionError;
use crate::text_file::{self, Trust, shown};
use lowkey_host::Device;
use lowkey_host::text::{holds_a_secret, mask};
use std::collections::HashMap;
use std::path::Path;

/// A device of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What the server calls it, and what its files are called.
    pub name: String,
    /// Its maker's number for it; may be empty.
    pub serial: String,
}

/// `count` devices whose names follow from `pattern`: `{}` in it is a number, from `first` on, and `{:05}` one of five
/// digits at least.
///
/// # Errors
/// [`ProvisionError::Order`]: there is not one such place in the pattern, or more devices than there may be.
pub fn numbered(pattern: &str, first: u32, count: u32) -> Result<Vec<Item>, ProvisionError> {
    if holds_a_secret(pattern) {
        return Err(ProvisionError::Order(SECRET.into()));
    }
    let wrong = |why: &str| ProvisionError::Order(format!("{pattern:?}: {why}"));
    let parts = pattern.split_once('{').and_then(|(before, rest)| {
        let (width, after) = rest.split_once('}')?;
        (!after.contains(['{', '}']) && !before.contains('}')).then_some((before, width, after))
    });
    let (before, width, after) =
        parts.ok_or_else(|| wrong("write where the number goes, once: pump-{} or pump-{:05}"))?;
    let width = match width.strip_prefix(":0").map(str::parse) {
        None if width.is_empty() => 0,
        Some(Ok(width @ 1..=10)) => width,
        _ => return Err(wrong("the number is {}, or of five digits {:05}")),
    };
    if !(1..=MOST).contains(&count) || first.checked_add(count).is_none() {
        return Err(ProvisionError::Order(format!("a batch is of 1 to {MOST} devices")));
    }
    let name = |n| format!("{before}{n:0width$}{after}");
    Ok((first..first + count).map(|n| Item { name: name(n), serial: String::new() }).collect())
}

/// The devices of a CSV file: its first line is `name` or `name,serial`, each other one a device.
///
/// # Errors
/// [`ProvisionError::Order`]: the file cannot be read, or a line in it is wrong; which one.
pub fn listed(path: &Path) -> Result<Vec<Item>, ProvisionError> {
    let text = text_file::read(path, Trust::Ours, LONGEST)
        .map_err(|error| ProvisionError::Order(error.to_string()))?;
    let wrong =
        |line: usize, why: &str| ProvisionError::Order(format!("{}:{}: {why}", shown(path), line + 1));
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let columns = match lines.next() {
        Some((_, head)) if unquoted(head, 1).as_deref() == Some(&["name"]) => 1,
        Some((_, head)) if unquoted(head, 2).as_deref() == Some(&["name", "serial"]) => 2,
        _ => return Err(wrong(0, "the first line is `name`, or `name,serial`; separate columns by commas")),
    };
    let mut items = Vec::new();
    for (at, line) in lines {
        let cells = unquoted(line, columns).ok_or_else(|| {
            wrong(at, "not as many columns as the first line has, or a quote inside of one")
        })?;
        let [name, serial] = [0, 1].map(|n| cells.get(n).copied().unwrap_or_default().to_owned());
        let item = Item { name, serial };
        check_one(&item).map_err(|why| wrong(at, &why))?;
        items.push(item);
    }
    check(&items).map(|()| items)
}

/// Whether these can be devices of one batch.
pub(super) fn check(items: &[Item]) -> Result<(), ProvisionError> {
    if items.is_empty() || items.len() > MOST as usize {
        return Err(ProvisionError::Order(format!("a batch is of 1 to {MOST} devices")));
    }
    let (mut names, mut serials) = (HashMap::new(), HashMap::new());
    for item in items {
        check_one(item).map_err(ProvisionError::Order)?;
        // Not every file system tells upper case from lower.
        if let Some(other) = names.insert(item.name.to_lowercase(), &item.name) {
            let why = format!("{:?} and {other:?} are one name to some file systems", item.name);
            return Err(ProvisionError::Order(why));
        }
        if let Some(other) = serials.insert(&item.serial, &item.name).filter(|_| !item.serial.is_empty()) {
            let why = format!("{:?} and {other:?} have the same serial", item.name);
            return Err(ProvisionError::Order(why));
        }
    }
    Ok(())
}

/// Whether it can be a device of a batch.
pub(super) fn check_one(Item { name, serial }: &Item) -> Result<(), String> {
    if holds_a_secret(name) || mask(serial) != *serial {
        return Err(SECRET.into());
    }
    Device::new(&**name).map_err(|error| error.to_string())?;
    cells::check(name).map_err(|why| format!("the name {name:?} {why}"))?;
    cells::check(serial).map_err(|why| format!("the serial {serial:?} {why}"))?;
    let is_of_a_path = |c: char| matches!(c, '/' | '\\' | ':' | '*' | '?' | '<' | '>');
    if let Some(c) = name.chars().find(|c| is_of_a_path(*c)) {
        return Err(format!("the name {name:?} holds {c}, which no file is called by everywhere"));
    }
    if name.starts_with('.') || name.ends_with('.') {
        return Err(format!("the name {name:?} begins or ends with a dot; files are called by it"));
    }
    Ok(())
}

/// The cells of a line, without the quotes that spreadsheets put around some.
fn unquoted(line: &str, columns: usize) -> Option<Vec<&str>> {
    let cells = line.split(',').map(|cell| {
        let inner = cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell);
        (!inner.contains('"')).then_some(inner)
    });
    cells.collect::<Option<Vec<&str>>>().filter(|cells| cells.len() == columns)
}

const SECRET: &str = "a secret stands where a name or a serial belongs";
/// A registry has room for two million.
const MOST: u32 = 1_000_000;
/// In bytes.
const LONGEST: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "BAEA-QCAI-BAEA-QCAI-BAEA-QCAI-BA";

    fn names(pattern: &str) -> Result<Vec<String>, String> {
        let items = numbered(pattern, 9, 2).map_err(|error| error.to_string())?;
        Ok(items.into_iter().map(|item| item.name).collect())
    }

    #[test]
    fn a_number_stands_where_the_pattern_says() {
        assert_eq!(names("pump-{}").unwrap(), ["pump-9", "pump-10"]);
        assert_eq!(names("{:05} süd").unwrap(), ["00009 süd", "00010 süd"]);
        for pattern in ["pump", "{", "}{", "{}{}", "{:5}", "{:0}", "{:011}", "{x}", "{:0-1}", "a}{}"] {
            assert!(names(pattern).is_err(), "{pattern}");
        }
        assert_eq!(names(CODE).unwrap_err(), SECRET);
        for (first, count) in [(0, 0), (0, MOST + 1), (u32::MAX, 1)] {
            assert!(numbered("{}", first, count).is_err());
        }
    }

    #[test]
    fn a_batch_has_no_two_of_a_name_or_a_serial() {
        let item = |name: &str, serial: &str| Item { name: name.into(), serial: serial.into() };
        assert!(check(&[item("a", ""), item("b", "")]).is_ok());
        assert!(check(&[]).is_err());
        for (a, b) in
            [(item("a", ""), item("a", "")), (item("a", ""), item("A", "")), (item("a", "1"), item("b", "1"))]
        {
            assert!(check(&[a, b]).is_err());
        }
        for name in ["", "a/b", "a\\b", "..", ".a", "a.", "c:", "a*", "a?", "<a>", "=a", "a b ", CODE] {
            assert!(check(&[item(name, "")]).is_err(), "{name:?}");
        }
    }
}
