//! What is open at a server, and what it says of that.

use super::{
    Board, CODE, Command, Error, FILES, Fingerprint, PAIR, Refusal, Stdio, Stop, TcpStream, board, connects,
    contains, folder, pair, run, settle, until_claim,
};
use predicates::prelude::PredicateBooleanExt;

/// Who has lost the overview finds out what is open, without its code, and closes it.
#[test]
fn pairing_windows_and_calls_are_listed_and_closed_by_name_and_no_code_is_told() {
    let folder = folder();
    let server = folder.serve_with(FILES, &[]);
    let list = "pair --list --admin unix:admin.sock";
    folder.run(list).success().stdout("windows open: 0; calls: 0; over: 0\n");
    let pairing = Command::begin(&folder, PAIR);
    let waiting = "pump-7\n  code         b684a459eb674716\n  who calls    the device\n  state        open; no device \
                   has come\n  time left    ";
    let listed =
        folder.run(list).success().stdout(contains(waiting).and(contains("windows open: 1; calls: 0")));
    let json = folder.run(&format!("{list} --json")).success();
    let told = [&listed, &json].map(|ran| String::from_utf8_lossy(&ran.get_output().stdout).into_owned());
    assert!(told.iter().all(|told| !told.to_uppercase().contains(CODE)), "{told:?}");
    let value: serde_json::Value = serde_json::from_str(&told[1]).unwrap();
    let window = &value["windows"][0];
    assert_eq!((&window["state"], &window["caller"]), (&"waiting".into(), &"device".into()), "{value}");
    assert!((1..=300).contains(&window["seconds_left"].as_u64().unwrap()), "{value}");
    let close = "pair --admin unix:admin.sock --close";
    folder.run(&format!("{close} pump-8")).code(12).stderr(contains("no window and no call is open"));
    folder.run(&format!("{close} pump-7")).success().stderr("closed: \"pump-7\", code b684a459eb674716\n");
    assert!(!String::from_utf8_lossy(&folder.run(list).success().get_output().stdout).contains("time left"));
    let (exit, said) = pairing.end();
    assert!(exit == Some(4) && said.contains("the window was closed, and no device came"), "{said}");
    assert!(said.ends_with("`lowkey doctor` says who called instead\n"), "{said}");
    let refused = Err(Error::Refused(Refusal::MODE));
    assert_eq!(pair(&Board::new(), &server.address, Stop::Never), refused, "closed at once");
    folder.run(&format!("{close} pump-7")).code(12);

    // In the middle of a pairing: the device is cut off, keeps what it has stored, and whoever closes is told.
    let mut pairing = Command::begin(&folder, PAIR);
    let board = board(&folder, 77);
    let fingerprint = Fingerprint::of(&board.key()).to_string();
    run(async {
        let psk = board.code.psk();
        let mut link = board.link(&psk);
        let mut io = TcpStream::connect(&server.address).await.unwrap();
        until_claim(&mut io, &mut link).await.unwrap();
        folder
            .run(list)
            .success()
            .stdout(contains(format!("a device is being paired, fingerprint {fingerprint}")));
        pairing.until("a device has shown the code");
        let closed = folder.run(&format!("{close} B684A459EB674716")).success();
        closed.stderr(
            contains("closed: \"pump-7\"")
                .and(contains(format!("was cut off, fingerprint {fingerprint}; if it is entered"))),
        );
        link.accept().unwrap();
        let _hangs_up = settle(&mut io, &mut link, Stop::Never).await;
    });
    let (exit, said) = pairing.end();
    assert!(exit == Some(4) && said.contains("the window was closed. A device came"), "{said}");
    let closed = format!("closed while a device was being paired, fingerprint {fingerprint}\n");
    folder.run(list).success().stdout(
        contains(closed).and(contains("  ended        ")).and(contains("windows open: 0; calls: 0; over: 2")),
    );
    assert!(folder.read("devices.toml").contains("pending = true\n"));
    assert!(connects(&folder, &server), "its row is served");

    for wrong in
        ["--list --open", "--list --close x", "--close x --json", "--list --name x", "--close x --code y"]
    {
        folder.run(&format!("pair --admin unix:admin.sock {wrong}")).code(2);
    }
    folder.run("pair --list --admin 127.0.0.1:1").code(2).stderr(contains("--admin unix:PATH"));
}

/// A call is one of them, for as long as the device does not answer.
#[test]
fn pairing_a_call_that_waits_is_listed_and_ended_by_the_name_of_its_code() {
    let folder = folder();
    // A call is over after as long as a handshake may take: longer than this test, also on a busy machine.
    let _server = folder.serve_with(FILES, &[("LOWKEY_LIMITS_HANDSHAKE", "10m")]);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let call = PAIR.replace("--open", &silent.local_addr().unwrap().to_string());
    let mut command = folder.program(env!("CARGO_BIN_EXE_lowkey"));
    let calling = command.args(call.split_whitespace()).stderr(Stdio::piped()).spawn().unwrap();
    let _stream = silent.accept().unwrap();
    let listed = folder.run("pair --list --admin unix:admin.sock").success();
    listed.stdout(
        contains("  who calls    the server\n  state        calling\n  time left    ")
            .and(contains("windows open: 0; calls: 1")),
    );
    folder.run("pair --close b684a459eb674716 --admin unix:admin.sock").success();
    let ended = calling.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(4) && said.contains("the window was closed"), "{said}");
}

/// Two find out that a pairing is final, or one and then another: it is said once.
#[test]
fn pairing_that_its_row_could_not_say_at_first_is_logged_once_and_when_it_is_final() {
    let folder = folder();
    let server = folder.serve_with(FILES, &[]);
    let pairing = Command::begin(&folder, PAIR);
    let board = board(&folder, 77);
    let obstacle = folder.path("devices.toml.new"); // whatever keeps a file from being written
    run(async {
        let psk = board.code.psk();
        let mut link = board.link(&psk);
        let mut io = TcpStream::connect(&server.address).await.unwrap();
        until_claim(&mut io, &mut link).await.unwrap();
        std::fs::create_dir(&obstacle).unwrap();
        link.accept().unwrap();
        settle(&mut io, &mut link, Stop::Never).await.unwrap();
    });
    let (exit, said) = pairing.end();
    assert!(exit == Some(0) && said.contains("its row is pending until it connects"), "{said}");
    std::fs::remove_dir(&obstacle).unwrap();
    folder.waits_for("the row to be final");
    while folder.read("devices.toml").contains("pending") {
        assert!(connects(&folder, &server));
    }
    let (_, log) = server.end("-TERM");
    let lines = |what: &str| log.lines().filter(|line| line.contains(what)).count();
    assert_eq!((lines("device paired"), lines("pairing not entered as final")), (1, 1), "{log}");
}

#[test]
fn pairing_a_window_is_not_said_to_be_open_by_a_server_that_does_not_listen() {
    let folder = folder();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let files = FILES.replace("127.0.0.1:0", &taken.local_addr().unwrap().to_string());
    let serve = format!("serve {files} --pair-window 5m --pair-name pump-7 --pair-code code.txt");
    folder
        .run(&serve)
        .code(3)
        .stderr(contains("another program listens there").and(contains("window").not()));
}

#[test]
fn pairing_two_windows_that_are_open_for_one_name_say_so_in_the_list() {
    let folder = folder();
    let _server = folder.serve_with(FILES, &[]);
    super::private(&folder, "other.txt", "BAEAQCAIBAEAQCAIBAEAQCAIBA");
    let _windows =
        [Command::begin(&folder, PAIR), Command::begin(&folder, &PAIR.replace("code.txt", "other.txt"))];
    let listed = folder.run("pair --list --admin unix:admin.sock").success();
    let listed = String::from_utf8_lossy(&listed.get_output().stdout).into_owned();
    assert_eq!(listed.matches("2 are open for this name").count(), 2, "{listed}");
}

#[test]
fn pairing_a_window_that_is_too_long_is_refused_before_a_code_is_read_or_anybody_listens() {
    let folder = folder();
    for time in ["48h", "0s"] {
        for command in [
            format!("serve {FILES} --pair-window {time} --pair-name pump-7 --pair-code none.txt"),
            format!("{} --for {time}", PAIR.replace("code.txt", "none.txt")),
        ] {
            folder.run(&command).code(2).stderr(contains("at most 24h"));
        }
    }
}
