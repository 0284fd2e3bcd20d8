//! Whether the repository is in a state that can be released.

use std::fs;

use xtask::{command::Result, root};

use crate::commit;

/// What is made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What is published.
    Release,
    /// The same before there is a tag.
    DryRun,
}

/// Whether nothing differs from the commit, and tag and changelog are those of `version`. What a dry run may miss it
/// says.
///
/// # Errors
/// What is in the way.
pub(super) fn check(kind: Kind, version: &str) -> Result<()> {
    let changes = commit::changes()?;
    if !changes.is_empty() {
        return Err(format!("not everything is committed:\n{}", changes.trim_end()).into());
    }
    let tag = tag(&commit::tags()?, version)?;
    let heading = heading(&fs::read_to_string(root().join("CHANGELOG.md"))?, version);
    let missing: Vec<String> = [tag, heading].into_iter().flatten().collect();
    match kind {
        Kind::Release if !missing.is_empty() => Err(missing.join("; ").into()),
        _ => {
            missing.iter().for_each(|what| println!("  a release would be refused: {what}"));
            Ok(())
        }
    }
}

/// What is wrong with having no tag of this version.
///
/// # Errors
/// There is one of another version.
fn tag(tags: &[String], version: &str) -> Result<Option<String>> {
    let wanted = format!("v{version}");
    let is_version = |tag: &&String| {
        tag.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let mut versions = tags.iter().filter(is_version);
    if let Some(other) = versions.clone().find(|tag| **tag != wanted) {
        return Err(format!("the commit has the tag {other}, and its version is {version}").into());
    }
    Ok(versions.next().is_none().then(|| format!("the commit has no tag {wanted}")))
}

/// What is wrong with a changelog that has no heading for this version: `## 1.2.3`, and more behind it.
fn heading(changelog: &str, version: &str) -> Option<String> {
    let of_it = |line: &str| {
        line.strip_prefix("## ").and_then(|text| text.split_whitespace().next()) == Some(version)
    };
    (!changelog.lines().any(of_it)).then(|| format!("CHANGELOG.md has no heading `## {version}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_of_another_version_is_refused_and_one_that_is_missing_is_named() {
        let tag = |tags: &[&str]| tag(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>(), "1.2.3");
        assert_eq!(tag(&["v1.2.3", "very-good"]).unwrap(), None);
        assert!(tag(&["v1.2.3", "v1.2.4"]).is_err());
        assert!(tag(&["v1.2.3-rc1"]).is_err());
        assert_eq!(tag(&["very-good"]).unwrap().as_deref(), Some("the commit has no tag v1.2.3"));
    }

    #[test]
    fn a_changelog_has_a_heading_of_the_version_and_not_of_one_that_begins_like_it() {
        assert_eq!(heading("# C\n\n## 1.2.3 – 2026-12-01\n", "1.2.3"), None);
        assert!(heading("# C\n\n## 1.2.30\n\n### 1.2.3\n", "1.2.3").is_some());
        assert!(heading("# C\n\n## Unreleased\n", "1.2.3").is_some());
    }
}
