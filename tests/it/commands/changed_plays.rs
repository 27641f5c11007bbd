//! `replay --plays`: what changed plays would have asked for over a history, beside the present ones.

use std::fs;
use std::path::Path;

use super::{SOON, finish, lifetide};

#[test]
fn changed_plays_are_shown_beside_the_present_ones() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("changed-plays-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (input, plays) = (folder.join("events.jsonl"), folder.join("plays.toml"));
    let line = |customer: &str, price: u32| {
        format!(
            r#"{{"type":"track","event":"Product Added","userId":"{customer}","timestamp":"2026-03-02T12:00:00Z","context":{{"traits":{{"email":"{customer}@example.com"}}}},"properties":{{"cart_id":"c-1","product_id":"mug","price":{price},"currency":"USD"}}}}"#
        )
    };
    fs::write(&input, [line("ann", 10), line("bob", 90), line("cy", 90)].join("\n")).unwrap();
    fs::write(&plays, "[plays.cart_recovery]\nwhen = [{ field = \"cart.value\", ge = { USD = 2000 } }]\n").unwrap();
    let run = |more: &[&str]| {
        let replay = ["replay", "--set", "consent.require=none", "--until", "2026-03-03T00:00:00Z", "--input", input.to_str().unwrap()];
        finish(lifetide(&replay).args(more), SOON)
    };
    let told = run(&["--plays", plays.to_str().unwrap()]);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    let words: Vec<Vec<&str>> = told.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[1], ["cart_recovery", "send", "cart_idle", "3", "2"], "{}", told.stdout);
    assert_eq!(words[2], ["cart_recovery", "suppressed", "below_minimum", "0", "1"], "{}", told.stdout);
    assert_eq!(told.stdout.lines().nth(3).unwrap(), "cart_recovery: 1 sends of the present play alone, 0 of the changed one alone");
    assert_eq!(run(&[]).code, Some(2), "without changed plays there must be somewhere to write to");
    fs::remove_dir_all(&folder).unwrap();
}
