//! The book and the pages beside it hang together: links lead somewhere, and every chapter is in the list.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const CHAPTERS: &str = "docs/src";

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let is_there = target.exists()
                && (heading.is_empty() || headings(&target).contains(heading))
                // A link out of the book is dead once the book is rendered.
                && (!page.starts_with(root().join(CHAPTERS)) || inside_the_book(&target));
            if !is_there {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn every_chapter_is_in_the_summary() {
    let summary = fs::read_to_string(root().join(CHAPTERS).join("SUMMARY.md")).unwrap();
    let listed: BTreeSet<String> = links(&summary).map(str::to_owned).collect();
    let there: BTreeSet<String> = markdown(&root().join(CHAPTERS))
        .iter()
        .map(|page| page.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "SUMMARY.md")
        .collect();
    assert_eq!(listed, there);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn pages() -> Vec<PathBuf> {
    [root(), root().join(CHAPTERS), root().join("fuzz")].iter().flat_map(|folder| markdown(folder)).collect()
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn inside_the_book(target: &Path) -> bool {
    target.canonicalize().unwrap().starts_with(root().join(CHAPTERS).canonicalize().unwrap())
}

/// What stands in `](…)`, outside of code.
fn links(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| {
        line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(link, _)| link))
    })
}

/// Headings as Markdown makes anchors of them.
fn headings(page: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(page).unwrap();
    let anchor = |title: &str| {
        let kept = title.trim().to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    prose(&text)
        .filter_map(|line| line.strip_prefix('#'))
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

/// The lines that are in no code block.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_code = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}
