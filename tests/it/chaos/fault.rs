//! What can happen to a group, by name, and how it is made to happen. Called by `round`.
//!
//! The points at which a process is killed are requests on the wire: before the broker has seen one, and after it has done it and before the
//! process knows. Between any two steps of a transaction, of a restore and of a rebalance there is at least one.

use std::time::{Duration, Instant};

use super::api::{Api, Client};
use super::crew::Crew;
use super::foreign::OpenTransaction;
use super::proxy::{Act, Caught, Moment, Proxy, Trap};
use crate::broker::unsteady::Unsteady;
use crate::exactly_once::Random;

/// Longer than the producer waits for an answer (`round::SETTINGS`), so that it has gone on by then.
const LATE: Duration = Duration::from_secs(6);
/// At least so long, and until the others have what was the frozen one's: longer than a session.
const FROZEN: Duration = Duration::from_secs(14);
/// Everything stands still, shorter than a session.
const STALL: Duration = Duration::from_secs(3);
/// A foreign transaction stays open so long after the process was started again.
const PINNED: Duration = Duration::from_secs(3);
/// For the request that a trap waits for: a rebalance asks for a session's patience at most.
const TRAP_LONGEST: Duration = Duration::from_secs(40);
const LOOK: Duration = Duration::from_millis(2);

pub const CREW: [&str; 3] = ["a", "b", "c"];
/// Joins and leaves.
const GUEST: &str = "d";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// At a moment of nobody's choosing.
    Kill,
    /// While events are processed.
    AtWork(Client, Api, Moment, Act),
    /// In the life after a kill.
    AtStart(Client, Api, Moment, Act),
    /// While the group makes room for a newcomer.
    AtRebalance(Api, Moment),
    /// SIGSTOP until the others have taken over, at the end of a transaction whose last request arrives after the takeover.
    Freeze,
    Stall,
    BrokerRestart,
    /// Somebody's transaction in the changelog is open while a slot is restored.
    PinnedChangelog,
    JoinAndLeave,
}

impl Fault {
    /// What figures are counted under.
    pub fn kind(self) -> String {
        match self {
            Fault::Kill => "kill -9 at a random moment".to_owned(),
            Fault::AtWork(_, api, moment, Act::Kill) => format!("kill -9 {} {api:?}", word(moment)),
            Fault::AtWork(_, api, moment, act) => format!("{} {} {api:?}", name(act), word(moment)),
            Fault::AtStart(_, api, moment, _) => format!("kill -9 on restore {} {api:?}", word(moment)),
            Fault::AtRebalance(api, moment) => format!("kill -9 in rebalance {} {api:?}", word(moment)),
            Fault::Freeze => "SIGSTOP beyond the session, late EndTxn of the zombie".to_owned(),
            Fault::Stall => "network stalled for 3 s".to_owned(),
            Fault::BrokerRestart => "broker restarted".to_owned(),
            Fault::PinnedChangelog => "foreign open transaction in the changelog".to_owned(),
            Fault::JoinAndLeave => "a member joins and leaves".to_owned(),
        }
    }
}

impl Fault {
    /// Whether members come or go for good: quicker to bear where they are not expected back.
    pub fn is_about_membership(self) -> bool {
        matches!(self, Fault::AtRebalance(..) | Fault::JoinAndLeave)
    }
}

fn word(moment: Moment) -> &'static str {
    match moment {
        Moment::Before => "before",
        Moment::After => "after",
    }
}

fn name(act: Act) -> &'static str {
    match act {
        Act::Kill => "kill -9",
        Act::Tear => "late EndTxn, then kill -9,",
        Act::Freeze => "SIGSTOP",
        Act::Delay(_) => "delay",
        Act::Cut => "connection cut",
        Act::HalfOpen => "connection half-open",
        Act::Late(_) => "connection cut, request late,",
    }
}

/// Every fault there is, once.
pub fn all() -> Vec<Fault> {
    use Api::{
        AddOffsetsToTxn, AddPartitionsToTxn, EndTxn, Fetch, InitProducerId, JoinGroup, OffsetFetch, Produce, SyncGroup, TxnOffsetCommit,
    };
    use Moment::{After, Before};
    let mut faults = vec![Fault::Kill, Fault::Stall, Fault::PinnedChangelog];
    for moment in [Before, After] {
        let transaction = [AddPartitionsToTxn, Produce, AddOffsetsToTxn, TxnOffsetCommit, EndTxn];
        faults.extend(transaction.map(|api| Fault::AtWork(Client::Producer, api, moment, Act::Kill)));
        let restore = [(Client::Producer, InitProducerId), (Client::Member, OffsetFetch), (Client::Changelog, Fetch)];
        faults.extend(restore.map(|(client, api)| Fault::AtStart(client, api, moment, Act::Kill)));
        faults.extend([JoinGroup, SyncGroup].map(|api| Fault::AtRebalance(api, moment)));
        let mischief = [Act::Delay(Duration::from_millis(500)), Act::Cut, Act::HalfOpen];
        faults.extend(mischief.map(|act| Fault::AtWork(Client::Producer, EndTxn, moment, act)));
    }
    faults.push(Fault::AtWork(Client::Producer, EndTxn, Before, Act::Late(LATE)));
    faults.push(Fault::AtWork(Client::Producer, TxnOffsetCommit, After, Act::Cut));
    faults.push(Fault::AtWork(Client::Producer, Produce, After, Act::Cut));
    faults.extend([Fault::JoinAndLeave, Fault::Freeze, Fault::BrokerRestart]);
    faults
}

/// What a fault is made with.
pub struct Stage<'a, 'b> {
    pub crew: &'a mut Crew<'b>,
    pub proxy: &'a Proxy,
    pub broker: &'a Unsteady,
    pub changelog: &'a str,
    pub random: &'a mut Random,
}

impl Stage<'_, '_> {
    /// Lets it happen; when it was over, from which moment recovery counts. `recover` waits until every slot goes on.
    pub fn strike(&mut self, fault: Fault, recover: &mut dyn FnMut(&mut Crew<'_>, Instant)) -> Instant {
        match fault {
            Fault::Kill => {
                let victim = self.victim();
                self.crew.kill_and_restart(victim);
                Instant::now()
            }
            Fault::AtWork(client, api, moment, act) => {
                self.proxy.set(Trap { client, api, moment, act, spared: None });
                self.spring(act)
            }
            Fault::AtStart(client, api, moment, act) => {
                let victim = self.victim();
                self.proxy.set(Trap { client, api, moment, act, spared: None });
                self.crew.kill_and_restart(victim);
                self.spring(act)
            }
            Fault::AtRebalance(api, moment) => {
                self.proxy.set(Trap { client: Client::Member, api, moment, act: Act::Kill, spared: Some(GUEST.to_owned()) });
                self.crew.start(GUEST);
                let at = self.spring(Act::Kill);
                recover(self.crew, at);
                self.crew.stop(GUEST);
                Instant::now()
            }
            Fault::Freeze => {
                let act = Act::Freeze;
                self.proxy.set(Trap { client: Client::Producer, api: Api::EndTxn, moment: Moment::Before, act, spared: None });
                let caught = self.caught();
                recover(self.crew, caught.at);
                std::thread::sleep((caught.at + FROZEN).saturating_duration_since(Instant::now()));
                self.proxy.release();
                self.crew.thaw(&caught.instance);
                Instant::now()
            }
            Fault::Stall => {
                self.proxy.stall(true);
                std::thread::sleep(STALL);
                self.proxy.stall(false);
                Instant::now()
            }
            Fault::BrokerRestart => {
                self.broker.restart();
                Instant::now()
            }
            Fault::PinnedChangelog => {
                let open = OpenTransaction::begin(self.broker.plain(), &[self.changelog]);
                let victim = self.victim();
                self.crew.kill_and_restart(victim);
                std::thread::sleep(PINNED);
                open.abort();
                Instant::now()
            }
            Fault::JoinAndLeave => {
                self.crew.start(GUEST);
                let joined = Instant::now();
                std::thread::sleep(Duration::from_millis(500 + self.random.below(2_000)));
                recover(self.crew, joined);
                self.crew.stop(GUEST);
                Instant::now()
            }
        }
    }

    fn victim(&mut self) -> &'static str {
        CREW[self.random.below(CREW.len() as u64) as usize]
    }

    /// Waits for the trap, and starts again whom it killed.
    fn spring(&mut self, act: Act) -> Instant {
        let caught = self.caught();
        if act == Act::Kill {
            std::thread::sleep(Duration::from_millis(self.random.below(300)));
            self.crew.restart_killed(&caught.instance);
        }
        caught.at
    }

    fn caught(&self) -> Caught {
        let deadline = Instant::now() + TRAP_LONGEST;
        loop {
            if let Some(caught) = self.proxy.caught() {
                return caught;
            }
            assert!(Instant::now() < deadline, "nothing came that the trap waits for\n{}", self.crew.logs());
            std::thread::sleep(LOOK);
        }
    }
}
