//! Pythons with the packages of a list of requirements, fetched once; they stay beside the build output until the list changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

/// Stdout of a program, or why it failed.
pub fn run(command: &mut Command, install: &str) -> String {
    let output = command.output().unwrap_or_else(|why| panic!("{command:?} does not run ({why}); install: apt-get install -y {install}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// One of this name that has what the list asks for, a path from the root of the sources; made whole or not at all. Each list is asked for by
/// one caller at a time. Its scripts know another folder: call modules.
pub fn with(name: &str, requirements: &str) -> PathBuf {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join(requirements);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let home = target.join(name);
    let python = home.join("bin/python");
    if fs::read(home.join("requirements.txt")).is_ok_and(|made_for| made_for == fs::read(&list).unwrap()) {
        return python;
    }
    let partial = target.join(format!("{name}.partial-{}", process::id()));
    run(Command::new("python3").args(["-m", "venv"]).arg(&partial), "python3-venv");
    run(Command::new(partial.join("bin/python")).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&list), "python3-venv");
    fs::copy(&list, partial.join("requirements.txt")).unwrap();
    let _ = fs::remove_dir_all(&home);
    fs::rename(&partial, &home).unwrap();
    python
}
