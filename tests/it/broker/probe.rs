//! Asks a Kafka broker, over a plain TCP connection, whether it is in service.
//!
//! One request and the first 16 bytes of its answer: enough to tell a broker from an open port. It is no client: no retries, no topics.
//! Called by `broker`, in a loop, while the broker starts.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Loopback answers within milliseconds; a broker that is busy starting is asked again.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Comes back in the answer; any four bytes will do.
const CORRELATION_ID: [u8; 4] = *b"tide";

/// Asks for the cluster's metadata. An open port is not enough: the broker is ready when it names a broker (itself) that is in service.
pub fn answers(address: &str) -> io::Result<()> {
    let resolved = address.to_socket_addrs()?.next().ok_or_else(|| io::Error::other("the address has no host"))?;
    let mut stream = TcpStream::connect_timeout(&resolved, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    stream.write_all(&metadata_request())?;
    // Size, correlation id, throttle time, number of brokers: four big-endian numbers of 4 bytes open the response.
    let mut head = [0; 16];
    stream.read_exact(&mut head)?;
    if head[4..8] != CORRELATION_ID {
        return Err(io::Error::other("not Kafka's protocol"));
    }
    if head[12..16] == [0; 4] {
        return Err(io::Error::other("the cluster has no broker in service yet"));
    }
    Ok(())
}

/// Metadata request, version 4, the first that can forbid creating topics. It names no topic: the brokers are all we want.
fn metadata_request() -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(3_i16.to_be_bytes()); // API key: Metadata
    body.extend(4_i16.to_be_bytes()); // API version
    body.extend(CORRELATION_ID);
    body.extend((-1_i16).to_be_bytes()); // no client id
    body.extend(0_i32.to_be_bytes()); // no topics
    body.push(0); // create no topics
    let mut request = i32::try_from(body.len()).expect("invariant: some 20 bytes").to_be_bytes().to_vec();
    request.extend(body);
    request
}
