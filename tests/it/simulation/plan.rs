//! What goes wrong in a run, drawn from the seed before it begins, so that it can be read: which call of which process, before or after it
//! took effect, and what then. Faults of one process come in order, each armed when the one before has struck; processes do not wait for
//! each other, so several may strike at once. Nothing here knows what a fault does: that is `world`'s and the seams' affair.

use std::fmt;

use crate::exactly_once::Random;

/// The calls of both seams; a commit is three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    Membership,
    Take,
    Start,
    Claim,
    Committed,
    InputBounds,
    ChangelogBounds,
    OpenChangelog,
    ReadChangelog,
    Begin,
    Send,
    SendOffsets,
    Flush,
    EndTransaction,
    Abort,
    Renew,
    Fence,
    Trim,
}

/// How often each point is drawn, and among how many of its calls the one is chosen.
const POINTS: [(Point, u64, u64); 18] = [
    (Point::Membership, 4, 20),
    (Point::Take, 4, 60),
    (Point::Start, 3, 3),
    (Point::Claim, 5, 6),
    (Point::Committed, 4, 3),
    (Point::InputBounds, 2, 4),
    (Point::ChangelogBounds, 2, 4),
    (Point::OpenChangelog, 2, 2),
    (Point::ReadChangelog, 5, 6),
    (Point::Begin, 5, 8),
    (Point::Send, 8, 80),
    (Point::SendOffsets, 10, 8),
    (Point::Flush, 10, 8),
    (Point::EndTransaction, 24, 8),
    (Point::Abort, 2, 1),
    (Point::Renew, 3, 1),
    (Point::Fence, 4, 1),
    (Point::Trim, 2, 1),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// kill -9; another life begins later.
    Crash { away_ms: u64 },
    /// The whole process stands still (SIGSTOP), heartbeats too. With `twin`, a new life of the same name begins meanwhile.
    Freeze { ms: u64, twin: bool },
    /// The worker's thread stands still; heartbeats go on.
    Stall { ms: u64 },
    /// An orderly stop after this step; another life begins later.
    Leave { away_ms: u64 },
    /// Everybody has to join the group again.
    Rebalance,
    /// The process's wall clock is set.
    Jump { to_ms: i64 },
    /// The next transaction's markers are slow.
    SlowMarkers { ms: u64 },
    /// A source fails for the moment; or the broker refuses a renewal, a fence or a trim.
    Fail,
    /// The call says that the transaction must be aborted.
    Abort,
    /// The call says that the producer is of no more use.
    Renew,
    /// The commit never arrives, and its caller does not know.
    Lost,
    /// The commit happened, and its caller does not know.
    Happened,
    /// The commit arrives after its caller has given up waiting.
    Late { ms: u64 },
}

impl Kind {
    /// The call itself fails so; all others happen to the process or to the world around it.
    pub fn is_of_the_call(self) -> bool {
        matches!(self, Kind::Fail | Kind::Abort | Kind::Renew | Kind::Lost | Kind::Happened | Kind::Late { .. })
    }

    /// Without its numbers.
    pub fn name(self) -> String {
        format!("{self:?}").split(' ').next().unwrap_or_default().to_owned()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub process: usize,
    pub point: Point,
    /// Calls of the point until it strikes, from when it is armed.
    pub nth: u64,
    /// Once the call has taken effect, instead of before.
    pub after: bool,
    pub kind: Kind,
}

/// How the run's time and input go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Event time, all input there before the start.
    Loaded,
    /// The wall clock, input arriving as it happens. Clocks are set, the shop's transactions stay open for a while.
    Live,
    /// As live, but clocks are right and nothing stays open, and orders made before a reminder is due arrive after it, within the grace.
    Close,
}

impl Mode {
    pub fn is_live(self) -> bool {
        self != Mode::Loaded
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub seed: u64,
    pub mode: Mode,
    pub processes: usize,
    pub static_membership: bool,
    /// Members follow the changelogs of each other's slots.
    pub standby: bool,
    /// Slots begin with the oldest rows, and are told half-way to write the newest. Not live, where nobody can say which event comes first.
    pub upgrades: bool,
    /// Customers have to do with each other.
    pub kin: bool,
    pub commit_records: u64,
    pub base_ratio: f64,
    /// Blocks of a changelog that one read brings.
    pub blocks_per_read: u64,
    pub faults: Vec<Fault>,
}

impl Plan {
    pub fn draw(seed: u64) -> Plan {
        let mut random = Random(seed);
        let mode = [Mode::Loaded, Mode::Loaded, Mode::Live, Mode::Close][random.below(4) as usize];
        let processes = 2 + random.below(3) as usize;
        let static_membership = random.below(2) == 0;
        let faults = (0..1 + random.below(12)).map(|_| draw_fault(&mut random, mode, processes, static_membership)).collect();
        Plan {
            seed,
            mode,
            processes,
            static_membership,
            // apart from the rest, whose seeds mean what they meant before there was such a thing
            standby: Random(seed ^ 0x57a9_d0c4).below(2) == 0,
            upgrades: mode == Mode::Loaded && Random(seed ^ 0x0b5e_12ce).below(2) == 0,
            kin: mode != Mode::Loaded || Random(seed ^ 0x0b5e_12ce).below(2) != 0,
            commit_records: [3, 12, 40, 1_000][random.below(4) as usize],
            base_ratio: [0.0, 1.0, 8.0, 8.0][random.below(4) as usize],
            blocks_per_read: [1, 4, 1_000][random.below(3) as usize],
            faults,
        }
    }
}

/// Every call of the seams, before it takes effect and after.
pub fn moments() -> impl Iterator<Item = (Point, bool)> {
    POINTS.into_iter().flat_map(|(point, ..)| [(point, false), (point, true)])
}

/// What makes a process die at its first call of a point, after what makes it call that at all.
pub fn crash_at(point: Point, after: bool) -> Vec<Fault> {
    let fault = |point, nth, after, kind| Fault { process: 0, point, nth, after, kind };
    let crash = Kind::Crash { away_ms: 500 };
    let before = match point {
        Point::Abort => Some(fault(Point::Send, 4, false, Kind::Abort)),
        Point::Renew => Some(fault(Point::Begin, 2, false, Kind::Renew)),
        // there is something to restore in a second life
        Point::Committed | Point::OpenChangelog | Point::ReadChangelog => Some(fault(Point::EndTransaction, 2, true, crash)),
        // another leaves its transaction open, and is away for longer than its session
        Point::Fence => Some(Fault { process: 1, ..fault(Point::SendOffsets, 2, true, Kind::Crash { away_ms: 30_000 }) }),
        _ => None,
    };
    before.into_iter().chain([fault(point, 1, after, crash)]).collect()
}

fn draw_fault(random: &mut Random, mode: Mode, processes: usize, static_membership: bool) -> Fault {
    let mut left = random.below(POINTS.iter().map(|(_, weight, _)| weight).sum());
    let (point, calls) = POINTS
        .iter()
        .find_map(|(point, weight, calls)| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it.then_some((*point, *calls))
        })
        .expect("the weights' sum is more than what was drawn");
    let after = random.below(2) == 0;
    let own = own_kinds(point, random);
    let kind = match random.below(10) {
        0..5 if !own.is_empty() => own[random.below(own.len() as u64) as usize],
        _ => anywhere(random, mode, static_membership),
    };
    Fault { process: random.below(processes as u64) as usize, point, nth: 1 + random.below(calls), after, kind }
}

/// What can go wrong with this call only.
fn own_kinds(point: Point, random: &mut Random) -> Vec<Kind> {
    match point {
        Point::Membership | Point::Take | Point::Start | Point::Claim | Point::Committed | Point::InputBounds => vec![Kind::Fail],
        Point::ChangelogBounds | Point::OpenChangelog | Point::ReadChangelog | Point::Renew | Point::Fence | Point::Trim => {
            vec![Kind::Fail]
        }
        Point::Begin | Point::Abort => vec![Kind::Renew],
        Point::Send | Point::SendOffsets => vec![Kind::Abort, Kind::Renew],
        Point::Flush => vec![Kind::Abort, Kind::Lost],
        Point::EndTransaction => vec![Kind::Lost, Kind::Happened, Kind::Late { ms: random.below(400) }],
    }
}

/// What can go wrong at any moment. Live, nobody stands still as long as a deadline is from the next event of its customer.
fn anywhere(random: &mut Random, mode: Mode, static_membership: bool) -> Kind {
    let (stall_ms, freeze_ms) = if mode.is_live() { (20_000, 30_000) } else { (200_000, 40_000) };
    match random.below(20) {
        0..7 => Kind::Crash { away_ms: random.below(15_000) },
        7..12 => Kind::Freeze { ms: random.below(freeze_ms), twin: static_membership && random.below(2) == 0 },
        12..14 => Kind::Stall { ms: random.below(stall_ms) },
        14..15 => Kind::Leave { away_ms: random.below(15_000) },
        15..17 => Kind::Rebalance,
        17..18 if mode == Mode::Live => Kind::Jump { to_ms: random.below(120_000) as i64 - 60_000 },
        _ => Kind::SlowMarkers { ms: random.below(6_000) },
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { seed, mode, processes, static_membership, standby, upgrades, kin, commit_records, base_ratio, blocks_per_read, faults } =
            self;
        let members = if *static_membership { "static" } else { "dynamic" };
        let members = format!("{members}{} members", if *standby { ", standing by," } else { "" });
        writeln!(f, "seed {seed}: {mode:?}, {processes} processes, {members}, {commit_records} records a transaction,")?;
        write!(f, "  base ratio {base_ratio}, {blocks_per_read} blocks a read{}", if *upgrades { ", rows upgraded half-way" } else { "" })?;
        write!(f, "{}", if *kin { ", kin" } else { "" })?;
        for Fault { process, point, nth, after, kind } in faults {
            let moment = if *after { "after" } else { "before" };
            write!(f, "\n  process {process}: {moment} {point:?} number {nth}: {kind:?}")?;
        }
        Ok(())
    }
}
