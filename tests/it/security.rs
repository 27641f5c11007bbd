//! A cluster that asks who we are: TLS, passwords and rights on a real broker. `at_work` shows that all of it works, `refusals` what a
//! person reads who forgot something, `doctor` what they are told who ask before.

mod at_work;
mod doctor;
mod refusals;

use crate::broker::acls::{Kind, Operation, Right};
use crate::broker::secured::{Secured, USER, password, secured};
use crate::trial::Trial;

/// A trial whose topics are made without a password.
fn trial(name: &str) -> Trial {
    let trial = Trial::on(secured().plain(), name, &[]);
    trial.create_topics();
    trial
}

/// Settings for TLS alone.
fn over_tls(broker: &Secured) -> Vec<String> {
    vec![
        format!("kafka.bootstrap_servers={:?}", broker.tls()),
        "kafka.properties.security.protocol=\"SSL\"".to_owned(),
        format!("kafka.properties.ssl.ca.location={:?}", broker.ca().display().to_string()),
    ]
}

/// Settings for TLS with a password.
fn with_password(broker: &Secured, password: &str) -> Vec<String> {
    vec![
        format!("kafka.bootstrap_servers={:?}", broker.sasl()),
        "kafka.properties.security.protocol=\"SASL_SSL\"".to_owned(),
        "kafka.properties.sasl.mechanisms=\"SCRAM-SHA-512\"".to_owned(),
        format!("kafka.properties.ssl.ca.location={:?}", broker.ca().display().to_string()),
        format!("kafka.properties.sasl.username={USER:?}"),
        format!("kafka.properties.sasl.password={password:?}"),
    ]
}

const READ: Operation = Operation::RD_KAFKA_ACL_OPERATION_READ;
const WRITE: Operation = Operation::RD_KAFKA_ACL_OPERATION_WRITE;
const DELETE: Operation = Operation::RD_KAFKA_ACL_OPERATION_DELETE;
const DESCRIBE: Operation = Operation::RD_KAFKA_ACL_OPERATION_DESCRIBE;
const DESCRIBE_CONFIGS: Operation = Operation::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS;

/// The rights that the README asks for, and no more.
fn rights(name: &str) -> Vec<Right> {
    let topic = |tail: &str, operation| Right { kind: Kind::RD_KAFKA_RESOURCE_TOPIC, begins: format!("{name}.{tail}"), operation };
    let mut rights = vec![
        Right { kind: Kind::RD_KAFKA_RESOURCE_GROUP, begins: name.to_owned(), operation: READ },
        Right { kind: Kind::RD_KAFKA_RESOURCE_TRANSACTIONAL_ID, begins: format!("{name}/"), operation: WRITE },
        topic("out.changelog", READ),
        topic("out.changelog", DELETE),
        topic("out.relay", READ),
        topic("out.relay", DELETE),
        topic("out.models", READ),
        topic("", DESCRIBE_CONFIGS),
    ];
    rights.extend(["purchases", "emails", "carts"].map(|input| topic(input, READ)));
    let outputs = ["transitions", "clv", "actions", "aggregates", "dlq", "changelog", "relay"];
    rights.extend(outputs.map(|output| topic(&format!("out.{output}"), WRITE)));
    rights
}
