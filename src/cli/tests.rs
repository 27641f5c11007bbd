//! Arguments as people type them.

use clap::{CommandFactory, Parser};

use super::exit::{CommandError, Exit};
use super::replay::InputFormat;
use super::topics::TopicsAction;
use super::{Arguments, Command, OutputFormat};

fn parse(line: &str) -> Result<Command, clap::Error> {
    Arguments::try_parse_from(line.split(' ')).map(|arguments| arguments.command)
}

#[test]
fn the_command_line_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn every_command_of_the_design_is_understood() {
    let lines = [
        "lifetide run --config a.toml --config b.toml --set workers=2 --create-topics",
        "lifetide demo",
        "lifetide demo --seconds 20",
        "lifetide validate --config a.toml -o json",
        "lifetide config show --set workers=2 -o json",
        "lifetide config default",
        "lifetide topics plan",
        "lifetide topics create --config a.toml",
        "lifetide topics check -o text",
        "lifetide dlq list --reason unknown_currency --topic shop.carts --since 2026-01-01T00:00:00Z --limit 5 -o json",
        "lifetide dlq show shop.carts/3/12 --raw",
        "lifetide dlq replay shop.carts/3/12 shop.carts/3/13 --dry-run",
        "lifetide dlq replay --all --reason unknown_currency --until 2026-01-01T00:00:00Z --limit 10",
        "lifetide erase u-1 --topic shop.carts -o json",
        "lifetide state verify --config a.toml -o json",
        "lifetide state show --slot 1 --slot 2",
        "lifetide state export u-1 --set kafka.group_id=shop",
        "lifetide state get u-1",
        "lifetide state stats -o json",
        "lifetide state reset --slot 1 --slot 2 --from beginning --yes",
        "lifetide state adopt --all -o json",
        "lifetide state repair --slot 3 --skip-lost",
        "lifetide state rebuild --all --mute-actions --yes",
        "lifetide generate --count 5 --customers 2 --seed 3 --output - --start 2026-01-01T00:00:00Z --step-ms 10",
    ];
    for line in lines {
        parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    }
    let replay = "lifetide replay --input a.jsonl --input - --output out --slots 4 --until 2026-01-01T00:00:00+01:00 --format cdnow";
    let Ok(Command::Replay(replay)) = parse(replay) else { panic!("not a replay") };
    assert_eq!((replay.inputs.len(), replay.slots, replay.format), (2, 4, InputFormat::Cdnow));
    assert_eq!(replay.until_ms, Some(1_767_222_000_000));
    let Ok(Command::Topics(topics)) = parse("lifetide topics check -o json") else { panic!("not topics") };
    assert!(matches!(topics.action, TopicsAction::Check(arguments) if arguments.output == OutputFormat::Json));
}

#[test]
fn wrong_arguments_are_usage_errors() {
    let lines = [
        "lifetide",
        "lifetide rnu",
        "lifetide demo --seconds 0",
        "lifetide replay --output out",
        "lifetide replay --input a --output b --until tomorrow",
        "lifetide replay --input a --output b --slots 0",
        "lifetide generate --customers 0",
        "lifetide config show -o yaml",
        "lifetide dlq list --reason bad_mood",
        "lifetide dlq replay",
        "lifetide erase",
        "lifetide dlq replay --all",
        "lifetide dlq replay --all --reason oversize shop.carts/3/12",
    ];
    for line in lines {
        assert!(parse(line).unwrap_err().use_stderr(), "{line}");
    }
    assert!(!parse("lifetide --help").unwrap_err().use_stderr());
    assert!(!parse("lifetide --version").unwrap_err().use_stderr());
}

#[test]
fn every_outcome_has_its_exit_code() {
    let broken_pipe = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
    let table = [
        (CommandError::Config(crate::config::ConfigError(Vec::new())), 78),
        (CommandError::ConfigShown, 78),
        (CommandError::KafkaUnavailable("refused".to_string()), 69),
        (CommandError::Failed("x".to_string()), 1),
        (CommandError::Stdout(broken_pipe()), 0),
        (CommandError::Stdout(std::io::Error::other("disk full")), 1),
    ];
    for (error, code) in table {
        assert_eq!(error.exit().code(), code, "{error:?}");
    }
    assert_eq!((Exit::Done.code(), Exit::Usage.code()), (0, 2));
}

#[test]
fn a_command_that_changes_state_is_told_which_slots_and_how() {
    for line in [
        "lifetide state reset --from end --yes",
        "lifetide state reset --all --yes",
        "lifetide state reset --all --slot 1 --from end",
        "lifetide state adopt",
        "lifetide state rebuild --all",
        "lifetide state export",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}
