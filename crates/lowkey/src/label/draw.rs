//! A label as a picture: for a terminal, as PNG, as SVG, and many on sheets that a browser prints.

use super::Label;
use super::picture;
use super::symbol::{QUIET, Symbol};
use lowkey_host::text::clean;
use std::fmt::Write as _;

/// For a terminal: black on white whatever its colours are, two modules a character.
pub(crate) fn terminal(symbol: &Symbol) -> String {
    let width = symbol.width_with_border();
    let mut text = String::new();
    for y in (0..width).step_by(2) {
        text += "\x1b[30;107m";
        for x in 0..width {
            text.push(match (symbol.is_dark_in_border(x, y), symbol.is_dark_in_border(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        text += "\x1b[0m\n";
    }
    text
}

/// A PNG of the QR code alone, eight pixels a module, black on white.
pub(crate) fn png(symbol: &Symbol) -> Vec<u8> {
    let side = symbol.width_with_border() * PIXELS;
    picture::png(side, |x, y| symbol.is_dark_in_border(x / PIXELS, y / PIXELS))
}

/// An SVG of one label, as large as it is printed.
pub(crate) fn svg(label: &Label) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", drawing(label))
}

/// A page of HTML with as many labels as there are, 24 on each sheet of A4, for a browser to print.
pub(crate) fn sheets(labels: &[Label]) -> String {
    let mut text = SHEETS.to_owned();
    for sheet in labels.chunks(ON_A_SHEET) {
        text += "<section>\n";
        for label in sheet {
            text += &drawing(label);
            text.push('\n');
        }
        text += "</section>\n";
    }
    text + "</body>\n</html>\n"
}

fn drawing(label: &Label) -> String {
    let side = HEIGHT - 4.0;
    let module = side / label.symbol.width_with_border() as f64;
    let mut path = String::new();
    for y in 0..label.symbol.width() {
        let mut x = 0;
        while x < label.symbol.width() {
            let run = (x..label.symbol.width()).take_while(|x| label.symbol.is_dark(*x, y)).count();
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET); // a String takes all
            }
            x += run.max(1);
        }
    }
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}mm\" height=\"{HEIGHT}mm\" \
         viewBox=\"0 0 {WIDTH} {HEIGHT}\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <path transform=\"translate(2 2) scale({module:.4})\" fill=\"#000\" d=\"{path}\"/>\n\
         <g font-family=\"monospace\" font-size=\"2.6\" fill=\"#000\">\n"
    );
    for (at, line) in label.lines().iter().enumerate() {
        let y = 7.0 + 4.0 * at as f64;
        let _ = writeln!(text, "<text x=\"{}\" y=\"{y}\">{}</text>", side + 3.0, escaped(line));
    }
    text + "</g>\n</svg>"
}

/// Text that XML shows as it is, without what steers whoever prints it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

const PIXELS: usize = 8;
/// In millimetres: labels of 70 × 37 mm, three in a row and eight rows on a sheet of A4, are sold everywhere.
const WIDTH: f64 = 70.0;
const HEIGHT: f64 = 37.0;
const ON_A_SHEET: usize = 24;
const SHEETS: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Labels</title>\n<style>\n\
    @page { size: A4; margin: 0 }\nbody { margin: 0 }\n\
    section { width: 210mm; height: 296mm; display: grid; grid-template-columns: repeat(3, 70mm); \
    grid-auto-rows: 37mm; break-after: page }\nsvg { display: block }\n</style>\n</head>\n<body>\n";

#[cfg(test)]
mod tests;
