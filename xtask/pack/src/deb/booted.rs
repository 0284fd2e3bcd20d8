//! The package under the systemd that it is made for: booted where it is installed, in namespaces of its own, with the
//! unit as it is shipped and all that this shuts the service in with.

use std::{fs, path::Path, time::Duration};
use xtask::command::{Command, Result};

use crate::programs;

/// Has the service start, and pair with a device by the steps of the book.
///
/// Where no systemd can be booted, which takes root and namespaces, says so: then none of this was tried.
pub(super) fn pairs(root: &Path) -> Result<()> {
    let home = root.join("root");
    let [said, board] = ["said", "board"].map(|name| home.join(name));
    Command::new("strip")
        .args(["-o".as_ref(), board.as_path(), programs::built("demo").as_path()])
        .quiet()?;
    fs::write(home.join("steps"), steps(include_str!("../../../../docs/src/first-contact.md"))?)?;
    fs::write(home.join("trial"), TRIAL)?;
    let units = root.join("etc/systemd/system");
    fs::write(units.join("trial.service"), SERVICE)?;
    fs::write(units.join("trial.target"), "[Unit]\nWants=trial.service\n")?;
    let shell = Command::new("unshare").args(["--mount", "sh", "-euc", OUTSIDE, "sh"]).args([root]);
    let booted = shell.args([INSIDE]).limit(LIMIT).quiet();
    match (booted, fs::read_to_string(said)) {
        (Ok(_), Ok(said)) => print!("{said}"),
        (Err(_), Ok(said)) => return Err(format!("under systemd:\n{said}").into()),
        (booted, Err(_)) => {
            let why = booted.err().map_or_else(|| "it ran nothing".to_owned(), |error| error.to_string());
            println!("no systemd can be booted here ({why}): nothing was paired under the unit");
        }
    }
    Ok(())
}

/// What the book has an operator do before the service can write its registry: the lines behind `# `, and what they
/// write.
fn steps(book: &str) -> Result<String> {
    let (_, rest) =
        book.split_once("**Where the registry is.**").ok_or("the book has no registry to move")?;
    let block = rest.split("```").nth(1).and_then(|block| block.split_once('\n'));
    let (_, lines) = block.ok_or("the book has no steps to move the registry")?;
    Ok(lines.lines().map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line))).collect())
}

/// In a cgroup of its own, so that what is booted manages no other.
const OUTSIDE: &str = "
mount --make-rprivate /
mount --bind \"$1\" \"$1\"
cd \"$1\"
mount -t cgroup2 cgroup2 mnt
ours=mnt$(sed -n 's/^0:://p' /proc/self/cgroup)/lowkey-trial
mkdir -p \"$ours\"
echo $$ > \"$ours/cgroup.procs\"
status=0
unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup sh -euc \"$2\" || status=$?
echo $$ > mnt/cgroup.procs
find \"$ours\" -depth -type d -exec rmdir {} +
exit $status
";

/// Nothing of this machine can be written: no setting of its kernel, no device.
const INSIDE: &str = "
umount mnt
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,ro,bind proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
pivot_root . mnt
umount -l /mnt
mount --make-rshared /
container=trial exec /lib/systemd/systemd --system --unit=trial.target --log-level=err --show-status=0
";

const SERVICE: &str = "[Unit]
DefaultDependencies=no
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
Environment=PATH=/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=/bin/sh -eu /root/trial
StandardOutput=truncate:/root/said
StandardError=truncate:/root/said
";

const TRIAL: &str = "
fail() {
    systemctl status --no-pager --lines 20 lowkey || true
    echo \"$1\"
    exit 1
}
lowkey code new -o /root/pump-8.code
cat >> /etc/lowkey/lowkey.toml <<END
[events]
run = [\"/bin/sh\", \"-c\", \"cat >> /var/lib/lowkey/told\"]
only = [\"lowkey.paired\"]
END
systemctl start lowkey || fail 'the service does not start'
# It can write nowhere, and says so before a window opens.
status=0
lowkey pair --open --name pump-8 --code /root/pump-8.code || status=$?
test $status = 1 || fail \"exit code $status for a registry that cannot be written\"
. /root/steps
lowkey show > /dev/null || fail 'the service does not start again'
pairs() {
    # What was said of the last pairing is not what this one says.
    rm -f /root/pair
    lowkey pair --open --name pump-8 --code /root/pump-8.code 2> /root/pair &
    until grep -qs 'window is open' /root/pair; do
        kill -0 $! || fail \"no window: $(cat /root/pair)\"
        sleep 0.1
    done
    /root/board board 127.0.0.1:7000 /root/pump-8.code 2> /dev/null || fail 'no device pairs and connects'
    wait $! || fail \"not paired: $(cat /root/pair)\"
    tail -n 1 /root/pair
    grep -q 'name = \"pump-8\"' /var/lib/lowkey/devices.toml || fail 'the row is not in the registry'
}
pairs
# The program that is run for events is, within the service's confinement.
until grep -qs pump-8 /var/lib/lowkey/told; do systemctl is-active --quiet lowkey || fail 'it fell'; sleep 0.1; done
# What root changes stays the service's to write.
server=$(lowkey pubkey /etc/lowkey/server.key)
lowkey revoke pump-8 --registry /var/lib/lowkey/devices.toml --server \"$server\" || fail 'not revoked'
pairs
! lowkey doctor | grep -i psk || fail 'a PSK file was left behind'
systemctl stop lowkey || fail 'the service does not stop'
# Saved, lost and given back, as the book says it.
tar --create --file /root/lowkey.tar --directory / etc/lowkey
rm -r /etc/lowkey
tar --extract --same-permissions --file /root/lowkey.tar --directory /
lowkey check --as lowkey --credential --config /etc/lowkey/lowkey.toml || fail 'what was given back is not right'
systemctl start lowkey || fail 'the service does not start with what was given back'
lowkey list | grep -q pump-8 || fail 'a device is not there again'
systemctl stop lowkey || fail 'the service does not stop again'
";

/// Of all of it: a boot takes a second.
const LIMIT: Duration = Duration::from_secs(120);
