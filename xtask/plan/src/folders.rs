//! Folders: those that ARCHITECTURE.md lists are there, and those that are there are listed.

use crate::marked;
use crate::tree::{Package, Tree};
use xtask::command::Result;

/// What is wrong with the list of folders.
///
/// # Errors
/// There is no list.
pub(crate) fn problems(tree: &Tree, architecture: &str) -> Result<Vec<String>> {
    let listed = marked::lines(architecture, LIST).ok_or("ARCHITECTURE.md has no list of folders")?;
    let listed =
        listed.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
    let listed: Vec<&str> = listed.collect();
    let mut problems = Vec::new();
    for path in listed.iter().filter(|path| !tree.has(path)) {
        problems.push(format!("ARCHITECTURE.md lists `{path}`, which is not there"));
    }
    let packages = tree.packages();
    let of_a_workspace = |folder: &str| {
        let mut workspaces =
            packages.iter().filter(|package| package.manifest.is_workspace && !package.folder.is_empty());
        workspaces.any(|workspace| listed.contains(&workspace.folder) && inside(folder, workspace.folder))
    };
    let missing = |folder: &&str| !listed.contains(folder) && !of_a_workspace(folder);
    let mut folders: Vec<&str> =
        packages.iter().map(|package| package.folder).filter(|folder| !folder.is_empty()).collect();
    folders.extend(tree.texts().filter_map(|(path, _)| shelf(path, &listed)));
    folders.sort_unstable();
    folders.dedup();
    for folder in folders.into_iter().filter(missing) {
        problems.push(format!("ARCHITECTURE.md does not list `{folder}`"));
    }
    Ok(problems)
}

/// What is wrong with what the repository's workspace leaves out.
///
/// # Errors
/// Its manifest leaves nothing out.
pub(crate) fn exclusions(tree: &Tree) -> Result<Vec<String>> {
    let packages = tree.packages();
    let root = packages.iter().find(|package| package.folder.is_empty()).ok_or("there is no Cargo.toml")?;
    let excluded = root.manifest.excluded.as_ref().ok_or("Cargo.toml has no list of what it excludes")?;
    let own = workspaces(&packages);
    let missing = own.iter().filter(|folder| !excluded.iter().any(|one| one == *folder));
    let missing =
        missing.map(|folder| format!("Cargo.toml does not exclude `{folder}`, a workspace of its own"));
    let idle = excluded.iter().filter(|folder| !own.contains(&folder.as_str()));
    let idle = idle.map(|folder| format!("Cargo.toml excludes `{folder}`, which is no workspace of its own"));
    Ok(missing.chain(idle).collect())
}

/// The workspaces that are not in what an editor is told, the text of [`EDITOR`].
pub(crate) fn unlinked(tree: &Tree, settings: &str) -> Vec<String> {
    let packages = tree.packages();
    let own = workspaces(&packages).into_iter().map(|folder| format!("{folder}/Cargo.toml"));
    let manifests = std::iter::once("Cargo.toml".to_owned()).chain(own);
    let unlinked = manifests.filter(|manifest| !settings.contains(&format!("\"{manifest}\"")));
    unlinked.map(|manifest| format!("{EDITOR} does not link `{manifest}`")).collect()
}

/// The sentence of ARCHITECTURE.md that names the workspaces of their own.
pub(crate) fn shown(tree: &Tree) -> String {
    let packages = tree.packages();
    let names: Vec<String> = workspaces(&packages).iter().map(|folder| format!("`{folder}`")).collect();
    marked::wrapped(&format!("Workspaces of their own: {}.", names.join(", ")))
}

/// The folders of the workspaces beside the repository's own.
fn workspaces<'t>(packages: &[Package<'t>]) -> Vec<&'t str> {
    let own = packages.iter().filter(|package| package.manifest.is_workspace && !package.folder.is_empty());
    own.map(|package| package.folder).collect()
}

/// The folder that a file makes worth listing: the first one of its path, or the one in it if only that is in the list.
fn shelf<'t>(path: &'t str, listed: &[&str]) -> Option<&'t str> {
    let top = &path[..path.find('/')?];
    if listed.contains(&top) {
        return Some(top);
    }
    Some(&path[..top.len() + 1 + path[top.len() + 1..].find('/')?])
}

fn inside(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// What tells rust-analyzer where the workspaces are.
pub(crate) const EDITOR: &str = ".vscode/settings.json";
const LIST: &str = "folders";

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        Tree::of(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())))
    }

    const OWN: &str = "[package]\nname = \"x\"\n\n[workspace]\n";

    #[test]
    fn every_folder_is_listed_and_every_listed_folder_is_there() {
        let files = [
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\n"),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n"),
            ("host/Cargo.toml", "[workspace]\nmembers = [\"c\"]\n"),
            ("host/c/Cargo.toml", "[package]\nname = \"c\"\n"),
            ("examples/d/main.c", ""),
            ("docs/src/e.md", ""),
        ];
        let list =
            "<!-- plan: folders -->\n```text\ncrates/a  x\n          gone\nhost\ndocs\nlost/f  y\n```\n";
        let problems = problems(&tree(&files), list).unwrap();
        let expected =
            ["lists `lost/f`, which is not there", "does not list `crates/b`", "does not list `examples/d`"];
        assert_eq!(problems, expected.map(|what| format!("ARCHITECTURE.md {what}")));
    }

    #[test]
    fn the_workspace_and_editors_know_the_workspaces_of_their_own_and_no_others() {
        let root = "[workspace]\nmembers = [\"a\"]\nexclude = [\"b\", \"a\"]\n";
        let files = [
            ("Cargo.toml", root),
            ("a/Cargo.toml", "[package]\n"),
            ("b/Cargo.toml", OWN),
            ("c/Cargo.toml", OWN),
        ];
        let tree = tree(&files);
        let problems = exclusions(&tree).unwrap();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("does not exclude `c`") && problems[1].contains("excludes `a`"));
        assert_eq!(shown(&tree), "Workspaces of their own: `b`, `c`.\n");
        let linked = "[\"Cargo.toml\", \"b/Cargo.toml\"]";
        assert_eq!(unlinked(&tree, linked), [".vscode/settings.json does not link `c/Cargo.toml`"]);
    }
}
