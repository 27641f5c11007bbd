//! `top`: a picture of running instances that is drawn anew each second, from nothing but their `/metrics`.
//!
//! What is in the picture is decided in `picture`, from two looks at each instance; here they are taken, and the terminal is drawn on and
//! left as it was. Where stdout is no terminal, one picture is printed. It changes nothing in the instances. Called by `cli::main`.

mod picture;
mod scrape;

use std::io::{IsTerminal, Write, stdout};
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Args;
use console::Term;
use ureq::Agent;

use super::exit::CommandError;
use super::http_client;
use super::run::count_signals;
use crate::clock;
use picture::{Look, draw};
use scrape::Scrape;

/// An instance answers in milliseconds; one that does not must not hold up the others' picture for long.
const ANSWER_WAIT: Duration = Duration::from_secs(2);
/// Some thousand series are half a megabyte.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// A stop is heard within it.
const PAUSE: Duration = Duration::from_millis(50);
/// Of a picture that is printed: all of it.
const PRINTED: (usize, usize) = (usize::MAX, 120);

/// Watch running instances: events, lag, latency, stages and actions, drawn anew each second
#[derive(Debug, Args)]
pub struct TopArgs {
    /// Where an instance serves HTTP (its http.listen); may be given more than once, they are added up
    #[arg(long = "url", value_name = "URL", default_value = "http://127.0.0.1:9464")]
    pub urls: Vec<String>,
    /// Seconds from one look to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub every: u64,
    /// Print one picture and end; so it is where stdout is no terminal
    #[arg(long)]
    pub once: bool,
}

pub fn top(arguments: &TopArgs) -> Result<(), CommandError> {
    let stops = count_signals()?;
    let has_stopped = || stops.load(Ordering::Relaxed) > 0;
    let mut instances = Instances::new(&arguments.urls);
    instances.look();
    if arguments.once || !stdout().is_terminal() {
        sleep(arguments.every, has_stopped);
        instances.look();
        let lines = draw(&instances.looks, PRINTED);
        stdout().write_all((lines.join("\n") + "\n").as_bytes())?;
        return match instances.looks.iter().any(|look| look.now.is_ok()) {
            true => Ok(()),
            false => Err(CommandError::Failed("no instance answers".to_owned())),
        };
    }
    let screen = Screen::begin()?;
    while !has_stopped() {
        screen.show(&draw(&instances.looks, screen.size()))?;
        sleep(arguments.every, has_stopped);
        instances.look();
    }
    Ok(())
}

fn sleep(seconds: u64, has_stopped: impl Fn() -> bool) {
    let until_ms = clock::monotonic_ms() + seconds * 1000;
    while !has_stopped() && clock::monotonic_ms() < until_ms {
        std::thread::sleep(PAUSE);
    }
}

struct Instances {
    agent: Agent,
    looks: Vec<Look>,
}

impl Instances {
    fn new(urls: &[String]) -> Instances {
        let agent = http_client::of_instances(ANSWER_WAIT).build().new_agent();
        let looks = urls.iter().map(|url| Look {
            url: url.trim_end_matches('/').to_owned(),
            before: None,
            now: Err("not asked yet".into()),
            at_ms: 0,
            seconds: 0.0,
        });
        Instances { agent, looks: looks.collect() }
    }

    fn look(&mut self) {
        for look in &mut self.looks {
            let found = fetch(&self.agent, &format!("{}/metrics", look.url)).map(|text| Scrape::read(&text));
            let at_ms = clock::monotonic_ms();
            look.before = std::mem::replace(&mut look.now, found).ok();
            look.seconds = (at_ms - std::mem::replace(&mut look.at_ms, at_ms)) as f64 / 1e3;
        }
    }
}

fn fetch(agent: &Agent, url: &str) -> Result<String, String> {
    let mut answer = agent.get(url).call().map_err(|error| error.to_string())?;
    http_client::text(&mut answer, ANSWER_BYTES_MAX).map_err(|error| error.to_string())
}

/// The terminal, on a page of its own that goes away with it.
struct Screen(Term);

const OWN_PAGE: &str = "\x1b[?1049h\x1b[?25l";
const FORMER_PAGE: &str = "\x1b[?25h\x1b[?1049l";

impl Screen {
    fn begin() -> Result<Screen, CommandError> {
        let screen = Screen(Term::buffered_stdout());
        screen.write(OWN_PAGE)?;
        Ok(screen)
    }

    /// Lines and columns.
    fn size(&self) -> (usize, usize) {
        let (lines, columns) = self.0.size();
        (usize::from(lines), usize::from(columns))
    }

    /// From the corner on, without clearing first: that would flicker.
    fn show(&self, lines: &[String]) -> Result<(), CommandError> {
        let text: Vec<String> = lines.iter().map(|line| format!("{line}\x1b[K")).collect();
        self.write(&format!("\x1b[H{}\x1b[J", text.join("\r\n")))
    }

    fn write(&self, text: &str) -> Result<(), CommandError> {
        self.0.write_str(text)?;
        self.0.flush()?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // the terminal may be what has gone
        let _ = self.write(FORMER_PAGE);
    }
}
