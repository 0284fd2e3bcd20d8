//! The default file, with the help of every setting.

use super::fields::FIELDS;

/// A file that says what is so without it.
pub(crate) fn default_file() -> String {
    let mut file = HEAD.to_owned();
    let mut table = None;
    for field in FIELDS {
        let (within, name) = match field.path.split_once('.') {
            Some((within, name)) => (Some(within), name),
            None => (None, field.path),
        };
        if let Some(within) = within.filter(|_| within != table) {
            file += &format!("\n[{within}]\n");
            table = Some(within);
        }
        file += "\n";
        for line in wrap(field.help) {
            file += &format!("# {line}\n");
        }
        file += &match field.default {
            Some(default) => format!("{name} = {default}\n"),
            None => format!("#{name} = {}\n", field.example),
        };
    }
    file
}

const HEAD: &str = "\
# The configuration of `lowkey serve`. Each setting has its default here; those with a `#` before them have none.
# LOWKEY_ and the name in upper case says it in the environment (LOWKEY_LIMITS_SESSIONS), and some have an option.
# Files are relative to this one. `lowkey check --config FILE` says what is wrong.
";

/// Lines of at most this many characters.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= WIDTH => *line += &format!(" {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

const WIDTH: usize = 100;
