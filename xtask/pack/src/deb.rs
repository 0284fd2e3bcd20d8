//! `cargo xtask deb`: a Debian package of the command. `cargo xtask test` installs one in a clean Debian, has it do
//! what an operator does first, pairs under systemd, and removes it again.

mod booted;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    time::Duration,
};
use xtask::{
    command::{self, Command, Result},
    root, setup, target,
};

use crate::{
    archive, commit, here,
    notices::{self, Linked},
    programs,
    toolchain::{self, host_cargo},
    tools,
};

/// Makes the package that is released, and returns where it is. The same commit and the same tools give the same bytes,
/// whatever folder the repository is in.
///
/// # Errors
/// It could not be built.
pub(crate) fn build() -> Result<PathBuf> {
    let work = target().join("command");
    let cargo = archive::instead_of_rustc(host_cargo("build"))?.args(["--quiet", "--locked", "--release"]);
    cargo.args(["--package", "lowkey", "--target-dir"]).args([&work]).run()?;
    let package = package(&work.join("release"))?;
    here::is_not_in("the command", &fs::read(workshop().join("stage/lowkey"))?)?;
    Ok(package)
}

/// Whether systemd shuts the service in as tightly as we say: below 2.0 of its 10 points.
pub(crate) fn units() -> Result<()> {
    setup::ensure([&setup::SYSTEMD])?;
    let security = ["security", "--offline=true", "--no-pager", "--threshold=20", "lowkey.service"];
    let said = Command::new("systemd-analyze").args(security).within("packaging/systemd").quiet()?;
    let verdict = said.lines().rfind(|line| line.contains("exposure")).unwrap_or_default();
    println!("{}", verdict.trim_start_matches(['→', ' ']));
    Ok(())
}

/// Installs, tries and removes the package.
///
/// Its command is the one that is built for debugging, stripped: the demo has built it already, and building that of
/// a release takes minutes.
pub(crate) fn trial() -> Result<()> {
    programs::build()?;
    let package = package(&target().join("debug"))?;
    check_contents(&package)?;
    let folder = workshop().join("root");
    fresh(&folder)?;
    let tried = match clean_debian() {
        Ok(clean) => installed(&clean, &folder, &package),
        Err(why) => {
            println!("no clean Debian ({why}): the package is unpacked and not installed");
            unpacked(&folder, &package)
        }
    };
    fs::remove_dir_all(&folder)?;
    tried
}

/// Makes the package of the command in `built`.
fn package(built: &Path) -> Result<PathBuf> {
    if command::find("dpkg-deb").is_none() {
        return Err("a Debian package is made on Debian".into());
    }
    let cargo_deb = tools::cargo("cargo-deb", &["--no-default-features"])?;
    let stage = workshop().join("stage");
    fresh(&stage)?;
    let program = stage.join("lowkey");
    let name = Path::new("lowkey").with_extension(env::consts::EXE_EXTENSION);
    Command::new("strip").args(["-o".as_ref(), program.as_path(), built.join(name).as_path()]).quiet()?;
    for what in ["man", "completions"] {
        Command::new(&program).args(["generate", what]).args([stage.join(what)]).quiet()?;
    }
    let pages = fs::read_dir(stage.join("man"))?.map(|page| Ok(page?.path())).collect::<Result<Vec<_>>>()?;
    Command::new("gzip").args(["-9n"]).args(pages).quiet()?;
    fs::write(stage.join("THIRD-PARTY"), third_party()?)?;
    let package = workshop().join("lowkey.deb");
    let make = ["--quiet", "--package", "lowkey", "--no-build", "--no-strip", "--no-dbgsym", "--output"];
    let mut cargo_deb = Command::new(cargo_deb).args(make).args([&package]);
    if let Ok(time) = commit::time() {
        cargo_deb = cargo_deb.env("SOURCE_DATE_EPOCH", time);
    }
    cargo_deb.run()?;
    Ok(package)
}

/// The terms of what is linked into the command and is not ours.
///
/// # Errors
/// Something linked into it has none.
pub(crate) fn third_party() -> Result<String> {
    notices::in_one(&Linked { workspace: ".", package: "lowkey", target: &toolchain::host()?, flags: "" })
}

/// Whether everything is in the package, and nothing else.
fn check_contents(package: &Path) -> Result<()> {
    let list = Command::new("dpkg-deb").args(["--contents".as_ref(), package]).quiet()?;
    let names = list.lines().filter_map(|line| line.rsplit_once(" .")).map(|(_, name)| name);
    let mut found: Vec<&str> = names.filter(|name| !name.ends_with('/')).collect();
    found.sort_unstable();
    if found == CONTENTS { Ok(()) } else { Err(format!("the package holds {found:#?}").into()) }
}

/// What an operator does first, in a Debian with nothing but what every Debian has.
fn installed(clean: &Path, folder: &Path, package: &Path) -> Result<()> {
    Command::new("tar").args(["-C".as_ref(), folder, "-xf".as_ref(), clean]).quiet()?;
    let dpkg = |what: &[&str]| {
        let dpkg = Command::new("dpkg").args(["--root".as_ref(), folder]).args(what);
        dpkg.env("DEBIAN_FRONTEND", "noninteractive").limit(LIMIT).quiet()
    };
    let inside = |script: &str| {
        let shell = ours_unset(Command::new("chroot")).args([folder]).args(["sh", "-euc", script]);
        shell.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").limit(LIMIT).quiet()
    };
    dpkg(&["--install", &package.to_string_lossy()])?;
    print!("{}", inside(FIRST_STEPS)?);
    print!("{}", inside(AS_THE_SERVICE)?);
    booted::pairs(folder)?;
    dpkg(&["--remove", "lowkey"])?;
    inside("test ! -e /usr/bin/lowkey; test -e /etc/lowkey/lowkey.toml")?;
    dpkg(&["--purge", "lowkey"])?;
    inside(
        "test ! -e /etc/lowkey/lowkey.toml; test -e /etc/lowkey/server.key; find /etc/lowkey /var/lib | grep -q pump-7.psk",
    )?;
    Ok(())
}

/// As much of it as goes without being root.
fn unpacked(folder: &Path, package: &Path) -> Result<()> {
    Command::new("dpkg-deb").args(["--extract".as_ref(), package, folder]).quiet()?;
    let inside = |script: &str| {
        ours_unset(Command::new("sh")).args(["-euc", script]).within(folder).limit(LIMIT).quiet()
    };
    print!("{}", inside(UNPACKED)?);
    Ok(())
}

/// Without the variables that would be settings of the server, or are none and therefore an error.
fn ours_unset(command: Command) -> Command {
    command.without_env(|name| name.starts_with("LOWKEY_"))
}

/// A Debian of this machine's release with what is essential and systemd, as an archive: made once for all clones.
fn clean_debian() -> Result<PathBuf> {
    if Command::new("id").args(["-u"]).quiet()?.trim() != "0" {
        return Err("only root can change the root folder".into());
    }
    let release = fs::read_to_string("/etc/os-release")?;
    let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let codename = codename.ok_or("/etc/os-release names no release")?.trim_matches('"');
    let archive = tools::cache().join(format!("{codename}-systemd.tar"));
    if archive.is_file() {
        return Ok(archive);
    }
    setup::ensure([&setup::MMDEBSTRAP])?;
    println!("fetching a clean {codename}, once");
    let part = archive.with_extension(format!("{}.tar", process::id()));
    fs::create_dir_all(tools::cache())?;
    let variant = ["--quiet", "--variant=minbase", "--include=systemd", codename];
    Command::new("mmdebstrap").args(variant).args([&part]).limit(LIMIT).quiet()?;
    fs::rename(part, &archive)?;
    Ok(archive)
}

fn fresh(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

/// Where cargo-deb finds what goes into the package: crates/lowkey/Cargo.toml names it.
fn workshop() -> PathBuf {
    root().join("target").join("debian")
}

/// With the configuration as it is shipped.
const FIRST_STEPS: &str = "
lowkey --version
lowkey keygen -o /etc/lowkey/server.key 2>&1
server=$(lowkey pubkey /etc/lowkey/server.key)
lowkey provision --name pump-7 --psk --server $server -o /root/pump-7.page --registry /etc/lowkey/devices.toml --no-wait 2>&1
ls -ln /etc/lowkey
lowkey check --config /etc/lowkey/lowkey.toml
";

/// As the user of the service, with the key as systemd hands it over. The key itself is root's.
const AS_THE_SERVICE: &str = "
install -d -o lowkey -g lowkey -m 0750 /run/lowkey
install -d -m 0755 /run/credentials
install -o root -g lowkey -m 0440 /etc/lowkey/server.key /run/credentials/server.key
cat > /root/serve <<'END'
export CREDENTIALS_DIRECTORY=/run/credentials LOWKEY_KEY=/run/credentials/server.key LOWKEY_LISTEN=127.0.0.1:0
if test -r /etc/lowkey/server.key; then echo the service reads the key; exit 1; fi
lowkey check --config /etc/lowkey/lowkey.toml
lowkey serve --config /etc/lowkey/lowkey.toml > /run/lowkey/said 2> /run/lowkey/log &
until grep -q listening /run/lowkey/said; do kill -0 $! || { cat /run/lowkey/log; exit 1; }; sleep 0.1; done
kill -TERM $!
wait $!
END
chroot --userspec=lowkey:lowkey / sh -eu < /root/serve 2>&1
";

const UNPACKED: &str = "
usr/bin/lowkey --version
usr/bin/lowkey keygen -o etc/lowkey/server.key 2>&1
: > etc/lowkey/devices.toml
chmod 644 etc/lowkey/devices.toml
usr/bin/lowkey check --config etc/lowkey/lowkey.toml
";

const LIMIT: Duration = Duration::from_secs(300);

const CONTENTS: [&str; 51] = [
    "/etc/lowkey/lowkey.toml",
    "/usr/bin/lowkey",
    "/usr/lib/systemd/system/lowkey.service",
    "/usr/lib/systemd/system/lowkey.socket",
    "/usr/lib/sysusers.d/lowkey.conf",
    "/usr/share/bash-completion/completions/lowkey",
    "/usr/share/doc/lowkey/CHANGELOG.md",
    "/usr/share/doc/lowkey/README.md",
    "/usr/share/doc/lowkey/THIRD-PARTY",
    "/usr/share/doc/lowkey/copyright",
    "/usr/share/fish/vendor_completions.d/lowkey.fish",
    "/usr/share/lowkey/grafana.json",
    "/usr/share/lowkey/nats/accounts.sh",
    "/usr/share/lowkey/nats/nats-server.conf",
    "/usr/share/lowkey/nats/users",
    "/usr/share/man/man1/lowkey-aside-free.1.gz",
    "/usr/share/man/man1/lowkey-aside-list.1.gz",
    "/usr/share/man/man1/lowkey-aside-show.1.gz",
    "/usr/share/man/man1/lowkey-aside.1.gz",
    "/usr/share/man/man1/lowkey-check.1.gz",
    "/usr/share/man/man1/lowkey-code-new.1.gz",
    "/usr/share/man/man1/lowkey-code.1.gz",
    "/usr/share/man/man1/lowkey-connect.1.gz",
    "/usr/share/man/man1/lowkey-doctor.1.gz",
    "/usr/share/man/man1/lowkey-events.1.gz",
    "/usr/share/man/man1/lowkey-generate.1.gz",
    "/usr/share/man/man1/lowkey-keygen.1.gz",
    "/usr/share/man/man1/lowkey-label.1.gz",
    "/usr/share/man/man1/lowkey-list.1.gz",
    "/usr/share/man/man1/lowkey-page-show.1.gz",
    "/usr/share/man/man1/lowkey-page.1.gz",
    "/usr/share/man/man1/lowkey-pair.1.gz",
    "/usr/share/man/man1/lowkey-ping.1.gz",
    "/usr/share/man/man1/lowkey-provision.1.gz",
    "/usr/share/man/man1/lowkey-pubkey.1.gz",
    "/usr/share/man/man1/lowkey-registry-diff.1.gz",
    "/usr/share/man/man1/lowkey-registry-forget-runs.1.gz",
    "/usr/share/man/man1/lowkey-registry-forget.1.gz",
    "/usr/share/man/man1/lowkey-registry-pull.1.gz",
    "/usr/share/man/man1/lowkey-registry-push.1.gz",
    "/usr/share/man/man1/lowkey-registry-streams.1.gz",
    "/usr/share/man/man1/lowkey-registry-watch.1.gz",
    "/usr/share/man/man1/lowkey-registry.1.gz",
    "/usr/share/man/man1/lowkey-revoke.1.gz",
    "/usr/share/man/man1/lowkey-send.1.gz",
    "/usr/share/man/man1/lowkey-serve.1.gz",
    "/usr/share/man/man1/lowkey-show.1.gz",
    "/usr/share/man/man1/lowkey.1.gz",
    "/usr/share/man/man5/devices.toml.5.gz",
    "/usr/share/man/man5/lowkey.toml.5.gz",
    "/usr/share/zsh/vendor-completions/_lowkey",
];
