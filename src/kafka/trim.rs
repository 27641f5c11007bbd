//! Deletes the beginning of a partition of the changelog or the relay (DeleteRecords).
//!
//! Asked through the producer's own connections: an admin client of its own would be three more threads per worker for some dozen calls a
//! day. It does not judge whether what it deletes is superfluous. Used by `producer`.

use std::ffi::CStr;
use std::ptr::NonNull;
use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer as _, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka_sys as sys;

use super::client;
use super::delivery::Reports;
use crate::worker::transaction::TransactionError;

/// Other slots of the worker wait meanwhile. What was not trimmed now is with the next mark.
const LONGEST: Duration = Duration::from_secs(2);

/// Returns `Abort` (nothing happened, all is well otherwise) when it could not be done this time.
pub(super) fn delete_before(producer: &ThreadedProducer<Reports>, topic: &str, slot: u32, before: i64) -> Result<(), TransactionError> {
    let mut offsets = TopicPartitionList::with_capacity(1);
    offsets.add_partition_offset(topic, slot as i32, Offset::Offset(before)).expect("invariant: any absolute offset can be set");
    // SAFETY: a live producer; every object made here is ours and destroyed here, once, the list of offsets being copied before.
    let code = unsafe {
        let client = producer.client().native_ptr();
        let queue = sys::rd_kafka_queue_new(client);
        let options = sys::rd_kafka_AdminOptions_new(client, sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DELETERECORDS);
        let longest_ms = LONGEST.as_millis() as i32;
        let mut text = [0; 256];
        sys::rd_kafka_AdminOptions_set_request_timeout(options, longest_ms, text.as_mut_ptr(), text.len());
        let mut request = sys::rd_kafka_DeleteRecords_new(offsets.ptr());
        sys::rd_kafka_DeleteRecords(client, &mut request, 1, options, queue);
        let event = sys::rd_kafka_queue_poll(queue, longest_ms + 100);
        let code = answer(event);
        if !event.is_null() {
            sys::rd_kafka_event_destroy(event);
        }
        sys::rd_kafka_DeleteRecords_destroy(request);
        sys::rd_kafka_AdminOptions_destroy(options);
        sys::rd_kafka_queue_destroy(queue);
        code
    };
    match code {
        RDKafkaErrorCode::NoError => Ok(()),
        code if client::is_unauthorized(code) => Err(TransactionError::Refused(client::denial("Delete", &format!("topic {topic}")))),
        code => Err(TransactionError::Abort(format!("records of {topic} {slot} before {before} were not deleted: {code}"))),
    }
}

/// # Safety
/// `event` is null or a live event.
unsafe fn answer(event: *mut sys::rd_kafka_event_t) -> RDKafkaErrorCode {
    if event.is_null() {
        return RDKafkaErrorCode::OperationTimedOut;
    }
    // SAFETY: the event's parts live as long as the event; the list has the one partition asked for.
    unsafe {
        let code = RDKafkaErrorCode::from(sys::rd_kafka_event_error(event));
        if code != RDKafkaErrorCode::NoError {
            let text = CStr::from_ptr(sys::rd_kafka_event_error_string(event)).to_string_lossy();
            tracing::debug!("delete records: {text}");
            return code;
        }
        let result = sys::rd_kafka_event_DeleteRecords_result(event);
        let list = NonNull::new(sys::rd_kafka_DeleteRecords_result_offsets(result).cast_mut());
        match list.map(|list| list.as_ref()) {
            Some(list) if list.cnt == 1 => RDKafkaErrorCode::from((*list.elems).err),
            _ => RDKafkaErrorCode::BadMessage,
        }
    }
}
