//! What this user may do, and how new the newest records are: asked of the brokers in ways that change nothing.
//!
//! Kafka tells with a topic or group which operations are allowed on it. It does not tell so of transactional ids; these can only be tried,
//! under a name that is nobody's. It judges nothing. Used by `cli` (`doctor`).

use std::ffi::{CStr, CString, c_char};
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer as _, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka_sys as sys;

use super::client;
use super::group::{Group, Handle};
use super::retire::Retiring;
use super::settings::Settings;
use crate::worker::source::SourceError;

/// For a broker to answer; it is asked for all at once.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// For librdkafka to end.
const END_WAIT: Duration = Duration::from_secs(2);
/// Of the transactional id that is tried: no worker's, whose names have three parts.
const TRIED: &str = "doctor";

/// What lifetide does with topics and groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Read,
    Write,
    Delete,
    DescribeConfigs,
}

impl Operation {
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Read => "Read",
            Operation::Write => "Write",
            Operation::Delete => "Delete",
            Operation::DescribeConfigs => "DescribeConfigs",
        }
    }

    fn of(code: u32) -> Option<Operation> {
        use sys::rd_kafka_AclOperation_t as Code;
        let known = [
            (Code::RD_KAFKA_ACL_OPERATION_READ, Operation::Read),
            (Code::RD_KAFKA_ACL_OPERATION_WRITE, Operation::Write),
            (Code::RD_KAFKA_ACL_OPERATION_DELETE, Operation::Delete),
            (Code::RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS, Operation::DescribeConfigs),
        ];
        known.into_iter().find(|(known, _)| *known as u32 == code).map(|(_, operation)| operation)
    }
}

/// What is allowed on a topic or group; the error says why that is not known.
pub type Allowed = Result<Vec<Operation>, String>;

pub struct Rights(Retiring<Handle>);

type Options = *const sys::rd_kafka_AdminOptions_t;
type Queue = *mut sys::rd_kafka_queue_t;
type Event = *mut sys::rd_kafka_event_t;

impl Rights {
    pub fn connect(settings: &Settings) -> Result<Rights, SourceError> {
        let created = client::observer(settings, "rights").create_with_context(Group::outsider());
        let handle = created.map_err(|error| SourceError::Refused(client::text_of(&error)))?;
        Ok(Rights(Retiring::new(handle, END_WAIT)))
    }

    /// Of each topic, in their order.
    pub fn of_topics(&self, names: &[String]) -> Result<Vec<Allowed>, String> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Vec<CString> = names.iter().filter_map(|name| CString::new(name.as_str()).ok()).collect();
        let mut pointers: Vec<*const c_char> = texts.iter().map(|text| text.as_ptr()).collect();
        // SAFETY: the names outlive the call, which copies them; the collection is ours and destroyed here, once.
        unsafe {
            let topics = sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
            let call = |client, options, queue| sys::rd_kafka_DescribeTopics(client, topics, options, queue);
            let answer = self.ask(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, true, call, |event| {
                let mut count = 0;
                let found = sys::rd_kafka_DescribeTopics_result_topics(sys::rd_kafka_event_DescribeTopics_result(event), &mut count);
                let found = listed(found, count).iter().map(|topic| {
                    let name = CStr::from_ptr(sys::rd_kafka_TopicDescription_name(*topic)).to_string_lossy().into_owned();
                    let mut count = 0;
                    let codes = sys::rd_kafka_TopicDescription_authorized_operations(*topic, &mut count);
                    (name, allowed(sys::rd_kafka_TopicDescription_error(*topic), codes, count))
                });
                found.collect::<Vec<_>>()
            });
            sys::rd_kafka_TopicCollection_destroy(topics);
            let answer = answer?;
            let of = |name: &String| answer.iter().find(|(found, _)| found == name).map(|(_, allowed)| allowed.clone());
            Ok(names.iter().map(|name| of(name).unwrap_or_else(|| Err("not told".to_owned()))).collect())
        }
    }

    pub fn of_group(&self, group: &str) -> Allowed {
        let text = CString::new(group).map_err(|error| error.to_string())?;
        let mut names = [text.as_ptr()];
        // SAFETY: the name outlives the call, which copies it.
        unsafe {
            let call = |client, options, queue| sys::rd_kafka_DescribeConsumerGroups(client, names.as_mut_ptr(), 1, options, queue);
            self.ask(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, true, call, |event| {
                let mut count = 0;
                let result = sys::rd_kafka_event_DescribeConsumerGroups_result(event);
                let found = listed(sys::rd_kafka_DescribeConsumerGroups_result_groups(result, &mut count), count);
                let Some(group) = found.first() else { return Err("not told".to_owned()) };
                let mut count = 0;
                let codes = sys::rd_kafka_ConsumerGroupDescription_authorized_operations(*group, &mut count);
                allowed(sys::rd_kafka_ConsumerGroupDescription_error(*group), codes, count)
            })?
        }
    }

    /// The latest time of any record of the topics' partitions, ms since 1970; `None` where there is no record.
    pub fn newest_ms(&self, topics: &[(String, u32)]) -> Result<Option<i64>, String> {
        let mut wanted = TopicPartitionList::new();
        for (topic, partitions) in topics {
            for partition in 0..*partitions {
                wanted.add_partition_offset(topic, partition as i32, Offset::Beginning).map_err(|error| error.to_string())?;
            }
        }
        // SAFETY: the list outlives the call, which copies it; its elements are plain numbers and as many as it says.
        unsafe {
            let list = wanted.ptr();
            for element in std::slice::from_raw_parts_mut((*list).elems, (*list).cnt as usize) {
                element.offset = sys::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_MAX_TIMESTAMP as i64;
            }
            let call = |client, options, queue| sys::rd_kafka_ListOffsets(client, list, options, queue);
            self.ask(sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS, false, call, |event| {
                let mut count = 0;
                let found = sys::rd_kafka_ListOffsets_result_infos(sys::rd_kafka_event_ListOffsets_result(event), &mut count);
                let times = listed(found, count).iter().map(|info| sys::rd_kafka_ListOffsetsResultInfo_timestamp(*info));
                times.filter(|time_ms| *time_ms >= 0).max()
            })
        }
    }

    /// # Safety
    /// `call` makes one admin call of this kind that answers to the queue; `read` keeps nothing of the event.
    unsafe fn ask<T>(
        &self,
        kind: sys::rd_kafka_admin_op_t,
        with_rights: bool,
        call: impl FnOnce(*mut sys::rd_kafka_t, Options, Queue),
        read: impl FnOnce(Event) -> T,
    ) -> Result<T, String> {
        // SAFETY: a live client; every object made here is ours and destroyed here, once, an error of the options among them.
        unsafe {
            let client = self.0.client().native_ptr();
            let queue = sys::rd_kafka_queue_new(client);
            let options = sys::rd_kafka_AdminOptions_new(client, kind);
            let mut text = [0; 256];
            sys::rd_kafka_AdminOptions_set_request_timeout(options, ANSWER_WAIT.as_millis() as i32, text.as_mut_ptr(), text.len());
            if with_rights {
                let error = sys::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
                if !error.is_null() {
                    sys::rd_kafka_error_destroy(error);
                }
            }
            call(client, options, queue);
            let event = sys::rd_kafka_queue_poll(queue, ANSWER_WAIT.as_millis() as i32 + 100);
            let answer = if event.is_null() {
                Err("no answer".to_owned())
            } else {
                let answer = match RDKafkaErrorCode::from(sys::rd_kafka_event_error(event)) {
                    RDKafkaErrorCode::NoError => Ok(read(event)),
                    code => Err(code.to_string()),
                };
                sys::rd_kafka_event_destroy(event);
                answer
            };
            sys::rd_kafka_AdminOptions_destroy(options);
            sys::rd_kafka_queue_destroy(queue);
            answer
        }
    }
}

/// # Safety
/// `count` live pointers are there, or none.
unsafe fn listed<'a, T>(first: *mut *const T, count: usize) -> &'a [*const T] {
    if first.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(first, count) }
}

/// # Safety
/// The error is null or live, and `count` codes are there, or none.
unsafe fn allowed(error: *const sys::rd_kafka_error_t, codes: *const sys::rd_kafka_AclOperation_t, count: usize) -> Allowed {
    // SAFETY: the caller's promise. Codes are read as the numbers they are, since a later broker may send others.
    unsafe {
        if !error.is_null() {
            match RDKafkaErrorCode::from(sys::rd_kafka_error_code(error)) {
                RDKafkaErrorCode::NoError => {}
                code if client::is_unauthorized(code) => return Ok(Vec::new()),
                code => return Err(code.to_string()),
            }
        }
        if codes.is_null() {
            return Err("the brokers do not tell".to_owned());
        }
        let codes = std::slice::from_raw_parts(codes.cast::<u32>(), count);
        Ok(codes.iter().filter_map(|code| Operation::of(*code)).collect())
    }
}

/// Begins and aborts an empty transaction under an id of the group that is nobody's; returns that id. Brokers remember it for a week.
pub fn try_transaction(settings: &Settings) -> Result<String, String> {
    let id = client::feeder_id(settings, TRIED);
    let text = |error: rdkafka::error::KafkaError| match error.rdkafka_error_code() {
        Some(code) if client::is_unauthorized(code) => client::denial("Write", &format!("transactional id {id}")),
        _ => client::text_of(&error),
    };
    let producer: ThreadedProducer<rdkafka::producer::DefaultProducerContext> = client::producer(settings, &id).create().map_err(text)?;
    producer.init_transactions(ANSWER_WAIT).map_err(text)?;
    producer.begin_transaction().map_err(text)?;
    producer.abort_transaction(ANSWER_WAIT).map_err(text)?;
    Ok(id)
}
