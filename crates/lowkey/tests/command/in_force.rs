//! A change is done when the server obeys it, and what is said is what happened.

use crate::common::{Folder, Server};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};

const FILES: &str = "--key server.key --devices devices.toml --listen 127.0.0.1:0 --echo";

fn serve(folder: &Folder) -> Server {
    folder.serve_with(&format!("{FILES} --admin unix:admin.sock"), &[])
}

/// A change of the registry, of which that server is asked.
fn change(server: &Server, command: &str) -> String {
    format!("{command} --registry devices.toml --server {} --admin unix:admin.sock --wait 60s", server.key)
}

/// Says it again until the server has found out why it does not obey: each time it is exit code 7.
fn not_in_force_because(folder: &Folder, command: &str, why: &str) {
    let command = command.replace("60s", "200ms");
    folder
        .run(&command)
        .code(7)
        .stderr(contains("\"desk\" is no longer in").and(contains("written, but NOT in force: ")));
    loop {
        let output = folder.command(&command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(7), "{said}");
        assert!(said.contains("nothing was written, and what stands there is NOT in force: "), "{said}");
        if said.contains("the server at unix:admin.sock says: ") && said.contains(why) {
            return;
        }
    }
}

/// The command has ended with `in force`: then every session that had to end has ended, and no new one begins.
#[test]
fn revoked_devices_are_gone_when_the_command_says_so() {
    let folder = Folder::new();
    let server = serve(&folder);
    let mut device = folder.device(&server.address, &server.key);
    device.input.as_mut().unwrap().write_all(b"x").unwrap();
    device.child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    folder.run(&change(&server, "revoke desk")).success().stderr(contains("in force; 1 session ended"));
    folder.run("show --admin unix:admin.sock desk").code(11).stderr(contains("is not connected"));
    folder.connect(&server).assert().code(4);
    assert_eq!(device.child.wait().unwrap().code(), Some(5));
}

#[test]
fn provisioned_devices_connect_when_the_command_says_so() {
    let folder = Folder::new();
    let server = serve(&folder);
    for name in ["a", "b", "c"] {
        let made = folder.run(&change(&server, &format!("provision --name {name} --psk -o {name}.page")));
        made.success().stderr(contains("\nin force\n"));
        let asked = folder.run(&format!("doctor --admin unix:admin.sock {name}")).code(11);
        asked.stdout(contains("is registered, is not connected"));
    }
    folder.run(&change(&server, "revoke b")).success().stderr(contains("in force; no session ended"));
    let rotated =
        folder.run(&change(&server, "provision --rotate --psk --psk-file n.psk --name a -o n.page"));
    rotated.success().stderr(contains("in force"));
    folder.run(&change(&server, "revoke a --old")).success().stderr(contains("in force"));
}

#[test]
fn a_psk_file_of_another_device_that_is_missing_or_unreadable_keeps_no_revoked_device() {
    let folder = Folder::new();
    let server = serve(&folder);
    for name in ["missing", "malformed", "exposed"] {
        folder.run(&change(&server, &format!("provision --name {name} --psk -o {name}.page"))).success();
    }
    let mut device = folder.device(&server.address, &server.key);
    device.input.as_mut().unwrap().write_all(b"x").unwrap();
    device.child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    fs::remove_file(folder.path("missing.psk")).unwrap();
    folder.write("malformed.psk", "LKPSK1\n");
    fs::set_permissions(folder.path("exposed.psk"), fs::Permissions::from_mode(0o644)).unwrap();
    folder.run(&change(&server, "revoke desk")).success().stderr(contains("in force"));
    assert_eq!(device.child.wait().unwrap().code(), Some(5));
    folder.connect(&server).assert().code(4);
}

#[test]
fn a_device_that_the_server_leaves_out_is_added_and_not_in_force() {
    let folder = Folder::new();
    let server = serve(&folder);
    // The file's other name lies in a folder of its own, and the PSK beside that: the server looks beside its own.
    fs::create_dir(folder.path("elsewhere")).unwrap();
    symlink("../devices.toml", folder.path("elsewhere/devices.toml")).unwrap();
    let order = change(&server, "provision --name x --psk -o x.page");
    let made = folder.run(&order.replace("--registry devices.toml", "--registry elsewhere/devices.toml"));
    made.code(7).stderr(
        contains("added \"x\"")
            .and(contains(
                "written, but NOT in force: the server at unix:admin.sock leaves this device out: ",
            ))
            .and(contains("x.psk: No such file")),
    );
    assert!(folder.path("elsewhere/x.psk").exists() && folder.path("x.page").exists(), "it was made");
}

#[test]
fn a_server_that_does_not_load_what_was_written_is_named_with_its_reason() {
    let folder = Folder::new();
    let server = serve(&folder);
    // Another file than the one that the server reads: its own has a mistake in it.
    fs::copy(folder.path("devices.toml"), folder.path("mine.toml")).unwrap();
    folder.write("devices.toml", "[[device]\n");
    let mine = change(&server, "revoke desk").replace("devices.toml", "mine.toml");
    not_in_force_because(&folder, &mine, "devices.toml:1:");
    folder.connect(&server).write_stdin("x").assert().success().stdout("x"); // so it is
}

#[test]
fn a_server_that_does_not_answer_is_waited_for_as_long_as_was_said_and_is_no_success() {
    let folder = Folder::new();
    let server = serve(&folder);
    server.freeze();
    let revoked = folder.run(&change(&server, "revoke desk").replace("60s", "1s"));
    server.signal("-CONT");
    revoked.code(7).stderr(
        contains("\"desk\" is no longer in devices.toml")
            .and(contains(
                "written, but not known to be in force: no server could be asked: unix:admin.sock: ",
            ))
            .and(contains("; it does not answer")),
    );
}

/// The server sees a file that stands nowhere any more, and its session stays: nobody may say that it is over.
#[test]
fn a_server_that_has_its_registry_mounted_as_one_file_is_not_said_to_obey_a_new_one() {
    let folder = Folder::new();
    if folder.program("id").arg("-u").output().unwrap().stdout != b"0\n" {
        return; // nobody else mounts
    }
    for (name, text) in
        [("host/devices.toml", folder.read("devices.toml")), ("seen/devices.toml", String::new())]
    {
        fs::create_dir(folder.path(name.split('/').next().unwrap())).unwrap();
        folder.write(name, &text);
    }
    let serve = format!(
        "mount --bind host/devices.toml seen/devices.toml && exec {} serve --key server.key \
         --devices seen/devices.toml --listen 127.0.0.1:0 --echo --admin unix:admin.sock",
        env!("CARGO_BIN_EXE_lowkey")
    );
    let mut command = folder.program("unshare");
    command.args(["-m", "sh", "-c", &serve]);
    let server = Server::start(command, folder.public("server.key"));
    let revoke = change(&server, "revoke desk").replace("devices.toml", "host/devices.toml");
    not_in_force_because(&folder, &revoke, "mount the folder");
    folder.connect(&server).write_stdin("x").assert().success().stdout("x"); // so it is
}

#[test]
fn whoever_revokes_once_more_is_told_whether_it_holds_by_now() {
    let folder = Folder::new();
    let server = serve(&folder);
    let mine = change(&server, "revoke desk");
    // The server reads another file, with a mistake in it, until somebody mends that.
    let right = folder.read("devices.toml");
    fs::write(folder.path("mine.toml"), &right).unwrap();
    folder.write("devices.toml", &format!("{right}oops\n"));
    let elsewhere = mine.replace("devices.toml", "mine.toml").replace("60s", "1s");
    folder.run(&elsewhere).code(7).stderr(contains("written, but NOT in force: "));
    let again =
        contains("there is no device \"desk\"; nothing was written, and what stands there is NOT in force: ");
    folder.run(&elsewhere).code(7).stderr(again);
    fs::rename(folder.path("mine.toml"), folder.path("devices.toml")).unwrap();
    let holds = contains("there is no device \"desk\"; the registry as it stands is in force");
    folder.run(&mine).code(1).stderr(holds);
    folder.connect(&server).assert().code(4);
}

/// A station that tries again, or a batch that was killed behind its last write: what stands in the file already is
/// done when the server obeys it.
#[test]
fn rows_that_are_there_already_are_done_when_the_server_obeys_them_and_not_before() {
    let folder = Folder::new();
    let server = serve(&folder);
    folder.run("keygen -o pump.key").success();
    let known = format!("provision --name pump-7 --public-key {}", folder.public("pump.key"));
    let batch = "provision --batch 2 --name b-{} --out pages --manifest m.csv --codes";
    for (order, there) in
        [(&*known, "has \"pump-7\" with this key already"), (batch, "has all of them already")]
    {
        folder.run(&change(&server, order)).success().stderr(contains("added").and(contains("\nin force\n")));
        let again = change(&server, order);
        folder.run(&again).success().stderr(contains(there).and(contains("\nin force\n")));
        let none = again.replace("admin.sock", "none.sock");
        let unknown = "nothing was written, and what stands there is not known to be in force: ";
        folder.run(&none).code(7).stderr(contains(there).and(contains(unknown)));
        let unasked = again.replace("--admin unix:admin.sock --wait 60s", "--no-wait");
        folder
            .run(&unasked)
            .success()
            .stderr(contains("no server was asked whether it obeys this (--no-wait)"));
        // The server reads another file, which has not these rows.
        fs::copy(folder.path("devices.toml"), folder.path("mine.toml")).unwrap();
        folder.run(&change(&server, "revoke desk")).success();
        folder.write("devices.toml", &format!("{}oops\n", folder.read("devices.toml")));
        if order == known {
            let elsewhere = again.replace("devices.toml", "mine.toml").replace("60s", "200ms");
            let not = "nothing was written, and what stands there is NOT in force: ";
            folder.run(&elsewhere).code(7).stderr(contains(there).and(contains(not)));
        }
        fs::rename(folder.path("mine.toml"), folder.path("devices.toml")).unwrap();
    }
}

/// A registry that is away for a moment: nothing is taken out of it, and none is made in its place.
#[test]
fn a_registry_that_is_gone_is_neither_changed_nor_made_anew() {
    let folder = Folder::new();
    let server = serve(&folder);
    let [there, away] = ["devices.toml", "away.toml"].map(|name| folder.path(name));
    fs::rename(&there, &away).unwrap();
    let gone = contains("devices.toml: ").and(contains("nothing was written, and this is NOT in force: "));
    folder.run(&change(&server, "revoke desk")).code(7).stderr(gone);
    let made = folder.run(&change(&server, "provision --name a -o a.page"));
    made.code(1).stderr(contains("has it in force").and(contains("nothing was written")));
    assert!(!there.exists() && !folder.path("a.page").exists());
    folder.connect(&server).write_stdin("x").assert().success().stdout("x");
    fs::rename(&away, &there).unwrap();
    folder.run(&change(&server, "revoke desk")).success().stderr(contains("in force"));
}

#[test]
fn a_server_that_cannot_be_asked_is_said_of_what_is_revoked_once_more_too() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let revoke = format!("revoke desk --registry devices.toml --server {server} --admin unix:none.sock");
    folder.run(&revoke).code(7).stderr(contains("written, but not known to be in force"));
    let again = contains("nothing was written, and what stands there is not known to be in force");
    folder.run(&revoke).code(7).stderr(again);
}

/// One that listens, and takes nobody from its queue.
#[test]
fn a_server_that_does_not_take_the_question_is_not_waited_for_for_ever() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let _queue = std::os::unix::net::UnixListener::bind(folder.path("full.sock")).unwrap();
    let waiting = (0..10_000).map_while(|_| {
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket2::SockAddr::unix(folder.path("full.sock")).unwrap();
        socket.connect(&address).is_ok().then_some(socket)
    });
    let waiting: Vec<_> = waiting.collect();
    let revoke = "revoke desk --registry devices.toml --admin unix:full.sock --wait 200ms";
    let said = contains("written, but not known to be in force").and(contains("it does not answer"));
    folder.run(&format!("{revoke} --server {server}")).code(7).stderr(said);
    drop(waiting);
}

#[test]
fn nobody_who_could_be_asked_is_said_and_is_no_success_unless_it_was_meant() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let registry = format!("--registry devices.toml --server {server}");
    let nobody = "written, but not known to be in force: no server could be asked: unix:none.sock: ";
    for (n, (command, said)) in [
        ("provision --name a -o a.page", "added \"a\" to devices.toml"),
        ("provision --rotate --name a -o b.page", "added new keys of \"a\""),
        ("revoke a --old", "\"a\" has 1 key left"),
        ("revoke a", "\"a\" is no longer in devices.toml"),
    ]
    .into_iter()
    .enumerate()
    {
        let asked = folder.run(&format!("{command} {registry} --admin unix:none.sock"));
        asked.code(7).stderr(contains(said).and(contains(nobody)));
        assert_eq!(folder.read("devices.toml").contains("\"a\""), n < 3, "what was written stays");
    }
    let not_asked = folder.run(&format!("provision --name c -o c.page {registry} --no-wait"));
    not_asked.success().stderr(contains("no server was asked whether it obeys this (--no-wait)"));
    for wrong in [
        format!("revoke desk {registry} --no-wait --wait 1s"),
        format!("revoke desk {registry} --no-wait --admin unix:none.sock"),
        format!("revoke desk {registry} --wait soon"),
        format!("revoke desk {registry} --admin nowhere"),
        format!("provision --name d -o d.page --server {server} --wait 1s"),
    ] {
        folder.run(&wrong).code(2);
    }
    // A configuration that cannot be read is found out before anything is written.
    folder.run(&format!("revoke desk {registry} --config none.toml")).code(1);
    assert!(folder.read("devices.toml").contains("desk"));
}

#[test]
fn a_device_for_another_server_s_key_is_not_made_in_a_registry_that_a_server_has_in_force() {
    let folder = Folder::new();
    folder.run("keygen -o other.key").success();
    let other = folder.public("other.key");
    let server = serve(&folder);
    let before = folder.read("devices.toml");
    for command in ["provision --name x -o x.page", "revoke desk"] {
        let wrong = change(&server, command).replace(&server.key, &other).replace("60s", "0s");
        folder.run(&wrong).code(2).stderr(
            contains("--server: that is not the key of the server at unix:admin.sock")
                .and(contains(&server.key))
                .and(contains("nothing was written")),
        );
        assert_eq!(folder.read("devices.toml"), before);
        assert!(!folder.path("x.page").exists());
    }
    drop(server);
    // A registry that was made here knows its server, and needs none that runs.
    let server = folder.public("server.key");
    let made = |name: &str, key: &str| {
        folder.run(&format!(
            "provision --name {name} -o {name}.page --registry new.toml --server {key} --no-wait"
        ))
    };
    made("a", &server).success();
    assert!(
        folder.read("new.toml").starts_with(&format!("server = \"{server}\"\n\n[[device]]\nname = \"a\"\n"))
    );
    made("b", &other).code(1).stderr(contains(&server));
    assert!(!folder.path("b.page").exists());
}

#[test]
fn a_server_of_another_registry_is_not_taken_for_the_one_that_was_meant() {
    let folder = Folder::new();
    folder.run("keygen -o next.key").success();
    let next = folder.public("next.key");
    let _server = serve(&folder);
    let order =
        format!("provision --name x -o x.page --registry next.toml --server {next} --admin unix:admin.sock");
    folder.run(&order).code(7).stderr(
        contains(
            "written, but NOT in force: the server at unix:admin.sock is another one, with the registry ",
        )
        .and(contains("devices.toml; ask the server that has this one")),
    );
    assert!(folder.path("x.page").exists(), "it was made");
}

#[test]
fn changes_side_by_side_are_each_said_to_be_in_force() {
    let folder = Folder::new();
    let server = serve(&folder);
    std::thread::scope(|scope| {
        for n in 0..4 {
            let order = change(&server, &format!("provision --name d{n} -o {n}.page"));
            let folder = &folder;
            scope.spawn(move || folder.run(&order).success().stderr(contains("\nin force")));
        }
    });
}

#[test]
fn lines_that_could_not_be_printed_leave_no_device_behind() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let run = |psk: &str, to: &str| {
        let run = format!(
            "exec {} provision --name x --server {server} {psk} -o x.page {to}",
            env!("CARGO_BIN_EXE_lowkey")
        );
        let output = folder.program("sh").args(["-c", &run]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{to}: {said}");
        assert!(said.contains("standard output: "), "{said}");
        for left in ["x.page", "x.psk"] {
            assert!(!folder.path(left).exists(), "{to}: {left}");
        }
    };
    run("", ">/dev/full");
    run("--psk", ">/dev/full");
    run("--psk", ">&-");
}

#[test]
fn a_dash_is_standard_input_or_output_for_what_is_public_and_refused_for_secrets() {
    let folder = Folder::new();
    let server = folder.public("server.key");
    let key = folder.read("server.key");
    for arguments in ["pubkey", "pubkey -"] {
        folder.command(arguments).write_stdin(&*key).assert().success().stdout(format!("{server}\n"));
        let wrong = folder.command(arguments).write_stdin("LKSEC1\n").assert();
        wrong.code(1).stderr(contains("standard input: "));
    }
    for refused in [
        "keygen -o -".to_owned(),
        "keygen --psk -o -".to_owned(),
        format!("provision --name x --server {server} -o -"),
        format!("provision --name x --server {server} -o x.page --psk --psk-file -"),
        format!("provision --name x --server {server} -o x.page --registry - --no-wait"),
    ] {
        folder.run(&refused).code(2).stdout(is_empty()).stderr(contains("-"));
        assert!(!folder.path("-").exists() && !folder.path("x.page").exists(), "{refused}");
    }
}
