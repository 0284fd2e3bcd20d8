//! Tells the instruction sets of bare metal from each other and from everything else: the target's name can, a `cfg` of
//! the language cannot.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(lowkey_mem, values(\"thumb1\", \"thumb2\"))");
    let target = env::var("TARGET").unwrap_or_default();
    let is_one_of = |names: &[&str]| names.iter().any(|name| target.starts_with(name));
    // What lowkey-crypto is told of a target whose name says nothing.
    let core = env::var("CARGO_CFG_LOWKEY_CORE");
    let is_core = |begins: &str| core.as_ref().is_ok_and(|core| core.starts_with(begins));
    if is_one_of(&["thumbv7m-", "thumbv7em-", "thumbv8m.main-"]) {
        println!("cargo::rustc-cfg=lowkey_mem=\"thumb2\"");
    } else if is_one_of(&["thumbv6m-", "thumbv8m.base-"]) || is_core("cortex-m0") {
        println!("cargo::rustc-cfg=lowkey_mem=\"thumb1\"");
    } else if is_core("cortex-m") {
        println!("cargo::rustc-cfg=lowkey_mem=\"thumb2\"");
    }
}
