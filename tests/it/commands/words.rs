//! What shells and readers are given: completions that a shell takes, and a manual page for each subcommand.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::{Folder, Outcome, SOON, finish, lifetide};

fn script(shell: &str) -> String {
    let outcome = finish(&mut lifetide(&["completions", shell]), SOON);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    outcome.stdout
}

/// Subcommands by their words, from `--help` itself.
fn subcommands(path: &[String]) -> Vec<Vec<String>> {
    let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
    let Outcome { stdout, .. } = finish(&mut lifetide(&arguments), SOON);
    let listed = stdout.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).unwrap_or_default();
    let names = listed.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let below = names.map(|name| path.iter().cloned().chain([name.to_owned()]).collect::<Vec<_>>());
    below.flat_map(|path| [vec![path.clone()], subcommands(&path)].concat()).collect()
}

/// What bash offers for a line that ends here.
fn offered(script: &str, words: &[&str]) -> Vec<String> {
    let line: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let program = format!(
        "source '{script}'; COMP_WORDS=({}); COMP_CWORD={}; _lifetide lifetide \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        line.join(" "),
        words.len() - 1
    );
    let outcome = finish(Command::new("bash").args(["--norc", "-c", &program]), SOON);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{program}");
    outcome.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn bash_offers_subcommands_and_options() {
    let folder = Folder::new("completions");
    let script = folder.write("lifetide.bash", &script("bash"));
    assert_eq!(offered(&script, &["lifetide", "doc"]), ["doctor"]);
    assert_eq!(offered(&script, &["lifetide", "state", "rep"]), ["repair"]);
    assert_eq!(offered(&script, &["lifetide", "run", "--wat"]), ["--watch"]);
}

#[test]
fn each_shell_has_a_script_that_names_every_subcommand() {
    let all = subcommands(&[]);
    assert!(all.len() > 30, "{all:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = script(shell);
        for path in &all {
            let name = path.last().unwrap();
            assert!(script.contains(name.as_str()), "{shell} does not know {path:?}");
        }
    }
}

#[test]
fn every_subcommand_has_a_page() {
    let folder = Folder::new("man");
    let outcome = finish(&mut lifetide(&["man", "--dir", &folder.path("man1")]), SOON);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let pages: BTreeSet<String> =
        fs::read_dir(folder.path("man1")).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    let wanted = subcommands(&[]).into_iter().map(|path| format!("lifetide-{}.1", path.join("-"))).chain(["lifetide.1".to_owned()]);
    assert_eq!(pages, wanted.collect());
    let page = fs::read_to_string(folder.path("man1/lifetide-state-repair.1")).unwrap();
    assert!(page.starts_with(".ie") || page.contains(".TH lifetide-state-repair 1"), "{page}");
    assert!(page.contains("lifetide state repair \\-\\-slot 3"), "its examples are there: {page}");
}
