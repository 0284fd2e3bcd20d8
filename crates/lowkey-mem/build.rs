//! Tells the instruction sets of bare metal from each other and from everything else: the target's name can, a `cfg` of
//! the language cannot.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(lowkey_mem, values(\"thumb1\", \"thumb2\"))");
    let target = env::var("TARGET").unwrap_or_default();
    let is_one_of = |names: &[&str]| names.iter().any(|name| target.starts_with(name));
    if is_one_of(&["thumbv7m-", "thumbv7em-", "thumbv8m.main-"]) {
        println!("cargo::rustc-cfg=lowkey_mem=\"thumb2\"");
    }
    if is_one_of(&["thumbv6m-", "thumbv8m.base-"]) {
        println!("cargo::rustc-cfg=lowkey_mem=\"thumb1\"");
    }
}
