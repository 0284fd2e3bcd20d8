//! `lowkey generate`: man pages and completions, made from the arguments and the settings themselves.

mod registry;

use crate::arguments;
use crate::config::{FIELDS, Field};
use crate::failure::{EXIT_CODES, Failure};
use crate::terminal::{path, text};
use clap::{ArgMatches, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};
use std::path::Path;
use std::{fs, io};

pub(crate) fn run(of: &ArgMatches) -> Result<(), Failure> {
    let (Some(what), Some(folder)) = (text(of, "what"), path(of, "folder")) else { return Ok(()) };
    let made = fs::create_dir_all(folder).and_then(|()| match what {
        "man" => pages(folder),
        _ => completions(folder),
    });
    made.map_err(|error| Failure::file(format_args!("{}: {error}", folder.display())))
}

/// A page for each command, one for the settings and one for registries.
fn pages(folder: &Path) -> io::Result<()> {
    let mut command = arguments::command().disable_help_subcommand(true);
    command.build();
    page_and_below(folder, "lowkey", &command)?;
    fs::write(folder.join("lowkey.toml.5"), settings())?;
    fs::write(folder.join("devices.toml.5"), registry::page())
}

fn page_and_below(folder: &Path, name: &str, command: &Command) -> io::Result<()> {
    fs::write(folder.join(format!("{name}.1")), page(command)?)?;
    let mut below = command.get_subcommands();
    below.try_for_each(|below| page_and_below(folder, &format!("{name}-{}", below.get_name()), below))
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    // What stands behind the help, the exit codes, has a section of its own here.
    Man::new(command.clone().after_help(None::<&str>)).source(SOURCE).manual(MANUAL).render(&mut page)?;
    let mut codes = Roff::new();
    codes.control("SH", ["EXIT STATUS"]);
    if command.get_name() != "lowkey" {
        codes.text([bold("lowkey"), roman("(1) lists the exit codes of all commands.")]);
        page.extend_from_slice(codes.to_roff().as_bytes());
        return Ok(page);
    }
    for line in EXIT_CODES.lines().skip(1) {
        let (code, meaning) = line.trim().split_once("  ").unwrap_or((line, ""));
        codes.control("TP", []).text([bold(code)]).text([roman(meaning)]);
    }
    page.extend_from_slice(codes.to_roff().as_bytes());
    Ok(page)
}

fn completions(folder: &Path) -> io::Result<()> {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut arguments::command(), "lowkey", folder)?;
    }
    Ok(())
}

/// lowkey.toml(5).
fn settings() -> String {
    let mut page = Roff::new();
    page.control("TH", ["lowkey.toml", "5", "", SOURCE, MANUAL]);
    page.control("SH", ["NAME"]).text([roman("lowkey.toml - the configuration of lowkey serve")]);
    page.control("SH", ["DESCRIPTION"]);
    for paragraph in DESCRIPTION {
        page.control("PP", []).text([roman(paragraph)]);
    }
    page.control("SH", ["SETTINGS"]);
    let mut table = None;
    for field in FIELDS {
        let within = field.path.split_once('.').map(|(within, _)| within);
        if within != table {
            page.control("SS", [format!("[{}]", within.unwrap_or_default()).as_str()]);
            table = within;
        }
        setting(&mut page, field);
    }
    page.control("SH", ["SEE ALSO"]).text([
        bold("lowkey-serve"),
        roman("(1), "),
        bold("lowkey-check"),
        roman("(1), "),
        bold("devices.toml"),
        roman("(5)"),
    ]);
    page.render()
}

fn setting(page: &mut Roff, field: &Field) {
    let name = field.path.rsplit('.').next().unwrap_or(field.path);
    let mut facts = vec![field.form(), field.variable()];
    facts.extend(field.option.as_ref().map(|option| format!("--{}", option.long)));
    let default: Vec<Inline> = match field.default {
        Some(default) => vec![roman(" = "), roman(default)],
        None => vec![roman(" (no default; for example "), roman(field.example), roman(")")],
    };
    page.control("TP", []).text([vec![bold(name)], default].concat());
    page.text([roman(field.help)]);
    page.control("br", []).text([roman(format!("Value: {}.", facts.join("; ")))]);
}

const DESCRIPTION: [&str; 4] = [
    "A TOML file that `lowkey serve --config FILE` reads. A setting that is not in it has its default. Files are \
     relative to the folder of this one. It belongs to root or to the user who serves, and nobody else may write to it.",
    "A variable of the environment goes before the file: LOWKEY_ and the setting's name in upper case, with its table \
     before it. An option goes before both. A LOWKEY_ variable that is no setting is an error, but for those that Kubernetes makes of a \
     Service of that name.",
    "Key and registry have to be named, and what devices talk to: forward or echo.",
    "`lowkey check` says what is wrong, with line and column; `lowkey check --print-default-config` prints a file \
     with every default.",
];

const SOURCE: &str = concat!("lowkey ", env!("CARGO_PKG_VERSION"));
const MANUAL: &str = "Lowkey";
