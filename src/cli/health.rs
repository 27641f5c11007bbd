//! `health`: asks a lifetide on this machine how it is, for containers whose base has no other program to ask with.
//!
//! It reads `/livez` or `/readyz` of `http.listen` and ends with 0 or 1. Called by `cli::main`.

use std::io::{Write, stdout};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;

use super::exit::CommandError;
use super::http_client;
use super::settings::SettingsArgs;

/// An answer takes no time; whoever asks has a bound of its own.
const LONGEST: Duration = Duration::from_secs(2);
/// More is no answer of ours.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Ask the lifetide that listens on this machine whether it is alive; ends with 1 if it is not
#[derive(Debug, Args)]
pub struct HealthArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// Ask whether everything written has been read, too
    #[arg(long)]
    ready: bool,
}

pub fn health(arguments: &HealthArgs) -> Result<(), CommandError> {
    let listen = arguments.settings.read()?.http.listen;
    let path = if arguments.ready { "/readyz" } else { "/livez" };
    let (status, text) = ask(reachable(listen), path).map_err(|error| CommandError::Failed(format!("{listen}: {error}")))?;
    if status != 200 {
        return Err(CommandError::Failed(text.trim_end().to_string()));
    }
    stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// What listens everywhere is asked here.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let here = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(here, listen.port())
}

/// The status and the text.
fn ask(address: SocketAddr, path: &str) -> Result<(u16, String), ureq::Error> {
    let config = http_client::of_instances(LONGEST).http_status_as_error(false).max_redirects(0).build();
    let mut response = config.new_agent().get(format!("http://{address}{path}")).call()?;
    let text = http_client::text(&mut response, ANSWER_BYTES_MAX)?;
    Ok((response.status().as_u16(), text))
}
