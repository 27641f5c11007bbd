//! What this machine gives the process: memory and open files.
//!
//! It reads what the kernel tells and changes no limit; where the kernel does not tell, that is said. Called by `doctor`.

use std::fs;

use super::Finding;
use crate::config::Config;

/// For buffers, beside the rows (README, "Guarantees").
const BUFFERS_BYTES: u64 = 600_000_000;
/// Sockets of some workers to some brokers, each several: a worker has five clients, a client a connection to each broker.
const FILES_MIN: u64 = 1024;

pub fn examine(config: &Config) -> Vec<Finding> {
    vec![memory(config.state_bytes_max, memory_bytes()), files(open_files_max())]
}

/// `bytes`: what the machine or the control group has.
fn memory(state_bytes_max: Option<usize>, bytes: Option<u64>) -> Finding {
    const WHAT: &str = "memory";
    let megabytes = |bytes: u64| format!("{} MB", bytes / 1_000_000);
    let Some(bytes) = bytes else {
        return Finding::unknown(WHAT, "the kernel does not tell how much there is");
    };
    match state_bytes_max {
        None => Finding::mind(
            WHAT,
            format!("{}, and no bound for the state of customers", megabytes(bytes)),
            "set state.max_bytes, at least 600 MB below the memory there is: beyond it the system ends the process",
        ),
        Some(most) if most as u64 + BUFFERS_BYTES > bytes => Finding::wrong(
            WHAT,
            format!("state.max_bytes is {} of {}", megabytes(most as u64), megabytes(bytes)),
            "lower state.max_bytes, or give more memory: buffers need 600 MB beside it",
        ),
        Some(most) => Finding::ok(WHAT, format!("{}, of which state.max_bytes takes {}", megabytes(bytes), megabytes(most as u64))),
    }
}

fn files(most: Option<u64>) -> Finding {
    const WHAT: &str = "open files";
    match most {
        None => Finding::unknown(WHAT, "the kernel does not tell how many may be open"),
        Some(most) if most < FILES_MIN => Finding::mind(
            WHAT,
            format!("{most} at most"),
            "raise it (`ulimit -n`, LimitNOFILE): each worker has connections to every broker",
        ),
        Some(most) => Finding::ok(WHAT, format!("{most} at most")),
    }
}

/// Of the control group if it has a bound, else of the machine.
fn memory_bytes() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
    });
    let group = fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse::<u64>().ok());
    machine.into_iter().chain(group).min()
}

fn open_files_max() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    let most = line.split_whitespace().nth(3)?;
    if most == "unlimited" { Some(u64::MAX) } else { most.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn the_state_must_leave_room_for_buffers() {
        let verdict = |most: Option<usize>, bytes: Option<u64>| memory(most, bytes).verdict;
        assert_eq!(verdict(Some(1_000_000_000), Some(2_000_000_000)), Verdict::Ok);
        assert_eq!(verdict(Some(1_500_000_000), Some(2_000_000_000)), Verdict::Wrong);
        assert_eq!(verdict(None, Some(2_000_000_000)), Verdict::Mind);
        assert_eq!(verdict(None, None), Verdict::Unknown);
        assert_eq!([files(Some(256)).verdict, files(Some(65_536)).verdict], [Verdict::Mind, Verdict::Ok]);
    }
}
