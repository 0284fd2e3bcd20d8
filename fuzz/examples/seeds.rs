//! Writes the seeds of every target to `corpus/`, from where cargo-fuzz begins.

use lowkey_fuzz::{TARGETS, seeds};
use std::path::Path;

fn main() -> std::io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, _) in TARGETS {
        let folder = corpus.join(name);
        std::fs::create_dir_all(&folder)?;
        for (i, seed) in seeds::of(name).iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{i:04}")), seed)?;
        }
    }
    Ok(())
}
