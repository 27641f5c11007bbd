//! What the Dockerfile copies is all that the binary is made of, and the manifest is good without the rest.
//!
//! No image is built: the compiler has written down what it read for the binary of these tests, and cargo reads a manifest without compiling.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use super::read;
use crate::commands::{SOON, finish};

/// What is copied from the context, by its path there.
fn copied() -> Vec<String> {
    let file = read("Dockerfile");
    let lines = file.lines().filter_map(|line| line.strip_prefix("COPY ")).filter(|line| !line.starts_with("--from="));
    let sources = |line: &str| {
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        words.pop().expect("a target stands last");
        words
    };
    lines.flat_map(sources).collect()
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        copy(&path, &to.join(path.file_name().unwrap()));
    }
}

/// What the compiler noted of the library that these tests and the binary are linked with. Cargo's own list beside the binary is not asked:
/// it is not always there. Of several libraries ours is the one linked last, and those that were only checked have no `rlib`.
fn noted() -> String {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let libraries = names.filter(|name| name.starts_with("liblifetide-") && name.ends_with(".rlib"));
    let linked_at = |name: &String| fs::metadata(folder.join(name)).unwrap().modified().unwrap();
    let last = libraries.max_by_key(linked_at).expect("the library is there");
    fs::read_to_string(folder.join(last.trim_start_matches("lib")).with_extension("d")).unwrap()
}

/// Without `..`: files that sources include are noted by way of these.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
        plain
    })
}

/// All files that the compiler read for the binary, of the sources alone.
fn inputs() -> Vec<PathBuf> {
    let noted = noted();
    let (_, paths) = noted.lines().next().unwrap().split_once(": ").unwrap();
    // a space in a path has a backslash before it
    let paths = paths.replace("\\ ", "\0");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // relative ones are so to the root
    let inputs = paths.split_whitespace().map(|path| plain(&root.join(path.replace('\0', " "))));
    let main = root.join("src/main.rs");
    inputs.chain([main]).filter_map(|path| path.strip_prefix(root).ok().map(Path::to_path_buf)).collect()
}

#[test]
fn what_the_dockerfile_copies_is_all_that_the_binary_is_made_of() {
    let copied = copied();
    assert!(copied.iter().any(|path| path == "Cargo.lock"), "{copied:?}");
    let is_copied = |path: &Path| copied.iter().any(|from| path.starts_with(from));
    let inputs = inputs();
    assert!(inputs.len() > 100 && inputs.iter().any(|path| path.starts_with("config/templates")), "{inputs:?}");
    let missing: Vec<_> = inputs.iter().filter(|path| !is_copied(path)).collect();
    assert_eq!(missing, [] as [&PathBuf; 0], "the Dockerfile does not copy what the binary includes");
    // everything is kept from the context but what is let in again
    let ignored = read(".dockerignore");
    let mut rules = ignored.lines();
    assert_eq!(rules.next(), Some("*"));
    let let_in: Vec<&str> = rules.filter_map(|rule| rule.strip_prefix('!')).collect();
    assert!(copied.iter().all(|path| let_in.contains(&path.as_str())), "{copied:?} of {let_in:?}");
}

#[test]
fn the_manifest_is_good_where_only_that_has_been_copied() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("context-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    copied().iter().for_each(|path| copy(&root.join(path), &folder.join(path)));
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]);
    let outcome = finish(command.current_dir(&folder), SOON);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("\"name\":\"lifetide\""));
    fs::remove_dir_all(&folder).unwrap();
}
