//! `generate`: events of a made-up shop, the same for the same seed, as lines that `replay` reads.
//!
//! It only writes what `shop` makes. Called by `cli::main`.

use std::fs::File;
use std::io::{BufWriter, Write, stdout};
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::CommandError;
use super::shop::day::day;
use super::shop::{Shop, ShopRecord, to_line};

/// The default input topics begin so.
const TOPIC_PREFIX: &str = "shop.";

/// Write events of a made-up shop, one a line
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// One day with all kinds of events (costs, loyalty, referrals, visitors who become customers, …), some five for each customer
    #[arg(long, conflicts_with_all = ["count", "step_ms"])]
    pub day: bool,
    /// How many events
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub count: usize,
    /// How many customers they are about
    #[arg(long, value_name = "C", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub customers: u32,
    /// The same seed gives the same events
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Output file, - for stdout
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub output: PathBuf,
    /// Time of the first event
    #[arg(long = "start", value_name = "RFC3339", default_value = "2026-01-01T00:00:00Z", value_parser = super::instant_ms)]
    pub start_ms: i64,
    /// Time from one event to the next
    #[arg(long, value_name = "MS", default_value_t = 1_000, value_parser = clap::value_parser!(i64).range(0..))]
    pub step_ms: i64,
}

pub fn generate(arguments: &GenerateArgs) -> Result<(), CommandError> {
    if arguments.output == Path::new("-") {
        return Ok(write(arguments, stdout().lock())?);
    }
    let failed = |error: std::io::Error| CommandError::Failed(format!("cannot write {}: {error}", arguments.output.display()));
    write(arguments, File::create(&arguments.output).map_err(failed)?).map_err(failed)
}

fn write(arguments: &GenerateArgs, to: impl Write) -> std::io::Result<()> {
    let mut to = BufWriter::new(to);
    let mut write = |record: &ShopRecord| writeln!(to, "{}", to_line(record, TOPIC_PREFIX));
    if arguments.day {
        day(arguments.seed, arguments.customers, arguments.start_ms).iter().try_for_each(&mut write)?;
    } else {
        let shop = Shop::new(arguments.seed, arguments.customers, arguments.start_ms, arguments.step_ms);
        shop.take(arguments.count).try_for_each(|record| write(&record))?;
    }
    to.flush()
}
