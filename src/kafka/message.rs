//! One fetched record that owns its bytes where librdkafka put them: no copy.
//!
//! A message keeps its client alive (one reference count), so it can neither outlive the memory it points into nor be destroyed after its
//! client. It keeps the whole fetched buffer it came in, so take no more than you soon use. Made by `queue`, read by `worker`.

use std::ffi::CStr;
use std::fmt;
use std::os::raw::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use rdkafka_sys as sys;

use super::group::Handle;
use crate::worker::source::Record;

pub struct Message {
    raw: NonNull<sys::rd_kafka_message_t>,
    /// Dropped after `raw` has been destroyed, because `Drop::drop` runs before the fields go.
    _client: Arc<Handle>,
}

// SAFETY: a fetched message is memory of its own (an operation with its share of a counted buffer) that no librdkafka thread touches once
// it has been handed out, and the C library allows destroying it on any thread.
unsafe impl Send for Message {}

impl Message {
    /// # Safety
    /// `raw` was handed out by a queue of `client`, carries no error, and is destroyed by nobody else.
    pub(super) unsafe fn new(raw: NonNull<sys::rd_kafka_message_t>, client: Arc<Handle>) -> Message {
        Message { raw, _client: client }
    }

    fn fields(&self) -> &sys::rd_kafka_message_t {
        // SAFETY: `raw` is valid until `drop`, and nothing writes to it.
        unsafe { self.raw.as_ref() }
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: owned since `new`, and its client still lives.
        unsafe { sys::rd_kafka_message_destroy(self.raw.as_ptr()) }
    }
}

/// # Safety
/// `start` is null or points to `len` bytes that live as long as the returned slice.
unsafe fn bytes<'a>(start: *const c_void, len: usize) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start.cast::<u8>(), len) })
}

impl Record for Message {
    fn key(&self) -> Option<&[u8]> {
        let fields = self.fields();
        // SAFETY: key and its length belong together and live as long as the message.
        unsafe { bytes(fields.key, fields.key_len) }
    }

    fn value(&self) -> Option<&[u8]> {
        let fields = self.fields();
        // SAFETY: as for the key.
        unsafe { bytes(fields.payload, fields.len) }
    }

    fn timestamp_ms(&self) -> Option<i64> {
        let mut kind = sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: a valid message and a place for the kind.
        let timestamp = unsafe { sys::rd_kafka_message_timestamp(self.raw.as_ptr(), &mut kind) };
        (kind != sys::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp >= 0).then_some(timestamp)
    }

    fn offset(&self) -> i64 {
        self.fields().offset
    }

    fn each_header(&self, visit: &mut dyn FnMut(&str, &[u8])) {
        let mut headers = std::ptr::null_mut();
        // SAFETY: a valid message; the list stays the message's.
        let found = unsafe { sys::rd_kafka_message_headers(self.raw.as_ptr(), &mut headers) };
        if found != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return;
        }
        for index in 0.. {
            let (mut name, mut value, mut len) = (std::ptr::null(), std::ptr::null(), 0);
            // SAFETY: `headers` is the message's list; the three places are ours.
            let found = unsafe { sys::rd_kafka_header_get_all(headers, index, &mut name, &mut value, &mut len) };
            if found != sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
                return;
            }
            // SAFETY: the list holds a C string and `len` bytes, both alive with the message.
            let (name, value) = unsafe { (CStr::from_ptr(name), bytes(value, len)) };
            visit(&name.to_string_lossy(), value.unwrap_or_default());
        }
    }
}

/// Position and size only: contents are personal data.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.fields();
        write!(f, "Message {{ partition: {}, offset: {}, bytes: {} }}", fields.partition, fields.offset, fields.len)
    }
}
