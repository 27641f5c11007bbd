//! Hands records to librdkafka by topic handle: sending by name would look the topic up under a lock for every record.
//!
//! It copies key, value and headers into librdkafka's queue and answers at once, with librdkafka's code; waiting and judging are the
//! producer's. Used by `producer` and, through its link, by `feed`.

use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr::NonNull;

use rdkafka::error::RDKafkaErrorCode;
use rdkafka_sys as sys;
use sys::rd_kafka_vtype_t::{
    RD_KAFKA_VTYPE_END, RD_KAFKA_VTYPE_HEADERS, RD_KAFKA_VTYPE_KEY, RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_VTYPE_PARTITION, RD_KAFKA_VTYPE_RKT,
    RD_KAFKA_VTYPE_TIMESTAMP, RD_KAFKA_VTYPE_VALUE,
};

/// By the partitioner, of the key.
const ANY_PARTITION: c_int = -1;

/// A record for a topic that the handle knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    /// `None`: by the partitioner, of the key.
    pub partition: Option<u32>,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    /// 0: now.
    pub timestamp_ms: i64,
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// A topic as one producer knows it.
pub(super) struct TopicHandle {
    client: *mut sys::rd_kafka_t,
    raw: NonNull<sys::rd_kafka_topic_t>,
}

// SAFETY: librdkafka's handles may be used from any thread.
unsafe impl Send for TopicHandle {}

impl TopicHandle {
    /// A topic with the producer's settings, and a compression of its own where one is given.
    ///
    /// # Safety
    /// `client` outlives the handle.
    ///
    /// # Panics
    /// When the name holds a NUL: names are checked before (`Settings::problems`).
    pub unsafe fn new(client: *mut sys::rd_kafka_t, name: &str, compression: Option<&CStr>) -> TopicHandle {
        let name = CString::new(name).expect("invariant: topic names are checked");
        // SAFETY: a live producer, C strings, and a copy of its settings that is ours until the handle takes it.
        let raw = unsafe {
            let settings = sys::rd_kafka_default_topic_conf_dup(client);
            if let Some(codec) = compression {
                let key = c"compression.type".as_ptr();
                let set = sys::rd_kafka_topic_conf_set(settings, key, codec.as_ptr(), std::ptr::null_mut(), 0);
                assert!(set == sys::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK, "invariant: librdkafka knows the codec");
            }
            sys::rd_kafka_topic_new(client, name.as_ptr(), settings)
        };
        TopicHandle { client, raw: NonNull::new(raw).expect("invariant: a checked name makes a handle") }
    }

    /// Copies the record into the producer's queue.
    pub fn produce(&self, record: &Item<'_>) -> Result<(), RDKafkaErrorCode> {
        let partition = record.partition.map_or(ANY_PARTITION, |partition| partition as c_int);
        let (key, key_len) = start_and_len(record.key);
        let (value, value_len) = start_and_len(record.value);
        let headers = headers(record.headers);
        // SAFETY: each tag is followed by the arguments its kind is defined with. Key and value are copied during the call. The list of
        // headers passes to librdkafka when the call succeeds.
        let code = unsafe {
            sys::rd_kafka_producev(
                self.client,
                RD_KAFKA_VTYPE_RKT as c_int,
                self.raw.as_ptr(),
                RD_KAFKA_VTYPE_PARTITION as c_int,
                partition,
                RD_KAFKA_VTYPE_MSGFLAGS as c_int,
                sys::RD_KAFKA_MSG_F_COPY as c_int,
                RD_KAFKA_VTYPE_KEY as c_int,
                key,
                key_len,
                RD_KAFKA_VTYPE_VALUE as c_int,
                value,
                value_len,
                RD_KAFKA_VTYPE_TIMESTAMP as c_int,
                record.timestamp_ms,
                RD_KAFKA_VTYPE_HEADERS as c_int,
                headers,
                RD_KAFKA_VTYPE_END as c_int,
            )
        };
        if code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return Ok(());
        }
        if !headers.is_null() {
            // SAFETY: a refused record leaves the list with us.
            unsafe { sys::rd_kafka_headers_destroy(headers) };
        }
        Err(RDKafkaErrorCode::from(code))
    }
}

impl Drop for TopicHandle {
    fn drop(&mut self) {
        // SAFETY: ours, given back once, while the producer lives.
        unsafe { sys::rd_kafka_topic_destroy(self.raw.as_ptr()) }
    }
}

fn start_and_len(bytes: Option<&[u8]>) -> (*const c_void, usize) {
    bytes.map_or((std::ptr::null(), 0), |bytes| (bytes.as_ptr().cast(), bytes.len()))
}

/// A new list that holds copies; null when there are none.
fn headers(headers: &[(&str, &[u8])]) -> *mut sys::rd_kafka_headers_t {
    if headers.is_empty() {
        return std::ptr::null_mut();
    }
    // SAFETY: a fresh list; names and values are copied, their lengths given.
    unsafe {
        let list = sys::rd_kafka_headers_new(headers.len());
        for (name, value) in headers {
            sys::rd_kafka_header_add(list, name.as_ptr().cast(), name.len() as isize, value.as_ptr().cast(), value.len() as isize);
        }
        list
    }
}
