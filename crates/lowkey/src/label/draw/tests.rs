//! What is drawn is read back by rqrr, which shares no code with what draws it.

use super::*;
use lowkey_core::Code;
use lowkey_registry::{code_text, codes, label_text, show_code_name};
use rqrr::PreparedImage;

/// What a camera reads from so many pixels; `is_dark` says which are.
fn read(width: usize, height: usize, is_dark: impl Fn(usize, usize) -> bool) -> Vec<(usize, String)> {
    let grey = |x, y| if is_dark(x, y) { 0 } else { 255 };
    let mut image = PreparedImage::prepare_from_greyscale(width, height, grey);
    let grids = image.detect_grids();
    let decoded = grids.iter().map(|grid| grid.decode().unwrap());
    decoded.map(|(about, text)| (about.version.0, text)).collect()
}

fn label(name: Option<&str>) -> (Code, Label) {
    let code = codes::generate().unwrap();
    let label = Label::of(&code, name).unwrap();
    (code, label)
}

/// Version 3, which has 29 modules a side, and so fits on a label of 13 mm with modules of a third of a millimetre.
fn expected(code: &Code) -> Vec<(usize, String)> {
    vec![(3, label_text(code).unwrap().expose().to_owned())]
}

#[test]
fn another_library_reads_what_a_png_shows() {
    let (code, label) = label(None);
    let png = png(&label.symbol);
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let is_dark = |x: usize, y: usize| pixels[y * info.line_size + x / 8] >> (7 - x % 8) & 1 == 0;
    assert_eq!(read(info.width as usize, info.height as usize, is_dark), expected(&code));
}

#[test]
fn another_library_reads_what_an_svg_shows() {
    let (code, label) = label(Some("pump-7"));
    let svg = svg(&label);
    let path = svg.split_once(" d=\"").unwrap().1.split_once('"').unwrap().0;
    let mut dark = std::collections::HashSet::new();
    for run in path.split('M').skip(1) {
        let (at, rest) = run.split_once('h').unwrap();
        let (x, y) = at.split_once(' ').unwrap();
        let [x, y, run] = [x, y, rest.split_once('v').unwrap().0].map(|n| n.parse::<usize>().unwrap());
        dark.extend((x..x + run).map(|x| (x, y)));
    }
    let side = label.symbol.width_with_border() * 4;
    assert_eq!(read(side, side, |x, y| dark.contains(&(x / 4, y / 4))), expected(&code));
    for line in
        ["pump-7", &code_text(&code).expose()[..19], &format!("name {}", show_code_name(&code.name()))]
    {
        assert!(svg.contains(&format!(">{line}</text>")), "{line}: {svg}");
    }
}

#[test]
fn another_library_reads_what_a_terminal_shows() {
    let (code, label) = label(None);
    let text = terminal(&label.symbol);
    let lines: Vec<Vec<char>> = text
        .lines()
        .map(|line| {
            line.strip_prefix("\x1b[30;107m").unwrap().strip_suffix("\x1b[0m").unwrap().chars().collect()
        })
        .collect();
    let is_dark = |x: usize, y: usize| match lines[y / 2][x] {
        '█' => true,
        '▀' => y.is_multiple_of(2),
        '▄' => !y.is_multiple_of(2),
        ' ' => false,
        other => panic!("{other}"),
    };
    let side = lines[0].len();
    let read = read(side * 4, side * 4, |x, y| is_dark(x / 4, y / 4));
    assert_eq!(read, expected(&code));
}

#[test]
fn sheets_have_every_label_and_24_each() {
    let labels: Vec<Label> = (0..25).map(|n| label(Some(&format!("pump-{n}"))).1).collect();
    let page = sheets(&labels);
    assert_eq!((page.matches("<svg ").count(), page.matches("<section>").count()), (25, 2));
    let second = page.rsplit_once("<section>").unwrap().1;
    assert!(second.contains(">pump-24</text>") && !second.contains(">pump-23</text>"));
}

#[test]
fn a_hostile_name_is_text_in_a_label_and_nothing_else() {
    for (name, shown) in [
        ("<script>a()</script>", "&lt;script&gt;a()&lt;/script&gt;"),
        ("\"/><image href='x'/", "&quot;/&gt;&lt;image href=&#39;x&#39;/"),
        ("a&b]]>", "a&amp;b]]&gt;"),
    ] {
        assert_eq!(escaped(name), shown);
        let (_, label) = label(Some(name));
        assert!(svg(&label).contains(&format!(">{shown}</text>")));
    }
    for hostile in ["\u{1b}[2J", "a\u{202e}b", "\u{0}", "\u{7f}", "\u{9b}1m", "\u{fffe}", "a\nb"] {
        let (_, label) = label(Some(hostile));
        for text in [svg(&label), label.lines().join("\n")] {
            let steers = |c: char| c != '\n' && lowkey_host::text::steers(c);
            assert!(!text.chars().any(steers), "{hostile:?}: {text:?}");
        }
        assert_eq!(label.lines().iter().filter(|line| line.contains('\n')).count(), 0);
    }
    let (_, long) = label(Some(&"=".repeat(200)));
    assert_eq!(long.lines().iter().filter(|line| line.starts_with('=')).count(), 3);
    let (_, secret) = label(Some("LOWKEY:1/ABCD"));
    assert!(!svg(&secret).contains("ABCD</text>"));
}
