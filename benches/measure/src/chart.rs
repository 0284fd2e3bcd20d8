//! Horizontal bars as SVG text.
//!
//! The same figures give the same text. There is no background, and every colour has its contrast to white and to
//! black, because a picture in a page does not learn whether the page is light or dark.

use std::fmt::Write as _;

use crate::numbers::grouped;

/// A chart: bars of one unit.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// What the parts of a bar are, in their order; none if bars have no parts.
    pub(crate) legend: &'static [&'static str],
    pub(crate) unit: Unit,
    pub(crate) bars: Vec<Bar>,
}

/// What the figures are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    One,
    Hundredth,
}

impl Unit {
    fn text(self, value: u32) -> String {
        match self {
            Self::One => grouped(value, ','),
            Self::Hundredth => format!("{}.{:02}", value / 100, value % 100),
        }
    }
}

/// A bar.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) whose: Whose,
    /// One behind the other, from the left.
    pub(crate) parts: Vec<u32>,
}

/// Who is drawn in which colours.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose {
    Ours,
    Theirs,
}

impl Chart {
    /// The file.
    pub(crate) fn svg(&self) -> String {
        let longest = self.bars.iter().map(Bar::length).max().unwrap_or(0).max(1);
        let legend = u32::from(!self.legend.is_empty());
        let top = HEAD + LINE * legend;
        let height = top + BAR * self.bars.len() as u32;
        let mut svg = String::new();
        // A String takes everything.
        let _ = writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
             height=\"{height}\" role=\"img\" font-family=\"sans-serif\" font-size=\"14\" fill=\"{TEXT}\">"
        );
        let title = escaped(&self.title);
        let _ = writeln!(svg, "<title>{title}</title>");
        let _ = writeln!(svg, "<text x=\"0\" y=\"18\" font-weight=\"bold\">{title}</text>");
        let mut x = LABEL;
        for (part, name) in self.legend.iter().enumerate() {
            let y = HEAD + LINE - 10;
            for (whose, x) in [(Whose::Ours, x), (Whose::Theirs, x + 14)] {
                let colour = whose.colour(part);
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" fill=\"{colour}\"/>",
                    y - 11
                );
            }
            let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\">{}</text>", x + 32, escaped(name));
            x += 32 + 8 * name.chars().count() as u32 + 24;
        }
        for (index, bar) in self.bars.iter().enumerate() {
            bar.draw(&mut svg, top + BAR * index as u32, longest, self.unit);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

impl Bar {
    fn length(&self) -> u32 {
        self.parts.iter().sum()
    }

    fn draw(&self, svg: &mut String, y: u32, longest: u32, unit: Unit) {
        let scaled = |value: u32| (u64::from(value) * u64::from(ROOM) / u64::from(longest)) as u32;
        let text = y + 19;
        let label = escaped(&self.label);
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{label}</text>", LABEL - 10);
        let mut before = 0;
        for (part, value) in self.parts.iter().enumerate() {
            // Both ends are scaled, so that parts meet and the bar is as long as their sum.
            let (left, right) = (scaled(before), scaled(before + value));
            let _ = writeln!(
                svg,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
                LABEL + left,
                y + 4,
                right - left,
                BAR - 8,
                self.whose.colour(part)
            );
            before += value;
        }
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\">{}</text>",
            LABEL + scaled(self.length()) + 8,
            unit.text(self.length())
        );
    }
}

impl Whose {
    fn colour(self, part: usize) -> &'static str {
        match (self, part) {
            (Self::Ours, 0) => "#1a7f86",
            (Self::Ours, _) => "#4fb3b8",
            (Self::Theirs, 0) => "#757575",
            (Self::Theirs, _) => "#a0a0a0",
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const WIDTH: u32 = 720;
/// The column of the labels, right-aligned.
const LABEL: u32 = 210;
/// The longest bar; the figure stands behind it.
const ROOM: u32 = 400;
const HEAD: u32 = 30;
const LINE: u32 = 24;
const BAR: u32 = 30;
/// 4.5 : 1 on white, 4.6 : 1 on black.
const TEXT: &str = "#767676";

#[cfg(test)]
mod tests {
    use super::*;

    fn chart() -> Chart {
        let bar = |label: &str, whose, parts: &[u32]| {
            let label = label.to_owned();
            Bar { label, whose, parts: parts.to_vec() }
        };
        let bars = vec![bar("Lowkey", Whose::Ours, &[100, 101]), bar("a < b", Whose::Theirs, &[402, 0])];
        Chart { title: "R&D".to_owned(), legend: &["before", "after"], unit: Unit::One, bars }
    }

    #[test]
    fn the_longest_bar_has_all_the_room_and_the_others_their_share() {
        let svg = chart().svg();
        assert!(svg.contains("<rect x=\"210\" y=\"88\" width=\"400\""), "{svg}");
        assert!(svg.contains("<rect x=\"210\" y=\"58\" width=\"99\""), "{svg}");
        assert!(svg.contains("<rect x=\"309\" y=\"58\" width=\"101\""), "{svg}");
        assert!(svg.contains(">201</text>"), "{svg}");
    }

    #[test]
    fn text_is_escaped_and_always_the_same() {
        let svg = chart().svg();
        assert!(svg.contains("<title>R&amp;D</title>"));
        assert!(svg.contains(">a &lt; b</text>"));
        assert_eq!(svg, chart().svg());
        assert!(svg.ends_with("</svg>\n"));
    }

    #[test]
    fn hundredths_are_written_with_a_point() {
        let bars = vec![Bar { label: String::new(), whose: Whose::Ours, parts: vec![105] }];
        let chart = Chart { title: String::new(), legend: &[], unit: Unit::Hundredth, bars };
        assert!(chart.svg().contains(">1.05</text>"));
    }

    #[test]
    fn bars_of_nothing_are_drawn() {
        let bars = vec![Bar { label: "none".to_owned(), whose: Whose::Ours, parts: vec![0] }];
        assert!(
            Chart { title: String::new(), legend: &[], unit: Unit::One, bars }.svg().contains("width=\"0\"")
        );
    }
}
