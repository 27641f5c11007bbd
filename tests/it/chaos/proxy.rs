//! Stands between lifetide and a broker, understands which request is which, and does mischief when told.
//!
//! It reads only the heads of Kafka's requests (API, correlation number, client), and hands on everything else untouched. One trap can be
//! set at a time: the first request that fits is struck before the broker sees it, or after the broker has done it and before the client
//! learns. So a process can be killed between any two steps of a transaction, and an answer be lost that would have told the outcome.
//! Called by `chaos`.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::api::{Api, Client, Head};

/// Fetches of 32 MiB and more; anything larger is no frame of Kafka.
const FRAME_BYTES_MAX: usize = 100 << 20;
/// Between two looks at whether a stall has ended, or a request may go.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The broker has not seen the request.
    Before,
    /// The broker has done it; the client has not heard.
    After,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// kill -9 of the process that asked.
    Kill,
    /// SIGSTOP of the process that asked; the broker gets the request when it is released.
    Freeze,
    /// Goes on after this time.
    Delay(Duration),
    /// Both ends are told that the connection is gone.
    Cut,
    /// Nothing more comes through, and nobody is told.
    HalfOpen,
    /// The end of the producer's last transaction arrives a second time, as a late one does; then kill -9.
    Tear,
    /// The client is cut off at once; the broker gets the request after this time, when the client has long gone on.
    Late(Duration),
}

/// What to do, once, to the first request that fits.
#[derive(Debug, Clone)]
pub struct Trap {
    pub client: Client,
    pub api: Api,
    pub moment: Moment,
    pub act: Act,
    /// This instance is left alone.
    pub spared: Option<String>,
}

/// Whom the trap caught, and when.
#[derive(Debug, Clone)]
pub struct Caught {
    pub instance: String,
    pub at: Instant,
}

/// How the broker answered a request that came late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LateAnswer {
    /// Who asked was frozen meanwhile; else it was cut off and went on.
    pub is_zombie: bool,
    /// Error code, 0 for none.
    pub code: i16,
}

/// (instance, signal)
type Signal = Box<dyn Fn(&str, &str) + Send>;

#[derive(Default)]
struct Shared {
    trap: Mutex<Option<Trap>>,
    caught: Mutex<Option<Caught>>,
    late: Mutex<Vec<LateAnswer>>,
    /// The last EndTxn of each instance.
    ends: Mutex<HashMap<String, Vec<u8>>>,
    /// Each EndTxn waits so long, which stretches a backlog.
    pace_ms: AtomicU64,
    is_stalled: AtomicBool,
    /// What a frozen process asked is kept back.
    is_held: AtomicBool,
    /// Sends a signal to the process of an instance.
    signal: Mutex<Option<Signal>>,
}

pub struct Proxy {
    shared: Arc<Shared>,
}

impl Proxy {
    /// Hands on what comes to `listener` to the port of a broker on 127.0.0.1, as long as this process lives.
    pub fn start(listener: TcpListener, broker: u16) -> Proxy {
        let shared = Arc::new(Shared::default());
        let serving = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // a broker that is down refuses: so does the proxy
                if let Ok(server) = TcpStream::connect(("127.0.0.1", broker)) {
                    serve(&serving, client, server);
                }
            }
        });
        Proxy { shared }
    }

    /// How the proxy sends signals.
    pub fn signal_by(&self, signal: impl Fn(&str, &str) + Send + 'static) {
        *self.shared.signal.lock().unwrap() = Some(Box::new(signal));
    }

    pub fn set(&self, trap: Trap) {
        *self.shared.caught.lock().unwrap() = None;
        self.shared.is_held.store(trap.act == Act::Freeze, Ordering::Relaxed);
        *self.shared.trap.lock().unwrap() = Some(trap);
    }

    /// Whether the trap has been sprung since it was set.
    pub fn caught(&self) -> Option<Caught> {
        self.shared.caught.lock().unwrap().clone()
    }

    pub fn pace(&self, each: Duration) {
        self.shared.pace_ms.store(each.as_millis() as u64, Ordering::Relaxed);
    }

    /// While it is stalled nothing passes, in neither direction, and no connection ends.
    pub fn stall(&self, is_stalled: bool) {
        self.shared.is_stalled.store(is_stalled, Ordering::Relaxed);
    }

    /// Lets the request of the frozen process go.
    pub fn release(&self) {
        self.shared.is_held.store(false, Ordering::Relaxed);
    }

    /// Answers to late requests since the last call.
    pub fn take_late(&self) -> Vec<LateAnswer> {
        std::mem::take(&mut self.shared.late.lock().unwrap())
    }
}

/// Requests whose answers must not reach the client, by correlation number.
type Condemned = Arc<Mutex<HashMap<i32, (Act, String)>>>;

fn serve(shared: &Arc<Shared>, client: TcpStream, server: TcpStream) {
    for stream in [&client, &server] {
        stream.set_nodelay(true).ok();
    }
    let condemned = Condemned::default();
    let (Ok(client_reader), Ok(server_reader)) = (client.try_clone(), server.try_clone()) else { return };
    let (Ok(client_writer), Ok(server_writer)) = (client.try_clone(), server.try_clone()) else { return };
    let (asking, answering) = (shared.clone(), shared.clone());
    let answers = condemned.clone();
    thread::spawn(move || {
        let done = pump_requests(&asking, client_reader, server_writer, &condemned);
        end(done, &client, &server);
    });
    thread::spawn(move || {
        let (client, server) = (client_writer, server_reader);
        let done = pump_answers(&answering, &server, &client, &answers);
        end(done, &client, &server);
    });
}

/// What becomes of the connection when one of its pumps has stopped.
#[derive(PartialEq, Eq)]
enum End {
    Close,
    /// Somebody else ends it, or nobody.
    Leave,
}

fn end(done: io::Result<End>, client: &TcpStream, server: &TcpStream) {
    if !matches!(done, Ok(End::Leave)) {
        for stream in [client, server] {
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

/// The next frame with its length; `None` at the end.
fn frame(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    from.read_exact(&mut bytes)?;
    let length = u32::from_be_bytes(bytes[..4].try_into().expect("invariant: four bytes")) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::other("not Kafka's protocol"));
    }
    bytes.resize(4 + length, 0);
    from.read_exact(&mut bytes[4..])?;
    Ok(bytes)
}

impl Shared {
    /// The trap, if this request springs it.
    fn spring(&self, head: &Head) -> Option<Trap> {
        let mut trap = self.trap.lock().unwrap();
        let fits = |trap: &Trap| trap.api == head.api && trap.client.is(&head.client) && trap.spared.as_deref() != Some(head.instance());
        if !trap.as_ref().is_some_and(fits) {
            return None;
        }
        trap.take()
    }

    fn note(&self, head: &Head) {
        *self.caught.lock().unwrap() = Some(Caught { instance: head.instance().to_owned(), at: Instant::now() });
    }

    fn signal(&self, instance: &str, name: &str) {
        let signal = self.signal.lock().unwrap();
        signal.as_ref().expect("invariant: nobody sets a trap that needs signals before saying how")(instance, name);
    }

    fn wait_out_stall(&self) {
        while self.is_stalled.load(Ordering::Relaxed) {
            thread::sleep(LOOK);
        }
    }
}

fn pump_requests(shared: &Shared, mut client: TcpStream, mut server: TcpStream, condemned: &Condemned) -> io::Result<End> {
    loop {
        let request = frame(&mut client)?;
        shared.wait_out_stall();
        let head = Head::read(&request[4..]);
        if head.api == Api::EndTxn {
            thread::sleep(Duration::from_millis(shared.pace_ms.load(Ordering::Relaxed)));
            shared.ends.lock().unwrap().insert(head.instance().to_owned(), request.clone());
        }
        let Some(trap) = shared.spring(&head) else {
            server.write_all(&request)?;
            continue;
        };
        if trap.moment == Moment::After {
            condemned.lock().unwrap().insert(head.correlation, (trap.act, head.instance().to_owned()));
            server.write_all(&request)?;
            continue;
        }
        match trap.act {
            Act::Kill => {
                shared.signal(head.instance(), "KILL");
                shared.note(&head);
                return Ok(End::Close);
            }
            Act::Freeze => {
                shared.signal(head.instance(), "STOP");
                condemned.lock().unwrap().insert(head.correlation, (trap.act, head.instance().to_owned()));
                shared.note(&head);
                while shared.is_held.load(Ordering::Relaxed) {
                    thread::sleep(LOOK);
                }
                server.write_all(&request)?;
            }
            Act::Delay(time) => {
                shared.note(&head);
                thread::sleep(time);
                server.write_all(&request)?;
            }
            Act::Tear => {
                let end = shared.ends.lock().unwrap().get(head.instance()).cloned();
                let mut another = TcpStream::connect(server.peer_addr()?)?;
                another.write_all(&end.expect("invariant: traps are set when transactions have ended"))?;
                let code = error_of_end(&frame(&mut another)?)?;
                shared.late.lock().unwrap().push(LateAnswer { is_zombie: false, code });
                shared.signal(head.instance(), "KILL");
                shared.note(&head);
                return Ok(End::Close);
            }
            Act::Cut => {
                shared.note(&head);
                return Ok(End::Close);
            }
            Act::HalfOpen => {
                shared.note(&head);
                return swallow(client);
            }
            Act::Late(time) => {
                condemned.lock().unwrap().insert(head.correlation, (trap.act, head.instance().to_owned()));
                client.shutdown(Shutdown::Both)?;
                shared.note(&head);
                thread::sleep(time);
                server.write_all(&request)?;
                return Ok(End::Leave);
            }
        }
    }
}

/// Of an answer to EndTxn: length, correlation number, throttle time, error code.
fn error_of_end(answer: &[u8]) -> io::Result<i16> {
    Ok(i16::from_be_bytes(answer[12..14].try_into().map_err(io::Error::other)?))
}

/// Until the client gives up.
fn swallow(mut client: TcpStream) -> io::Result<End> {
    io::copy(&mut client, &mut io::sink())?;
    Ok(End::Close)
}

fn pump_answers(shared: &Shared, mut server: &TcpStream, mut client: &TcpStream, condemned: &Condemned) -> io::Result<End> {
    loop {
        let answer = frame(&mut server)?;
        shared.wait_out_stall();
        let correlation = i32::from_be_bytes(answer[4..8].try_into().map_err(io::Error::other)?);
        let Some((act, instance)) = condemned.lock().unwrap().remove(&correlation) else {
            // a client that was cut off hears nothing, and what comes late is waited for
            client.write_all(&answer).ok();
            continue;
        };
        let note = || *shared.caught.lock().unwrap() = Some(Caught { instance: instance.clone(), at: Instant::now() });
        match act {
            Act::Kill => {
                shared.signal(&instance, "KILL");
                note();
                return Ok(End::Close);
            }
            Act::Delay(time) => {
                note();
                thread::sleep(time);
                client.write_all(&answer)?;
            }
            Act::Cut => {
                note();
                return Ok(End::Close);
            }
            Act::HalfOpen => {
                note();
                // answers end here; the client's requests go on into nothing until it gives up
                io::copy(&mut server, &mut io::sink())?;
                return Ok(End::Close);
            }
            Act::Tear => unreachable!("it is for requests that the broker has not seen"),
            Act::Late(_) | Act::Freeze => {
                let late = LateAnswer { is_zombie: act == Act::Freeze, code: error_of_end(&answer)? };
                shared.late.lock().unwrap().push(late);
                if matches!(act, Act::Late(_)) {
                    return Ok(End::Close);
                }
                client.write_all(&answer).ok();
            }
        }
    }
}
