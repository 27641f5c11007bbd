//! The relay seen from outside: whether all that customers mean for each other has been heard.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::{Process, SLOTS, Trial, WAIT};

impl Trial {
    /// The end of each partition of a topic, markers of transactions included.
    pub fn ends(&self, topic: &str) -> Vec<i64> {
        let consumer: BaseConsumer = self.client().create().unwrap();
        (0..SLOTS as i32).map(|slot| consumer.fetch_watermarks(topic, slot, WAIT).unwrap().1).collect()
    }

    /// Waits until all inputs are read, and all that was told between customers since then.
    pub fn wait_until_read(&self, process: &Process, longest: Duration) {
        let (deadline, relay) = (Instant::now() + longest, format!("{}.out.relay", self.name));
        loop {
            let lag = self.lag();
            let (before, unheard) = (self.ends(&relay), self.unheard(&relay));
            // a word that is heard may lead to another
            if lag == 0 && unheard == 0 && before == self.ends(&relay) {
                return;
            }
            assert!(Instant::now() < deadline, "lag {lag}, {unheard} words unheard\n{}", process.log_tail());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Records of the inputs to be read, and words to be heard, as far as anybody can see now.
    pub fn left(&self) -> i64 {
        self.lag() + self.unheard(&format!("{}.out.relay", self.name)) as i64
    }

    /// Records of the relay beyond what the group has committed.
    fn unheard(&self, relay: &str) -> usize {
        // who reads what is committed alone would wait for open transactions to be told offsets
        let eyes: BaseConsumer = self.client().set("isolation.level", "read_uncommitted").create().unwrap();
        let consumer: BaseConsumer = self.client().set("isolation.level", "read_committed").create().unwrap();
        let mut asked = TopicPartitionList::new();
        asked.add_partition_range(relay, 0, SLOTS as i32 - 1);
        let places = eyes.committed_offsets(asked, WAIT).unwrap();
        for slot in 0..SLOTS as i32 {
            let mut place = places.find_partition(relay, slot).unwrap();
            if !matches!(place.offset(), Offset::Offset(_)) {
                place.set_offset(Offset::Beginning).unwrap();
            }
        }
        consumer.assign(&places).unwrap();
        let (mut unheard, mut ends) = (0, 0);
        while ends < SLOTS {
            match consumer.poll(WAIT).expect("the relay gives neither records nor its end") {
                Err(KafkaError::PartitionEOF(_)) => ends += 1,
                Err(error) => panic!("{error}"),
                Ok(_) => unheard += 1,
            }
        }
        unheard
    }
}
