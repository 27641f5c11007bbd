//! Ties a program to the life of this process: when this process is gone, so are the program and its folder.
//!
//! Rust drops no statics at exit and `kill -9` runs no code at all, but the kernel closes the pipes of every process that ends. So a shell
//! starts the program and waits at a pipe whose other end is ours alone (Rust marks it close-on-exec, so children never hold it open).
//! It kills that one program by its own id, never by name. Called by `broker`.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Starts `program` under a shell that kills it and removes `run_dir` when our end of its standard input closes.
/// Standard output and error go to `run_dir/broker.log`, its id to `run_dir/pid`; the file `run_dir/ended` appears when the program ends.
/// A program that ends while there is a file `run_dir/again` is started once more instead.
pub fn guard(run_dir: &Path, program: &Command) -> io::Result<Child> {
    // Two waits at once: a background shell waits at the pipe (descriptor 3, because background jobs lose their standard input), the
    // foreground one for the program. A program that ended by itself still has its folder until the pipe closes: its log is wanted.
    const SCRIPT: &str = r#"
        dir=$1
        shift
        exec 3<&0
        while
            "$@" </dev/null 3<&- >>"$dir/broker.log" 2>&1 &
            program=$!
            echo "$program" >"$dir/pid"
            { read -r nothing <&3; [ -e "$dir/ended" ] || kill -KILL "$program"; } 2>/dev/null &
            watcher=$!
            wait "$program"
            [ -e "$dir/again" ]
        do
            rm "$dir/again"
            kill "$watcher"
            wait "$watcher"
        done
        : >"$dir/ended"
        wait "$watcher"
        rm -rf "$dir"
    "#;
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "guard"]).arg(run_dir).arg(program.get_program()).args(program.get_args());
    // A group of its own, so that an interrupt at the terminal ends the tests and leaves the clearing up to the guard.
    shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::{ANSWER_DEADLINE, create_run_dir, poll};
    use std::fs;

    #[test]
    fn a_guarded_program_and_its_folder_are_gone_when_the_pipe_closes() {
        let run_dir = create_run_dir().expect("a folder");
        let mut program = Command::new("sh");
        // Announces its own id, then becomes a program that would outlive any test.
        program.args(["-c", "echo $$; exec sleep 600"]);
        let mut guard = guard(&run_dir, &program).expect("a shell");
        let log = run_dir.join("broker.log");
        let pid = poll("the program's id", ANSWER_DEADLINE, || fs::read_to_string(&log).ok().filter(|text| text.ends_with('\n')));
        let is_alive =
            || Command::new("sh").args(["-c", &format!("kill -0 {pid}")]).stderr(Stdio::null()).status().expect("a shell").success();
        assert!(is_alive(), "the program runs while the pipe is open");

        drop(guard.stdin.take());
        poll("the end of the guard", ANSWER_DEADLINE, || guard.try_wait().expect("a child of ours"));
        assert!(!is_alive(), "process {pid} outlived its guard");
        assert!(!run_dir.exists(), "{} is still there", run_dir.display());
    }
}
