//! Many devices at once: what a batch leaves behind, whatever stopped it.

use lowkey_core::page::Page;
use lowkey_core::{Fingerprint, Identity};
use lowkey_host::Registry;
use lowkey_registry::provision::batch::{Batch, Checked, Codes, Item, Made, check, listed, make, numbered};
use lowkey_registry::{FileRegistry, codes, show_code_name};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use test_support::folder::{folder, mode, secret};

/// A folder with the list of a batch.
struct Line {
    folder: TempDir,
    server: Identity,
    items: Vec<Item>,
    paths: [PathBuf; 3],
    other: PathBuf,
}

impl Line {
    fn new(count: u32) -> Self {
        let items = numbered("pump-{:03}", 1, count).unwrap();
        let folder = folder();
        let paths = ["pages", "m.csv", "devices.toml"].map(|name| folder.path().join(name));
        let other = folder.path().join("other.toml");
        Self { folder, server: Identity::new(secret(1)).unwrap(), items, paths, other }
    }

    fn made(count: u32) -> Self {
        let line = Self::new(count);
        line.make().unwrap();
        line
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn make_with<'a>(&'a self, change: impl FnOnce(&mut Batch<'a>)) -> Result<Made, String> {
        let [folder, manifest, registry] = &self.paths;
        let (server, codes) = (self.server.public_key(), Codes::Each);
        let registry = registry.into();
        let mut batch =
            Batch { items: &self.items, server, address: "10.0.2.2:7000", folder, manifest, registry, codes };
        change(&mut batch);
        make(&batch).map_err(|error| error.to_string())
    }

    fn make(&self) -> Result<Made, String> {
        self.make_with(|_| ())
    }

    fn check(&self) -> Checked {
        let [folder, manifest, registry] = &self.paths;
        check(folder, manifest, registry, &self.server.public_key()).unwrap()
    }

    /// As they are said in its folder.
    fn differences(&self) -> String {
        self.check().differences.join("\n").replace(&format!("{}/", self.folder.path().display()), "")
    }

    fn agrees(&self) {
        let Checked { devices, differences, .. } = self.check();
        assert_eq!((devices, differences), (self.items.len(), Vec::new()));
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

#[test]
fn a_batch_is_pages_a_manifest_and_rows_that_agree() {
    let mut line = Line::new(3);
    line.items[1].serial = "SN 0815/2".into();
    line.write("devices.toml", "# ours\n");
    let made = line.make().unwrap();
    assert_eq!(made.new, 3);
    line.agrees();
    let registry = FileRegistry::load(line.path("devices.toml"), &line.server).unwrap();
    assert_eq!(registry.devices().len(), 3);
    let manifest = line.read("m.csv");
    let mut lines = manifest.lines();
    assert_eq!(lines.next(), Some("name,serial,id,public_key,fingerprint,page_sha256,code"));
    for item in &line.items {
        let path = line.path("pages").join(format!("{}.page", item.name));
        assert_eq!(mode(&path), 0o600);
        let bytes = fs::read(&path).unwrap();
        let page = Page::read(&bytes).unwrap();
        let keys = page.load().unwrap();
        assert_eq!((page.address(), keys.peer().public_key()), ("10.0.2.2:7000", line.server.public_key()));
        let pinned = registry.lookup(page.id()).unwrap();
        assert_eq!((pinned.device().name(), pinned.key()), (&*item.name, keys.identity().public_key()));
        assert_eq!(pinned.device().label("serial").unwrap_or_default(), item.serial);
        let row = lines.next().unwrap();
        let fingerprint = Fingerprint::of(&pinned.key());
        assert!(row.starts_with(&format!("{},{},0x", item.name, item.serial)), "{row}");
        assert!(row.contains(&format!(",{fingerprint},")), "{row}");
        let code = path.with_extension("code");
        assert_eq!(mode(&code), 0o600);
        // The file is the whole of a label area, and one of codes all the same.
        let lines = fs::read_to_string(&code).unwrap();
        let lines: Vec<&str> = lines.lines().filter(|line| !line.starts_with('#')).collect();
        let [label, "server 10.0.2.2:7000"] = lines[..] else { panic!("{lines:?}") };
        assert!(label.starts_with("LOWKEY:1/"));
        let [code] = &codes::read(&code).unwrap()[..] else { panic!("{}", code.display()) };
        assert!(row.ends_with(&format!(",{}", show_code_name(&code.name()))), "{row}");
    }
    assert_eq!(mode(&line.path("pages")), 0o700);
    assert_eq!((lines.next(), made.written.registry()), (None, &*line.path("devices.toml")));
}

/// By whatever made it: the words are a label area's only behind a code, and in no other spelling.
#[test]
fn what_a_label_area_has_behind_its_code_is_passed_over_and_nothing_else_is() {
    let folder = folder();
    let path = folder.path().join("x.code");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        codes::read(&path).map(|codes| codes.len()).map_err(|error| error.to_string())
    };
    let code = "A4DQOBYHA4DQOBYHA4DQOBYHA4";
    assert_eq!(read(&format!("# x\n{code}\nserver 192.0.2.1:7000\nwait 7000\n")), Ok(1));
    assert_eq!(read(&format!("{code}\nserver 192.0.2.1:7000\n{}\n", code.to_lowercase())), Ok(2));
    for wrong in ["server 192.0.2.1:7000\n", "A4DQOBYHA4DQOBYHA4DQOBYHA4\nservers 192.0.2.1:7000\n"] {
        assert!(read(wrong).unwrap_err().contains("a typing error"), "{wrong}");
    }
}

#[test]
fn no_secret_of_a_page_is_in_the_manifest_or_the_registry() {
    let line = Line::made(2);
    let public = (line.read("m.csv") + &line.read("devices.toml") + &line.read("pages/order")).into_bytes();
    let hex: Vec<u8> = public.to_ascii_lowercase();
    for item in &line.items {
        let page = fs::read(line.path("pages").join(format!("{}.page", item.name))).unwrap();
        // Private key, shared secret, hedge and seed.
        for at in [104, 200, 232, 264] {
            let secret: String = page[at..at + 8].iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!hex.windows(16).any(|window| window == secret.as_bytes()));
            assert!(!public.windows(8).any(|window| window == &page[at..at + 8]));
        }
        let code = fs::read_to_string(line.path("pages").join(format!("{}.code", item.name))).unwrap();
        let label = code.lines().find(|line| !line.starts_with('#')).unwrap().as_bytes();
        assert!(label.windows(10).skip(9).all(|part| !public.windows(10).any(|window| window == part)));
    }
}

#[test]
fn a_batch_that_was_stopped_anywhere_goes_on_and_makes_nobody_twice() {
    let line = Line::made(4);
    let (manifest, rows) = (line.read("m.csv"), line.read("devices.toml"));
    let page = |n: usize| line.path("pages").join(format!("{}.page", line.items[n].name));
    let key =
        |n: usize| Page::read(&fs::read(page(n)).unwrap()).unwrap().load().unwrap().identity().public_key();
    let kept = [key(0), key(1)];
    let resumes = |new: usize| {
        let made = line.make().unwrap();
        assert_eq!(made.new, new);
        line.agrees();
    };
    // Before the rows were written, before the manifest was, and with what a kill leaves of a file.
    fs::remove_file(line.path("devices.toml")).unwrap();
    line.write("pages/.unfinished", "half a pa");
    line.write("m.csv.new", "name,se");
    line.write("devices.toml.new", "[[dev");
    line.write("devices.toml.lock", "");
    line.write("pages/.lock", "");
    resumes(0);
    assert_eq!((line.read("m.csv"), line.read("devices.toml")), (manifest.clone(), rows));
    fs::remove_file(line.path("devices.toml")).unwrap();
    fs::remove_file(line.path("m.csv")).unwrap();
    resumes(0);
    assert_eq!(line.read("m.csv"), manifest);
    // In the middle of the pages; one of them is a name without content, which a power cut leaves.
    fs::remove_file(line.path("devices.toml")).unwrap();
    fs::remove_file(line.path("m.csv")).unwrap();
    fs::remove_file(page(3)).unwrap();
    fs::write(page(2), "").unwrap();
    fs::write(page(2).with_extension("code"), "").unwrap();
    resumes(2);
    assert_eq!([key(0), key(1)], kept);
    // And when it is done, the same again changes nothing.
    let (manifest, rows) = (line.read("m.csv"), line.read("devices.toml"));
    let made = line.make().unwrap();
    assert!(made.new == 0 && made.entered == 0);
    assert_eq!((line.read("m.csv"), line.read("devices.toml")), (manifest, rows));
}

#[test]
fn a_device_whose_page_has_gone_is_not_made_again() {
    let line = Line::made(2);
    fs::remove_file(line.path("pages/pump-002.page")).unwrap();
    let before = (line.read("m.csv"), line.read("devices.toml"));
    let why = line.make().unwrap_err();
    assert!(why.contains("\"pump-002\" is in use already, and its page is not here any more"), "{why}");
    assert_eq!((line.read("m.csv"), line.read("devices.toml")), before);
    assert!(line.differences().contains("pump-002.page: there is none"));
    // Nor does a label that was printed get another code.
    let line = Line::made(1);
    fs::remove_file(line.path("pages/pump-001.code")).unwrap();
    assert!(
        line.make()
            .unwrap_err()
            .contains("\"pump-001\" is in use already, and its code is not here any more")
    );
    assert!(line.differences().contains("m.csv:2: pages/pump-001.code: there is none"));
    fs::write(line.path("pages/pump-001.code"), "# x\nx1\n").unwrap();
    fs::set_permissions(line.path("pages/pump-001.code"), fs::Permissions::from_mode(0o600)).unwrap();
    let differences = line.differences();
    assert!(differences.contains("m.csv:2: pages/pump-001.code: line 2: a typing error"), "{differences}");
    fs::remove_file(line.path("pages/pump-001.code")).unwrap();
}

#[test]
fn a_check_names_each_missing_file_once_and_blames_no_other() {
    let line = Line::made(2);
    fs::remove_file(line.path("pages/pump-001.page")).unwrap();
    fs::remove_file(line.path("pages/pump-002.code")).unwrap();
    let expected = "m.csv:2: pages/pump-001.page: there is none\nm.csv:3: pages/pump-002.code: there is none";
    assert_eq!(line.differences(), expected);
    // A code that the manifest has not is the fault of the code's file.
    let line = Line::made(1);
    let manifest = line.read("m.csv");
    line.write("m.csv", &format!("{},\n", manifest.trim_end().rsplit_once(',').unwrap().0));
    let differences = line.differences();
    assert!(differences.starts_with("m.csv:2: code is \"\", and of pages/pump-001.code "), "{differences}");
}

#[test]
fn a_folder_or_a_manifest_of_something_else_is_left_alone() {
    let line = Line::new(2);
    fs::create_dir(line.path("pages")).unwrap();
    line.write("pages/notes.txt", "");
    assert!(line.make().unwrap_err().contains("holds notes.txt, and is of no batch"));
    fs::remove_file(line.path("pages/notes.txt")).unwrap();
    fs::set_permissions(line.path("pages"), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(line.make().unwrap_err().contains("others could put other pages into it (mode 0777)"));
    fs::set_permissions(line.path("pages"), fs::Permissions::from_mode(0o755)).unwrap();
    line.write("m.csv", "mine\n");
    assert!(line.make().unwrap_err().contains("m.csv: is there already, and says something else"));
    assert!(!line.path("devices.toml").exists());
    fs::remove_file(line.path("m.csv")).unwrap();
    line.make().unwrap();
    // Another order for the folder of this one.
    let other = Identity::new(secret(2)).unwrap().public_key();
    let another = "pages: is the folder of another batch";
    assert!(line.make_with(|batch| batch.address = "10.0.2.3:7000").unwrap_err().contains(another));
    assert!(line.make_with(|batch| batch.items = &line.items[..1]).unwrap_err().contains(another));
    assert!(line.make_with(|batch| batch.registry = (&line.other).into()).unwrap_err().contains(another));
    assert!(line.make_with(|batch| batch.codes = Codes::None).unwrap_err().contains(another));
    let wrong = line.make_with(|batch| batch.server = other).unwrap_err();
    assert!(wrong.contains("this registry is for the server"), "{wrong}");
    line.agrees();
}

#[test]
fn a_page_that_is_not_this_batch_s_is_neither_taken_nor_overwritten() {
    let line = Line::made(2);
    fs::remove_file(line.path("devices.toml")).unwrap();
    fs::remove_file(line.path("m.csv")).unwrap();
    let path = line.path("pages/pump-002.page");
    let right = fs::read(&path).unwrap();
    for at in [0, 7, 104, 170, 343] {
        let mut wrong = right.clone();
        wrong[at] ^= 1;
        fs::write(&path, &wrong).unwrap();
        assert!(line.make().unwrap_err().contains("pump-002.page: "));
        assert_eq!(fs::read(&path).unwrap(), wrong);
    }
    fs::copy(line.path("pages/pump-001.page"), &path).unwrap();
    let why = line.make().unwrap_err();
    assert!(why.contains("the key is the one of \"pump-001\""), "{why}");
    fs::write(&path, &right).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(line.make().unwrap_err().contains("(mode 0644)"));
    assert!(!line.path("devices.toml").exists());
}

#[test]
fn whichever_byte_of_a_manifest_is_another_one_its_check_says_so() {
    let mut line = Line::new(1);
    line.items[0].serial = "0815".into();
    line.make().unwrap();
    line.agrees();
    let right = line.read("m.csv");
    for at in 0..right.len() {
        let mut wrong = right.clone().into_bytes();
        wrong[at] ^= [0x01, 0x20][at % 2]; // another character, or the same in the other case
        line.write("m.csv", &String::from_utf8(wrong).unwrap());
        assert_ne!(line.check().differences, Vec::<String>::new(), "byte {at}");
    }
    for cut in (0..right.len()).step_by(7) {
        line.write("m.csv", &right[..cut]);
        assert_ne!(line.check().differences, Vec::<String>::new(), "{cut} bytes");
    }
}

#[test]
fn a_check_names_each_difference() {
    let line = Line::made(4);
    let manifest = line.read("m.csv");
    let registry = line.read("devices.toml");
    let page = |name: &str| line.path("pages").join(name);
    fs::copy(page("pump-001.page"), page("spare.page")).unwrap();
    fs::set_permissions(page("pump-002.page"), fs::Permissions::from_mode(0o640)).unwrap();
    fs::copy(page("pump-003.page"), page("pump-004.page")).unwrap();
    line.write("pages/.unfinished", "");
    let codes = ["pump-001", "pump-003"].map(|name| line.path("pages").join(format!("{name}.code")));
    fs::copy(&codes[0], &codes[1]).unwrap();
    line.write("devices.toml", &registry.replace("pump-001", "pump-9"));
    let differences = line.differences();
    for expected in [
        "m.csv:2: ",
        "devices.toml has no device \"pump-001\"",
        "pump-002.page: others than its owner may use it (mode 0640)",
        "m.csv:4: code is ",
        "m.csv:5: public_key is ",
        "devices.toml has \"pump-004\" with another key or id",
        "spare.page: the manifest does not know it",
        ".unfinished: the batch was interrupted",
    ] {
        assert!(differences.contains(expected), "{expected}:\n{differences}");
    }
    // One page twice, under two names.
    let line = Line::made(2);
    let first = line.read("m.csv").lines().nth(1).unwrap().to_owned();
    line.write("m.csv", &(line.read("m.csv") + &first + "\n"));
    assert!(line.differences().contains("m.csv:4: has the public_key of \"pump-001\""));
    line.write("m.csv", manifest.lines().next().unwrap());
    assert!(line.differences().contains("names no device"));
}

#[test]
fn a_list_comes_from_whatever_program_and_nothing_hostile_gets_through() {
    let folder = folder();
    let path = folder.path().join("names.csv");
    let read = |text: &str| {
        fs::write(&path, text).unwrap();
        listed(&path).map_err(|error| error.to_string())
    };
    let item = |name: &str, serial: &str| Item { name: name.into(), serial: serial.into() };
    let expected = vec![item("pump-1", "00017"), item("Pumpe süd", "")];
    for text in [
        "name,serial\npump-1,00017\nPumpe süd,\n",
        "\u{feff}name,serial\r\npump-1,00017\r\nPumpe süd,\r\n\r\n",
        "\"name\",\"serial\"\n\"pump-1\",\"00017\"\n\n\"Pumpe süd\",\"\"",
    ] {
        assert_eq!(read(text), Ok(expected.clone()), "{text:?}");
    }
    assert_eq!(read("name\na\nb\n"), Ok(vec![item("a", ""), item("b", "")]));
    for (text, why) in [
        ("", "names.csv:1: the first line is `name`"),
        ("a\nb\n", "names.csv:1: the first line is `name`"),
        ("name;serial\na;1\n", "separate columns by commas"),
        ("name\n", "a batch is of 1 to"),
        ("name\na\na,b\n", "names.csv:3: not as many columns"),
        ("name,serial\na\n", "names.csv:2: not as many columns"),
        ("name\n\"a\nb\"\n", "names.csv:2: not as many columns"),
        ("name\n\"a\"\"b\"\n", "or a quote inside of one"),
        ("name\n=HYPERLINK(A1)\n", "begins with =, which spreadsheets take for a formula"),
        ("name,serial\na,@SUM(A1)\n", "the serial \"@SUM(A1)\" begins with @"),
        ("name\na;=1+1\n", "holds ;, at which some spreadsheets"),
        ("name\na\u{1b}[2Jb\n", "holds U+001B"),
        ("name\na\u{202e}b\n", "holds U+202E"),
        ("name\n../a\n", "holds /, which no file"),
        ("name\na\nA\n", "one name to some file systems"),
        ("name,serial\na,1\nb,1\n", "have the same serial"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(why), "{text:?}: {error}");
        assert!(!error.chars().any(|c| c.is_control()), "{error:?}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(
        listed(Path::new(&path)).unwrap_err().to_string().contains("others than its owner may change it")
    );
}
