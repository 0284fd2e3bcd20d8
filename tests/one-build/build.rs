//! Without this cargo would not look at the dependencies of builds.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
}
