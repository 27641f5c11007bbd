//! What happens within a step: each call of a seam comes by `enter` before it takes effect and by `leave` after. Time passes, other lives may
//! go on meanwhile, and the plan's faults strike. A dead life's calls reach nobody, which is what death is. Called by `source` and
//! `transaction`.

use std::rc::Rc;

use super::plan::{Fault, Kind, Point};
use super::world::{Body, World};

/// Others go on within one call of so many.
const INTERLEAVE_ONE_IN: u64 = 24;
/// And at most for so long.
const INTERLEAVE_MS: u64 = 50;

/// A call of a dead life.
#[derive(Debug)]
pub struct Dead;

impl World {
    /// A call begins: time passes, others may go on, and the fault whose turn it is strikes; what concerns the call itself is returned.
    pub fn enter(self: &Rc<World>, body: &Body, point: Point) -> Result<Option<Kind>, Dead> {
        if body.is_dead.get() {
            return Err(Dead);
        }
        *self.calls.borrow_mut().entry(point).or_default() += 1;
        self.pass(self.now_ms() + self.below(2));
        self.note(self.now_ms() << 16 | (body.number & 0xff) << 8 | point as u64);
        if self.below(INTERLEAVE_ONE_IN) == 0 {
            self.go_on(self.now_ms() + INTERLEAVE_MS);
        }
        let Some(fault) = self.fault_at(body.process, point) else { return Ok(None) };
        *self.struck.borrow_mut().entry((point, fault.kind.name())).or_default() += 1;
        let is_own = fault.kind.is_of_the_call();
        if is_own {
            return Ok(Some(fault.kind));
        }
        if fault.after {
            body.pending.set(Some(fault));
            return Ok(None);
        }
        self.strike(body, fault.kind)?;
        Ok(None)
    }

    /// The call has taken effect.
    pub fn leave(self: &Rc<World>, body: &Body) -> Result<(), Dead> {
        match body.pending.take() {
            Some(fault) => self.strike(body, fault.kind),
            None => Ok(()),
        }
    }

    fn fault_at(&self, process: usize, point: Point) -> Option<Fault> {
        let mut processes = self.processes.borrow_mut();
        let process = processes.get_mut(process)?;
        let next = *process.faults.last()?;
        if next.point != point {
            return None;
        }
        process.calls += 1;
        if process.calls < next.nth {
            return None;
        }
        process.calls = 0;
        process.faults.pop()
    }

    fn strike(self: &Rc<World>, body: &Body, kind: Kind) -> Result<(), Dead> {
        match kind {
            Kind::Crash { away_ms } => {
                self.kill(body);
                self.expect(body.process, away_ms);
                return Err(Dead);
            }
            Kind::Freeze { ms, twin } => {
                self.silence(body);
                if twin {
                    self.expect(body.process, self.below(ms + 1));
                }
                self.stand_still(ms);
                self.cluster.borrow_mut().group.hear(body.member.get());
            }
            Kind::Stall { ms } => self.stand_still(ms),
            Kind::Leave { away_ms } => body.is_leaving.set(Some(away_ms)),
            Kind::Rebalance => {
                let mut cluster = self.cluster.borrow_mut();
                let now_ms = cluster.now_ms;
                cluster.group.rebalance(now_ms);
            }
            Kind::Jump { to_ms } => {
                if let Some(process) = self.processes.borrow_mut().get_mut(body.process) {
                    process.wall_skew_ms = to_ms;
                }
            }
            Kind::SlowMarkers { ms } => self.cluster.borrow_mut().slow_markers_ms = ms,
            _ => {}
        }
        Ok(())
    }

    /// The caller stands still while the others go on.
    pub fn stand_still(self: &Rc<World>, ms: u64) {
        let until_ms = self.now_ms() + ms;
        while self.now_ms() < until_ms && self.failure.borrow().is_none() {
            self.go_on(until_ms);
        }
    }
}
