//! The worker's transaction over the simulated cluster: one producer as librdkafka shows it.
//!
//! Records wait in the producer and are sent when many are there, or by the commit, which is three calls: offsets, records, EndTxn. Each of
//! them may fail in its own way, and each failure is told as lifetide's producer would: nothing committed, producer of no use, or unknown.
//! Made by `world` for each life.

use std::rc::Rc;

use lifetide::worker::memory::Produced;
use lifetide::worker::partition_of;
use lifetide::worker::source::Claim;
use lifetide::worker::transaction::{Outgoing, OutputTopic, Position, Transaction, TransactionError};

use super::SLOTS;
use super::cluster::Refusal;
use super::controls::Control;
use super::coordinator::{Fenced, Pass};
use super::plan::{Kind, Point};
use super::source::identity_of;
use super::strike::Dead;
use super::world::{Body, World};

/// Waiting records are sent when so many are there.
const WAITING_MAX: usize = 30;

impl From<Dead> for TransactionError {
    fn from(_: Dead) -> TransactionError {
        TransactionError::Renew("dead".to_owned())
    }
}

pub struct SimulatedTransaction {
    world: Rc<World>,
    body: Rc<Body>,
    name: String,
    pass: Pass,
    waiting: Vec<(OutputTopic, u32, Produced)>,
}

impl SimulatedTransaction {
    pub fn open(world: &Rc<World>, body: &Rc<Body>, name: &str) -> SimulatedTransaction {
        let pass = world.cluster.borrow_mut().init(name);
        SimulatedTransaction { world: world.clone(), body: body.clone(), name: name.to_owned(), pass, waiting: Vec::new() }
    }

    /// A call whose failure leaves nothing in doubt.
    fn call<T>(&mut self, point: Point, effect: impl FnOnce(&mut Self) -> Result<T, TransactionError>) -> Result<T, TransactionError> {
        match self.world.enter(&self.body, point)? {
            Some(Kind::Abort) => return Err(TransactionError::Abort("a record was not delivered".to_owned())),
            Some(Kind::Renew | Kind::Fail) => return Err(TransactionError::Renew("the producer has failed for good".to_owned())),
            _ => {}
        }
        let result = effect(self);
        self.world.leave(&self.body)?;
        result
    }

    fn flush(&mut self) -> Result<(), Fenced> {
        let mut cluster = self.world.cluster.borrow_mut();
        self.waiting.drain(..).try_for_each(|(topic, partition, record)| cluster.produce(self.pass, topic, partition, record))
    }

    fn send_offsets(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        self.call(Point::SendOffsets, |this| {
            let sent = this.world.cluster.borrow_mut().send_offsets(this.pass, positions, identity_of(claim));
            sent.map_err(|refusal| match refusal {
                Refusal::Fenced => TransactionError::Fenced("another epoch".to_owned()),
                Refusal::Generation => TransactionError::Fenced("illegal generation".to_owned()),
            })
        })
    }

    /// Within `commit_transaction` librdkafka does not say whether EndTxn was sent, unless a record is known to have failed.
    fn flush_to_commit(&mut self) -> Result<(), TransactionError> {
        let unknown = || TransactionError::Unknown("the producer failed within the commit".to_owned());
        match self.world.enter(&self.body, Point::Flush)? {
            Some(Kind::Abort) => return Err(TransactionError::Abort("a record was not delivered".to_owned())),
            Some(_) => return Err(unknown()),
            None => {}
        }
        let flushed = self.flush().map_err(|Fenced| unknown());
        self.world.leave(&self.body)?;
        flushed
    }

    fn end_to_commit(&mut self) -> Result<(), TransactionError> {
        let unknown = |what: &str| TransactionError::Unknown(what.to_owned());
        let fault = self.world.enter(&self.body, Point::EndTransaction)?;
        match fault {
            Some(Kind::Lost) => return Err(unknown("EndTxn was lost")),
            Some(Kind::Late { ms }) => {
                self.world.cluster.borrow_mut().end_later(self.pass, ms);
                self.world.stand_still(self.world.below(300));
                return Err(unknown("EndTxn is late"));
            }
            _ => {}
        }
        let ended = self.world.cluster.borrow_mut().end(self.pass, true);
        self.world.leave(&self.body)?;
        if fault == Some(Kind::Happened) {
            if self.world.cluster.borrow().is_broken(Control::FalseAborts) {
                return Err(TransactionError::Abort("it is said".to_owned()));
            }
            return Err(unknown("the answer to EndTxn was lost"));
        }
        ended.map_err(|Fenced| unknown("fenced"))
    }
}

impl Transaction for SimulatedTransaction {
    fn writer(&self) -> &str {
        &self.name
    }

    fn begin(&mut self) -> Result<(), TransactionError> {
        self.call(Point::Begin, |_| Ok(()))
    }

    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), TransactionError> {
        let partition = record.partition.unwrap_or_else(|| record.key.map_or(0, |key| partition_of(key, SLOTS)));
        let produced = Produced {
            topic: record.topic,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            timestamp_ms: record.timestamp_ms,
            headers: record.headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect(),
        };
        self.call(Point::Send, |this| {
            this.waiting.push((produced.topic, partition, produced));
            if this.waiting.len() < WAITING_MAX {
                return Ok(());
            }
            this.flush().map_err(|Fenced| TransactionError::Fenced("another epoch".to_owned()))
        })
    }

    fn commit(&mut self, positions: &[Position], claim: &Claim) -> Result<(), TransactionError> {
        self.send_offsets(positions, claim)?;
        self.flush_to_commit()?;
        self.end_to_commit()
    }

    fn abort(&mut self) -> Result<(), TransactionError> {
        self.waiting.clear();
        self.call(Point::Abort, |this| {
            let ended = this.world.cluster.borrow_mut().end(this.pass, false);
            ended.map_err(|Fenced| TransactionError::Renew("fenced".to_owned()))
        })
    }

    fn renew(&mut self) -> Result<(), TransactionError> {
        self.waiting.clear();
        self.call(Point::Renew, |this| {
            this.pass = this.world.cluster.borrow_mut().init(&this.name);
            Ok(())
        })
    }

    fn fence(&mut self, writer: &str) -> Result<(), TransactionError> {
        self.call(Point::Fence, |this| {
            // as the producer does: fencing oneself would hit oneself
            if writer != this.name {
                this.world.cluster.borrow_mut().init(writer);
            }
            Ok(())
        })
    }

    fn trim(&mut self, topic: OutputTopic, slot: u32, before: i64) -> Result<(), TransactionError> {
        self.call(Point::Trim, |this| {
            this.world.cluster.borrow_mut().trim(topic, slot, before);
            Ok(())
        })
    }
}
