//! How far a group has come, seen from outside. It never waits for transactions that are open: a group that commits all the time would be
//! seen when it has nothing left to commit. Called by `Trial`, the rounds of `chaos` and the tests of `state`.

use std::cell::RefCell;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, TopicPartitionList};

use super::SLOTS;

const WAIT: Duration = Duration::from_secs(1);

pub struct Watch {
    client: ClientConfig,
    /// New ones after each failure: a client that has met a broker that is down takes its time to look again.
    eyes: RefCell<Eyes>,
    inputs: Vec<String>,
}

struct Eyes {
    /// Does not wait for open transactions: offsets are what was committed last.
    offsets: BaseConsumer,
    /// Sees inputs end at their last stable offset.
    ends: BaseConsumer,
}

/// Of one slot, over its inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    pub committed: i64,
    pub lag: i64,
}

impl Eyes {
    fn new(client: &ClientConfig) -> Eyes {
        let open = |isolation: &str| client.clone().set("isolation.level", isolation).create().unwrap();
        Eyes { offsets: open("read_uncommitted"), ends: open("read_committed") }
    }
}

impl Watch {
    pub fn new(broker: &str, group: &str, inputs: Vec<String>) -> Watch {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", broker).set("group.id", group);
        let eyes = RefCell::new(Eyes::new(&client));
        Watch { client, eyes, inputs }
    }

    /// Where each slot stands; `None` while the broker does not answer.
    pub fn look(&self) -> Option<Vec<Stand>> {
        let found = self.ask();
        if found.is_none() {
            self.eyes.replace(Eyes::new(&self.client));
        }
        found
    }

    fn ask(&self) -> Option<Vec<Stand>> {
        let eyes = self.eyes.borrow();
        let mut asked = TopicPartitionList::new();
        self.inputs.iter().for_each(|topic| asked.add_partition_range(topic, 0, SLOTS as i32 - 1));
        let found = eyes.offsets.committed_offsets(asked, WAIT).ok()?;
        let mut stands = vec![Stand { committed: 0, lag: 0 }; SLOTS as usize];
        for element in found.elements() {
            let committed = element.offset().to_raw().unwrap_or(0).max(0);
            let (_, end) = eyes.ends.fetch_watermarks(element.topic(), element.partition(), WAIT).ok()?;
            let stand = &mut stands[element.partition() as usize];
            stand.committed += committed;
            stand.lag += end - committed;
        }
        Some(stands)
    }
}
