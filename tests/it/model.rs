//! The independent model in Python (`tests/model`): run over the inputs of other tests, and checked by its own cases.

use std::process::Command;

/// A script of the model.
pub fn script(name: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg(format!("{}/tests/model/{name}", env!("CARGO_MANIFEST_DIR")));
    command
}

/// Whether it is content, and what it says.
pub fn run(command: &mut Command) -> (bool, String) {
    let done = command.output().expect("python3 runs: `apt-get install -y python3`");
    (done.status.success(), format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr)))
}

#[test]
fn the_model_is_right_in_cases_made_by_hand() {
    for name in ["selftest.py", "selftest_day.py"] {
        let (is_right, told) = run(&mut script(name));
        assert!(is_right && told.contains("\nRan "), "{name}\n{told}");
    }
}
