//! What call sites hand to the metrics: plain numbers and names from closed lists.
//!
//! Nothing here is measured or computed. Filled by `worker`, read by `Metrics`.

/// What this program is, for `lifetide_build_info`.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    pub version: &'a str,
    pub librdkafka: &'a str,
}

/// What the engine did with one batch. The last number of each row is a count.
#[derive(Debug, Clone, Copy, Default)]
pub struct BatchReport<'a> {
    /// Event name, outcome (`applied`, `duplicate`, `late`, `ignored`, `erased`).
    pub events: &'a [(&'a str, &'static str, u64)],
    /// Reason, stage (`decode`, `validate`, `process`, `produce`).
    pub dead_letters: &'a [(&'static str, &'static str, u64)],
    /// What the engine could not count as asked: `refund_unmatched`, ….
    pub refusals: &'a [(&'static str, u64)],
    /// Words from customer to customer: kind, what became of them, how many.
    pub relayed: &'a [(&'static str, &'static str, u64)],
    /// Stages; from `none` on first entry.
    pub transitions: &'a [(&'a str, &'a str, u64)],
    /// Play, kind (`send`, `cancel`, `suppressed`), reason.
    pub actions: &'a [(&'a str, &'static str, &'static str, u64)],
    /// Currency's code.
    pub clv_updates: &'a [(&'a str, u64)],
    /// For each deadline that fired: how long after it was due.
    pub timer_delays_ms: &'a [i64],
    /// Time spent decoding, applying and firing.
    pub processing_us: u64,
}

/// Figures over all customers of the process's slots, each row a series. Money in whole units of its currency.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FigureReport {
    /// By stage.
    pub customers: Vec<(String, i64)>,
    /// By currency's code.
    pub valued_customers: Vec<(String, i64)>,
    pub customer_equity: Vec<(String, f64)>,
    /// By play.
    pub play_orders: Vec<(String, i64)>,
    /// Play, currency's code.
    pub play_revenue: Vec<([String; 2], f64)>,
    /// By channel.
    pub acquired_customers: Vec<(String, i64)>,
    /// Channel, currency's code.
    pub acquisition_cost: Vec<([String; 2], f64)>,
}

/// A part of a transaction's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Begin,
    /// Producing outputs and changelog blocks.
    Produce,
    SendOffsets,
    Commit,
    Abort,
}

impl Phase {
    pub const ALL: [Phase; 5] = [Phase::Begin, Phase::Produce, Phase::SendOffsets, Phase::Commit, Phase::Abort];

    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Begin => "begin",
            Phase::Produce => "produce",
            Phase::SendOffsets => "send_offsets",
            Phase::Commit => "commit",
            Phase::Abort => "abort",
        }
    }
}

/// The end of one transaction.
#[derive(Debug, Clone, Copy, Default)]
pub struct CommitReport<'a> {
    /// `committed`, `aborted`, `resolved` or `fenced`.
    pub outcome: &'static str,
    /// How long each phase took, in microseconds.
    pub phases: &'a [(Phase, u64)],
    /// Records by topic; none where nothing was committed.
    pub produced: &'a [(&'a str, u64)],
    pub delta_bytes: u64,
    pub base_bytes: u64,
    /// Wall clock at the end of the commit less event time, of the batch's events.
    pub latencies_ms: &'a [i64],
}

/// The state of one slot.
#[derive(Debug, Clone, Copy, Default)]
pub struct SlotReport {
    pub slot: u32,
    /// Customers.
    pub entries: u64,
    /// Estimated memory of the rows.
    pub bytes: u64,
    pub timers_pending: u64,
    /// Wall clock less slot time.
    pub time_lag_ms: i64,
}
