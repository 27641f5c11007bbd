//! Grants rights on a broker (CreateAcls), which the crate has no call for. Used by the tests of security, over a plain port where
//! everybody may do everything.

use std::ffi::CString;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka_sys as sys;

pub use sys::rd_kafka_AclOperation_t as Operation;
pub use sys::rd_kafka_ResourceType_t as Kind;

const PREFIXED: sys::rd_kafka_ResourcePatternType_t = sys::rd_kafka_ResourcePatternType_t::RD_KAFKA_RESOURCE_PATTERN_PREFIXED;
const ALLOW: sys::rd_kafka_AclPermissionType_t = sys::rd_kafka_AclPermissionType_t::RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
const WAIT: Duration = Duration::from_secs(20);

/// One right: to do this with all resources of the kind whose name begins so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    pub kind: Kind,
    pub begins: String,
    pub operation: Operation,
}

/// Grants all of them to the user; on return they are in force.
pub fn grant(bootstrap: &str, user: &str, rights: &[Right]) {
    let client: BaseProducer = ClientConfig::new().set("bootstrap.servers", bootstrap).create().unwrap();
    let (principal, everywhere) = (c_string(&format!("User:{user}")), c_string("*"));
    let names: Vec<CString> = rights.iter().map(|right| c_string(&right.begins)).collect();
    let parts = |index: usize| (rights[index].kind, names[index].as_ptr(), rights[index].operation);
    // SAFETY: a live client; all strings outlive the calls, which copy them; what is made here is destroyed here, once.
    unsafe {
        let raw = client.client().native_ptr();
        let mut bindings: Vec<_> = (0..rights.len())
            .map(|index| {
                let (kind, name, operation) = parts(index);
                let (principal, everywhere) = (principal.as_ptr(), everywhere.as_ptr());
                sys::rd_kafka_AclBinding_new(kind, name, PREFIXED, principal, everywhere, operation, ALLOW, std::ptr::null_mut(), 0)
            })
            .collect();
        assert!(bindings.iter().all(|binding| !binding.is_null()), "{rights:?}");
        let event = ask(raw, |queue| {
            sys::rd_kafka_CreateAcls(raw, bindings.as_mut_ptr(), bindings.len(), std::ptr::null(), queue);
        });
        let mut count = 0;
        let results = sys::rd_kafka_CreateAcls_result_acls(sys::rd_kafka_event_CreateAcls_result(event), &mut count);
        for result in std::slice::from_raw_parts(results, count) {
            assert!(sys::rd_kafka_acl_result_error(*result).is_null(), "a right of {rights:?} was not granted");
        }
        sys::rd_kafka_event_destroy(event);
        // agreed is not yet in force: the broker hears of it a moment later, and of the last one last
        let last = bindings[bindings.len() - 1];
        super::poll("the rights to be in force", super::ANSWER_DEADLINE, || (count_like(raw, last) > 0).then_some(()));
        bindings.into_iter().for_each(|binding| sys::rd_kafka_AclBinding_destroy(binding));
    }
}

/// How many rights like this one the broker knows.
///
/// # Safety
/// Client and binding are live.
unsafe fn count_like(raw: *mut sys::rd_kafka_t, like: *mut sys::rd_kafka_AclBinding_t) -> usize {
    // SAFETY: the caller's promise; the event is destroyed here, once.
    unsafe {
        let event = ask(raw, |queue| sys::rd_kafka_DescribeAcls(raw, like, std::ptr::null(), queue));
        let mut count = 0;
        sys::rd_kafka_DescribeAcls_result_acls(sys::rd_kafka_event_DescribeAcls_result(event), &mut count);
        sys::rd_kafka_event_destroy(event);
        count
    }
}

/// The answer to an admin call; the caller destroys it.
///
/// # Safety
/// The client is live, and `call` makes one admin call that answers to the queue.
unsafe fn ask(raw: *mut sys::rd_kafka_t, call: impl FnOnce(*mut sys::rd_kafka_queue_t)) -> *mut sys::rd_kafka_event_t {
    // SAFETY: the caller's promise; the queue is ours and destroyed here, once.
    unsafe {
        let queue = sys::rd_kafka_queue_new(raw);
        call(queue);
        let event = sys::rd_kafka_queue_poll(queue, WAIT.as_millis() as i32);
        sys::rd_kafka_queue_destroy(queue);
        assert!(!event.is_null(), "the broker did not answer");
        assert_eq!(sys::rd_kafka_event_error(event), sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR);
        event
    }
}

fn c_string(text: &str) -> CString {
    CString::new(text).unwrap()
}
