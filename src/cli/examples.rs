//! What people type: some lines below the help of each subcommand, and in its manual page.
//!
//! A test parses every line, and every subcommand has some, so they cannot name an option that is gone. Called by `cli::command`.

use clap::Command;

/// Subcommand and its lines, as typed in a shell.
const EXAMPLES: &[(&str, &[&str])] = &[
    (
        "run",
        &[
            "lifetide run --config shop.toml",
            "lifetide run --config shop.toml --watch",
            "lifetide run --create-topics --set kafka.bootstrap_servers=localhost:9092",
        ],
    ),
    ("demo", &["lifetide demo --seconds 20", "lifetide demo --set plays.welcome.mode=live --seed 7"]),
    (
        "replay",
        &[
            "lifetide replay --format cdnow --input purchases.txt",
            "lifetide replay --input history.jsonl --output out --until 2026-03-01T00:00:00Z",
            "lifetide replay --input history.jsonl --plays changed.toml",
        ],
    ),
    ("fit", &["lifetide fit orders.csv --output shop.toml", "lifetide fit --live --config shop.toml --model all"]),
    ("backtest", &["lifetide backtest orders.csv --calibration-end 2026-06-30 --html report.html"]),
    ("validate", &["lifetide validate --config shop.toml", "lifetide validate --config shop.toml -o json"]),
    ("config show", &["lifetide config show --config shop.toml", "lifetide config show -o json"]),
    ("config default", &["lifetide config default > reference.toml"]),
    ("config schema", &["lifetide config schema > shop.schema.json"]),
    ("topics plan", &["lifetide topics plan --config shop.toml --partitions 24"]),
    ("topics create", &["lifetide topics create --config shop.toml --partitions 24"]),
    ("topics check", &["lifetide topics check --config shop.toml"]),
    ("models show", &["lifetide models show --config shop.toml"]),
    ("models publish", &["lifetide models publish fitted.toml --config shop.toml"]),
    ("models withdraw", &["lifetide models withdraw --config shop.toml"]),
    ("state verify", &["lifetide state verify --config shop.toml", "lifetide state verify --slot 3 -o json"]),
    (
        "state export",
        &[
            "lifetide state export u-00000042 --config shop.toml",
            r#"lifetide state export --where 'segment = "at_risk"' --where 'historic.net >= { USD = 2000 }'"#,
        ],
    ),
    ("state reset", &["lifetide state reset --slot 3 --from end --config shop.toml", "lifetide state reset --all --from beginning --yes"]),
    ("state adopt", &["lifetide state adopt --all --config shop.toml", "lifetide state adopt --all --yes"]),
    ("state repair", &["lifetide state repair --slot 3 --config shop.toml", "lifetide state repair --slot 3 --yes"]),
    ("state reslot", &["lifetide state reslot --config shop.toml", "lifetide state reslot --yes"]),
    ("state upgrade", &["lifetide state upgrade --config shop.toml", "lifetide state upgrade --yes"]),
    (
        "state rebuild",
        &["lifetide state rebuild --mute-actions --slot 3 --config shop.toml", "lifetide state rebuild --mute-actions --all --yes"],
    ),
    ("explain", &["lifetide explain u-00000042 --config shop.toml", "lifetide explain u-00000042 --input history.jsonl"]),
    ("report", &["lifetide report aggregates.jsonl", "lifetide report - -o html < aggregates.jsonl"]),
    ("generate", &["lifetide generate --count 100000 --output in.jsonl", "lifetide generate --day --customers 20000"]),
    ("dlq list", &["lifetide dlq list --reason unknown_currency --since 2026-01-01T00:00:00Z"]),
    ("dlq show", &["lifetide dlq show shop.carts/3/12", "lifetide dlq show shop.carts/3/12 --raw"]),
    ("dlq replay", &["lifetide dlq replay shop.carts/3/12", "lifetide dlq replay --all --reason unknown_currency --dry-run"]),
    ("schema", &["lifetide schema", "lifetide schema actions > actions.schema.json", "lifetide schema clv --avro > clv.avsc"]),
    ("erase", &["lifetide erase u-00000042 --config shop.toml"]),
    ("health", &["lifetide health --ready", "lifetide health --set http.listen=127.0.0.1:9465"]),
    (
        "deliver",
        &[
            "lifetide deliver --via smtp --dry-run --config shop.toml",
            "lifetide deliver --via webhook --set deliver.webhook.url=https://hooks.example.com/lifetide",
        ],
    ),
    ("doctor", &["lifetide doctor --config shop.toml", "lifetide doctor --config shop.toml --transactions -o json"]),
    ("top", &["lifetide top", "lifetide top --url http://lifetide-0:9464 --url http://lifetide-1:9464", "lifetide top --once | less"]),
    (
        "completions",
        &[
            "lifetide completions bash > /etc/bash_completion.d/lifetide",
            "lifetide completions fish > ~/.config/fish/completions/lifetide.fish",
        ],
    ),
    ("man", &["lifetide man --dir /usr/local/share/man/man1"]),
];

/// Puts its lines below the help of each subcommand.
pub fn with_examples(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, (path, lines)| {
        let text = lines.iter().fold("Examples:".to_owned(), |text, line| text + "\n  " + line);
        below(command, &mut path.split(' '), text)
    })
}

fn below<'a>(command: Command, path: &mut impl Iterator<Item = &'a str>, text: String) -> Command {
    match path.next() {
        Some(name) => command.mut_subcommand(name, |found| below(found, path, text)),
        None => command.after_long_help(text),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::EXAMPLES;
    use crate::cli::command;

    /// Subcommands that have none of their own, by their paths.
    fn leaves(command: &clap::Command, path: &str) -> Vec<String> {
        let subcommands: Vec<_> = command.get_subcommands().filter(|found| found.get_name() != "help").collect();
        let join = |name: &str| format!("{path} {name}").trim_start().to_owned();
        match subcommands.len() {
            0 => vec![path.to_owned()],
            _ => subcommands.into_iter().flat_map(|found| leaves(found, &join(found.get_name()))).collect(),
        }
    }

    /// As a shell takes a line apart that has no escapes; what is redirected is the shell's affair.
    fn words(line: &str) -> Vec<String> {
        let pieces = line.split('\'').enumerate();
        let words = pieces.flat_map(|(number, piece)| match number % 2 {
            1 => vec![piece.to_owned()],
            _ => piece.split_whitespace().map(str::to_owned).collect(),
        });
        words.take_while(|word| !["|", ">", "<"].contains(&word.as_str())).collect()
    }

    #[test]
    fn every_subcommand_has_examples_below_its_help() {
        let (all, explained) = (leaves(&command(), ""), EXAMPLES.iter().map(|(path, _)| (*path).to_owned()));
        assert_eq!(all.iter().cloned().collect::<BTreeSet<_>>(), explained.collect());
        for path in all {
            let mut command = command();
            let found = path.split(' ').fold(&mut command, |command, name| command.find_subcommand_mut(name).unwrap());
            let help = found.render_long_help().to_string();
            assert!(help.contains("\nExamples:\n  lifetide "), "{path}: {help}");
        }
    }

    #[test]
    fn every_example_can_be_typed() {
        for (path, lines) in EXAMPLES {
            for line in *lines {
                let matches = command().try_get_matches_from(words(line)).unwrap_or_else(|why| panic!("{line}: {why}"));
                let mut found = Some(&matches);
                for name in path.split(' ') {
                    let (given, below) =
                        found.and_then(clap::ArgMatches::subcommand).unwrap_or_else(|| panic!("{line} is not about {path}"));
                    assert_eq!(given, name, "{line}");
                    found = Some(below);
                }
            }
        }
    }
}
