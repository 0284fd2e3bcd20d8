//! Tells Thumb-2 on bare metal from everything else: the target's name can, a `cfg` of the language cannot.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(lowkey_mem)");
    let target = env::var("TARGET").unwrap_or_default();
    if ["thumbv7m-", "thumbv7em-", "thumbv8m.main-"].iter().any(|name| target.starts_with(name)) {
        println!("cargo::rustc-cfg=lowkey_mem");
    }
}
