//! Somebody else's transaction that stays open: nobody who reads committed records gets beyond it. Called by `fault`, `round`, `checks`.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::trial::SLOTS;

const WAIT: Duration = Duration::from_secs(20);
/// As long as a broker lets a transaction be: it ends when the test ends it.
const TRANSACTION_TIMEOUT_MS: &str = "600000";

pub struct OpenTransaction(BaseProducer);

impl OpenTransaction {
    /// A record in every slot's partition of these topics.
    pub fn begin(broker: &str, topics: &[&str]) -> OpenTransaction {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", broker)
            .set("transactional.id", format!("somebody-{}", topics.join("-")))
            .set("transaction.timeout.ms", TRANSACTION_TIMEOUT_MS)
            .create()
            .unwrap();
        producer.init_transactions(WAIT).unwrap();
        producer.begin_transaction().unwrap();
        for topic in topics {
            for slot in 0..SLOTS {
                let record = BaseRecord::<str, str>::to(topic).partition(slot as i32).payload("never committed");
                producer.send(record).map_err(|(why, _)| why).unwrap();
            }
        }
        producer.flush(WAIT).unwrap();
        OpenTransaction(producer)
    }

    pub fn abort(self) {
        self.0.abort_transaction(WAIT).unwrap();
    }
}
