//! Which public types of a crate are errors, found in its sources: those that stand last in a `Result<…>`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The names of the errors that `src` declares for everybody to see, in order.
pub fn errors_of(src: &Path) -> BTreeSet<String> {
    let mut text = String::new();
    gather(src, &mut text);
    let declared: BTreeSet<&str> = text.lines().filter_map(declared).collect();
    let results = text.split("Result<").skip(1).filter_map(last_argument);
    results.filter(|name| declared.contains(name)).map(str::to_owned).collect()
}

/// Compiles only if all of these are errors to the language and to people, and gives their names, so that a test can
/// compare them with [`errors_of`].
#[macro_export]
macro_rules! all_are_errors {
    ($($error:ty),* $(,)?) => {{
        fn name<E: core::error::Error + Send + Sync + 'static>() -> &'static str {
            core::any::type_name::<E>().rsplit("::").next().unwrap_or_default()
        }
        [$(name::<$error>()),*]
    }};
}

fn gather(path: &Path, text: &mut String) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder of sources") {
            gather(&entry.expect("an entry of it").path(), text);
        }
    } else {
        text.push_str(&fs::read_to_string(path).unwrap_or_default());
    }
}

/// `Name` of `pub struct Name…` and `pub enum Name…`.
fn declared(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))?;
    rest.split(|c: char| !c.is_alphanumeric()).next()
}

/// `E` of `T, E>…`, behind `Result<`; nothing of `T>…`.
fn last_argument(rest: &str) -> Option<&str> {
    let (mut depth, mut comma) = (1, None);
    for (at, c) in rest.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' if rest[..at].ends_with('-') => {}
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 1 => comma = Some(at + 1),
            _ => {}
        }
        if depth == 0 {
            return rest[comma?..at].rsplit(':').next().map(str::trim);
        }
    }
    None
}
