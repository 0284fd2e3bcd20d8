//! Registries that cannot be replaced as they are: nothing is changed then, and what to do is said.

use crate::common::Folder;
use std::os::unix::fs::chown;
use std::process::Output;

/// In namespaces or as users that only root makes.
fn is_root(folder: &Folder) -> bool {
    let id = folder.program("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_registry_that_is_mounted_as_one_file_stays_as_it_was_and_the_advice_is_to_mount_its_folder() {
    let folder = Folder::new();
    // Root of a container may not, as a rule.
    let may_mount =
        folder.program("unshare").args(["-m", "true"]).output().is_ok_and(|tried| tried.status.success());
    if !may_mount {
        println!("SKIPPED: whoever runs this may not mount");
        return;
    }
    let server = folder.public("server.key");
    let before = folder.read("devices.toml");
    for change in ["revoke desk", "provision --name x -o x.page"] {
        let run = format!(
            "mkdir -p host && cp devices.toml host && mount --bind host/devices.toml devices.toml && \
             exec {} {change} --no-wait --registry devices.toml --server {server}",
            env!("CARGO_BIN_EXE_lowkey")
        );
        let output = folder.program("unshare").args(["-m", "sh", "-c", &run]).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("it is mounted as one file, which cannot be replaced; mount the folder"),
            "{said}"
        );
        assert_eq!(folder.read("devices.toml"), before);
        assert_eq!(folder.read("host/devices.toml"), before);
        for left in ["x.page", "devices.toml.new", "devices.toml.lock"] {
            assert!(!folder.path(left).exists(), "{left}");
        }
    }
}

#[test]
fn an_attribute_that_who_changes_a_registry_cannot_set_is_a_reason_not_to_change_it() {
    let folder = Folder::new();
    if !is_root(&folder) {
        return;
    }
    let server = folder.public("server.key");
    let registry = folder.path("devices.toml");
    // A label, as a security module would set it, on a registry of a user who may not.
    let label = rustix::fs::XattrFlags::empty();
    if rustix::fs::setxattr(&registry, "security.lowkey", b"north", label).is_err() {
        return; // not even root may in this container
    }
    for path in [folder.path("."), registry] {
        chown(path, Some(65534), Some(65534)).unwrap();
    }
    let before = folder.read("devices.toml");
    let bin = folder.path("lowkey");
    // Where that user finds it. Not copied by us: what a test beside this one starts would hold it open for writing.
    assert!(folder.program("cp").arg(env!("CARGO_BIN_EXE_lowkey")).arg(&bin).status().unwrap().success());
    let mut command = folder.program("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&bin);
    command.args(["revoke", "desk", "--no-wait", "--registry", "devices.toml", "--server", &server]);
    let output = command.output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("its attribute security.lowkey cannot be kept"), "{said}");
    assert_eq!(folder.read("devices.toml"), before);
    assert!(!folder.path("devices.toml.new").exists());
}
