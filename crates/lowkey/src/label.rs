//! `lowkey label`: what is stuck on a device, or put into its box.

mod draw;
mod picture;
mod symbol;

use crate::failure::{Exit, Failure};
use crate::terminal::{codes_in, new_file, print, say, secret_file, text};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command, value_parser};
use lowkey_core::Code;
use lowkey_host::text::{clean, mask};
use lowkey_registry::{code_text, codes, label_text, show_code_name};
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use symbol::Symbol;

pub(crate) fn command() -> Command {
    Command::new("label")
        .about("Draw the labels of pairing codes: as SVG, as PNG, on a terminal, or on sheets to print")
        .long_about(
            "Draw the labels of pairing codes, which are read from files and never from the command line. A label has \
             the QR code, the code for people to type, and its name. Whoever sees it can pair with the device: the \
             new file is readable by its owner only, and a label is shown on a terminal and nowhere else.",
        )
        .arg(
            Arg::new("codes")
                .value_name("FILE")
                .num_args(1..)
                .required(true)
                .value_parser(value_parser!(PathBuf))
                .help("Files of `lowkey code new` or NAME.code of a batch, whose labels say NAME; `-` is standard input"),
        )
        .arg(
            Arg::new("format")
                .long("format")
                .default_value("terminal")
                .value_parser(PossibleValuesParser::new(["terminal", "svg", "png", "sheet"]))
                .help("svg and png are of one label; sheet is HTML, 24 labels of 70 x 37 mm on each A4"),
        )
        .arg(
            new_file("The new file, for svg, png and sheet"),
        )
}

/// What is on a label.
pub(crate) struct Label {
    symbol: Symbol,
    lines: Vec<String>,
}

impl Label {
    /// That of a code, and of the device that it is for, if that is known.
    fn of(code: &Code, name: Option<&str>) -> Result<Self, Failure> {
        let text = label_text(code)
            .map_err(|_| Failure::file("a code of another length than 16 bytes, which is that of labels"))?;
        let typed = code_text(code);
        let mut lines = wrapped(&clean(&mask(name.unwrap_or_default())));
        let half = typed.expose().len().min(HALF);
        let (first, second) = typed.expose().split_at(half);
        lines.extend([first, second].map(|half| half.trim_matches('-').to_owned()));
        lines.push(format!("name {}", show_code_name(&code.name())));
        Ok(Self { symbol: Symbol::of(text.expose())?, lines })
    }

    /// The lines beside the QR code: the device's name, the code in two halves, the code's name.
    fn lines(&self) -> &[String] {
        &self.lines
    }
}

/// As many lines as there is room for beside a QR code; the last one ends with … where there is more.
fn wrapped(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut lines: Vec<String> = letters.chunks(ACROSS).map(|line| line.iter().collect()).collect();
    if lines.len() > DOWN {
        lines.truncate(DOWN);
        let last = lines.last_mut().into_iter();
        last.for_each(|last| last.push('…'));
    }
    lines
}

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let format = text(of, "format").unwrap_or("terminal");
    let file = match (format, secret_file(of, "output")?) {
        ("terminal", None) => return show(&labels(of)?),
        ("terminal", Some(_)) => {
            return Err(wrong("a file has another format than a terminal: --format svg -o FILE"));
        }
        (_, Some(file)) => file,
        (_, None) => {
            let why = format!("a label is a secret; name a file for it: --format {format} -o FILE");
            return Err(wrong(why));
        }
    };
    let labels = labels(of)?;
    let one = || match &*labels {
        [label] => Ok(label),
        _ => {
            Err(wrong(format_args!("{} codes, and this format is of one; use --format sheet", labels.len())))
        }
    };
    let content = match format {
        "svg" => draw::svg(one()?).into_bytes(),
        "png" => draw::png(&one()?.symbol),
        _sheet => draw::sheets(&labels).into_bytes(),
    };
    codes::write_private(file, &content).map_err(Failure::file)?;
    let shown = mask(&file.display().to_string());
    say(format_args!(
        "labels, {} of them: {shown}; as secret as the codes: delete it when it is printed",
        labels.len()
    ));
    Ok(())
}

fn labels(of: &ArgMatches) -> Result<Vec<Label>, Failure> {
    let mut labels = Vec::new();
    for file in of.get_many::<PathBuf>("codes").into_iter().flatten() {
        let codes = codes_in(file)?;
        // Of a batch, whose files are called by their devices.
        let is_of_device = codes.len() == 1 && file.extension().is_some_and(|extension| extension == "code");
        let name = file.file_stem().filter(|_| is_of_device).map(|name| name.to_string_lossy());
        for code in &codes {
            labels.push(Label::of(code, name.as_deref())?);
        }
    }
    Ok(labels)
}

/// On a terminal, which keeps no file of it.
fn show(labels: &[Label]) -> Result<(), Failure> {
    if !io::stdout().is_terminal() {
        let why =
            "a label is a secret, and standard output is no terminal; name a file: --format svg -o FILE";
        return Err(wrong(why));
    }
    labels.iter().try_for_each(|label| {
        print(&format!("{}{}\n\n", draw::terminal(&label.symbol), label.lines.join("\n")))
    })
}

/// What the arguments ask for cannot be.
fn wrong(why: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Arguments, why)
}

/// Where a code is broken into two lines: four groups of four, and their hyphens.
const HALF: usize = 20;
/// In letters, and in lines.
const ACROSS: usize = 20;
const DOWN: usize = 3;
