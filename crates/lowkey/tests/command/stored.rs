//! `lowkey serve` with what stores over HTTP and MQTT behind it: what operators are shown while that cannot store, and
//! what it has refused for good, in their hands.

use crate::common::{Folder, Server};
use crate::numbered::provision;
use lowkey_host::numbered::{MOST_OLD_RUNS, Rows, RunId, Unstored};
use lowkey_sinks::FileRows;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::Duration;
use test_support::nats::NatsServer;
use test_support::stores::broker::{Broker, Say};
use test_support::stores::web::{Reply, Web};
use tokio::runtime::Runtime;

/// A folder with the page of `pump`, what stores, and a server before it.
struct Site {
    folder: Folder,
    server: Option<Server>,
    url: String,
    /// What is said to each message: a status of HTTP, or a reason code of MQTT.
    says: Arc<AtomicU16>,
    _runtime: Runtime,
}

impl Site {
    fn http(says: u16) -> Self {
        Self::new(says, |says| async move {
            let web = Web::start(move |_| {
                let body = "no such \u{1b}[2J unit\nmore".to_owned();
                Reply::Say(says.load(Ordering::Relaxed), String::new(), body)
            });
            web.await.url()
        })
    }

    fn mqtt(says: u16) -> Self {
        Self::new(says, |says| async move {
            let code = move || u8::try_from(says.load(Ordering::Relaxed)).unwrap();
            Broker::start(move |_| Say::Ack(code(), "quota exceeded")).await.url()
        })
    }

    fn new<F: Future<Output = String>>(says: u16, start: impl FnOnce(Arc<AtomicU16>) -> F) -> Self {
        let folder = Folder::new();
        provision(&folder);
        let runtime = Runtime::new().unwrap();
        let says = Arc::new(AtomicU16::new(says));
        let url = runtime.block_on(start(Arc::clone(&says)));
        let mut site = Self { folder, server: None, url, says, _runtime: runtime };
        site.serve();
        site
    }

    fn serve(&mut self) {
        let serve = format!(
            "--key server.key --devices devices.toml --listen 127.0.0.1:0 --state state --admin unix:admin.sock \
             --forward {}",
            self.url
        );
        let strict = [("LOWKEY_ADMIN_READY_WITH_SERVICE", "true")];
        self.server = Some(self.folder.serve_with(&serve, &strict));
    }

    fn stop(&mut self) {
        assert_eq!(self.server.take().unwrap().end("-TERM").0, Some(0));
    }

    fn connect(&self) -> String {
        format!("connect {} --page pump.page --numbered", self.server.as_ref().unwrap().address)
    }

    /// A device that says these lines, and goes when all are acknowledged.
    fn device(&self, lines: &str) -> Device {
        let mut command = self.folder.program(env!("CARGO_BIN_EXE_lowkey"));
        command.args(self.connect().split(' ')).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        Device(child)
    }

    fn sends(&self, lines: &str) {
        self.folder.command(&self.connect()).write_stdin(lines).assert().success();
    }

    fn says(&self, code: u16) {
        self.says.store(code, Ordering::Relaxed);
    }

    /// What the admin listener answers: its status, and the body.
    fn get(&self, path: &str) -> (u16, String) {
        let mut stream = UnixStream::connect(self.folder.path("admin.sock")).unwrap();
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// What the overview says of what stores, once this is so.
    fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        self.folder.waits_for(what);
        loop {
            let overview: Value = serde_json::from_str(&self.get("/overview").1).unwrap();
            if is_so(&overview["store"]) {
                return overview["store"].clone();
            }
            sleep(Duration::from_millis(20));
        }
    }

    fn aside(&self, arguments: &str) -> assert_cmd::assert::Assert {
        self.folder.run(&format!("aside {arguments} --admin unix:admin.sock"))
    }

    /// Run, number and message bytes of what is set aside.
    fn list(&self) -> Vec<(String, String, u64)> {
        let listed = self.aside("list --json").success();
        let value: Value = serde_json::from_slice(&listed.get_output().stdout).unwrap();
        let messages = value["messages"].as_array().unwrap().iter();
        let text = |of: &Value, field: &str| of[field].as_str().unwrap().to_owned();
        messages.map(|of| (text(of, "run"), text(of, "number"), of["bytes"].as_u64().unwrap())).collect()
    }
}

struct Device(Child);

impl Device {
    fn goes_in_order(mut self) {
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.0.kill(); // it may have ended
        let _ = self.0.wait();
    }
}

/// What operators are shown while it says `bad`, and that it is over when it says `good`.
fn is_shown_until_it_is_over(site: &Site, good: u16, why: &str) {
    let before = site.until("a store that was not tried", |store| store["up"] == true);
    assert_eq!((&before["devices_waiting"], &before["error"]), (&0.into(), &Value::Null));
    site.folder.run("doctor --admin unix:admin.sock").success();
    assert_eq!(site.get("/readyz"), (200, "ready\n".to_owned()));
    let device = site.device("one\ntwo\n");
    let is_down = |store: &Value| store["up"] == false && store["devices_waiting"] == 1;
    let store = site.until("a store that fails", is_down);
    let error = store["error"].as_str().unwrap();
    assert!(error.contains(why) && !error.contains('\u{1b}'), "{error}");
    assert!(store["name"].as_str().unwrap().contains("://127.0.0.1:"), "{store}");
    let said =
        contains("what stores  at ").and(contains(" cannot store, for ")).and(contains("one device waits"));
    let found = site.folder.run("doctor --admin unix:admin.sock").code(13);
    found.stdout(said.and(contains(format!("the last try came to: {error}"))));
    let of_pump = site.folder.run("doctor pump --admin unix:admin.sock").code(13);
    of_pump.stdout(contains("pump  is connected").and(contains("cannot store")));
    assert_eq!(
        site.get("/readyz"),
        (503, "not ready: what stores cannot store, and devices wait\n".to_owned())
    );
    let metrics = site.get("/metrics").1;
    for line in ["lowkey_store_up 0", "lowkey_store_devices_waiting 1", "lowkey_aside_messages 0"] {
        assert!(metrics.lines().any(|found| found == line), "{line} in {metrics}");
    }
    // It recovers, and what waited is stored by itself.
    site.says(good);
    device.goes_in_order();
    let store = site.until("a store that is there again", |store| store["up"] == true);
    assert_eq!(store["error"], Value::Null);
    let store = site.until("nobody who waits", |store| store["devices_waiting"] == 0);
    assert_eq!(store["down_seconds"], Value::Null);
    let found = site.folder.run("doctor --admin unix:admin.sock");
    found.stdout(contains("cannot store").not());
    assert_eq!(site.get("/readyz").0, 200);
    assert!(site.get("/metrics").1.contains("\nlowkey_store_up 1\n"));
}

#[test]
fn an_http_server_that_cannot_store_is_shown_everywhere_until_it_can() {
    let site = Site::http(503);
    is_shown_until_it_is_over(&site, 200, "503 Service Unavailable: no such \\u{1b}[2J unit");
}

#[test]
fn a_broker_that_cannot_store_is_shown_everywhere_until_it_can() {
    let site = Site::mqtt(0x97);
    is_shown_until_it_is_over(&site, 0, "quota exceeded");
}

/// With a nats-server, where there is one.
#[test]
fn jetstream_that_cannot_store_is_shown_everywhere_until_it_can() {
    let runtime = Runtime::new().unwrap();
    let Some(mut nats) = runtime.block_on(NatsServer::start()) else { return };
    let folder = Folder::new();
    provision(&folder);
    let url = format!("{}/fleet", nats.url());
    folder.run(&format!("registry streams {url}")).success();
    let mut site = Site { folder, server: None, url, says: Arc::default(), _runtime: runtime };
    site.serve();
    site.until("a connection to NATS", |store| store["up"] == true);
    let mut command = site.folder.program(env!("CARGO_BIN_EXE_lowkey"));
    command.args(site.connect().split(' ')).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut device = Device(command.stderr(Stdio::null()).spawn().unwrap());
    let mut says = device.0.stdin.take().unwrap();
    let mut hears = BufReader::new(device.0.stdout.take().unwrap()).lines();
    says.write_all(b"one\n").unwrap();
    assert!(hears.next().unwrap().unwrap().ends_with(" 1"));
    site._runtime.block_on(nats.kill());
    says.write_all(b"two\n").unwrap();
    let is_down = |store: &Value| store["up"] == false && store["devices_waiting"] == 1;
    let store = site.until("NATS that is gone, and a device that waits", is_down);
    assert_eq!((&store["name"], &store["aside"]), (&site.url.as_str().into(), &Value::Null));
    assert!(store["error"].as_str().is_some_and(|error| !error.is_empty()), "{store}");
    let said = contains(format!("what stores  at {} cannot store, for ", site.url));
    site.folder.run("doctor --admin unix:admin.sock").code(13).stdout(said);
    assert_eq!(site.get("/readyz").0, 503);
    assert!(site.get("/metrics").1.contains("\nlowkey_store_up 0\n"));
    let none = "this server sets nothing aside; one that forwards over HTTP or MQTT does";
    assert_eq!(site.get("/aside"), (501, format!("{none}\n")));
    for asked in ["list", "list pump --json", "show pump d3bc38d701e42299 1", "free pump --all"] {
        site.aside(asked).code(12).stdout("").stderr(contains(none));
    }
    site._runtime.block_on(nats.resume());
    assert!(hears.next().unwrap().unwrap().ends_with(" 2"));
    site.until("NATS that is back, and nobody who waits", |store| {
        store["up"] == true && store["devices_waiting"] == 0
    });
    assert_eq!(site.get("/readyz").0, 200);
    drop(says);
    device.goes_in_order();
    site.stop();
}

#[test]
fn a_server_that_has_not_what_is_asked_is_told_from_one_that_is_no_server_of_ours() {
    let folder = Folder::new();
    let admin = UnixListener::bind(folder.path("admin.sock")).unwrap();
    for (answer, code) in [("501 Not Implemented", 12), ("404 Not Found", 3), ("403 Forbidden", 3)] {
        for command in ["aside list", "aside free pump --all", "events", "show", "doctor"] {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let mut stream = admin.accept().unwrap().0;
                    let _ = stream.read(&mut [0; 1024]).unwrap();
                    stream
                        .write_all(format!("HTTP/1.1 {answer}\r\n\r\nno such thing here\n").as_bytes())
                        .unwrap();
                });
                let said = folder.run(&format!("{command} --admin unix:admin.sock")).code(code);
                said.stderr("lowkey: unix:admin.sock: no such thing here\n");
            });
        }
    }
}

#[test]
fn what_is_set_aside_is_listed_read_and_let_go_of_while_the_server_runs() {
    let site = Site::http(422);
    site.aside("list").success().stdout("");
    site.aside("list pump").code(12).stderr(contains("nothing of \"pump\" is set aside"));
    site.sends("21.5 X\n\n22.5 Y\n");
    let listed = site.list();
    let lengths: Vec<u64> = listed.iter().map(|(_, _, len)| *len).collect();
    assert_eq!(lengths, [6, 0, 6]);
    let (run, number, _) = &listed[0];
    let line = format!("pump\t{run}\t{number}\t");
    let why = "\t6\t422\tno such \\u{1b}[2J unit\n";
    site.aside("list pump").success().stdout(contains(line).and(contains(why)));
    let found = site.folder.run("doctor --admin unix:admin.sock").code(13);
    found.stdout(
        contains("what stores  has refused 3 messages of one device for good")
            .and(contains("lowkey aside list")),
    );

    // Its bytes, on standard output that is no terminal, and in a new file that nobody else reads.
    site.aside(&format!("show pump {run} {number}")).success().stdout("21.5 X").stderr(is_empty());
    let into = format!("show pump {run} {number} -o message");
    site.aside(&into).success().stdout("").stderr(contains("6 bytes written to message"));
    assert_eq!(site.folder.read("message"), "21.5 X");
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(site.folder.path("message")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    site.aside(&into).code(1).stderr(contains("message"));
    site.aside(&format!("show pump {run} 1")).code(12).stdout("").stderr(contains("no message 1 of the run"));
    site.aside("show pump abc 1").code(2).stderr(contains("16 hex digits"));

    site.aside(&format!("free pump {run} {number}"))
        .success()
        .stderr(contains("let go of: 1 message of \"pump\""));
    site.aside(&format!("free pump {run} {number}")).code(12);
    assert_eq!(site.list()[..], listed[1..]);
    site.aside("free pump").code(2);
    site.aside(&format!("free pump {run} --all")).code(2);
    site.aside("free nobody --all").code(12).stderr(contains("nothing of \"nobody\" is set aside"));
    site.aside("free pump --all").success().stderr(contains("let go of: 2 messages of \"pump\""));
    assert_eq!(site.list(), []);
    site.folder.run("doctor --admin unix:admin.sock").success();

    // By a port nobody knows who asks.
    site.folder
        .run("aside free pump --all --admin 127.0.0.1:9")
        .code(2)
        .stderr(contains("--admin unix:PATH"));
}

#[test]
fn a_server_that_is_stopped_leaves_what_is_set_aside_in_its_folder_and_one_that_runs_is_asked() {
    let mut site = Site::mqtt(0x99);
    site.sends("21.5 X\n");
    let (run, number, _) = site.list().remove(0);
    let here = |arguments: &str| site.folder.run(&format!("aside {arguments} --state state"));
    let in_use = "state/aside.redb: another server has it open; leave --state away, and it is asked";
    for arguments in ["list".to_owned(), format!("show pump {run} {number}"), "free pump --all".to_owned()] {
        here(&arguments).code(1).stdout("").stderr(contains(in_use));
    }
    assert_eq!(site.list().len(), 1, "and nothing has changed");
    site.aside("list --state state").code(2);
    site.stop();
    site.folder.run("aside list --admin unix:admin.sock").code(3);
    let here = |arguments: &str| site.folder.run(&format!("aside {arguments} --state state"));
    here("list").success().stdout(contains(format!("pump\t{run}\t{number}\t")));
    here(&format!("show pump {run} {number}")).success().stdout("21.5 X");
    // Whoever is another than the server's user would write what that one believes.
    if rustix::process::geteuid().is_root() {
        for (file, command) in
            [("aside", "aside list --state state"), ("rows", "registry forget-runs state pump")]
        {
            let file = site.folder.path(&format!("state/{file}.redb"));
            std::os::unix::fs::chown(&file, Some(12_345), None).unwrap();
            let another =
                contains("belongs to user 12345, and is written by that user alone; run this as that one");
            site.folder.run(command).code(1).stdout("").stderr(another);
            std::os::unix::fs::chown(&file, Some(0), None).unwrap();
        }
    }
    here("free pump --all").success();
    here("list --json").success().stdout(contains("\"messages\":[\n]"));
    let elsewhere = site.folder.run("aside list --state nowhere").code(1);
    elsewhere.stderr(contains("nowhere: what is set aside is not kept there; is it the server's `state`?"));
    assert!(!site.folder.path("nowhere").exists());
    site.serve();
    assert_eq!(site.list(), []);
}

/// Whatever is listed, read and let go of while messages are set aside: each was there once.
#[test]
fn what_is_let_go_of_while_the_server_sets_more_aside_is_what_was_there() {
    let site = Site::http(400);
    let lines: String = (0..200).map(|n| format!("{n}\n")).collect();
    let mut device = site.device(&lines);
    let mut seen = Vec::new();
    loop {
        let is_over = device.0.try_wait().unwrap().is_some();
        for (run, number, _) in site.list() {
            let shown = site.aside(&format!("show pump {run} {number}")).success();
            seen.push(String::from_utf8(shown.get_output().stdout.clone()).unwrap());
            site.aside(&format!("free pump {run} {number}")).success();
        }
        if is_over {
            break;
        }
    }
    let expected: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    assert_eq!(seen, expected);
    assert_eq!(site.list(), []);
}

#[test]
fn runs_are_forgotten_in_the_folder_of_a_server_that_is_stopped_and_of_no_other() {
    let mut site = Site::http(200);
    site.sends("21.5 C\n");
    let forget = |site: &Site, name: &str| site.folder.run(&format!("registry forget-runs state {name}"));
    let in_use = "state/rows.redb: another server has it open; stop it, and then this can be written";
    forget(&site, "pump").code(1).stderr(contains(in_use));
    site.sends("21.6 C\n"); // it is none the worse for it
    site.stop();
    // Seventeen boards that had one name.
    let rows = FileRows::open(&site.folder.path("state")).unwrap();
    let begin = |site: &Site, rows: &FileRows, n: u8| {
        let (rows, run) = (rows.clone(), RunId::new([n; 8]));
        site._runtime.block_on(async move { rows.begin("pump", run).await.map(drop) })
    };
    let runs = u8::try_from(MOST_OLD_RUNS).unwrap();
    (1..=runs).for_each(|n| begin(&site, &rows, n).unwrap());
    assert_eq!(begin(&site, &rows, 99), Err(Unstored::TooManyRuns));
    drop(rows);
    // Its own run is one of those that another has taken the place of, so new keys help it; with those it is one more.
    let doctor_says = |site: &Site, what: &str| {
        let _device = site.device("21.8 C\n"); // which comes again and again
        site.folder.waits_for(what);
        loop {
            let found = site.folder.run("doctor pump --admin unix:admin.sock");
            let said = String::from_utf8(found.get_output().stdout.clone()).unwrap();
            if said.contains(what) {
                return said;
            }
            sleep(Duration::from_millis(20));
        }
    };
    site.serve();
    let said = doctor_says(&site, "of a run that another has taken the place of");
    assert!(said.contains("  run  lowkey provision --rotate --name pump --server lkpub1"), "{said}");
    assert!(!said.contains("forget-runs"), "{said}");
    let server = site.folder.public("server.key");
    let rotate =
        format!("provision --rotate --name pump --server {server} --registry devices.toml --no-wait");
    site.folder.run(&format!("{rotate} -o pump-2.page --format bin")).success();
    fs::rename(site.folder.path("pump-2.page"), site.folder.path("pump.page")).unwrap();
    let said = doctor_says(&site, "it begins one more run after 16 others");
    let command =
        format!("  run  lowkey registry forget-runs {} pump\n", site.folder.path("state").display());
    assert!(said.contains(&command), "{said}");
    site.stop();
    forget(&site, "nobody").code(12).stderr(contains("\"nobody\" has never numbered a message here"));
    forget(&site, "pump").success().stderr(contains("forgotten: 16 runs before the present one of \"pump\""));
    let rows = FileRows::open(&site.folder.path("state")).unwrap();
    assert_eq!(begin(&site, &rows, 99), Ok(()));
    drop(rows);
    let elsewhere = site.folder.run("registry forget-runs nowhere pump").code(1);
    elsewhere.stderr(contains("nowhere: what devices have numbered is not kept there"));
    assert!(!site.folder.path("nowhere").exists());
    let with_nats = site.folder.run("registry forget-runs state pump --credentials a").code(2);
    with_nats.stderr(contains("--credentials: is for what is kept in NATS"));
    site.serve();
    site.sends("21.7 C\n");
}

/// Who asks before a restart would be told that all is well, and then have no server.
#[test]
fn check_refuses_what_stores_in_the_words_of_serve() {
    let folder = Folder::new();
    let secret = [("LOWKEY_STORE_CREDENTIALS", "missing")];
    let encrypted = "is not encrypted; write";
    for (forward, variables, why) in [
        ("http://192.168.1.5/x", &[][..], encrypted),
        ("http://a.example/x", &[], encrypted),
        ("mqtt://10.0.0.5/p", &[], encrypted),
        ("mqtts://a.example/a+b", &[], "the prefix of topics"),
        ("https://a b/x", &[], "its host"),
        ("https://a.example/x", &secret, "missing"),
        ("mqtts://a.example/p", &secret, "missing"),
    ] {
        let said = |verb: &str| {
            let of = "--key server.key --devices devices.toml --listen 127.0.0.1:0 --state state";
            let mut command = folder.command(&format!("{verb} {of}"));
            let refused =
                command.args(["--forward", forward]).envs(variables.iter().copied()).assert().code(1);
            let lines = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
            lines.lines().last().unwrap().to_owned()
        };
        let checked = said("check");
        assert!(checked.contains(why), "{forward}: {checked}");
        assert_eq!(checked, said("serve"));
    }
}
