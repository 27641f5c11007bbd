//! `health`: asks a lifetide on this machine how it is, for containers whose base has no other program to ask with.
//!
//! It reads `/livez` or `/readyz` of `http.listen` and ends with 0 or 1. Called by `cli::main`.

use std::io::{Read, Write, stdout};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;

use super::exit::CommandError;
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
    let answer = ask(reachable(listen), path).map_err(|error| CommandError::Failed(format!("{listen}: {error}")))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    if head.split(' ').nth(1) != Some("200") {
        return Err(CommandError::Failed(body.trim_end().to_string()));
    }
    stdout().write_all(body.as_bytes())?;
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

fn ask(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, LONGEST)?;
    stream.set_read_timeout(Some(LONGEST))?;
    stream.set_write_timeout(Some(LONGEST))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}
