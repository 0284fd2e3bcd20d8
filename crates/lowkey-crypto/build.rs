//! Says which body stands behind the surface, and whether the target runs the compact body's assembly.
//!
//! A `cfg` of the language cannot tell a Cortex-M from another Arm without an operating system, nor a Cortex-M3
//! from an M0; the target's name can.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(lowkey_body, values(\"compact\", \"portable\", \"aws-lc\"))");
    println!("cargo::rustc-check-cfg=cfg(lowkey_thumb2)");
    println!("cargo::rustc-check-cfg=cfg(lowkey_dsp, values(none(), \"armv8-m\"))");

    let target = env::var("TARGET").unwrap_or_default();
    let is_one_of = |names: &[&str]| names.iter().any(|name| target.starts_with(name));
    // Armv7-M and Armv8-M Mainline have the whole of Thumb-2; Armv6-M and Armv8-M Baseline have not.
    let thumb2 = is_one_of(&["thumbv7m-", "thumbv7em-", "thumbv8m.main-"]);
    let cortex_m = thumb2 || is_one_of(&["thumbv6m-", "thumbv8m.base-"]);
    if thumb2 {
        println!("cargo::rustc-cfg=lowkey_thumb2");
    }
    // Where the DSP extension is, long multiplies take a constant time. Armv7E-M always has it. Armv8-M Mainline may,
    // which nothing says that a build script sees: so whoever builds the final binary does.
    let dsp = match env::var("CARGO_CFG_LOWKEY_CORE").as_deref() {
        Ok("cortex-m33-dsp") => target.starts_with("thumbv8m.main-"),
        Ok("cortex-m3") => false,
        _ => target.starts_with("thumbv7em-"),
    };
    if dsp {
        println!("cargo::rustc-cfg=lowkey_dsp");
        if target.starts_with("thumbv8m.main-") {
            println!("cargo::rustc-cfg=lowkey_dsp=\"armv8-m\"");
        }
    }
    let body = match env::var("CARGO_CFG_LOWKEY_BACKEND").as_deref() {
        Ok("compact") => "compact",
        Ok("portable") => "portable",
        _ if cortex_m => "compact",
        _ if env::var_os("CARGO_FEATURE_AWS_LC").is_some() => "aws-lc",
        _ => "portable",
    };
    println!("cargo::rustc-cfg=lowkey_body=\"{body}\"");
}
