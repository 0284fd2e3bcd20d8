//! What the build script chooses, and what it refuses.

#[path = "../build.rs"]
#[allow(dead_code)]
mod script;

use script::{Asked, choose, known};

/// Firmware for the target of this name.
fn firmware(target: &str) -> Asked<'_> {
    Asked { target, arch: "arm", os: "none", core: None, backend: None, aws_lc: false }
}

/// The body and the symbol.
fn chosen(asked: Asked<'_>) -> (&'static str, String) {
    let chosen = choose(&asked).unwrap();
    (chosen.body, chosen.symbol.unwrap_or_default())
}

#[test]
fn a_cortex_m_s_target_has_the_compact_body_and_says_for_which_core() {
    let targets = [
        ("thumbv6m-none-eabi", "lowkey_core_is_cortex_m0"),
        ("thumbv8m.base-none-eabi", "lowkey_core_is_cortex_m0"),
        ("thumbv7m-none-eabi", "lowkey_core_is_cortex_m3"),
        ("thumbv7em-none-eabihf", "lowkey_core_is_cortex_m4"),
        ("thumbv8m.main-none-eabihf", "lowkey_core_is_cortex_m33"),
    ];
    for (target, symbol) in targets {
        assert_eq!(chosen(firmware(target)), ("compact", symbol.to_string()), "{target}");
    }
}

#[test]
fn a_flag_of_ours_that_is_misspelt_is_refused() {
    let flags = |names: &[&str]| known(names.iter().map(|&name| name.to_owned()));
    assert!(flags(&["lowkey_core", "lowkey_backend", "target_arch", "lowkey"]).is_ok());
    let error = flags(&["target_os", "lowkey_cores"]).unwrap_err();
    assert!(error.starts_with("--cfg lowkey_cores: there is no such flag"), "{error}");
}

#[test]
fn every_other_target_has_the_portable_body() {
    assert_eq!(chosen(firmware("armv7r-none-eabihf")), ("portable", "lowkey_core_is_portable".to_string()));
    let riscv = Asked { arch: "riscv32", ..firmware("riscv32imc-unknown-none-elf") };
    assert_eq!(chosen(riscv), ("portable", "lowkey_core_is_portable".to_string()));
    let host = Asked { arch: "x86_64", os: "linux", ..firmware("x86_64-unknown-linux-gnu") };
    assert_eq!(chosen(host), ("portable", String::new()));
    assert_eq!(chosen(Asked { aws_lc: true, ..host }), ("aws-lc", String::new()));
    // Arm, and an operating system.
    let linux = Asked { os: "linux", ..firmware("armv7-unknown-linux-gnueabihf") };
    assert_eq!(chosen(linux), ("portable", String::new()));
}

#[test]
fn a_target_that_does_not_say_its_core_is_refused_until_a_flag_does() {
    let own = firmware("my-cortex-m4");
    let error = choose(&own).unwrap_err();
    assert!(error.starts_with("my-cortex-m4 does not say which core it is for."), "{error}");
    assert!(error.contains("--cfg lowkey_core="), "{error}");
    for (core, symbol) in [
        ("cortex-m0", "lowkey_core_is_cortex_m0"),
        ("cortex-m3", "lowkey_core_is_cortex_m3"),
        ("cortex-m4", "lowkey_core_is_cortex_m4"),
        ("cortex-m33-dsp", "lowkey_core_is_cortex_m33_dsp"),
    ] {
        assert_eq!(chosen(Asked { core: Some(core), ..own }), ("compact", symbol.to_string()));
    }
    let portable = Asked { backend: Some("portable"), ..own };
    assert_eq!(chosen(portable), ("portable", "lowkey_core_is_portable".to_string()));
    let compact = Asked { backend: Some("compact"), ..own };
    assert_eq!(chosen(compact), ("compact", "lowkey_core_is_any_in_rust".to_string()));
}

/// An RTOS's Cortex-M is one as well, whatever the file calls its system.
#[test]
fn a_target_with_an_operating_system_that_does_not_say_its_core_is_refused_too() {
    for os in ["freertos", "zephyr", "unknown", "nuttx", "rtems"] {
        let own = Asked { os, ..firmware("my-cortex-m3") };
        assert!(
            choose(&own).unwrap_err().starts_with("my-cortex-m3 does not say which core it is for."),
            "{os}"
        );
        let told = Asked { core: Some("cortex-m3"), ..own };
        assert_eq!(chosen(told), ("compact", "lowkey_core_is_cortex_m3".to_string()), "{os}");
    }
    // By their names these are no Cortex-M; nor is anything that runs these systems, whatever it is called.
    for (target, os) in [
        ("armv7-rtems-eabihf", "rtems"),
        ("armv7a-nuttx-eabi", "nuttx"),
        ("armv7-unknown-trusty", "trusty"),
        ("armv6k-nintendo-3ds", "horizon"),
        ("my-board", "linux"),
        ("my-phone", "android"),
    ] {
        assert_eq!(chosen(Asked { os, ..firmware(target) }), ("portable", String::new()), "{target}");
    }
}

#[test]
fn a_cortex_m_s_image_says_for_which_core_it_is_with_an_operating_system_too() {
    let nuttx = Asked { os: "nuttx", ..firmware("thumbv7em-nuttx-eabihf") };
    assert_eq!(chosen(nuttx), ("compact", "lowkey_core_is_cortex_m4".to_string()));
}

#[test]
fn a_body_that_there_is_none_of_is_refused() {
    for backend in ["protable", "Compact", "aws-lc", "compact,portable", ""] {
        for target in ["thumbv7m-none-eabi", "armv7r-none-eabi", "my-cortex-m4"] {
            let error = choose(&Asked { backend: Some(backend), ..firmware(target) }).unwrap_err();
            assert_eq!(
                error,
                format!("--cfg lowkey_backend=\"{backend}\": there are compact and portable"),
                "{target}"
            );
        }
    }
}

#[test]
fn a_core_that_no_code_is_for_is_refused() {
    let with = |target, core| choose(&Asked { core: Some(core), ..firmware(target) });
    let error = with("thumbv7em-none-eabi", "cortex-m5").unwrap_err();
    assert!(
        error.contains("there are cortex-m0, cortex-m3, cortex-m4, cortex-m33, cortex-m33-dsp"),
        "{error}"
    );
    for (target, core) in [
        ("thumbv6m-none-eabi", "cortex-m3"),
        ("thumbv7m-none-eabi", "cortex-m4"),
        ("thumbv7em-none-eabi", "cortex-m33-dsp"),
        ("armv7r-none-eabi", "cortex-m4"),
        ("armv7-unknown-linux-gnueabihf", "cortex-m4"),
    ] {
        let error = with(target, core).unwrap_err();
        assert_eq!(error, format!("--cfg lowkey_core=\"{core}\": {target} is not for that core"));
    }
    let riscv = Asked { arch: "riscv32", core: Some("cortex-m4"), ..firmware("my-riscv") };
    assert!(choose(&riscv).is_err());
    for (target, core) in
        [("thumbv7em-none-eabi", "cortex-m3"), ("thumbv8m.main-none-eabi", "cortex-m33-dsp")]
    {
        assert!(with(target, core).is_ok(), "{target} {core}");
    }
}
