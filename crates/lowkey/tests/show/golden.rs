//! The form of what people and programs read, held against files: whoever parses it, or has got used to it, is not
//! surprised. `LOWKEY_WRITE_GOLDEN=1 cargo test -p lowkey --test show golden` writes them anew.

use crate::Site;
use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::{env, fs};

/// Compares, or writes.
fn hold(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/show/golden").join(name);
    if env::var_os("LOWKEY_WRITE_GOLDEN").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, expected, "{name}: LOWKEY_WRITE_GOLDEN=1 writes it anew, if it is meant");
}

/// One that is there, one that was, one that never was.
fn site() -> (Site, [lowkey_host::Connection<tokio::io::DuplexStream>; 2]) {
    let site = Site::new(&["pump-7", "pump-8", "pump-9"]);
    drop(site.connect(1, 10));
    let there = site.connect(0, 1000);
    (site, there)
}

/// Without what is another each time: how long ago something was (`3s`, `3 s`), and how wide a column is for it.
fn without_times(text: &str) -> String {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let mut calm = String::new();
    for line in text.lines() {
        let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
        let cells = cells.map(|cell| {
            let words: Vec<&str> = cell.split(' ').collect();
            let calm = words.iter().enumerate().map(|(n, word)| match word.strip_suffix('s') {
                Some(number) if is_number(number) => "0s",
                None if is_number(word) && words.get(n + 1) == Some(&"s") => "0",
                _ => word,
            });
            calm.collect::<Vec<_>>().join(" ")
        });
        calm += &cells.collect::<Vec<_>>().join("  ");
        calm.push('\n');
    }
    calm
}

#[test]
fn golden_tables_are_as_people_know_them() {
    let (site, _there) = site();
    for (name, arguments) in
        [("show", "show"), ("absent", "show --absent"), ("device", "show pump-8"), ("list", "list")]
    {
        hold(&format!("{name}.txt"), &without_times(&site.on_a_terminal(arguments, 80)));
    }
}

/// Without keys, ids, paths and times.
fn calm(name: &str, value: &mut Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| calm(name, value)),
        Value::Array(values) => values.iter_mut().for_each(|value| calm(name, value)),
        Value::Number(_) if name.contains("seconds") => *value = 0.into(),
        Value::String(text) if text.starts_with("lkpub1") || text.starts_with("0x") => {
            *text = name.to_uppercase();
        }
        Value::String(text) if ["version", "path", "digest"].contains(&name) => *text = name.to_uppercase(),
        _ => (),
    }
}

#[test]
fn golden_json_is_as_programs_know_it() {
    let (site, _there) = site();
    for (name, path) in [
        ("devices", "/devices?with=pinnings"),
        ("device", "/devices?name=pump-8"),
        ("sessions", "/sessions"),
        ("overview", "/overview"),
        ("registry", "/registry"),
        ("doctor", "/doctor?about=pump-9"),
    ] {
        let mut stream = UnixStream::connect(site.socket()).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let mut value: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        calm("", &mut value);
        hold(&format!("{name}.json"), &format!("{value:#}\n"));
    }
}
